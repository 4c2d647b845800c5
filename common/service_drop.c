/* SPDX-License-Identifier: ISC */
/* Giving up privileges, in one order for every worker: acquire, chroot, groups, gid, uid, the way back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include "log.h"
#include "sandbox.h"
#include "service_private.h"
#include "strutil.h"

static int
drop_failed(const char *what, const char *which)
{
    log_error("%s %s: %s", what, which, strerror(errno));
    return -1;
}

/* The worker must not outlive its parent, dump core with mail in it, gain anything by exec, or call what it
 * does not need. */
static void
drop_ways_back(const struct worker_kind *k)
{
    struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none);
#ifdef PR_SET_PDEATHSIG
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
#endif
#ifdef PR_SET_NO_NEW_PRIVS
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
    sandbox_system_calls(k->flags);
}

int
service_drop(const struct worker_kind *k, struct conf *conf)
{
    const char *user = k->user ? conf_str(conf, k->user) : NULL;
    const char *root = k->chroot ? conf_str(conf, k->chroot) : NULL;
    struct passwd *pw = NULL;

    tzset();       /* what a chrooted process cannot open any more: the time zone, */
    random_init(); /* and /dev/urandom where there is no getrandom(2) */
    if (geteuid() != 0) {
        drop_ways_back(k);
        return 0;
    }
    if (user) {
        errno = ENOENT;
        pw = getpwnam(user);
        if (!pw)
            return drop_failed("user", user);
    }
    if (root && (chdir(root) < 0 || chroot(".") < 0 || chdir("/") < 0))
        return drop_failed("chroot", root);
    if (pw) {
        gid_t gid = pw->pw_gid;
        uid_t uid = pw->pw_uid;

        if (uid == 0) {
            log_error("user %s: a service user may not be root", user);
            return -1;
        }
        if (setgroups(1, &gid) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
            return drop_failed("user", user);
        if (setuid(0) == 0 || geteuid() == 0) {
            log_error("user %s: privileges came back", user);
            return -1;
        }
    }
    drop_ways_back(k);
    return 0;
}
