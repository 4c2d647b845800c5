/* SPDX-License-Identifier: ISC */
/* Jobs of the queue and their results. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "router.h"
#include "take.h"

#define JOB_MEMORY (4u << 20) /* the frame's strings, and what authd adds to them */

void
rcpt_list_init(struct rcpt_list *l)
{
    l->head = NULL;
    l->tail = &l->head;
    l->n = 0;
}

void
rcpt_list_add(struct rcpt_list *l, struct rcpt *x)
{
    x->next = NULL;
    *l->tail = x;
    l->tail = &x->next;
    l->n++;
}

struct rcpt *
rcpt_list_take(struct rcpt_list *l)
{
    struct rcpt *x = l->head;

    if (!x)
        return NULL;
    l->head = x->next;
    if (!l->head)
        l->tail = &l->head;
    l->n--;
    return x;
}

static int
take_fields(struct router_job *j, struct frame *f)
{
    const char *queue_id;
    uint32_t i, sec, usec;

    if (frame_get_str(f, &queue_id, QID_LEN) < 0 || qid_parse(queue_id, &sec, &usec) < 0 ||
        take_str(f, &j->arena, &j->sender, PROTO_MAX_ADDRESS) < 0 || frame_get_u64(f, &j->size) < 0 ||
        frame_get_u32(f, &j->again) < 0 || frame_get_u32(f, &j->n) < 0 || j->n == 0 || j->n > PROTO_MAX_RCPT)
        return -1;
    memcpy(j->queue_id, queue_id, QID_SIZE);
    j->rcpts = arena_alloc(&j->arena, j->n * sizeof(*j->rcpts));
    if (!j->rcpts)
        return -1;
    for (i = 0; i < j->n; i++) {
        struct rcpt *x = &j->rcpts[i];

        x->job = j;
        if (frame_get_u32(f, &x->index) < 0 || take_str(f, &j->arena, &x->address, PROTO_MAX_ADDRESS) < 0 ||
            take_str(f, &j->arena, &x->orig_to, PROTO_MAX_ADDRESS) < 0)
            return -1;
        x->again = j->again != 0;
    }
    return frame_get_fd(f, &j->fd) < 0 ? -1 : frame_end(f);
}

static void
job_free(struct router_job *j)
{
    arena_free(&j->arena);
    if (j->fd >= 0)
        close(j->fd);
    mem_free(j);
}

struct router_job *
job_take(struct router *r, struct frame *f)
{
    struct router_job *j = mem_alloc(sizeof(*j));

    arena_init(&j->arena, JOB_MEMORY);
    j->router = r;
    j->id = f->id;
    j->fd = -1;
    if (take_fields(j, f) < 0) {
        job_free(j);
        return NULL;
    }
    j->open = j->n;
    j->next = r->jobs;
    if (r->jobs)
        r->jobs->prev = j;
    r->jobs = j;
    r->njobs++;
    return j;
}

static void
job_end(struct router_job *j)
{
    struct router *r = j->router;

    *(j->prev ? &j->prev->next : &r->jobs) = j->next;
    if (j->next)
        j->next->prev = j->prev;
    r->njobs--;
    if (r->queue && r->njobs < r->max_jobs && !r->stopping)
        chan_pause(r->queue, 0);
    job_free(j);
}

void
job_result(struct rcpt *x, unsigned outcome, const char *dsn, const char *text, const char *diagnostic)
{
    x->ready = 1;
    x->outcome = outcome;
    x->dsn = dsn;
    x->text = text;
    x->diagnostic = diagnostic;
}

void
job_finish(struct rcpt *x, const struct result *r)
{
    job_result(x, r->outcome, r->dsn, r->text, r->diagnostic);
    job_report(x->job);
}

static uint32_t
count_ready(const struct router_job *j)
{
    uint32_t i, n = 0;

    for (i = 0; i < j->n; i++)
        n += j->rcpts[i].ready != 0;
    return n;
}

void
job_report(struct router_job *j)
{
    struct frame_out f;
    uint32_t i, n = count_ready(j);

    if (n == 0)
        return;
    if (j->queue) {
        chan_begin(j->queue, &f, LOCAL_RESULT, j->id);
        frame_put_u32(&f, n);
    }
    for (i = 0; i < j->n; i++) {
        struct rcpt *x = &j->rcpts[i];

        if (!x->ready)
            continue;
        x->ready = 0;
        x->answered = 1;
        j->open--;
        if (!j->queue)
            continue;
        frame_put_u32(&f, x->index);
        frame_put_u32(&f, x->outcome);
        frame_put_str(&f, x->dsn);
        frame_put_str(&f, x->text);
        frame_put_str(&f, x->diagnostic);
    }
    if (j->queue)
        chan_send(j->queue, &f);
    if (j->open == 0)
        job_end(j);
}

void
job_orphan_all(struct router *r, struct chan *queue)
{
    struct router_job *j;

    for (j = r->jobs; j; j = j->next)
        if (j->queue == queue)
            j->queue = NULL;
}
