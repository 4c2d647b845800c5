/* SPDX-License-Identifier: ISC */
/* The directories that the parents share, below $queue_directory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "service_private.h"

/* Makes it with that mode, whatever the umask; one that is there is left as it is. */
static int
make_directory(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0 ? chmod(path, mode) == 0 : errno == EEXIST)
        return 0;
    log_error("mkdir %s: %s", path, strerror(errno));
    return -1;
}

int
service_make_directories(struct conf *conf)
{
    static const struct {
        const char *name;
        mode_t mode;
    } dirs[] = {{"", 0755}, {"/private", 0700}, {"/pid", 0755}};
    const char *spool = conf_str(conf, "queue_directory");
    char path[1024];
    size_t i;

    for (i = 0; i < MR_NELEM(dirs); i++) {
        if (snprintf(path, sizeof(path), "%s%s", spool, dirs[i].name) >= (int)sizeof(path)) {
            log_error("queue_directory is too long: %s", spool);
            return -1;
        }
        if (make_directory(path, dirs[i].mode) < 0)
            return -1;
    }
    return make_directory(conf_str(conf, "empty_directory"), 0555);
}

int
service_socket_path(struct conf *conf, const char *name, char *path, size_t size)
{
    int n = snprintf(path, size, "%s/private/%s", conf_str(conf, "queue_directory"), name);

    if (n < 0 || (size_t)n >= size) {
        log_error("queue_directory is too long: %s", conf_str(conf, "queue_directory"));
        return -1;
    }
    return 0;
}
