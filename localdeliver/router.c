/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sys/resource.h>

#include "mem.h"
#include "peer.h"
#include "router.h"

#define AUTHD_TIMEOUT 30.
#define QUEUE_OUT_CAP (16u << 20)

static int
router_take(struct chan *c, struct frame *f)
{
    struct router *r = c->owner;
    struct router_job *j = job_take(r, f);
    uint32_t i;

    if (!j)
        return -1;
    j->queue = c;
    for (i = 0; i < j->n; i++)
        rcpt_list_add(&r->to_ask, &j->rcpts[i]);
    if (r->njobs >= r->max_jobs)
        chan_pause(c, 1);
    return 0;
}

static const struct chan_permit from_queue[] = {
    {LOCAL_DELIVER, "deliver", MR_ROLE_QUEUE, CHAN_ANY_STATE, router_take},
    {0, NULL, 0, 0, NULL},
};

static void
router_queue_closed(struct chan *c)
{
    struct router *r = c->owner;

    if (r->queue == c)
        r->queue = NULL;
    job_orphan_all(r, c);
}

static void
router_accept(void *arg, struct service_listener *l, int fd)
{
    struct router *r = arg;

    r->queue =
        chan_new(r->worker->loop, fd, from_queue, l->role, "queue", QUEUE_OUT_CAP, r, router_queue_closed);
}

static void
router_round(struct ev_loop *loop, ev_prepare *w, int revents)
{
    struct router *r = w->data;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    lookup_send(r);
    pool_round(r->pool);
    if (r->stopping && r->njobs == 0)
        service_exit(r->worker, 0);
}

static int
router_parent_frame(struct chan *c, struct frame *f)
{
    struct worker *w = c->owner;
    struct router *r = w->priv;

    return f->type == CTL_MDA_STARTED ? pool_started(r->pool, f) : -1;
}

/*
 * Each job is a descriptor. At the limit of open files those of a frame that comes are lost, and the channel
 * with it, and all its jobs at once.
 */
static unsigned
max_jobs(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= ROUTER_MAX_JOBS + ROUTER_OTHER_FILES)
        return ROUTER_MAX_JOBS;
    return files.rlim_cur > ROUTER_OTHER_FILES ? (unsigned)files.rlim_cur - ROUTER_OTHER_FILES : 1;
}

int
router_run(struct worker *w)
{
    struct service_listener *l = service_find_listener(w, "localdeliver.queue");
    struct router *r = mem_alloc(sizeof(*r));

    if (!l)
        return -1;
    w->priv = r;
    r->worker = w;
    r->max_jobs = max_jobs();
    rcpt_list_init(&r->to_ask);
    r->authd = peer_new(w, "authd.localdeliver", AUTHD_TIMEOUT, 1);
    r->pool = pool_new(r);
    ev_prepare_init(&r->round, router_round);
    r->round.data = r;
    ev_prepare_start(w->loop, &r->round);
    service_on_answer(w, router_parent_frame);
    service_accept(w, l, router_accept, r);
    return 0;
}

void
router_stop(struct worker *w)
{
    struct router *r = w->priv;

    r->stopping = 1;
    if (r->queue)
        chan_pause(r->queue, 1);
}
