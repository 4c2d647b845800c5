/* SPDX-License-Identifier: ISC */
/*
 * What the header of a message goes through as it comes in, as Postfix's cleanup does it:
 * Message-Id is found, Received: are counted, Bcc:, Return-Path: and the
 * like (message_drop_headers) are taken out, and what a local client left out is added where the
 * header ends. The body passes unread.
 */
#ifndef MR_HEADERS_H
#define MR_HEADERS_H

#include "buf.h"

#include <time.h>

#define HEADERS_LINE_MAX 1024      /* a line whose name has not ended by then is no header */
#define HEADERS_MESSAGE_ID_MAX 998 /* RFC 5322 2.1.1 */

/* Values of what may be added; asked for once, where the header ends. */
struct headers_missing {
    const char *queue_id, *myhostname;
    const char *from; /* as in SMTP, quoted where needed */
    time_t now;
};

struct headers {
    struct buf line;       /* the beginning of a line that has not ended yet */
    struct buf message_id; /* the value, unfolded */
    unsigned seen;         /* bits of enum header_bit (headers.c) */
    unsigned received;     /* Received: headers */
    int in_body;
    int started;        /* a line has been read */
    int current;        /* what continues on a line that begins with a blank */
    int passing;        /* the rest of a long line goes the way of its beginning */
    size_t limit, room; /* bytes of a header; how many the present one may still have */
    /* The owner's: fills *m and returns 1 when missing headers are to be added. */
    int (*missing)(void *arg, struct headers_missing *m);
    void *arg;
};

/* limit: bytes of one header with its continuation lines; what is over (and over HEADERS_LINE_MAX) goes. */
void headers_init(struct headers *h, size_t limit, int (*missing)(void *, struct headers_missing *),
                  void *arg);
void headers_free(struct headers *h);
/*
 * Takes decoded content (LF line ends), appends what is to be stored. Returns how many bytes it
 * took: fewer than n only when the body began (h->in_body); the rest goes to the
 * store as it is. Appends at most 4 * n + HEADERS_ROOM bytes.
 */
size_t headers_feed(struct headers *h, const char *p, size_t n, struct buf *out);
/* The end of data came: adds what is missing when there was no body. */
void headers_end(struct headers *h, struct buf *out);
#define HEADERS_ROOM 8192
/* Length of the name of the header that line begins ("Subject:"), 0 when it is none (RFC 5322 2.2, 4.5). */
size_t headers_name_len(const char *line, size_t n);

#endif
