/* SPDX-License-Identifier: ISC */
/* Reading the frames of a batch. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "mem.h"
#include "message.h"
#include "take.h"

#define SIZE_MAX_TAKEN ((uint64_t)1 << 50)

struct batch *
batch_new(const char *host)
{
    struct batch *b = mem_alloc(sizeof(*b));

    b->host = host;
    b->deliveries = mem_alloc(BATCH_MAX_RCPTS * sizeof(*b->deliveries));
    b->memory = mem_alloc(MESSAGE_BUFFER);
    return b;
}

void
batch_free(struct batch *b)
{
    mem_free(b->deliveries);
    mem_free(b->memory);
    mem_free(b);
}

static int
take_rcpt(struct job *j, struct frame *f, struct delivery *d)
{
    const char *orig_to;

    memset(d, 0, offsetof(struct delivery, tmp));
    d->result.outcome = 0;
    d->fd = -1;
    if (frame_get_u32(f, &d->index) < 0 || take_str(f, &j->arena, &d->address, PROTO_MAX_ADDRESS) < 0 ||
        frame_get_str(f, &orig_to, PROTO_MAX_ADDRESS) < 0 ||
        take_str(f, &j->arena, &d->home, PROTO_MAX_PATH) < 0 ||
        take_str(f, &j->arena, &d->maildir, PROTO_MAX_PATH) < 0 ||
        take_str(f, &j->arena, &d->quota, PROTO_MAX_NAME) < 0)
        return -1;
    return d->maildir[0] == '/' ? 0 : -1;
}

static int
take_job(struct batch *b, struct job *j, struct frame *f, uint32_t n)
{
    size_t i;

    j->deliveries = b->deliveries + b->n;
    for (i = 0; i < n; i++)
        if (take_rcpt(j, f, &j->deliveries[i]) < 0)
            return -1;
    j->n = n;
    return frame_get_fd(f, &j->fd) < 0 ? -1 : frame_end(f);
}

/* An earlier attempt at this message is in the batch: another one must wait for what becomes of it. */
static int
batch_has_message(const struct batch *b, const char *queue_id)
{
    size_t i;

    for (i = 0; i < b->njobs; i++)
        if (strcmp(b->jobs[i].queue_id, queue_id) == 0)
            return 1;
    return 0;
}

static void
job_free(struct job *j)
{
    arena_free(&j->arena);
    if (j->fd >= 0)
        close(j->fd);
}

int
batch_take(struct batch *b, struct frame *f)
{
    const unsigned char *start = f->pos;
    struct job *j = &b->jobs[b->njobs];
    const char *queue_id;
    uint32_t n, sec, usec;

    if (b->njobs == BATCH_MAX_JOBS)
        return 0;
    memset(j, 0, sizeof(*j));
    j->id = f->id;
    j->fd = -1;
    arena_init(&j->arena, FRAME_MAX * 2);
    if (frame_get_str(f, &queue_id, QID_LEN) < 0 || qid_parse(queue_id, &sec, &usec) < 0 ||
        take_str(f, &j->arena, &j->sender, PROTO_MAX_ADDRESS) < 0 || frame_get_u64(f, &j->size) < 0 ||
        j->size > SIZE_MAX_TAKEN || frame_get_u32(f, &j->again) < 0 || frame_get_u32(f, &n) < 0 || n == 0 ||
        n > BATCH_MAX_RCPTS) {
        job_free(j);
        return -1;
    }
    if (n > BATCH_MAX_RCPTS - b->n || (j->again && batch_has_message(b, queue_id))) {
        job_free(j);
        f->pos = start;
        return 0;
    }
    memcpy(j->queue_id, queue_id, QID_SIZE);
    if (take_job(b, j, f, n) < 0) {
        job_free(j);
        return -1;
    }
    b->njobs++;
    b->n += n;
    return 1;
}

void
batch_clear(struct batch *b)
{
    size_t i;

    for (i = 0; i < b->njobs; i++)
        job_free(&b->jobs[i]);
    b->njobs = b->n = 0;
}
