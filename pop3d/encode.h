/* SPDX-License-Identifier: ISC */
/* A message file (LF line ends) as POP3 sends it: CR LF line ends, dots stuffed (RFC 1939 3), and TOP's
 * limit. */
#ifndef MR_POP3_ENCODE_H
#define MR_POP3_ENCODE_H

#include "buf.h"

#include <stdint.h>

#define ENCODE_ALL (-1) /* no limit on lines */

struct encode {
    int64_t lines; /* body lines still to be sent; ENCODE_ALL */
    int bol;       /* at the beginning of a line */
    int blank;     /* of the line so far: 1 nothing, 2 one CR, 0 more */
    int in_header; /* the empty line has not come yet */
    int done;      /* the limit is reached */
};

/* lines: how many lines of the body are wanted (TOP), or ENCODE_ALL. */
void encode_init(struct encode *e, int64_t lines);
/*
 * Appends the next n bytes of the file, encoded (at most 2n + 2 bytes); to has room for that. Returns how
 * many of the n were used: fewer when the limit is reached (e->done).
 */
size_t encode_add(struct encode *e, struct buf *to, const char *p, size_t n);
/* What comes last: ".\r\n", behind the end of an unfinished last line. */
const char *encode_ending(const struct encode *e);

/* The size of a message as POP3 counts it: each LF is two octets. Feed it all bytes of the file. */
struct encode_size {
    uint64_t octets;
    struct encode header; /* where the header ends */
    int utf8;             /* the header has bytes above 127 */
};
void encode_size_init(struct encode_size *s);
void encode_size_add(struct encode_size *s, const char *p, size_t n);

#endif
