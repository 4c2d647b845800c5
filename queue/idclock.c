/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "idclock.h"

void
idclock_seen(struct idclock *c, const char *qid)
{
    uint32_t sec, usec;
    uint64_t t;

    if (qid_parse(qid, &sec, &usec) < 0)
        return;
    t = (uint64_t)sec * 1000000 + usec;
    if (t > c->last)
        c->last = t;
}

void
idclock_next(struct idclock *c, uint64_t now, char qid[QID_SIZE])
{
    c->last = now > c->last ? now : c->last + 1;
    qid_format(qid, (uint32_t)(c->last / 1000000), (uint32_t)(c->last % 1000000));
}
