/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes one directory; an existing one is left as it is. */
static int
make_part(const char *path, uid_t uid, gid_t gid)
{
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? 0 : -1;
    if (uid == (uid_t)-1 && gid == (gid_t)-1)
        return 0;
    return lchown(path, uid, gid);
}

int
maildir_make(const char *path, uid_t uid, gid_t gid)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    char part[4096];
    size_t i;

    if (make_part(path, uid, gid) != 0)
        return -1;
    for (i = 0; i < MR_NELEM(parts); i++) {
        int n = snprintf(part, sizeof part, "%s/%s", path, parts[i]);

        if (n < 0 || (size_t)n >= sizeof part) {
            errno = ENAMETOOLONG;
            return -1;
        }
        if (make_part(part, uid, gid) != 0)
            return -1;
    }
    return 0;
}
