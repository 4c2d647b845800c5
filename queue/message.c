/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "log.h"
#include "mem.h"
#include "proto.h"
#include "queue.h"

#define SOON 5.0      /* seconds to the next attempt after a lost connection, */
#define SOON_AGE 60.0 /* while the message is no older than this */

struct message *
message_new(struct queue *q)
{
    struct message *m = mem_alloc(sizeof(*m));

    m->q = q;
    envelope_init(&m->env);
    staging_init(&m->content);
    m->env.arrival = queue_now();
    idclock_next(&q->ids, m->env.arrival, m->env.qid);
    m->next = q->active;
    if (q->active)
        q->active->prev = m;
    q->active = m;
    q->nactive++;
    return m;
}

void
message_free(struct message *m)
{
    struct queue *q = m->q;

    ev_timer_stop(q->w->loop, &m->ack_timer);
    client_forget(m);
    if (m->expand)
        peer_cancel(m->expand);
    if (m->bounce_request)
        peer_cancel(m->bounce_request);
    deliver_abandon(m);
    staging_free(&m->content, &q->budget);
    envelope_free(&m->env);
    *(m->prev ? &m->prev->next : &q->active) = m->next;
    if (m->next)
        m->next->prev = m->prev;
    q->nactive--;
    q->nretrying -= m->retrying;
    mem_free(m);
    retry_arm(q);
}

double
message_age(const struct message *m)
{
    uint64_t now = queue_now();

    return now > m->env.arrival ? (double)(now - m->env.arrival) / 1e6 : 0;
}

/* ---- the answer to QUEUE_COMMIT -------------------------------------------------------------------- */

void
message_answer(struct message *m, unsigned outcome, const char *text)
{
    struct frame_out f;

    m->answered = 1;
    if (!m->client)
        return;
    chan_begin(m->client->chan, &f, QUEUE_COMMIT_R, m->request);
    frame_put_u32(&f, outcome);
    frame_put_str(&f, text);
    chan_send(m->client->chan, &f);
    client_forget(m);
}

void
message_answer_queued(struct message *m)
{
    char text[64];

    snprintf(text, sizeof(text), "2.0.0 Ok: queued as %s", m->env.qid);
    message_answer(m, COMMIT_OK, text);
}

void
message_answer_errno(struct message *m, int error)
{
    int full = error == ENOSPC || error == EDQUOT;

    message_answer(m, COMMIT_TEMP,
                   full ? "4.3.1 Insufficient system storage" : "4.3.0 Error: queue file write error");
}

int
message_spool(struct message *m)
{
    int saved;

    if (spooldir_write(&m->q->dir, &m->env, m->content.reader) == 0) {
        m->spooled = 1;
        return 0;
    }
    saved = errno;
    log_warning("%s: cannot write the queue file: %s", m->env.qid, strerror(saved));
    errno = saved;
    return -1;
}

/* ---- after a pass -------------------------------------------------------------------------------------- */

/* Back to being a file, until `delay` seconds from now. */
static void
message_put_off(struct message *m, double delay)
{
    struct queue *q = m->q;
    uint32_t due = (uint32_t)(queue_now() / 1000000 + (uint64_t)delay);

    spooldir_set_due(&q->dir, m->env.qid, (time_t)due);
    schedule_add(&q->schedule, m->env.qid, due, m->again);
    message_free(m);
}

static void
message_save(struct message *m)
{
    uint32_t i;

    for (i = 0; i < m->env.nrcpt && !m->env.rcpt[i].unsaved; i++)
        ;
    if (i < m->env.nrcpt && spooldir_save_marks(&m->q->dir, &m->env) < 0) {
        log_warning("%s: cannot mark the queue file: %s", m->env.qid, strerror(errno));
        m->again = 1;
    }
}

static void
message_remove(struct message *m)
{
    if (m->spooled && spooldir_remove(&m->q->dir, m->env.qid) < 0 && errno != ENOENT) {
        log_warning("%s: cannot remove the queue file: %s", m->env.qid, strerror(errno));
        message_save(m); /* while it stays, it says that nothing is left to do */
        message_put_off(m, m->q->set.min_backoff);
        return;
    }
    log_as("qmgr", "%s: removed", m->env.qid);
    message_free(m);
}

