/* SPDX-License-Identifier: ISC */
/*
 * courierpop3dsizelist: what keeps the unique ids and sizes of a Maildir's messages from session to session,
 * in Courier's format, so that a Maildir may go to and fro between Courier and us:
 *
 *     /3 <next uid> <uidv>
 *     <file name> <size> <uid>:<uidv>:<utf8>
 *
 * Lines of /2 have no utf8, those of /1 no uidv (0).
 */
#ifndef MR_POP3_SIZELIST_H
#define MR_POP3_SIZELIST_H

#include "buf.h"

#include <stdint.h>

#define SIZELIST_FILE "courierpop3dsizelist"
#define SIZELIST_MAX ((size_t)128 * 1024 * 1024) /* bytes of the file */
#define SIZELIST_UID_MAX 4294967295u
#define SIZELIST_SIZE_MAX (INT64_MAX / 2)

struct sizelist_entry {
    const char *name; /* in the parsed text, NUL-terminated; may have ":2,FLAGS" */
    uint64_t size;    /* octets as POP3 counts them */
    uint32_t uid, uidv;
    int utf8; /* the header has bytes above 127 */
};

struct sizelist {
    uint32_t next_uid;              /* above every uid in the list */
    uint32_t uidv;                  /* goes with the next new uids */
    struct sizelist_entry *entries; /* in the order of sizelist_compare() */
    size_t n;
    int old_format; /* /1 or /2: wants to be written again */
};

/*
 * Parses text (changed in place; entries point into it). Lines that are none are left out. 0; or -1:
 * not such a list, l is then empty with next_uid 1 and uidv 0. Release with sizelist_free().
 */
int sizelist_parse(struct sizelist *l, char *text, size_t len);
void sizelist_free(struct sizelist *l);
/* The order of messages: by the number at the front of the name, then by name; what follows ':' does not
 * count. */
int sizelist_compare(const char *a, const char *b);
/* Appends the first line, and a line for one message. */
void sizelist_put_head(struct buf *to, uint32_t next_uid, uint32_t uidv);
void sizelist_put(struct buf *to, const struct sizelist_entry *e);

#endif
