/* SPDX-License-Identifier: ISC */
/* The delivery processes: a few for each mailbox owner, started when there is something for them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <unistd.h>

#include "dsn.h"
#include "mem.h"
#include "path.h"
#include "router.h"

#define OUT_CAP (8u << 20)
#define WINDOW_PARTS 128 /* frames that one process may have unanswered: two batches */
#define WINDOW_RCPTS 512
#define IDLE_CHECK 10.

/* One MDA_DELIVER frame under way: some recipients of one job. */
struct part {
    struct part *next;
    uint32_t id;
    struct router_job *job;
    uint32_t n, open;
    struct rcpt *rcpts[];
};

struct mda_proc {
    struct mda_proc *next;
    struct pool *pool;
    uint32_t id, uid, gid, slot;
    enum { PROC_WANTED, PROC_ASKED, PROC_UP } state;
    struct chan *chan;
    struct rcpt_list waiting;
    struct part *parts;
    unsigned nparts, nsent; /* unanswered frames and recipients */
    uint32_t last_part;
    double used; /* when it last had something to do */
};

struct pool {
    struct router *router;
    struct mda_proc *procs;
    unsigned live; /* asked for or running */
    uint32_t last_id;
    int dirty; /* there may be something to start or to send */
    ev_timer idle;
};

static void
proc_free(struct mda_proc *m)
{
    struct mda_proc **pp = &m->pool->procs;

    while (*pp != m)
        pp = &(*pp)->next;
    *pp = m->next;
    mem_free(m);
}

/* ---- results -------------------------------------------------------------------------- */

struct result_row {
    uint32_t index, outcome;
    const char *dsn, *text, *diagnostic;
};

static int
take_row(struct frame *f, struct result_row *x)
{
    if (frame_get_u32(f, &x->index) < 0 || frame_get_u32(f, &x->outcome) < 0 ||
        frame_get_str(f, &x->dsn, DSN_SIZE - 1) < 0 || frame_get_str(f, &x->text, PROTO_MAX_TEXT) < 0 ||
        frame_get_str(f, &x->diagnostic, PROTO_MAX_TEXT) < 0)
        return -1;
    return x->outcome >= DELIVER_SENT && x->outcome <= DELIVER_BOUNCED ? 0 : -1;
}

/* The recipient of that number, if the process has it and has not answered for it. */
static struct rcpt *
part_find(const struct part *part, uint32_t index)
{
    uint32_t i;

    for (i = 0; i < part->n; i++)
        if (part->rcpts[i]->index == index && !part->rcpts[i]->answered && !part->rcpts[i]->ready)
            return part->rcpts[i];
    return NULL;
}

static int
part_results(struct part *part, struct frame *f, uint32_t n)
{
    struct result_row row;
    struct rcpt *x;
    uint32_t i;

    for (i = 0; i < n; i++) {
        if (take_row(f, &row) < 0 || !(x = part_find(part, row.index)))
            return -1;
        job_result(x, row.outcome, row.dsn, row.text, row.diagnostic);
    }
    return frame_end(f);
}

static int
proc_result(struct chan *c, struct frame *f)
{
    struct mda_proc *m = c->owner;
    struct part **pp = &m->parts, *part;
    uint32_t n, i;

    while (*pp && (*pp)->id != f->id)
        pp = &(*pp)->next;
    part = *pp;
    if (!part || frame_get_u32(f, &n) < 0 || n == 0 || n > part->open)
        return -1;
    if (part_results(part, f, n) < 0) {
        for (i = 0; i < part->n; i++)
            part->rcpts[i]->ready = 0;
        return -1;
    }
    part->open -= n;
    m->nsent -= n;
    m->used = ev_now(c->loop);
    m->pool->dirty = 1;
    job_report(part->job);
    if (part->open == 0) {
        *pp = part->next;
        m->nparts--;
        mem_free(part);
    }
    return 0;
}

/* ---- the end of a process --------------------------------------------------------------- */

static void
rcpt_give_up(struct rcpt *x)
{
    struct result r;

    result_deferred(&r, "4.3.0", "maildrop: the delivery process ended before it answered.");
    r.outcome = DELIVER_UNSURE;
    job_finish(x, &r);
}

