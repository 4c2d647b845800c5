/* SPDX-License-Identifier: ISC */
/* Writing, reading and marking one spool file (spooldir.h). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fdcopy.h"
#include "spooldir.h"
#include "spoolfile.h"
#include "strutil.h"

/* ---- writing ------------------------------------------------------------------------------ */

static int
write_file(int fd, const struct buf *front, int content, uint64_t size)
{
    if (fd_write_all(fd, buf_data(front), buf_len(front)) < 0 || fd_copy(content, 0, fd, size) < 0 ||
        fsync(fd) < 0)
        return -1;
    return 0;
}

/* Closes what was written: -1 (errno) when that fails, or something before it did (r). */
static int
close_checked(int fd, int r)
{
    return r < 0 ? fd_close(fd, r) : close(fd);
}

/* The complete file under tmp/, synced. On failure nothing is left. */
static int
write_tmp(struct spooldir *d, const char *qid, const struct buf *front, int content, uint64_t size)
{
    int fd = openat(d->tmp, qid, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), r, saved;

    if (fd < 0)
        return -1;
    r = close_checked(fd, write_file(fd, front, content, size));
    saved = errno;
    if (r < 0)
        unlinkat(d->tmp, qid, 0);
    errno = saved;
    return r;
}

/* From tmp/ to its place, durable. On failure it is in neither. */
static int
publish(struct spooldir *d, const char *qid)
{
    int dir = spooldir_hash(d, qid), saved;

    if (renameat(d->tmp, qid, dir, qid) < 0) {
        saved = errno;
        unlinkat(d->tmp, qid, 0);
        errno = saved;
        return -1;
    }
    if (fsync(dir) < 0) {
        saved = errno;
        unlinkat(dir, qid, 0);
        errno = saved;
        return -1;
    }
    return 0;
}

int
spooldir_write(struct spooldir *d, struct envelope *e, int content)
{
    struct spool_layout l;
    struct buf front;
    uint32_t i;
    int r = -1;

    buf_init(&front, SPOOL_MAX_FRONT);
    if (spoolfile_encode(&front, e, &l) < 0)
        errno = EFBIG;
    else if (write_tmp(d, e->qid, &front, content, e->size) == 0 && publish(d, e->qid) == 0)
        r = 0;
    if (r == 0) {
        e->state_at = l.state_at;
        for (i = 0; i < e->nrcpt; i++)
            e->rcpt[i].unsaved = 0;
    }
    buf_free(&front);
    return r;
}

/* ---- reading ------------------------------------------------------------------------------ */

static int
read_front(int fd, const char *qid, struct envelope *e, struct spool_layout *l)
{
    unsigned char header[SPOOL_HEADER];
    struct stat st;
    struct buf front;
    char *p;
    int r = -1;

    if (fstat(fd, &st) < 0 || fd_pread_all(fd, header, sizeof(header), 0) < 0)
        return -1;
    errno = EBADMSG;
    if (!S_ISREG(st.st_mode) || spoolfile_decode_header(header, l) < 0 ||
        (uint64_t)st.st_size != l->file_size)
        return -1;
    buf_init(&front, SPOOL_MAX_FRONT);
    p = buf_reserve(&front, (size_t)l->content_at);
    if (p && fd_pread_all(fd, p, (size_t)l->content_at, 0) == 0) {
        errno = EBADMSG;
        if (spoolfile_decode(p, (size_t)l->content_at, e) == 0 && strcmp(e->qid, qid) == 0)
            r = 0;
    }
    buf_free(&front);
    return r;
}

int
spooldir_read(struct spooldir *d, const char *qid, struct envelope *e, int *fd_r, uint64_t *content_at_r)
{
    int fd = openat(spooldir_hash(d, qid), qid, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct spool_layout l;

    if (fd < 0)
        return -1;
    if (read_front(fd, qid, e, &l) < 0)
        return fd_close(fd, -1);
    e->state_at = l.state_at;
    *fd_r = fd;
    *content_at_r = l.content_at;
    return 0;
}

/* ---- marking ------------------------------------------------------------------------------ */

static int
save_slots(int fd, struct envelope *e)
{
    unsigned char slot[SPOOL_SLOT];
    uint64_t at = e->state_at + SPOOL_STATE;
    uint32_t i;

    if (fd_pwrite_all(fd, e->warned ? "W" : "-", 1, (int64_t)e->state_at) < 0)
        return -1;
    for (i = 0; i < e->nrcpt; i++, at += SPOOL_SLOT) {
        if (!e->rcpt[i].unsaved)
            continue;
        spoolfile_encode_slot(slot, &e->rcpt[i]);
        if (fd_pwrite_all(fd, slot, sizeof(slot), (int64_t)at) < 0)
            return -1;
    }
    return fdatasync(fd);
}

int
spooldir_save_marks(struct spooldir *d, struct envelope *e)
{
    int fd = openat(spooldir_hash(d, e->qid), e->qid, O_WRONLY | O_NOFOLLOW | O_CLOEXEC), r;
    uint32_t i;

    if (fd < 0)
        return -1;
    r = close_checked(fd, save_slots(fd, e));
    for (i = 0; r == 0 && i < e->nrcpt; i++)
        e->rcpt[i].unsaved = 0;
    return r;
}
