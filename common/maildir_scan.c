/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "maildir.h"
#include "strutil.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCAN_MAX_ENTRIES 5000000 /* files and folders; a mailbox with more is not counted but refused */

struct scan {
    struct maildir_usage usage;
    long left; /* entries that may still be looked at */
};

static DIR *
open_dir_at(int fd, const char *name)
{
    int dirfd = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d;

    if (dirfd < 0)
        return NULL;
    d = fdopendir(dirfd);
    if (d == NULL)
        close(dirfd);
    return d;
}

/* The next entry; NULL at the end and on errors (errno is then set). */
static struct dirent *
scan_next(struct scan *s, DIR *d)
{
    if (s->left-- <= 0) {
        errno = EFBIG;
        return NULL;
    }
    errno = 0;
    return readdir(d);
}

/* The size of one message; -1 (errno 0) when it does not count, -1 (errno) on errors. */
static int64_t
message_size(DIR *d, const char *name)
{
    int64_t size = maildir_name_size(name);
    struct stat st;

    errno = 0;
    if (name[0] == '.' || maildir_name_flag(name, 'T'))
        return -1;
    if (size >= 0)
        return size;
    if (fstatat(dirfd(d), name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) /* another session removed it meanwhile */
            errno = 0;
        return -1;
    }
    return S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
}

/* Adds the messages of one directory. A missing one is empty. */
static int
scan_messages(struct scan *s, int folderfd, const char *name)
{
    DIR *d = open_dir_at(folderfd, name);
    struct dirent *e;
    int saved;

    if (d == NULL)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
    while ((e = scan_next(s, d)) != NULL) {
        int64_t size = message_size(d, e->d_name);

        if (size < 0 && errno != 0)
            break;
        if (size < 0)
            continue;
        s->usage.bytes = size > INT64_MAX - s->usage.bytes ? INT64_MAX : s->usage.bytes + size;
        s->usage.count++;
    }
    saved = errno;
    closedir(d);
    errno = saved;
    return saved == 0 ? 0 : -1;
}

static int
scan_folder(struct scan *s, int folderfd)
{
    return scan_messages(s, folderfd, "cur") == 0 && scan_messages(s, folderfd, "new") == 0 ? 0 : -1;
}

static int
is_counted_folder(const char *name)
{
    return name[0] == '.' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, ".Trash") != 0;
}

static int
scan_subfolder(struct scan *s, int maildirfd, const char *name)
{
    int fd = openat(maildirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -1;
    return fd_close(fd, scan_folder(s, fd));
}

int
maildir_scan(int maildirfd, struct maildir_usage *usage_r)
{
    struct scan s = {{0, 0}, SCAN_MAX_ENTRIES};
    struct dirent *e;
    DIR *d;
    int saved;

    if (scan_folder(&s, maildirfd) != 0 || (d = open_dir_at(maildirfd, ".")) == NULL)
        return -1;
    while ((e = scan_next(&s, d)) != NULL) {
        if (is_counted_folder(e->d_name) && scan_subfolder(&s, maildirfd, e->d_name) != 0)
            break;
    }
    saved = errno;
    closedir(d);
    errno = saved;
    if (saved != 0)
        return -1;
    *usage_r = s.usage;
    return 0;
}
