/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "buf.h"
#include "mem.h"

#define BUF_FIRST_SIZE 256

void
buf_init(struct buf *b, size_t cap)
{
    memset(b, 0, sizeof(*b));
    b->cap = cap;
}

void
buf_free(struct buf *b)
{
    size_t cap = b->cap;

    if (b->mem)
        mem_wipe(b->mem, b->end);
    mem_free(b->mem);
    buf_init(b, cap);
}

void
buf_reset(struct buf *b)
{
    b->start = b->end = 0;
    b->overflow = 0;
}

void
buf_consume(struct buf *b, size_t n)
{
    b->start += n;
    if (b->start == b->end)
        b->start = b->end = 0;
}

/* Makes room for n more bytes and a NUL; the caller has checked the cap. */
static void
buf_grow(struct buf *b, size_t n)
{
    size_t len = buf_len(b), need = len + n + 1, size;

    if (b->start > 0 && b->start >= len) {
        memmove(b->mem, b->mem + b->start, len);
        b->start = 0;
        b->end = len;
        if (need <= b->size)
            return;
    }
    size = b->size ? b->size : BUF_FIRST_SIZE;
    while (size < b->start + need)
        size *= 2;
    b->mem = mem_realloc(b->mem, size);
    b->size = size;
}

char *
buf_reserve(struct buf *b, size_t n)
{
    if (n > b->cap || buf_len(b) > b->cap - n) {
        b->overflow = 1;
        return NULL;
    }
    if (b->end + n + 1 > b->size)
        buf_grow(b, n);
    return b->mem + b->end;
}

void
buf_added(struct buf *b, size_t n)
{
    b->end += n;
}

int
buf_append(struct buf *b, const void *p, size_t n)
{
    char *at = buf_reserve(b, n);

    if (!at)
        return -1;
    if (n > 0)
        memcpy(at, p, n);
    buf_added(b, n);
    return 0;
}

int
buf_puts(struct buf *b, const char *s)
{
    return buf_append(b, s, strlen(s));
}

int
buf_putc(struct buf *b, char c)
{
    return buf_append(b, &c, 1);
}

int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    char *at;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    at = n < 0 ? NULL : buf_reserve(b, (size_t)n);
    if (!at)
        return -1;
    vsnprintf(at, (size_t)n + 1, fmt, ap);
    buf_added(b, (size_t)n);
    return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int r;

    va_start(ap, fmt);
    r = buf_vprintf(b, fmt, ap);
    va_end(ap);
    return r;
}

char *
buf_cstr(struct buf *b)
{
    if (!b->mem)
        buf_grow(b, 0);
    b->mem[b->end] = '\0';
    return b->mem + b->start;
}
