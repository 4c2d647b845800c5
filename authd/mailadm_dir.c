/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maildir.h"
#include "mailadm.h"

/* mkdir -p of the directories above the last part of path, below its first `skip` bytes. 0 or -1 (errno). */
static int
make_parents(char *path, size_t skip)
{
    char *slash;
    int rc = 0;

    for (slash = strchr(path + skip, '/'); rc == 0 && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        rc = mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
        *slash = '/';
    }
    return rc;
}

static int
become(uid_t uid, gid_t gid)
{
    if (geteuid() != 0)
        return 0;
    return setgroups(1, &gid) == 0 && setgid(gid) == 0 && setuid(uid) == 0 ? 0 : -1;
}

/*
 * All in a child process that has become the owner: what he has put into his directories (links to elsewhere)
 * then does no more than he could do himself.
 */
int
mailadm_make_maildir(const char *base, const char *sub, uid_t uid, gid_t gid)
{
    char path[2048];
    int n = snprintf(path, sizeof(path), "%s/%s", base, sub), status;
    pid_t pid;

    if (n < 0 || (size_t)n >= sizeof(path)) {
        mailadm_fail("%s: the name is too long", sub);
        return -1;
    }
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    pid = fork();
    if (pid == 0) {
        umask(077);
        if (become(uid, gid) < 0 || make_parents(path, strlen(base) + 1) < 0 ||
            maildir_make(path, (uid_t)-1, (gid_t)-1) < 0)
            _exit(mailadm_fail("%s: %s", path, strerror(errno)));
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        mailadm_fail("fork: %s", strerror(errno));
        return -1;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}