/* What it had not answered may have been delivered: its successor looks before it delivers. */
static void
part_retry(struct mda_proc *m, struct part *part)
{
    uint32_t i, n = part->n;

    for (i = 0; i < n; i++) {
        struct rcpt *x = part->rcpts[i];

        if (x->answered)
            continue;
        x->again = 1;
        if (++x->tries < ROUTER_MAX_TRIES && x->job->queue)
            rcpt_list_add(&m->waiting, x);
        else
            rcpt_give_up(x);
    }
    mem_free(part);
}

static void
proc_closed(struct chan *c)
{
    struct mda_proc *m = c->owner;
    struct part *part;

    m->chan = NULL;
    m->state = PROC_WANTED;
    m->pool->live--;
    m->pool->dirty = 1;
    if (m->pool->router->stopping)
        service_exit(m->pool->router->worker, 0);
    while ((part = m->parts) != NULL) {
        m->parts = part->next;
        part_retry(m, part);
    }
    m->nparts = m->nsent = 0;
    if (m->waiting.n == 0)
        proc_free(m);
}

/* ---- starting --------------------------------------------------------------------------- */

static const struct chan_permit from_mda[] = {
    {LOCAL_RESULT, "result", MR_ROLE_MDA, CHAN_ANY_STATE, proc_result},
    {0, NULL, 0, 0, NULL},
};

static void
proc_ask(struct mda_proc *m)
{
    struct chan *parent = m->pool->router->worker->parent;
    struct frame_out f;

    chan_begin(parent, &f, CTL_MDA_START, m->id);
    frame_put_u32(&f, m->uid);
    frame_put_u32(&f, m->gid);
    chan_send(parent, &f);
    m->state = PROC_ASKED;
    m->pool->live++;
}

/* The owner's process cannot be started: the account is wrong, or the system is out of processes. */
static void
proc_refused(struct mda_proc *m)
{
    struct result r;
    struct rcpt *x;

    m->pool->live--;
    result_deferred(&r, "4.3.0", "maildrop: Cannot set my user or group id.");
    while ((x = rcpt_list_take(&m->waiting)) != NULL)
        job_finish(x, &r);
    proc_free(m);
}

int
pool_started(struct pool *p, struct frame *f)
{
    struct mda_proc *m;
    uint32_t ok;
    int fd = -1;

    for (m = p->procs; m && m->id != f->id; m = m->next)
        ;
    if (!m || m->state != PROC_ASKED || frame_get_u32(f, &ok) < 0 || (ok && frame_get_fd(f, &fd) < 0))
        return -1;
    if (!ok) {
        proc_refused(m);
        return frame_end(f);
    }
    m->state = PROC_UP;
    m->used = ev_now(p->router->worker->loop);
    m->chan = chan_new(p->router->worker->loop, fd, from_mda, MR_ROLE_MDA, "a delivery process", OUT_CAP, m,
                       proc_closed);
    p->dirty = 1;
    return frame_end(f);
}

static int
proc_is_idle(const struct mda_proc *m)
{
    return m->state == PROC_UP && m->nparts == 0 && m->waiting.n == 0;
}

/* Ends the process that has been idle longest, to make room. */
static void
pool_evict(struct pool *p)
{
    struct mda_proc *m, *victim = NULL;

    for (m = p->procs; m; m = m->next)
        if (proc_is_idle(m) && (!victim || m->used < victim->used))
            victim = m;
    if (victim)
        chan_close(victim->chan, NULL);
}

/* ---- sending ---------------------------------------------------------------------------- */

/* Takes the recipients of one job and kind from the front of the waiting ones. */
static struct part *
part_take(struct mda_proc *m)
{
    struct rcpt *first = m->waiting.head;
    struct part *part = mem_alloc(sizeof(*part) + ROUTER_FRAME_RCPTS * sizeof(part->rcpts[0]));

    part->id = ++m->last_part;
    part->job = first->job;
    while (part->n < ROUTER_FRAME_RCPTS && m->waiting.head && m->waiting.head->job == part->job &&
           m->waiting.head->again == first->again)
        part->rcpts[part->n++] = rcpt_list_take(&m->waiting);
    part->open = part->n;
    return part;
}

