/* SPDX-License-Identifier: ISC */
/* The part of strutil.h that makes system calls: random bytes, whole files, whole writes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#ifdef HAVE_SYS_RANDOM_H
#include <sys/random.h>
#endif
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "log.h"
#include "strutil.h"

#define FILE_READ_CHUNK 8192

static int random_fd = -1; /* /dev/urandom, where getrandom is missing */

/* Some random bytes: how many, or -1 (errno). */
static ssize_t
random_some(void *p, size_t n)
{
#ifdef HAVE_GETRANDOM
    if (random_fd < 0)
        return getrandom(p, n, 0);
#endif
    return read(random_fd, p, n);
}

void
random_init(void)
{
    char byte;

    if (random_fd < 0 && random_some(&byte, 1) < 0)
        random_fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
}

void
random_bytes(void *p, size_t n)
{
    char *at = p;

    while (n > 0) {
        ssize_t got = random_some(at, n);

        if (got > 0) {
            at += got;
            n -= (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            /* Built for a newer kernel than this one, or random_init() was not called yet. */
            if (random_fd >= 0 || (random_init(), random_fd < 0))
                log_fatal(EX_TEMPFAIL, "no random bytes from the kernel: %s", strerror(errno));
        }
    }
}

/* Reads what is left of fd. When b is full one more byte tells whether the file ends there. */
static int
fd_read_rest(int fd, struct buf *b)
{
    char extra;
    ssize_t got;

    do {
        size_t room = b->cap - buf_len(b);
        char *to = &extra;

        if (room > FILE_READ_CHUNK)
            room = FILE_READ_CHUNK;
        if (room > 0 && (to = buf_reserve(b, room)) == NULL) {
            errno = EFBIG;
            return -1;
        }
        got = read(fd, to, room > 0 ? room : 1);
        if (got > 0 && room == 0) {
            errno = EFBIG;
            return -1;
        }
        if (got > 0)
            buf_added(b, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0 ? -1 : 0;
}

int
file_read(const char *path, struct buf *b)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? -1 : fd_close(fd, fd_read_rest(fd, b));
}

int
fd_write_all(int fd, const void *p, size_t n)
{
    const char *at = p;

    while (n > 0) {
        ssize_t put = write(fd, at, n);

        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0) {
            at += put;
            n -= (size_t)put;
        }
    }
    return 0;
}

int
fd_pwrite_all(int fd, const void *p, size_t n, int64_t offset)
{
    const char *at = p;

    while (n > 0) {
        ssize_t put = pwrite(fd, at, n, (off_t)offset);

        if (put < 0 && errno != EINTR)
            return -1;
        if (put > 0) {
            at += put;
            n -= (size_t)put;
            offset += put;
        }
    }
    return 0;
}

int
fd_pread_all(int fd, void *p, size_t n, uint64_t offset)
{
    char *at = p;

    while (n > 0) {
        ssize_t got = pread(fd, at, n, (off_t)offset);

        if (got == 0)
            errno = EBADMSG;
        if (got == 0 || (got < 0 && errno != EINTR))
            return -1;
        if (got > 0) {
            at += got;
            n -= (size_t)got;
            offset += (uint64_t)got;
        }
    }
    return 0;
}

int
fd_close(int fd, int result)
{
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return result;
}

int
fd_set_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -1;
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}
