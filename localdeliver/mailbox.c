/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "mailbox.h"
#include "mem.h"
#include "path.h"
#include "strutil.h"

#define HASH_SIZE 256
#define PURGE_AGE (36 * 3600) /* what is older in tmp/ was given up */
#define PURGE_EVERY (24 * 3600)
#define PURGE_MAX 10000 /* entries looked at in one go */
#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_CLOEXEC)

static struct mailbox *by_path[HASH_SIZE];
static struct mailbox *newest, *oldest;
static unsigned n_open;
/* When a mailbox was last purged. One that shares its place with another is purged more often. */
static struct {
    uint32_t hash;
    time_t at;
} purged[HASH_SIZE];

/* ---- the cache ---- */

static void
list_insert(struct mailbox *m)
{
    m->newer = NULL;
    m->older = newest;
    *(newest ? &newest->newer : &oldest) = m;
    newest = m;
}

static void
list_remove(struct mailbox *m)
{
    *(m->newer ? &m->newer->older : &newest) = m->older;
    *(m->older ? &m->older->newer : &oldest) = m->newer;
}

static void
mailbox_close(struct mailbox *m)
{
    struct mailbox **pp = &by_path[path_hash(m->path) % HASH_SIZE];

    while (*pp != m)
        pp = &(*pp)->hash_next;
    *pp = m->hash_next;
    list_remove(m);
    n_open--;
    close(m->dirfd);
    close(m->newfd);
    mem_free(m->path);
    mem_free(m);
}

static void
cache_make_room(void)
{
    struct mailbox *m, *newer;

    for (m = oldest; m && n_open >= MAILBOX_MAX_OPEN; m = newer) {
        newer = m->newer;
        if (m->pins == 0)
            mailbox_close(m);
    }
}

static struct mailbox *
cache_find(const char *path)
{
    struct mailbox *m = by_path[path_hash(path) % HASH_SIZE];

    while (m && (m->checked < 0 || strcmp(m->path, path) != 0))
        m = m->hash_next;
    return m;
}

/* ---- opening ---- */

/* What maildrop wants of a home directory. 0, or -1 with *r filled. */
static int
check_home(const char *home, struct result *r)
{
    struct stat st;
    const char *output = NULL;

    if (stat(home, &st) < 0)
        output = "/usr/bin/maildrop: Unable to change to home directory.";
    else if (!S_ISDIR(st.st_mode))
        output = "maildrop: Home directory is not a directory.";
    else if (st.st_mode & S_IWOTH)
        output = "maildrop: Invalid home directory permissions - world writable.";
    else if (st.st_uid != geteuid())
        output = "maildrop: Home directory owned by wrong user.";
    else if (st.st_mode & S_ISVTX) /* the administrator keeps mail back while editing */
        output = "";
    if (!output)
        return 0;
    result_deferred(r, "4.3.0", output);
    return -1;
}

static int
sync_dir(const char *path)
{
    int fd = open(path, OPEN_DIR);

    return fd < 0 ? -1 : fd_close(fd, fsync(fd));
}

/* Makes a new mailbox, durable from the home directory down. */
static int
make_mailbox(const char *home, const char *path)
{
    return maildir_make(path, (uid_t)-1, (gid_t)-1) == 0 && sync_dir(path) == 0 ? sync_dir(home) : -1;
}

/* Opens path and new/ in it. 0 or -1 (errno). */
static int
open_dirs(const char *path, int *dirfd_r, int *newfd_r)
{
    *dirfd_r = open(path, OPEN_DIR);
    if (*dirfd_r < 0)
        return -1;
    *newfd_r = openat(*dirfd_r, "new", OPEN_DIR | O_NOFOLLOW);
    return *newfd_r < 0 ? fd_close(*dirfd_r, -1) : 0;
}