static void
part_send(struct mda_proc *m, struct part *part)
{
    const struct router_job *j = part->job;
    struct part **pp = &m->parts;
    struct frame_out f;
    uint32_t i;

    while (*pp)
        pp = &(*pp)->next;
    *pp = part;
    m->nparts++;
    m->nsent += part->n;
    chan_begin(m->chan, &f, MDA_DELIVER, part->id);
    frame_put_str(&f, j->queue_id);
    frame_put_str(&f, j->sender);
    frame_put_u64(&f, j->size);
    frame_put_u32(&f, (uint32_t)part->rcpts[0]->again);
    frame_put_u32(&f, part->n);
    for (i = 0; i < part->n; i++) {
        const struct rcpt *x = part->rcpts[i];

        frame_put_u32(&f, x->index);
        frame_put_str(&f, x->address);
        frame_put_str(&f, x->orig_to);
        frame_put_str(&f, x->home);
        frame_put_str(&f, x->maildir);
        frame_put_str(&f, x->quota);
    }
    frame_put_fd(&f, j->fd);
    chan_send(m->chan, &f);
}

static void
proc_send(struct mda_proc *m)
{
    while (m->waiting.n > 0 && m->nparts < WINDOW_PARTS && m->nsent < WINDOW_RCPTS && !m->chan->closing)
        part_send(m, part_take(m));
}

/* Starts what is wanted and may run, sends what waits. 1 when all that is wanted could be started. */
static int
pool_try(struct pool *p)
{
    unsigned limit = (unsigned)conf_int(p->router->worker->conf, "localdeliver_process_limit");
    struct mda_proc *m;
    int all = 1;

    for (m = p->procs; m; m = m->next) {
        if (m->state == PROC_UP)
            proc_send(m);
        else if (m->state == PROC_WANTED && p->live < limit)
            proc_ask(m);
        else if (m->state == PROC_WANTED)
            all = 0;
    }
    return all;
}

void
pool_round(struct pool *p)
{
    while (p->dirty) {
        p->dirty = 0;
        if (!pool_try(p))
            pool_evict(p); /* when it finds one, there is room for another try */
    }
}

/* ---- adding ------------------------------------------------------------------------------ */

/* A mailbox always has the same process, so that its quota file has one writer. */
static struct mda_proc *
pool_proc(struct pool *p, uint32_t uid, uint32_t gid, uint32_t slot)
{
    struct mda_proc *m;

    for (m = p->procs; m; m = m->next)
        if (m->uid == uid && m->gid == gid && m->slot == slot)
            return m;
    m = mem_alloc(sizeof(*m));
    m->pool = p;
    m->id = ++p->last_id;
    m->uid = uid;
    m->gid = gid;
    m->slot = slot;
    rcpt_list_init(&m->waiting);
    m->next = p->procs;
    p->procs = m;
    return m;
}

void
pool_add(struct pool *p, struct rcpt *x, uint32_t uid, uint32_t gid)
{
    uint32_t slots = (uint32_t)conf_int(p->router->worker->conf, "localdeliver_workers_per_uid");
    struct mda_proc *m = pool_proc(p, uid, gid, path_hash(x->maildir) % slots);

    rcpt_list_add(&m->waiting, x);
    p->dirty = 1;
}

static void
pool_idle(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct pool *p = t->data;
    struct mda_proc *m, *next;
    double limit = ev_now(loop) - conf_time(p->router->worker->conf, "max_idle");

    MR_UNUSED(revents);
    for (m = p->procs; m; m = next) {
        next = m->next;
        if (proc_is_idle(m) && m->used < limit)
            chan_close(m->chan, NULL);
    }
}

struct pool *
pool_new(struct router *r)
{
    struct pool *p = mem_alloc(sizeof(*p));

    p->router = r;
    ev_timer_init(&p->idle, pool_idle, IDLE_CHECK, IDLE_CHECK);
    p->idle.data = p;
    ev_timer_start(r->worker->loop, &p->idle);
    return p;
}
