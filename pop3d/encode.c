/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "encode.h"

void
encode_init(struct encode *e, int64_t lines)
{
    memset(e, 0, sizeof(*e));
    e->lines = lines;
    e->bol = 1;
    e->in_header = 1;
}

/* A line begins: 0 when it is past the limit. */
static int
line_begins(struct encode *e)
{
    if (!e->in_header && e->lines != ENCODE_ALL && e->lines-- == 0) {
        e->done = 1;
        return 0;
    }
    e->bol = 0;
    e->blank = 1;
    return 1;
}

/* n more bytes of the line, and its end when there is one. */
static void
line_goes_on(struct encode *e, const char *p, size_t n, int ends)
{
    if (n > 0)
        e->blank = e->blank == 1 && n == 1 && *p == '\r' ? 2 : 0;
    if (ends) {
        e->bol = 1;
        if (e->blank)
            e->in_header = 0;
    }
}

size_t
encode_add(struct encode *e, struct buf *to, const char *p, size_t n)
{
    const char *start = p, *end = p + n;
    char *room = buf_reserve(to, 2 * n + 2), *d = room;

    if (!room)
        return 0;
    while (p < end && !e->done) {
        const char *lf;
        size_t piece;

        if (e->bol) {
            if (!line_begins(e))
                break;
            if (*p == '.')
                *d++ = '.';
        }
        lf = memchr(p, '\n', (size_t)(end - p));
        piece = (size_t)((lf ? lf : end) - p);
        memcpy(d, p, piece);
        d += piece;
        line_goes_on(e, p, piece, lf != NULL);
        p += piece;
        if (lf) {
            *d++ = '\r';
            *d++ = '\n';
            p++;
        }
    }
    buf_added(to, (size_t)(d - room));
    return (size_t)(p - start);
}

const char *
encode_ending(const struct encode *e)
{
    return e->bol ? ".\r\n" : "\r\n.\r\n";
}

void
encode_size_init(struct encode_size *s)
{
    memset(s, 0, sizeof(*s));
    encode_init(&s->header, ENCODE_ALL);
}

static int
has_8bit(const char *p, size_t n)
{
    unsigned char all = 0;

    while (n-- > 0)
        all |= (unsigned char)*p++;
    return all > 127;
}

void
encode_size_add(struct encode_size *s, const char *p, size_t n)
{
    const char *end = p + n;

    s->octets += n;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t piece = (size_t)((lf ? lf : end) - p);

        if (s->header.in_header) {
            if (s->header.bol)
                line_begins(&s->header);
            line_goes_on(&s->header, p, piece, lf != NULL);
            s->utf8 |= has_8bit(p, piece);
        }
        p += piece;
        if (lf) {
            s->octets++;
            p++;
        }
    }
}
