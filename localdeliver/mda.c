/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "mda.h"
#include "mem.h"

#define OUT_CAP (8u << 20)

struct mda {
    struct worker *worker;
    struct chan *router;
    struct batch *batch;
    ev_idle gathered; /* nothing more has arrived */
    char host[256];
};

static void
mda_answer(struct mda *m, const struct job *j)
{
    struct frame_out f;
    size_t i;

    chan_begin(m->router, &f, LOCAL_RESULT, j->id);
    frame_put_u32(&f, (uint32_t)j->n);
    for (i = 0; i < j->n; i++)
        result_put(&f, j->deliveries[i].index, &j->deliveries[i].result);
    chan_send(m->router, &f);
}

static void
mda_deliver(struct mda *m)
{
    size_t i;

    ev_idle_stop(m->worker->loop, &m->gathered);
    batch_run(m->batch, ev_now(m->worker->loop));
    for (i = 0; i < m->batch->njobs; i++)
        mda_answer(m, &m->batch->jobs[i]);
    batch_clear(m->batch);
}

static void
mda_gathered(struct ev_loop *loop, ev_idle *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    mda_deliver(w->data);
}

/* MDA_DELIVER: kept until nothing more has arrived, then all are delivered together. */
static int
mda_take(struct chan *c, struct frame *f)
{
    struct mda *m = c->owner;
    int r = batch_take(m->batch, f);

    if (r == 0) {
        mda_deliver(m);
        r = batch_take(m->batch, f);
    }
    if (r <= 0)
        return -1;
    ev_idle_start(m->worker->loop, &m->gathered);
    return 0;
}

static const struct chan_permit from_router[] = {
    {MDA_DELIVER, "deliver", MR_ROLE_LOCALDELIVER, CHAN_ANY_STATE, mda_take},
    {0, NULL, 0, 0, NULL},
};

/* Whoever wanted the answers is gone; the next router asks again. */
static void
mda_closed(struct chan *c)
{
    struct mda *m = c->owner;

    service_exit(m->worker, 0);
}

void
mda_reload(struct worker *w, struct conf *old)
{
    struct mda *m = w->priv;

    MR_UNUSED(old);
    m->batch->warning_file = conf_str(w->conf, "quota_warning_file");
    m->batch->warning_percent = (unsigned)conf_int(w->conf, "quota_warning_percent");
}

int
mda_run(struct worker *w)
{
    struct service_listener *l = service_find_listener(w, "job");
    struct mda *m = mem_alloc(sizeof(*m));

    if (!l)
        return -1;
    m->worker = w;
    w->priv = m;
    if (gethostname(m->host, sizeof(m->host) - 1) < 0)
        strcpy(m->host, "localhost");
    m->batch = batch_new(m->host);
    mda_reload(w, NULL);
    ev_idle_init(&m->gathered, mda_gathered);
    m->gathered.data = m;
    m->router =
        chan_new(w->loop, l->fd, from_router, MR_ROLE_LOCALDELIVER, "the router", OUT_CAP, m, mda_closed);
    return 0;
}

/* Nothing: the router ends when it has its answers, and closes the channel. */
void
mda_stop(struct worker *w)
{
    MR_UNUSED(w);
}