static int
message_expire(struct message *m)
{
    const struct queue_settings *set = &m->q->set;
    uint32_t i;

    if (message_age(m) < (*m->env.sender ? set->lifetime : set->bounce_lifetime))
        return 0;
    log_as("qmgr", "%s: from=<%s>, status=expired, returned to sender", m->env.qid, m->env.sender);
    for (i = 0; i < m->env.nrcpt; i++)
        if (m->env.rcpt[i].mark == MARK_OPEN) {
            m->env.rcpt[i].mark = MARK_BOUNCE;
            m->env.rcpt[i].unsaved = 1;
        }
    return 1;
}

static int
warning_is_due(const struct message *m)
{
    const struct queue_settings *set = &m->q->set;

    return set->warning_time > 0 && !m->env.warned && message_age(m) >= set->warning_time;
}

/* The pass is over and the message is in the spool: what the marks ask for, one step at a time. */
static void
message_settle(struct message *m)
{
    const struct queue_settings *set = &m->q->set;
    uint32_t open = envelope_count(&m->env, MARK_OPEN), bounce = envelope_count(&m->env, MARK_BOUNCE);
    uint32_t notice = envelope_count(&m->env, MARK_NOTICE);
    double age = message_age(m);

    if (open + bounce + notice == 0) {
        message_remove(m);
        return;
    }
    if (!m->told_not && bounce == 0 && open > 0 && message_expire(m))
        bounce = open;
    if (!m->lost) /* all results of this pass are known */
        m->again = 0;
    message_save(m);
    if (bounce > 0 && !m->told_not)
        bounce_start(m, BOUNCE_FAILURE);
    else if (notice > 0 && !m->told_not)
        bounce_start(m, BOUNCE_SUCCESS);
    else if (warning_is_due(m) && open > 0 && !m->told_not)
        bounce_start(m, BOUNCE_DELAY);
    else if (m->lost && age < SOON_AGE)
        message_put_off(m, SOON < set->min_backoff ? SOON : set->min_backoff);
    else
        message_put_off(m, backoff_delay(age, set->min_backoff, set->max_backoff));
}

void
message_bounced(struct message *m, int ok)
{
    uint8_t from = m->bouncing == BOUNCE_FAILURE ? MARK_BOUNCE : MARK_NOTICE;
    uint32_t i;

    m->told_not = !ok;
    if (ok && m->bouncing == BOUNCE_DELAY)
        m->env.warned = 1;
    for (i = 0; ok && i < m->env.nrcpt; i++)
        if (m->bouncing != BOUNCE_DELAY && m->env.rcpt[i].mark == from) {
            m->env.rcpt[i].mark = from == MARK_BOUNCE ? MARK_DONE : MARK_SENT;
            m->env.rcpt[i].unsaved = 1;
        } else if (m->bouncing == BOUNCE_DELAY)
            m->env.rcpt[i].unsaved = 1; /* saves `warned` too */
    message_settle(m);
}

/* While its jobs go on: there are too many messages in memory, this one can wait on disk. */
static void
message_yield(struct message *m)
{
    if (m->q->nactive <= m->q->set.active_limit)
        return;
    deliver_abandon(m);
    message_put_off(m, m->q->set.min_backoff);
}

void
message_pass_done(struct message *m)
{
    ev_timer_stop(m->q->w->loop, &m->ack_timer);
    message_announce(m);
    if (!m->answered && !m->client && m->under_way > 0)
        return; /* smtpd died: nobody was promised anything */
    if (!m->answered && !m->client) {
        log_info("%s: not kept: smtpd ended before it was answered", m->env.qid);
        message_free(m);
        return;
    }
    if (!m->answered && m->under_way == 0 && envelope_count(&m->env, MARK_SENT) == m->env.nrcpt) {
        message_answer_queued(m);
        message_remove(m);
        return;
    }
    if (!m->answered) {
        if (message_spool(m) < 0) {
            int error = errno;
            if (m->under_way > 0)
                return; /* the mailboxes may still hold all of it */
            message_answer_errno(m, error);
            message_free(m);
            return;
        }
        message_answer_queued(m);
    }
    if (m->under_way > 0) {
        m->q->local_trouble = 1;
        message_yield(m);
    } else
        message_settle(m);
}

void
message_announce(struct message *m)
{
    if (m->announced)
        return;
    m->announced = 1;
    log_as("qmgr", "%s: from=<%s>, size=%llu, nrcpt=%u (queue active)", m->env.qid, m->env.sender,
           (unsigned long long)m->env.size, (unsigned)m->env.nrcpt);
}

void
message_activate(struct message *m)
{
    m->active = (double)queue_now() / 1e6;
    if (m->answered)
        message_announce(m);
    deliver_pass(m);
}
