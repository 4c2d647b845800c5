/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "queue.h"
#include "strutil.h"

#define RETRY_BATCH 256 /* files looked at in one loop round */
#define RETRY_MAX 200   /* messages out of the spool at once: each holds descriptors */

static uint32_t
seconds_now(void)
{
    return (uint32_t)(queue_now() / 1000000);
}

/* ---- one message ------------------------------------------------------------------------------------ */

/* The file's content into memory (or an unlinked file): who delivers it sees no envelope. */
static int
load(struct message *m, const char *qid)
{
    struct queue *q = m->q;
    uint64_t content_at;
    int fd, r;

    if (spooldir_read(&q->dir, qid, &m->env, &fd, &content_at) < 0)
        return -1;
    r = staging_copy(&m->content, &q->budget, m->env.size, fd, content_at, m->env.size);
    if (r == 0)
        r = staging_seal(&m->content);
    return fd_close(fd, r);
}

static void
load_failed(struct queue *q, const char *qid, int again, int error)
{
    if (error == ENOENT)
        return; /* the operator removed it */
    if (error == EBADMSG) {
        log_error("%s: the queue file is damaged; it is put aside in corrupt/", qid);
        if (spooldir_set_aside(&q->dir, qid) < 0)
            log_error("%s: cannot put it aside: %s", qid, strerror(errno));
        return;
    }
    log_warning("%s: cannot read the queue file: %s", qid, strerror(error));
    schedule_add(&q->schedule, qid, seconds_now() + (uint32_t)q->set.min_backoff, again);
}

static void
retry_one(struct queue *q, const char *qid, int again)
{
    struct message *m = message_new(q);
    int error;

    if (load(m, qid) < 0) {
        error = errno;
        message_free(m);
        load_failed(q, qid, again, error);
        return;
    }
    m->answered = m->spooled = m->retrying = 1;
    m->again = (uint8_t)again;
    q->nretrying++;
    message_activate(m);
}

/* ---- the schedule ------------------------------------------------------------------------------------- */

/* 1: due. 0: put back with the time that its file says. */
static int
is_due(struct queue *q, const char *qid, uint32_t now)
{
    time_t due;

    if (spooldir_get_due(&q->dir, qid, &due) < 0 || due <= (time_t)now)
        return 1;
    if (due > (time_t)(now + (uint32_t)q->set.max_backoff)) /* the clock was set back */
        due = (time_t)(now + (uint32_t)q->set.max_backoff);
    schedule_add(&q->schedule, qid, (uint32_t)due, 1);
    return 0;
}

static int
may_retry(const struct queue *q)
{
    return !q->stopping && q->nretrying < RETRY_MAX && q->nactive < q->set.active_limit;
}

static void
retry_due(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct queue *q = w->data;
    const struct schedule_entry *first;
    uint32_t now = seconds_now();
    char qid[QID_SIZE];
    int n, again, known;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    for (n = 0; n < RETRY_BATCH && may_retry(q); n++) {
        first = schedule_first(&q->schedule);
        if (!first || first->due > now)
            break;
        known = first->due != SCHEDULE_UNKNOWN;
        schedule_take(&q->schedule, qid, &again);
        if (known || is_due(q, qid, now))
            retry_one(q, qid, again);
    }
    retry_arm(q);
}

void
retry_arm(struct queue *q)
{
    const struct schedule_entry *first = schedule_first(&q->schedule);
    uint32_t now;
    double delay;

    if (!first || !may_retry(q)) {
        ev_timer_stop(q->w->loop, &q->retry_timer);
        return;
    }
    if (ev_is_active(&q->retry_timer) && q->retry_due == first->due)
        return;
    now = seconds_now();
    delay = first->due > now ? (double)(first->due - now) : 0;
    if (delay > q->set.run_delay) /* look at least this often: the clock may be set */
        delay = q->set.run_delay;
    q->retry_due = first->due;
    ev_timer_stop(q->w->loop, &q->retry_timer);
    ev_timer_set(&q->retry_timer, delay, 0.);
    ev_timer_start(q->w->loop, &q->retry_timer);
}

void
retry_flush(struct queue *q)
{
    schedule_all_due(&q->schedule, 1);
    retry_arm(q);
}

static void
found(void *arg, const char *qid)
{
    struct queue *q = arg;

    idclock_seen(&q->ids, qid);
    schedule_add(&q->schedule, qid, SCHEDULE_UNKNOWN, 1);
}

void
retry_start(struct queue *q)
{
    ev_timer_init(&q->retry_timer, retry_due, 0., 0.);
    q->retry_timer.data = q;
    spooldir_each(&q->dir, found, q);
    if (q->schedule.n > 0)
        log_as("qmgr", "%lu messages in the spool", (unsigned long)q->schedule.n);
    retry_arm(q);
}
