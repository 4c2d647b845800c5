/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "maildir.h"
#include "strutil.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_FILE "maildirsize"
#define SIZE_FILE_MAX 5120      /* a longer maildirsize is recalculated */
#define SIZE_FILE_AGE (15 * 60) /* an older one, too, before it refuses a message */
#define QUOTA_TEXT_MAX 256
#define SIZE_FLAGS (O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

/* ---- the quota ---- */

void
maildir_quota_parse(const char *text, struct maildir_quota *q, int *odd_r)
{
    q->bytes = q->count = 0;
    *odd_r = 0;
    while (*text) {
        uint64_t v = 0;

        if (!isdigit((unsigned char)*text)) {
            text++;
            continue;
        }
        for (; isdigit((unsigned char)*text); text++) {
            unsigned digit = (unsigned)(*text - '0');

            v = v > ((uint64_t)INT64_MAX - digit) / 10 ? INT64_MAX : v * 10 + digit;
        }
        if (*text == 'S')
            q->bytes = v;
        else if (*text == 'C')
            q->count = v;
        else
            *odd_r = 1;
    }
}

static unsigned
percent_of(int64_t used, uint64_t limit)
{
    if (limit == 0 || used <= 0)
        return 0;
    /* Whole percents do not need the low bits of numbers whose hundredfold would overflow. */
    while ((uint64_t)used > UINT64_MAX / 100) {
        used /= 2;
        limit /= 2;
    }
    if (limit == 0 || (uint64_t)used * 100 / limit > 1000)
        return 1000;
    return (unsigned)((uint64_t)used * 100 / limit);
}

unsigned
maildir_quota_percent(const struct maildir_quota *q, const struct maildir_usage *u)
{
    unsigned bytes = percent_of(u->bytes, q->bytes), count = percent_of(u->count, q->count);

    return bytes > count ? bytes : count;
}

/* 1 when `more` on top of `used` is over the limit. */
static int
over_limit(int64_t used, int64_t more, uint64_t limit)
{
    return limit != 0 && (used > INT64_MAX - more || (uint64_t)(used + more) > limit);
}

/* ---- maildirsize ---- */

/* Takes blanks and a signed number from *p, before end. */
static int
take_signed(const char **p, const char *end, int64_t *v_r)
{
    const char *s = *p;
    int negative = 0;
    int64_t v = 0;

    while (s < end && *s == ' ')
        s++;
    if (s < end && *s == '-') {
        negative = 1;
        s++;
    }
    if (s == end || !isdigit((unsigned char)*s))
        return -1;
    for (; s < end && isdigit((unsigned char)*s); s++) {
        int digit = *s - '0';

        if (v > (INT64_MAX - digit) / 10)
            return -1;
        v = v * 10 + digit;
    }
    *p = s;
    *v_r = negative ? -v : v;
    return 0;
}

static int
add_checked(int64_t *sum, int64_t v)
{
    if ((v > 0 && *sum > INT64_MAX - v) || (v < 0 && *sum < -INT64_MAX - v))
        return -1;
    *sum += v;
    return 0;
}

int
maildir_size_parse(const char *text, size_t n, const char *quota_text, struct maildir_usage *usage_r,
                   unsigned *lines_r)
{
    const char *p = text, *end = text + n, *eol;
    size_t quota_len = strlen(quota_text);

    usage_r->bytes = usage_r->count = 0;
    *lines_r = 0;
    if (n <= quota_len || memcmp(p, quota_text, quota_len) != 0 || p[quota_len] != '\n')
        return -1;
    for (p += quota_len + 1; p < end; p = eol + 1) {
        int64_t bytes, count;

        eol = memchr(p, '\n', (size_t)(end - p));
        if (eol == NULL || take_signed(&p, eol, &bytes) != 0 || p == eol || *p != ' ' ||
            take_signed(&p, eol, &count) != 0 || p != eol)
            return -1;
        if (add_checked(&usage_r->bytes, bytes) != 0 || add_checked(&usage_r->count, count) != 0)
            return -1;
        ++*lines_r;
    }
    return usage_r->bytes < 0 || usage_r->count < 0 ? -1 : 0;
}