/* Removes remains of deliveries that never ended. */
static void
purge_tmp(int maildirfd, time_t now)
{
    int fd = openat(maildirfd, "tmp", OPEN_DIR | O_NOFOLLOW), left = PURGE_MAX;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;
    struct stat st;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while (left-- > 0 && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.' && fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            !S_ISDIR(st.st_mode) && st.st_mtime < now - PURGE_AGE)
            unlinkat(fd, e->d_name, 0);
    closedir(d);
}

static struct mailbox *
open_new(const char *home, const char *path, double now, struct result *r)
{
    struct mailbox *m;
    struct stat st;
    uint32_t hash = path_hash(path), slot = hash % HASH_SIZE;
    int dirfd, newfd;

    cache_make_room();
    if (open_dirs(path, &dirfd, &newfd) < 0 &&
        (errno != ENOENT || make_mailbox(home, path) < 0 || open_dirs(path, &dirfd, &newfd) < 0)) {
        result_errno(r, "Unable to open the mailbox", errno);
        return NULL;
    }
    if (fstat(dirfd, &st) < 0) {
        result_errno(r, "Unable to open the mailbox", errno);
        close(dirfd);
        close(newfd);
        return NULL;
    }
    if (purged[slot].hash != hash || purged[slot].at < (time_t)now - PURGE_EVERY) {
        purged[slot].hash = hash;
        purged[slot].at = (time_t)now;
        purge_tmp(dirfd, (time_t)now);
    }
    m = mem_alloc(sizeof(*m));
    m->path = mem_strdup(path);
    m->dirfd = dirfd;
    m->newfd = newfd;
    m->dev = st.st_dev;
    m->ino = st.st_ino;
    m->quota_fd = -1;
    m->hash_next = by_path[slot];
    by_path[slot] = m;
    list_insert(m);
    n_open++;
    return m;
}

/* The path still leads to the open directory. */
static int
is_same(const struct mailbox *m)
{
    struct stat st;

    return stat(m->path, &st) == 0 && st.st_dev == m->dev && st.st_ino == m->ino;
}

struct mailbox *
mailbox_open(const char *home, const char *path, double now, struct result *r)
{
    struct mailbox *m = cache_find(path);

    if (!m || now < m->checked || now - m->checked > MAILBOX_TRUST) {
        if (check_home(home, r) < 0)
            return NULL;
        if (m && !is_same(m)) {
            mailbox_distrust(m);
            m = NULL;
        }
        if (!m)
            m = open_new(home, path, now, r);
        if (!m)
            return NULL;
        m->checked = now;
    }
    list_remove(m);
    list_insert(m);
    m->pins++;
    return m;
}

void
mailbox_unpin(struct mailbox *m)
{
    if (--m->pins == 0 && m->checked < 0)
        mailbox_close(m);
}

void
mailbox_distrust(struct mailbox *m)
{
    m->checked = -1;
    if (m->pins == 0)
        mailbox_close(m);
}

/* ---- quota ---- */

/* The usage is known from an earlier delivery of this batch, and leaves room. */
static int
fits_as_known(const struct mailbox *m, uint64_t size)
{
    struct maildir_quota q;
    int odd;

    if (m->quota_fd < 0)
        return 0;
    maildir_quota_parse(m->quota, &q, &odd);
    return (q.bytes == 0 || (uint64_t)(m->before.bytes + m->asked.bytes) + size <= q.bytes) &&
           (q.count == 0 || (uint64_t)(m->before.count + m->asked.count) + 1 <= q.count);
}

int
mailbox_reserve(struct mailbox *m, const char *quota, uint64_t size, double now, struct result *r)
{
    if (!m->quota)
        m->quota = quota;
    if (!fits_as_known(m, size)) {
        if (m->quota_fd >= 0)
            close(m->quota_fd);
        m->was_over = 0;
        switch (maildir_quota_check(m->dirfd, m->quota, m->asked.bytes + (int64_t)size, m->asked.count + 1,
                                    (time_t)now, &m->before, &m->quota_fd)) {
        case MAILDIR_FITS:
            break;
        case MAILDIR_OVER:
            m->was_over = 1;
            result_deferred(r, "4.3.0", "maildrop: maildir over quota.");
            return -1;
        default:
            m->was_over = 1;
            result_errno(r, "Unable to read maildirsize", errno);
            return -1;
        }
    }
    m->asked.bytes += (int64_t)size;
    m->asked.count++;
    return 0;
}

void
mailbox_account(struct mailbox *m)
{
    int r = 0;

    if (m->added.count > 0 && m->was_over) /* the check of a later message closed the file */
        r = maildir_quota_adjust(m->dirfd, m->added.bytes, m->added.count);
    else if (m->added.count > 0)
        r = maildir_quota_add(m->quota_fd, m->added.bytes, m->added.count);
    else if (m->quota_fd >= 0)
        close(m->quota_fd);
    if (r < 0)
        log_warning("%s/maildirsize: %s", m->path, strerror(errno));
    m->quota_fd = -1;
    m->quota = NULL;
    memset(&m->asked, 0, sizeof(m->asked));
    memset(&m->added, 0, sizeof(m->added));
    m->was_over = m->dirty = 0;
}

/* ---- finding an earlier delivery ---- */

static int
find_in(int maildirfd, const char *sub, const char *queue_id, unsigned n)
{
    int fd = openat(maildirfd, sub, OPEN_DIR | O_NOFOLLOW), found = 0, saved;
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *e;

    if (!d)
        return fd_close(fd, errno == ENOENT ? 0 : -1);
    while (errno = 0, !found && (e = readdir(d)) != NULL)
        found = maildir_name_matches(e->d_name, queue_id, n);
    /* The attempt that made it may have ended before it synced the directory. */
    if ((!found && errno != 0) || (found && fsync(fd) < 0))
        found = -1;
    saved = errno;
    closedir(d);
    errno = saved;
    return found;
}

int
mailbox_find(struct mailbox *m, const char *queue_id, unsigned n)
{
    int found = find_in(m->dirfd, "new", queue_id, n);

    return found != 0 ? found : find_in(m->dirfd, "cur", queue_id, n);
}
