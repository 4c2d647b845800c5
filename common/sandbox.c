/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif
#ifdef HAVE_LINUX_LANDLOCK_H
#include <linux/landlock.h>
#endif

#include "compiler.h"
#include "log.h"
#include "sandbox.h"

/* ---- system calls ---------------------------------------------------------------------------- */

/* The sanitizers' own work (leak checking, symbolizing) needs what we take. */
#if defined(HAVE_SECCOMP) && !defined(__SANITIZE_ADDRESS__)

/* Names, not numbers: libseccomp knows which of them this machine has. */
static const char *const never[] = {"execve",
                                    "execveat",
                                    "ptrace",
                                    "process_vm_readv",
                                    "process_vm_writev",
                                    "mount",
                                    "umount2",
                                    "pivot_root",
                                    "kexec_load",
                                    "kexec_file_load",
                                    "init_module",
                                    "finit_module",
                                    "delete_module",
                                    "bpf",
                                    "perf_event_open",
                                    "keyctl",
                                    "add_key",
                                    "request_key",
                                    "userfaultfd",
                                    "unshare",
                                    "setns",
                                    "swapon",
                                    "swapoff",
                                    "reboot",
                                    "quotactl",
                                    "acct",
                                    "settimeofday",
                                    "clock_settime",
                                    "adjtimex",
                                    "sethostname",
                                    "setdomainname",
                                    "iopl",
                                    "ioperm",
                                    "io_uring_setup",
                                    "personality",
                                    "mknod",
                                    "mknodat",
                                    "open_by_handle_at",
                                    NULL};
static const char *const files[] = {"open",      "openat", "openat2",  "creat",  "rename",   "renameat",
                                    "renameat2", "unlink", "unlinkat", "link",   "linkat",   "symlink",
                                    "symlinkat", "mkdir",  "mkdirat",  "rmdir",  "chmod",    "fchmod",
                                    "fchmodat",  "chown",  "fchown",   "lchown", "fchownat", "truncate",
                                    "utimensat", "chdir",  "fchdir",   NULL};
static const char *const sockets[] = {"socket", "connect", "bind", "listen", NULL};
static const char *const processes[] = {
    "fork",     "vfork",     "clone",     "clone3",    "chroot",   "setuid",   "setgid", "setreuid",
    "setregid", "setresuid", "setresgid", "setgroups", "setfsuid", "setfsgid", "capset", NULL};

static const struct {
    unsigned may;
    const char *const *names;
} calls[] = {
    {0, never},
    {SANDBOX_MAY_OPEN, files},
    {SANDBOX_MAY_SOCKET, sockets},
    {SANDBOX_MAY_FORK, processes},
};

static int
refuse_calls(scmp_filter_ctx filter, const char *const *name)
{
    int call;

    for (; *name; name++) {
        call = seccomp_syscall_resolve_name(*name);
        if (call != __NR_SCMP_ERROR && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0) < 0)
            return -1;
    }
    return 0;
}

void
sandbox_system_calls(unsigned may)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    size_t i;
    int r = filter ? 0 : -1;

    for (i = 0; r == 0 && i < MR_NELEM(calls); i++)
        if (calls[i].may == 0 || !(may & calls[i].may))
            r = refuse_calls(filter, calls[i].names);
    if (r == 0)
        r = seccomp_load(filter);
    if (r < 0)
        log_debug("no seccomp filter: this kernel has none");
    if (filter)
        seccomp_release(filter);
}

#else

void
sandbox_system_calls(unsigned may)
{
    MR_UNUSED(may);
}

#endif

/* ---- files ------------------------------------------------------------------------------------ */

#if defined(HAVE_LINUX_LANDLOCK_H) && defined(SYS_landlock_create_ruleset) &&                                \
    defined(LANDLOCK_ACCESS_FS_REFER)

/* Everything that the second version of Landlock knows; the first cannot rename from new/ to cur/. */
#define LANDLOCK_ALL ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
#define LANDLOCK_MAILBOX (LANDLOCK_ALL & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE)

void
sandbox_files(int dirfd)
{
    struct landlock_ruleset_attr all;
    struct landlock_path_beneath_attr below;
    int ruleset;

    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 2)
        return;
    memset(&all, 0, sizeof(all));
    memset(&below, 0, sizeof(below));
    all.handled_access_fs = LANDLOCK_ALL;
    below.allowed_access = LANDLOCK_MAILBOX;
    below.parent_fd = dirfd;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    if (ruleset < 0)
        return;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0 ||
        syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
        log_warning("landlock: %s", strerror(errno));
    close(ruleset);
}

#else

void
sandbox_files(int dirfd)
{
    MR_UNUSED(dirfd);
}

#endif
