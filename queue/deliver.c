/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "log.h"
#include "mem.h"
#include "queue.h"
#include "result.h"

#define JOB_MAX_BYTES (FRAME_MAX / 2) /* of addresses in one LOCAL_DELIVER */

/* One LOCAL_DELIVER that is under way: recipients [first, end) that are under_way. */
struct job {
    struct job *next;
    struct message *m;
    struct peer_request *request;
    uint32_t first, end;
};

/* ---- answers ------------------------------------------------------------------------------------- */

static void
job_free(struct job *j)
{
    struct job **at = &j->m->jobs;

    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    mem_free(j);
}

static int
job_is_answered(const struct job *j)
{
    uint32_t i;

    for (i = j->first; i < j->end; i++)
        if (j->m->env.rcpt[i].under_way)
            return 0;
    return 1;
}

static void
job_result(struct message *m, struct recipient *r, const struct result *res)
{
    r->under_way = 0;
    m->under_way--;
    result_apply(m, r, res);
}

/* No answer: whether the copies were made is not known. */
static void
job_lost(struct job *j, const char *why)
{
    struct result res = {DELIVER_DEFERRED, "4.3.0", NULL, ""};
    struct message *m = j->m;
    uint32_t i;

    res.text = why;
    m->lost = m->again = 1;
    m->q->local_trouble = 1;
    for (i = j->first; i < j->end; i++)
        if (m->env.rcpt[i].under_way)
            job_result(m, &m->env.rcpt[i], &res);
}

static int
job_take_results(struct job *j, struct frame *f)
{
    struct message *m = j->m;
    struct result res;
    uint32_t n, i, index, outcome;

    if (frame_get_u32(f, &n) < 0 || n > j->end - j->first)
        return -1;
    for (i = 0; i < n; i++) {
        if (frame_get_u32(f, &index) < 0 || frame_get_u32(f, &outcome) < 0 ||
            frame_get_str(f, &res.dsn, DSN_SIZE - 1) < 0 || frame_get_str(f, &res.text, PROTO_MAX_TEXT) < 0 ||
            frame_get_str(f, &res.diagnostic, PROTO_MAX_TEXT) < 0)
            return -1;
        if (index < j->first || index >= j->end || !m->env.rcpt[index].under_way || outcome < DELIVER_SENT ||
            outcome > DELIVER_UNSURE)
            return -1;
        if (outcome == DELIVER_UNSURE) {
            m->lost = m->again = 1;
            outcome = DELIVER_DEFERRED;
        }
        res.outcome = (enum deliver_outcome)outcome;
        job_result(m, &m->env.rcpt[index], &res);
    }
    return frame_end(f);
}

static int
job_answer(void *arg, struct frame *f)
{
    struct job *j = arg;
    struct message *m = j->m;
    int r = 0;

    if (!f)
        job_lost(j, "local delivery service unavailable");
    else if (job_take_results(j, f) < 0) {
        job_lost(j, "malformed answer from the local delivery service");
        r = -1;
    } else {
        m->q->local_trouble = 0;
        if (!job_is_answered(j))
            r = 1;
    }
    if (r != 1)
        job_free(j);
    if (m->under_way == 0)
        message_pass_done(m);
    else if (m->spooled && spooldir_save_marks(&m->q->dir, &m->env) < 0)
        m->again = 1; /* the next save writes them */
    return r;
}

/* ---- jobs ------------------------------------------------------------------------------------------ */

static int
is_for_job(const struct recipient *r)
{
    return r->mark == MARK_OPEN && r->transport == TRANSPORT_LOCAL && !r->under_way;
}

/* Where the batch that begins at `first` ends; *n_r recipients of it are for the job. */
static uint32_t
batch_end(const struct envelope *e, uint32_t first, uint32_t *n_r)
{
    size_t bytes = 0;
    uint32_t i;

    *n_r = 0;
    for (i = first; i < e->nrcpt && *n_r < PROTO_MAX_RCPT && bytes < JOB_MAX_BYTES; i++) {
        if (!is_for_job(&e->rcpt[i]))
            continue;
        bytes += strlen(e->rcpt[i].address) + strlen(e->rcpt[i].orig_to);
        ++*n_r;
    }
    return i;
}

static void
job_start(struct message *m, uint32_t first, uint32_t end, uint32_t n)
{
    struct job *j = mem_alloc(sizeof(*j));
    struct recipient *r;
    struct frame_out f;
    uint32_t i;

    j->m = m;
    j->first = first;
    j->end = end;
    j->next = m->jobs;
    m->jobs = j;
    j->request = peer_begin(m->q->localdeliver, &f, LOCAL_DELIVER);
    frame_put_str(&f, m->env.qid);
    frame_put_str(&f, m->env.sender);
    frame_put_u64(&f, m->env.size);
    frame_put_u32(&f, m->again);
    frame_put_u32(&f, n);
    for (i = first; i < end; i++) {
        r = &m->env.rcpt[i];
        if (!is_for_job(r))
            continue;
        r->under_way = 1;
        m->under_way++;
        frame_put_u32(&f, i);
        frame_put_str(&f, r->address);
        frame_put_str(&f, r->orig_to);
    }
    frame_put_fd(&f, m->content.reader);
    peer_send(j->request, &f, LOCAL_RESULT, job_answer, j);
}

/* Recipients that no service of ours delivers to: the result is known at once. */
static void
settle_others(struct message *m)
{
    static const struct result not_here = {
        DELIVER_DEFERRED, "4.3.5",
        "mail for other hosts is not delivered by this version: no remotedeliver service", ""};
    struct result error = {DELIVER_BOUNCED, NULL, NULL, ""};
    struct recipient *r;
    char dsn[DSN_SIZE];
    uint32_t i;

    for (i = 0; i < m->env.nrcpt; i++) {
        r = &m->env.rcpt[i];
        if (r->mark != MARK_OPEN || r->transport == TRANSPORT_LOCAL)
            continue;
        if (r->transport == TRANSPORT_SMTP) {
            result_apply(m, r, &not_here);
            continue;
        }
        error.text = r->nexthop + dsn_split(r->nexthop, dsn);
        while (*error.text == ' ')
            error.text++;
        error.dsn = error.text == r->nexthop ? "5.1.1" : dsn;
        error.outcome = *error.dsn == '4' ? DELIVER_DEFERRED : DELIVER_BOUNCED;
        result_apply(m, r, &error);
    }
}

void
deliver_pass(struct message *m)
{
    uint32_t at = 0, end, n;

    m->started = (double)queue_now() / 1e6;
    m->lost = m->told_not = 0;
    settle_others(m);
    for (; at < m->env.nrcpt; at = end) {
        end = batch_end(&m->env, at, &n);
        if (n > 0)
            job_start(m, at, end, n);
    }
    if (m->under_way == 0)
        message_pass_done(m);
}

void
deliver_abandon(struct message *m)
{
    struct job *j;
    uint32_t i;

    while ((j = m->jobs) != NULL) {
        peer_cancel(j->request);
        job_free(j);
        m->again = 1;
    }
    for (i = 0; i < m->env.nrcpt; i++)
        m->env.rcpt[i].under_way = 0;
    m->under_way = 0;
}
