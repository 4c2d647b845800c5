/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "spooldir.h"

#define SPOOL_DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* ---- making and opening ------------------------------------------------------------------ */

static int
make_and_open(int at, const char *name, uid_t uid, gid_t gid)
{
    int fd;

    if (mkdirat(at, name, 0700) < 0 && errno != EEXIST) {
        log_error("cannot make the spool directory %s: %s", name, strerror(errno));
        return -1;
    }
    fd = openat(at, name, SPOOL_DIR_FLAGS);
    if (fd >= 0 && uid != (uid_t)-1 && fchown(fd, uid, gid) < 0) {
        close(fd);
        fd = -1;
    }
    if (fd < 0)
        log_error("cannot use the spool directory %s: %s", name, strerror(errno));
    return fd;
}

static void
spooldir_none(struct spooldir *d)
{
    unsigned i;

    for (i = 0; i < SPOOL_HASH; i++)
        d->hash[i] = -1;
    d->tmp = d->staging = d->corrupt = -1;
}

static int
open_hashed(struct spooldir *d, int top, uid_t uid, gid_t gid)
{
    char name[2] = "0";
    unsigned i;

    for (i = 0; i < SPOOL_HASH; i++) {
        name[0] = "0123456789abcdef"[i];
        d->hash[i] = make_and_open(top, name, uid, gid);
        if (d->hash[i] < 0)
            return -1;
    }
    return 0;
}

int
spooldir_open(struct spooldir *d, const char *path, uid_t uid, gid_t gid)
{
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), queue = -1, r = -1;

    spooldir_none(d);
    if (root < 0) {
        log_error("cannot open queue_directory %s: %s", path, strerror(errno));
        return -1;
    }
    queue = make_and_open(root, "queue", uid, gid);
    if (queue >= 0 && open_hashed(d, queue, uid, gid) == 0 &&
        (d->tmp = make_and_open(root, "tmp", uid, gid)) >= 0 &&
        (d->staging = make_and_open(root, "staging", uid, gid)) >= 0 &&
        (d->corrupt = make_and_open(root, "corrupt", uid, gid)) >= 0)
        r = 0;
    if (queue >= 0)
        close(queue);
    close(root);
    if (r < 0)
        spooldir_close(d);
    return r;
}

int
spooldir_open_readonly(struct spooldir *d, const char *path)
{
    char name[4096];
    unsigned i;

    spooldir_none(d);
    for (i = 0; i < SPOOL_HASH; i++) {
        snprintf(name, sizeof(name), "%s/queue/%x", path, i);
        d->hash[i] = open(name, SPOOL_DIR_FLAGS);
        if (d->hash[i] < 0)
            return -1;
    }
    return 0;
}

void
spooldir_close(struct spooldir *d)
{
    unsigned i;

    for (i = 0; i < SPOOL_HASH; i++)
        if (d->hash[i] >= 0)
            close(d->hash[i]);
    if (d->tmp >= 0)
        close(d->tmp);
    if (d->staging >= 0)
        close(d->staging);
    if (d->corrupt >= 0)
        close(d->corrupt);
    spooldir_none(d);
}

int
spooldir_hash(const struct spooldir *d, const char *qid)
{
    char c = qid[4];

    return d->hash[c <= '9' ? c - '0' : c - 'A' + 10];
}

/* ---- looking through ---------------------------------------------------------------------- */

/* fn(arg, directory, name) for each entry but . and .. */
static void
each_name(int dirfd_, void (*fn)(void *arg, int dir, const char *name), void *arg)
{
    int fd = openat(dirfd_, ".", SPOOL_DIR_FLAGS);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *x;

    if (!dir) {
        log_error("cannot list a spool directory: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((x = readdir(dir)) != NULL)
        if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0)
            fn(arg, dirfd_, x->d_name);
    closedir(dir);
}

static void
clean_one(void *arg, int dir, const char *name)
{
    MR_UNUSED(arg);
    if (unlinkat(dir, name, 0) < 0)
        log_warning("cannot remove %s, left by a crash: %s", name, strerror(errno));
}

void
spooldir_clean(struct spooldir *d)
{
    each_name(d->tmp, clean_one, NULL);
    each_name(d->staging, clean_one, NULL);
}

struct each_arg {
    struct spooldir *d;
    void (*fn)(void *arg, const char *qid);
    void *arg;
};

static void
each_one(void *arg, int dir, const char *name)
{
    struct each_arg *each = arg;
    uint32_t sec, usec;

    if (strlen(name) == QID_LEN && qid_parse(name, &sec, &usec) == 0 && spooldir_hash(each->d, name) == dir)
        each->fn(each->arg, name);
    else
        log_warning("the spool has a file that is no message: %s", name);
}

void
spooldir_each(struct spooldir *d, void (*fn)(void *arg, const char *qid), void *arg)
{
    struct each_arg each;
    unsigned i;

    each.d = d;
    each.fn = fn;
    each.arg = arg;
    for (i = 0; i < SPOOL_HASH; i++)
        each_name(d->hash[i], each_one, &each);
}

/* ---- one message that is there ------------------------------------------------------------ */

int
spooldir_set_due(struct spooldir *d, const char *qid, time_t due)
{
    struct timespec times[2];

    times[0].tv_sec = times[1].tv_sec = due;
    times[0].tv_nsec = times[1].tv_nsec = 0;
    return utimensat(spooldir_hash(d, qid), qid, times, AT_SYMLINK_NOFOLLOW);
}

int
spooldir_get_due(struct spooldir *d, const char *qid, time_t *due_r)
{
    struct stat st;

    if (fstatat(spooldir_hash(d, qid), qid, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return -1;
    *due_r = st.st_mtime;
    return 0;
}

int
spooldir_remove(struct spooldir *d, const char *qid)
{
    return unlinkat(spooldir_hash(d, qid), qid, 0);
}

int
spooldir_set_aside(struct spooldir *d, const char *qid)
{
    return renameat(spooldir_hash(d, qid), qid, d->corrupt, qid);
}
