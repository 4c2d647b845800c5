/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pack.h"
#include "mem.h"

#include <string.h>

void
pack_u32(struct buf *to, uint32_t v)
{
    unsigned char b[4];

    b[0] = (unsigned char)(v >> 24);
    b[1] = (unsigned char)(v >> 16);
    b[2] = (unsigned char)(v >> 8);
    b[3] = (unsigned char)v;
    buf_append(to, b, sizeof(b));
}

void
pack_str(struct buf *to, const char *s)
{
    size_t n = s ? strlen(s) : 0;

    pack_u32(to, (uint32_t)n);
    if (n > 0)
        buf_append(to, s, n);
}

uint32_t
unpack_u32(struct unpack *u, uint32_t max)
{
    const unsigned char *p = u->pos;
    uint32_t v;

    if (u->bad || u->end - p < 4) {
        u->bad = 1;
        return 0;
    }
    u->pos += 4;
    v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    u->bad = v > max;
    return u->bad ? 0 : v;
}

char *
unpack_str(struct unpack *u, size_t max)
{
    size_t n = unpack_u32(u, UINT32_MAX);
    const unsigned char *p = u->pos;

    if (u->bad || n > max || n > (size_t)(u->end - p) || memchr(p, '\0', n)) {
        u->bad = 1;
        return NULL;
    }
    u->pos += n;
    return mem_strndup((const char *)p, n);
}

int
unpack_end(const struct unpack *u)
{
    return u->bad || u->pos != u->end ? -1 : 0;
}
