/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fdcopy.h"
#include "staging.h"

#ifdef HAVE_MEMFD_CREATE
static int
make_in_memory(struct staging *s, uint64_t want)
{
    int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)want) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) < 0) {
        close(fd);
        return -1;
    }
    s->fd = s->reader = fd;
    s->in_memory = 1;
    return 0;
}

static int
seal(int fd)
{
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL);
}
#else
static int
make_in_memory(struct staging *s, uint64_t want)
{
    MR_UNUSED(s);
    MR_UNUSED(want);
    return -1;
}

static int
seal(int fd)
{
    MR_UNUSED(fd);
    errno = ENOSYS;
    return -1;
}
#endif

static int
make_on_disk(struct staging *s, struct staging_budget *b)
{
    char name[16];
    int saved;

    snprintf(name, sizeof(name), "%08x", (unsigned)b->serial++);
    s->in_memory = 0;
    s->fd = openat(b->dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return -1;
    s->reader = openat(b->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    saved = errno;
    if (unlinkat(b->dir, name, 0) == 0 && s->reader >= 0)
        return 0;
    if (s->reader >= 0)
        saved = errno;
    staging_free(s, b);
    errno = saved;
    return -1;
}

void
staging_init(struct staging *s)
{
    s->fd = s->reader = -1;
    s->room = 0;
    s->in_memory = 0;
}

int
staging_make(struct staging *s, struct staging_budget *b, uint64_t want)
{
    staging_init(s);
    s->room = want;
    if (want <= b->message_limit && want <= b->limit && b->used <= b->limit - want &&
        make_in_memory(s, want) == 0) {
        b->used += want;
        return 0;
    }
    return make_on_disk(s, b);
}

int
staging_copy(struct staging *s, struct staging_budget *b, uint64_t want, int from, uint64_t at, uint64_t n)
{
    int saved;

    if (staging_make(s, b, want) < 0)
        return -1;
    if (fd_copy(from, at, s->fd, n) < 0) {
        saved = errno;
        staging_free(s, b);
        errno = saved;
        return -1;
    }
    return 0;
}

int
staging_seal(struct staging *s)
{
    return s->in_memory ? seal(s->fd) : 0;
}

int
staging_freeze(struct staging *s, struct staging_budget *b, uint64_t size)
{
    struct staging copy;

    if (size > s->room) {
        errno = EFBIG;
        return -1;
    }
    if (s->in_memory)
        return seal(s->fd);
    if (staging_copy(&copy, b, size, s->fd, 0, size) < 0)
        return -1;
    staging_free(s, b);
    *s = copy;
    return staging_seal(s);
}

void
staging_free(struct staging *s, struct staging_budget *b)
{
    if (s->reader >= 0 && s->reader != s->fd)
        close(s->reader);
    if (s->fd >= 0)
        close(s->fd);
    if (s->in_memory)
        b->used -= s->room;
    staging_init(s);
}
