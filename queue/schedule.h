/* SPDX-License-Identifier: ISC */
/*
 * When each message of the spool is tried next: a heap of small entries, 16 bytes
 * a message, so that a million deferred messages cost 16 MB. At start only the
 * names of the files are read; when a message is due is asked of its file (its mtime) when its turn comes.
 */
#ifndef MR_QUEUE_SCHEDULE_H
#define MR_QUEUE_SCHEDULE_H

#include "qid.h"

#include <stddef.h>

#define SCHEDULE_UNKNOWN 0u /* due: ask the file */

struct schedule_entry {
    uint32_t sec, usec; /* the id */
    uint32_t due;       /* seconds since 1970 */
    uint32_t again;     /* an earlier attempt may have succeeded unseen */
};
struct schedule {
    struct schedule_entry *heap;
    size_t n, room;
};

/* One more message, due at that second; a qid that is none (qid.h) is left out. */
void schedule_add(struct schedule *s, const char *qid, uint32_t due, int again);
/* The entry that is due first; NULL when there is none. */
const struct schedule_entry *schedule_first(const struct schedule *s);
/* Takes it out: its id, and `again`. */
void schedule_take(struct schedule *s, char qid[QID_SIZE], int *again_r);
/* Everything is due now (flush). */
void schedule_all_due(struct schedule *s, uint32_t now);
void schedule_free(struct schedule *s);

/* Seconds until the next attempt at a message of that age: the age, within [min, max], as in Postfix. */
double backoff_delay(double age, double min, double max);

#endif
