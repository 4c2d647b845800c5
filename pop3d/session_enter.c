/* SPDX-License-Identifier: ISC */
/* How a fork of the session parent becomes a session: it gives up everything but the client, the log and one
 * Maildir. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_SYS_PRCTL_H
#include <sys/prctl.h>
#endif

#include "log.h"
#include "sandbox.h"

#include "session.h"

#define SESSION_FILES 16 /* descriptors a session may have open beyond those it starts with */

/* Interrupts poll(2): the session ends at its next wait. */
static void
stop_signal(int signum)
{
    MR_UNUSED(signum);
}

static void
reset_signals(void)
{
    static const int ours[] = {SIGCHLD, SIGHUP, SIGINT, SIGUSR1, SIGUSR2};
    struct sigaction sa;
    sigset_t none;
    size_t i;

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = SIG_DFL;
    for (i = 0; i < MR_NELEM(ours); i++)
        sigaction(ours[i], &sa, NULL);
    sa.sa_handler = stop_signal; /* without SA_RESTART */
    sigaction(SIGTERM, &sa, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
close_range_of(unsigned first, unsigned last)
{
    long max = sysconf(_SC_OPEN_MAX);

#ifdef HAVE_CLOSE_RANGE
    if (close_range(first, last, 0) == 0)
        return;
#endif
    if (last > (unsigned)max)
        last = (unsigned)max;
    for (; first <= last; first++)
        close((int)first);
}

/* Leaves 0 to 2 and the descriptors a and b. */
static void
close_others(int a, int b)
{
    int low = a < b ? a : b, high = a < b ? b : a;

    if (low > 3)
        close_range_of(3, (unsigned)low - 1);
    if (high > low + 1 && high > 3)
        close_range_of((unsigned)(low < 3 ? 3 : low + 1), (unsigned)high - 1);
    close_range_of((unsigned)(high < 3 ? 3 : high + 1), ~0u);
}

static void
set_limits(int highest_fd)
{
    struct rlimit none = {0, 0}, files;

    files.rlim_cur = files.rlim_max = (rlim_t)highest_fd + SESSION_FILES;
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_NPROC, &none);
    setrlimit(RLIMIT_NOFILE, &files);
}

/* After the change of user, which clears the signal. */
static void
die_with_parent(pid_t parent)
{
#ifdef PR_SET_PDEATHSIG
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
#endif
#ifdef PR_SET_NO_NEW_PRIVS
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
    if (getppid() != parent)
        _exit(0);
}

static void
refuse(const struct session_start *s, const char *reply)
{
    send(s->fd, reply, strlen(reply), MSG_NOSIGNAL);
    log_flush();
    _exit(0);
}

/* Courier's lines when a mailbox cannot be entered. */
static void
refuse_directory(const struct session_start *s, const char *directory)
{
    const char *why = strerror(errno);

    log_info("%s: chdir(%s) failed!!", s->address, directory);
    log_error("%s", why);
    log_info("LOGIN FAILED, user=%s, ip=[%s], port=[%u]", s->address, s->ip, s->port);
    log_info("authentication error: %s", why);
    refuse(s, "-ERR Temporary problem, please try again later\r\n");
}

static void
refuse_privileges(const struct session_start *s, const char *what)
{
    log_error("%s: %s: %s", s->address, what, strerror(errno));
    refuse(s, "-ERR Temporary problem, please try again later\r\n");
}

/* To the Maildir, with the rights that the process has now. */
static void
enter_directories(const struct session_start *s)
{
    struct stat st;

    if (chdir(s->home) < 0)
        refuse_directory(s, s->home);
    if (stat(".", &st) < 0)
        refuse_directory(s, s->home);
    if (st.st_mode & S_ISVTX) {
        log_info("LOCKED, user=%s, ip=[%s], port=[%u]", s->address, s->ip, s->port);
        refuse(s, "-ERR Your account is temporarily unavailable (+t bit set on home directory).\r\n");
    }
    if (chdir(s->maildir) < 0)
        refuse_directory(s, s->maildir);
}

/*
 * The directories are entered with the user's own rights, so that no link leads anywhere he may not go; root
 * comes back only for chroot(2).
 */
static void
become_user(const struct session_start *s)
{
    errno = EPERM; /* of a uid 0 */
    if (s->uid == 0 || setgroups(1, &s->gid) < 0 || setegid(s->gid) < 0 || seteuid(s->uid) < 0)
        refuse_privileges(s, "cannot become the mailbox's user");
    enter_directories(s);
    if (seteuid(0) < 0 || chroot(".") < 0)
        refuse_privileges(s, "chroot");
    if (setgid(s->gid) < 0 || setuid(s->uid) < 0)
        refuse_privileges(s, "cannot become the mailbox's user");
    if (setuid(0) == 0 || geteuid() == 0 || getuid() == 0)
        refuse_privileges(s, "privileges came back");
}

/* To the Maildir, also where there is no chroot, and to the system calls of its work. */
static void
confine(void)
{
    int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (here >= 0) {
        sandbox_files(here);
        close(here);
    }
    sandbox_system_calls(SANDBOX_MAY_OPEN);
}

void
session_main(const struct session_start *s)
{
    int is_syslog, log = log_fd(&is_syslog);
    int high = log > s->fd ? log : s->fd;

    reset_signals();
    log_on_lost(NULL, NULL);
    close_others(s->fd, log);
    if (geteuid() == 0)
        become_user(s);
    else
        enter_directories(s);
    set_limits(high);
    die_with_parent(s->parent);
    confine();
    session_run(s);
}
