/* SPDX-License-Identifier: ISC */
/* Where the log goes: opened by parents, handed to workers. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"
#include "service_private.h"
#include "strutil.h"

#define SYSLOG_SOCKET "/dev/log"

static int
open_syslog(void)
{
    struct sockaddr_un sun;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    if (fd < 0)
        return -1;
    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    strcpy(sun.sun_path, SYSLOG_SOCKET);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
        return fd_close(fd, -1);
    return fd;
}

int
service_open_log(struct conf *conf, int *is_syslog_r)
{
    const char *file = conf_str(conf, "maillog_file");

    *is_syslog_r = file[0] == '\0';
    if (*is_syslog_r)
        return open_syslog();
    return open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

void
service_leave_terminal(void)
{
    int is_syslog, null = open("/dev/null", O_RDWR);

    if (null < 0)
        return;
    dup2(null, 0);
    dup2(null, 1);
    dup2(null, 2);
    if (null > 2)
        close(null);
#ifdef __SANITIZE_ADDRESS__ /* where the tests look for reports, those of chrooted workers too */
    if (log_fd(&is_syslog) >= 0)
        dup2(log_fd(&is_syslog), 2);
#else
    MR_UNUSED(is_syslog);
#endif
}
