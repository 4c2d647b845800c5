/* SPDX-License-Identifier: ISC */
/*
 * Settings as bytes, between the processes of one program: numbers of four bytes and
 * strings, in a fixed order. The reader keeps an error: read everything, then ask once.
 */
#ifndef MR_PACK_H
#define MR_PACK_H

#include "buf.h"

/* Four bytes, highest first. */
void pack_u32(struct buf *to, uint32_t v);
/* Any bytes but NUL; NULL is packed as "". */
void pack_str(struct buf *to, const char *s);

struct unpack {
    const unsigned char *pos, *end;
    int bad; /* something was missing or over its limit */
};

/* At most max; 0 and u->bad when it is not. */
uint32_t unpack_u32(struct unpack *u, uint32_t max);
/* At most max bytes, no NUL in it; to be freed. NULL and u->bad when it is not. */
char *unpack_str(struct unpack *u, size_t max);
/* 0 when nothing was wrong and nothing is left over. */
int unpack_end(const struct unpack *u);

#endif
