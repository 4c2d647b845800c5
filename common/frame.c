/* SPDX-License-Identifier: ISC */
/*
 * On the wire, in the machine's own byte order (both ends are one host and one build):
 * u32 length with header, u16 type, u8 number of descriptors, u8 0, u32 id; then fields, each a tag byte
 * and its value: 'u' u32, 'U' u64, 's' u32 length, bytes, NUL, 'b' u32 length, bytes.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <unistd.h>

#include "frame.h"

struct frame_header {
    uint32_t len;
    uint16_t type;
    uint8_t nfds;
    uint8_t zero;
    uint32_t id;
};
MR_STATIC_ASSERT(frame_header_size, sizeof(struct frame_header) == FRAME_HEADER);

void
frame_begin(struct frame_out *f, struct buf *to, unsigned type, uint32_t id)
{
    struct frame_header h;

    memset(&h, 0, sizeof(h));
    h.type = (uint16_t)type;
    h.id = id;
    f->to = to;
    f->base = buf_len(to);
    f->nfds = 0;
    f->failed = buf_append(to, &h, sizeof(h)) < 0;
}

static void
frame_put(struct frame_out *f, char tag, const void *p, size_t n)
{
    if (f->failed)
        return;
    if (buf_putc(f->to, tag) < 0 || buf_append(f->to, p, n) < 0)
        f->failed = 1;
}

void
frame_put_u32(struct frame_out *f, uint32_t v)
{
    frame_put(f, 'u', &v, sizeof(v));
}

void
frame_put_u64(struct frame_out *f, uint64_t v)
{
    frame_put(f, 'U', &v, sizeof(v));
}

static void
frame_put_bytes(struct frame_out *f, char tag, const void *p, size_t n, size_t terminator)
{
    uint32_t len = (uint32_t)n;

    if (n > FRAME_MAX)
        f->failed = 1;
    frame_put(f, tag, &len, sizeof(len));
    if (!f->failed && (buf_append(f->to, p, n) < 0 || buf_append(f->to, "", terminator) < 0))
        f->failed = 1;
}

void
frame_put_str(struct frame_out *f, const char *s)
{
    if (!s)
        s = "";
    frame_put_bytes(f, 's', s, strlen(s), 1);
}

void
frame_put_blob(struct frame_out *f, const void *p, size_t n)
{
    frame_put_bytes(f, 'b', p, n, 0);
}

void
frame_put_fd(struct frame_out *f, int fd)
{
    if (f->nfds == FRAME_MAX_FDS)
        f->failed = 1;
    else
        f->fds[f->nfds++] = fd;
}

int
frame_finish(struct frame_out *f)
{
    struct frame_header h;
    char *at = buf_data(f->to) + f->base;
    size_t len = buf_len(f->to) - f->base;

    if (f->failed || len > FRAME_MAX) {
        f->to->end = f->to->start + f->base;
        f->to->overflow = 0;
        return -1;
    }
    memcpy(&h, at, sizeof(h));
    h.len = (uint32_t)len;
    h.nfds = (uint8_t)f->nfds;
    memcpy(at, &h, sizeof(h));
    return 0;
}

/* The value of a field with that tag, n bytes long, or NULL. */
static const unsigned char *
frame_take(struct frame *f, char tag, size_t n)
{
    const unsigned char *at = f->pos + 1;

    if (f->pos == f->end || *f->pos != (unsigned char)tag || (size_t)(f->end - at) < n)
        return NULL;
    f->pos = at + n;
    return at;
}

int
frame_get_u32(struct frame *f, uint32_t *v_r)
{
    const unsigned char *at = frame_take(f, 'u', sizeof(*v_r));

    if (!at)
        return -1;
    memcpy(v_r, at, sizeof(*v_r));
    return 0;
}

int
frame_get_u64(struct frame *f, uint64_t *v_r)
{
    const unsigned char *at = frame_take(f, 'U', sizeof(*v_r));

    if (!at)
        return -1;
    memcpy(v_r, at, sizeof(*v_r));
    return 0;
}

static const unsigned char *
frame_get_bytes(struct frame *f, char tag, size_t *n_r, size_t max, size_t terminator)
{
    const unsigned char *at = frame_take(f, tag, sizeof(uint32_t));
    uint32_t len;

    if (!at)
        return NULL;
    memcpy(&len, at, sizeof(len));
    if (len > max || (size_t)(f->end - f->pos) < len + terminator)
        return NULL;
    at = f->pos;
    f->pos += len + terminator;
    *n_r = len;
    return at;
}

int
frame_get_str(struct frame *f, const char **s_r, size_t max)
{
    size_t n, i;
    const unsigned char *at = frame_get_bytes(f, 's', &n, max, 1);

    if (!at || at[n] != '\0')
        return -1;
    for (i = 0; i < n; i++)
        if ((at[i] < ' ' && at[i] != '\t') || at[i] == 0x7f)
            return -1;
    *s_r = (const char *)at;
    return 0;
}

int
frame_get_blob(struct frame *f, const void **p_r, size_t *n_r, size_t max)
{
    const unsigned char *at = frame_get_bytes(f, 'b', n_r, max, 0);

    if (!at)
        return -1;
    *p_r = at;
    return 0;
}

int
frame_get_fd(struct frame *f, int *fd_r)
{
    if (f->next_fd == f->nfds)
        return -1;
    *fd_r = f->fds[f->next_fd];
    f->fds[f->next_fd++] = -1;
    return 0;
}

int
frame_end(const struct frame *f)
{
    return f->pos == f->end && f->next_fd == f->nfds ? 0 : -1;
}

void
frame_close_fds(struct frame *f)
{
    for (; f->next_fd < f->nfds; f->next_fd++)
        close(f->fds[f->next_fd]);
}

int
frame_parse(struct buf *in, int *fds, int *nfds, struct frame *f, size_t *size_r)
{
    struct frame_header h;

    if (buf_len(in) < sizeof(h))
        return 0;
    memcpy(&h, buf_data(in), sizeof(h));
    if (h.len < sizeof(h) || h.len > FRAME_MAX || h.nfds > FRAME_MAX_FDS || h.zero != 0)
        return -1;
    if (buf_len(in) < h.len)
        return 0;
    if (h.nfds > *nfds)
        return -1;
    memset(f, 0, sizeof(*f));
    f->type = h.type;
    f->id = h.id;
    f->pos = (const unsigned char *)buf_data(in) + sizeof(h);
    f->end = (const unsigned char *)buf_data(in) + h.len;
    f->nfds = h.nfds;
    if (h.nfds > 0) {
        memcpy(f->fds, fds, h.nfds * sizeof(*fds));
        *nfds -= h.nfds;
        memmove(fds, fds + h.nfds, (size_t)*nfds * sizeof(*fds));
    }
    *size_r = h.len;
    return 1;
}
