/* SPDX-License-Identifier: ISC */
/*
 * Where queue ids come from: the clock, but strictly rising, also when it stands
 * still or is set back, and later than any id seen in the spool.
 */
#ifndef MR_QUEUE_IDCLOCK_H
#define MR_QUEUE_IDCLOCK_H

#include "qid.h"

struct idclock {
    uint64_t last; /* microseconds since 1970 of the latest id */
};

/* An id that exists already: the next ones are later. */
void idclock_seen(struct idclock *c, const char *qid);
/* A new id; now: microseconds since 1970. */
void idclock_next(struct idclock *c, uint64_t now, char qid[QID_SIZE]);

#endif
