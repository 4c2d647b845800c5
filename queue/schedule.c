/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "mem.h"
#include "schedule.h"

#define SCHEDULE_MIN_ROOM 64

static int
entry_before(const struct schedule_entry *a, const struct schedule_entry *b)
{
    if (a->due != b->due)
        return a->due < b->due;
    if (a->sec != b->sec)
        return a->sec < b->sec;
    return a->usec < b->usec;
}

static void
swap(struct schedule *s, size_t i, size_t j)
{
    struct schedule_entry x = s->heap[i];

    s->heap[i] = s->heap[j];
    s->heap[j] = x;
}

static void
sift_down(struct schedule *s, size_t i)
{
    size_t child;

    while ((child = 2 * i + 1) < s->n) {
        if (child + 1 < s->n && entry_before(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!entry_before(&s->heap[child], &s->heap[i]))
            return;
        swap(s, i, child);
        i = child;
    }
}

void
schedule_add(struct schedule *s, const char *qid, uint32_t due, int again)
{
    struct schedule_entry *x;
    size_t i = s->n;

    if (s->n == s->room) {
        s->room = s->room ? s->room * 2 : SCHEDULE_MIN_ROOM;
        s->heap = mem_realloc(s->heap, s->room * sizeof(*s->heap));
    }
    x = &s->heap[s->n];
    if (qid_parse(qid, &x->sec, &x->usec) < 0)
        return;
    x->due = due;
    x->again = again ? 1 : 0;
    for (s->n++; i > 0 && entry_before(&s->heap[i], &s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        swap(s, i, (i - 1) / 2);
}

const struct schedule_entry *
schedule_first(const struct schedule *s)
{
    return s->n ? &s->heap[0] : NULL;
}

void
schedule_take(struct schedule *s, char qid[QID_SIZE], int *again_r)
{
    qid_format(qid, s->heap[0].sec, s->heap[0].usec);
    *again_r = (int)s->heap[0].again;
    s->heap[0] = s->heap[--s->n];
    sift_down(s, 0);
}

void
schedule_all_due(struct schedule *s, uint32_t now)
{
    size_t i;

    for (i = 0; i < s->n; i++)
        s->heap[i].due = now;
    for (i = s->n / 2; i-- > 0;)
        sift_down(s, i); /* oldest first */
}

void
schedule_free(struct schedule *s)
{
    MEM_FREE(s->heap);
    s->n = s->room = 0;
}

double
backoff_delay(double age, double min, double max)
{
    return age < min ? min : age > max ? max : age;
}