/* Opens and sums maildirsize. The descriptor; or -1: it has to be recalculated. */
static int
size_open(int maildirfd, const char *quota_text, struct maildir_usage *usage_r, unsigned *lines_r)
{
    char text[SIZE_FILE_MAX + 1];
    int fd = openat(maildirfd, SIZE_FILE, SIZE_FLAGS);
    ssize_t n;

    if (fd < 0)
        return -1;
    do
        n = read(fd, text, sizeof text);
    while (n < 0 && errno == EINTR);
    if (n < 0 || n > SIZE_FILE_MAX ||
        maildir_size_parse(text, (size_t)n, quota_text, usage_r, lines_r) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Writes the first lines into the new file. Its mode lets a webmail of the same group read it. */
static int
size_fill(int fd, const char *quota_text, const struct maildir_usage *u)
{
    char text[QUOTA_TEXT_MAX + 64];
    int n = snprintf(text, sizeof text, "%s\n%12lld %12lld\n", quota_text, (long long)u->bytes,
                     (long long)u->count);

    if (fchmod(fd, 0640) != 0)
        return -1;
    return fd_write_all(fd, text, (size_t)n);
}

/* Counts the mailbox and replaces maildirsize. The new file, or -1 (errno). */
static int
size_recalculate(int maildirfd, const char *quota_text, time_t now, struct maildir_usage *usage_r)
{
    char tmp[64];
    int fd;

    if (maildir_scan(maildirfd, usage_r) != 0)
        return -1;
    snprintf(tmp, sizeof tmp, "tmp/%lld.P%ld_" SIZE_FILE, (long long)now, (long)getpid());
    fd = openat(maildirfd, tmp, SIZE_FLAGS | O_CREAT | O_EXCL, 0640);
    if (fd < 0 && errno == EEXIST &&
        unlinkat(maildirfd, tmp, 0) == 0) /* left by an earlier process of this number */
        fd = openat(maildirfd, tmp, SIZE_FLAGS | O_CREAT | O_EXCL, 0640);
    if (fd < 0)
        return -1;
    if (size_fill(fd, quota_text, usage_r) != 0 || renameat(maildirfd, tmp, maildirfd, SIZE_FILE) != 0) {
        int saved = errno;

        unlinkat(maildirfd, tmp, 0);
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* An old maildirsize, or one that several processes have added to, may be wrong. */
static int
size_is_doubtful(int fd, unsigned lines, time_t now)
{
    struct stat st;

    return lines > 1 || fstat(fd, &st) != 0 || st.st_mtime < now - SIZE_FILE_AGE;
}

static int
quota_exceeded(const struct maildir_quota *q, const struct maildir_usage *u, int64_t bytes, int64_t count)
{
    return over_limit(u->bytes, bytes, q->bytes) || over_limit(u->count, count, q->count);
}

enum maildir_quota_result
maildir_quota_check(int maildirfd, const char *quota_text, int64_t bytes, int64_t count, time_t now,
                    struct maildir_usage *usage_r, int *fd_r)
{
    struct maildir_quota q;
    unsigned lines = 0;
    int odd, fd;

    usage_r->bytes = usage_r->count = 0;
    *fd_r = -1;
    maildir_quota_parse(quota_text, &q, &odd);
    if (q.bytes == 0 && q.count == 0)
        return MAILDIR_FITS;
    if (strlen(quota_text) > QUOTA_TEXT_MAX || strchr(quota_text, '\n') != NULL) {
        errno = EINVAL;
        return MAILDIR_QUOTA_ERROR;
    }
    fd = size_open(maildirfd, quota_text, usage_r, &lines);
    if (fd >= 0 && quota_exceeded(&q, usage_r, bytes, count) && size_is_doubtful(fd, lines, now)) {
        close(fd);
        fd = -1;
    }
    if (fd < 0)
        fd = size_recalculate(maildirfd, quota_text, now, usage_r);
    if (fd < 0)
        return MAILDIR_QUOTA_ERROR;
    if (quota_exceeded(&q, usage_r, bytes, count)) {
        close(fd);
        return MAILDIR_OVER;
    }
    *fd_r = fd;
    return MAILDIR_FITS;
}

int
maildir_quota_add(int fd, int64_t bytes, int64_t count)
{
    char line[64];
    int n, r;

    if (fd < 0)
        return 0;
    n = snprintf(line, sizeof line, "%12lld %12lld\n", (long long)bytes, (long long)count);
    r = fd_write_all(fd, line, (size_t)n);
    return fd_close(fd, r);
}

int
maildir_quota_adjust(int maildirfd, int64_t bytes, int64_t count)
{
    int fd = openat(maildirfd, SIZE_FILE, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    return maildir_quota_add(fd, bytes, count);
}
