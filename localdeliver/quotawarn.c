/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "log.h"
#include "maildir.h"
#include "quotawarn.h"
#include "strutil.h"

#define MARK "quotawarn" /* its time is that of the last notice */
#define MARK_AGE (24 * 3600)
#define NOTICE_MAX 65536
#define MODE 0640 /* as Courier's, so that a webmail of the group reads them */

static int
is_due(int maildirfd, time_t now)
{
    struct stat st;

    return fstatat(maildirfd, MARK, &st, AT_SYMLINK_NOFOLLOW) < 0 ? errno == ENOENT
                                                                  : st.st_mtime < now - MARK_AGE;
}

static int
set_mark(int maildirfd)
{
    int fd =
        openat(maildirfd, MARK, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, MODE);
    int r;

    if (fd < 0)
        return -1;
    r = fchmod(fd, MODE) < 0 ? -1 : fd_write_all(fd, "\n", 1);
    return close(fd) < 0 ? -1 : r;
}

/* The whole notice. 0, or -1 (errno). */
static int
make_notice(struct buf *to, const char *file, const char *host, time_t now)
{
    struct buf text;
    char date[DATE_5322_SIZE], *comment;
    int r;

    buf_init(&text, NOTICE_MAX);
    r = file_read(file, &text);
    if (r == 0) {
        date_5322(date, now);
        comment = strstr(date, " (");
        if (comment)
            *comment = '\0';
        r = buf_printf(to, "Date: %s\nMessage-Id: <%lld.overquota@%s>\n", date, (long long)now, host);
    }
    if (r == 0)
        r = buf_append(to, buf_data(&text), buf_len(&text));
    buf_free(&text);
    return r;
}

/* Writes the notice into tmp and fills the name it gets in new. 0 or -1 (errno). */
static int
write_notice(int fd, const struct buf *notice, const char *host, const struct timeval *tv,
             char name[MAILDIR_NAME_MAX + 1])
{
    struct stat st;

    if (fchmod(fd, MODE) < 0 || fd_write_all(fd, buf_data(notice), buf_len(notice)) < 0 || fsync(fd) < 0 ||
        fstat(fd, &st) < 0)
        return -1;
    return maildir_own_name(name, (uint32_t)tv->tv_sec, (uint32_t)tv->tv_usec, "warn", host, buf_len(notice),
                            st.st_dev, st.st_ino);
}

/* Counted like a message, but delivered even when it does not fit any more. */
static int
deliver_notice(int maildirfd, const struct buf *notice, const char *quota, const char *host)
{
    char tmp[64], name[MAILDIR_NAME_MAX + 1], target[MAILDIR_NAME_MAX + 8];
    struct maildir_usage u;
    struct timeval tv;
    int fd, quota_fd = -1, r;
    int64_t size = (int64_t)buf_len(notice);

    gettimeofday(&tv, NULL);
    snprintf(tmp, sizeof(tmp), "tmp/%lld.M%ldP%ld_warn", (long long)tv.tv_sec, (long)tv.tv_usec,
             (long)getpid());
    fd = openat(maildirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
    if (fd < 0)
        return -1;
    r = write_notice(fd, notice, host, &tv, name);
    if (close(fd) < 0)
        r = -1;
    if (r == 0 &&
        maildir_quota_check(maildirfd, quota, size, 1, tv.tv_sec, &u, &quota_fd) == MAILDIR_QUOTA_ERROR)
        r = -1;
    snprintf(target, sizeof(target), "new/%s", name);
    if (r < 0 || renameat(maildirfd, tmp, maildirfd, target) < 0) {
        unlinkat(maildirfd, tmp, 0);
        if (quota_fd >= 0)
            close(quota_fd);
        return -1;
    }
    return maildir_quota_add(quota_fd, size, 1);
}

void
quotawarn_deliver(int maildirfd, const char *path, const char *file, const char *quota, const char *host,
                  time_t now)
{
    struct buf notice;
    int r;

    if (!is_due(maildirfd, now))
        return;
    buf_init(&notice, NOTICE_MAX + 1024);
    r = make_notice(&notice, file, host, now);
    if (r < 0 && errno == ENOENT) {
        buf_free(&notice);
        return;
    }
    if (r < 0)
        log_warning("quota_warning_file %s: %s", file, strerror(errno));
    else if (set_mark(maildirfd) < 0 || deliver_notice(maildirfd, &notice, quota, host) < 0)
        log_warning("%s: quota notice: %s", path, strerror(errno));
    buf_free(&notice);
}
