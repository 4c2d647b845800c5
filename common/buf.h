/* SPDX-License-Identifier: ISC */
/*
 * The one growing byte buffer of the suite. Its cap is set where it is made;
 * an append that would pass the cap fails and appends nothing, and the buffer
 * stays marked as overflowed until buf_reset(). Bytes are appended at the end and
 * consumed at the front.
 */
#ifndef MR_BUF_H
#define MR_BUF_H

#include "compiler.h"

#include <stdarg.h>
#include <stdint.h>

struct buf {
    char *mem;     /* allocated block, NULL while empty */
    size_t start;  /* first unread byte */
    size_t end;    /* one past the last byte */
    size_t size;   /* bytes allocated */
    size_t cap;    /* most bytes ever held */
    int overflow;  /* an append did not fit */
};

/* Makes an empty buffer that never holds more than cap bytes. */
void buf_init(struct buf *b, size_t cap);
/* Releases the memory (overwritten first); the cap stays, it can be used again. */
void buf_free(struct buf *b);
/* Forgets the content and the overflow mark; keeps the memory. */
void buf_reset(struct buf *b);
/* Unread bytes: where and how many. The pointer is valid until the next append. */
static inline char *buf_data(const struct buf *b) { return b->mem ? b->mem + b->start : (char *)""; }
static inline size_t buf_len(const struct buf *b) { return b->end - b->start; }
/* Drops n bytes at the front; n is at most buf_len(). */
void buf_consume(struct buf *b, size_t n);
/* Append. 0, or -1 when it would pass the cap (nothing appended, overflow set). */
int buf_append(struct buf *b, const void *p, size_t n);
int buf_puts(struct buf *b, const char *s);
int buf_putc(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) MR_PRINTF(2, 3);
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) MR_PRINTF(2, 0);
/* Room for n more bytes at the end: NULL when over the cap. Then buf_added(m <= n). */
char *buf_reserve(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);
/* The content as a C string (a NUL is kept behind it, not counted). */
char *buf_cstr(struct buf *b);

#endif
