/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client.h"
#include "log.h"
#include "mem.h"
#include "proto.h"
#include "queue.h"

#define CLIENT_OUT_CAP (1u << 20)
#define CLIENT_MAX_OPEN 10000  /* transactions of one smtpd worker */
#define STAGING_DEFAULT 65536u /* room for a message of unknown size */
#define STAGING_HEADERS 16384u /* smtpd adds Received: and others to the declared size */
#define SIZE_UNLIMITED (1ull << 40)

/* ---- transactions -------------------------------------------------------------------------- */

static struct message **
client_slot(struct client *cl, uint32_t id)
{
    struct message **m = &cl->hash[id % CLIENT_HASH];

    while (*m && (*m)->request != id)
        m = &(*m)->hash_next;
    return m;
}

static struct message *
client_take_out(struct client *cl, uint32_t id)
{
    struct message **slot = client_slot(cl, id), *m = *slot;

    if (m) {
        *slot = m->hash_next;
        cl->open--;
    }
    return m;
}

void
client_commit(struct message *m)
{
    struct client *cl = m->client;

    m->client_prev = NULL;
    m->client_next = cl->waiting;
    if (cl->waiting)
        cl->waiting->client_prev = m;
    cl->waiting = m;
}

void
client_forget(struct message *m)
{
    if (!m->client)
        return;
    *(m->client_prev ? &m->client_prev->client_next : &m->client->waiting) = m->client_next;
    if (m->client_next)
        m->client_next->client_prev = m->client_prev;
    m->client = NULL;
}

/* ---- QUEUE_OPEN ------------------------------------------------------------------------------ */

static void
client_send_staging(struct client *cl, unsigned type, uint32_t id, const struct message *m)
{
    struct frame_out f;

    chan_begin(cl->chan, &f, type, id);
    frame_put_u32(&f, m ? LOOKUP_OK : LOOKUP_TEMP);
    if (type == QUEUE_OPEN_R)
        frame_put_str(&f, m ? m->env.qid : "");
    frame_put_u64(&f, m ? m->content.room : 0);
    if (m)
        frame_put_fd(&f, m->content.fd);
    chan_send(cl->chan, &f);
}

static uint64_t
room_wanted(const struct queue *q, uint64_t declared)
{
    uint64_t limit = (q->set.size_limit ? q->set.size_limit : SIZE_UNLIMITED) + STAGING_HEADERS;

    if (declared == 0) /* generous until memory runs short: only what is written is really used */
        return q->budget.used < q->budget.limit / 2 || STAGING_DEFAULT > q->budget.message_limit
                   ? q->budget.message_limit
                   : STAGING_DEFAULT;
    return declared < limit - STAGING_HEADERS ? declared + STAGING_HEADERS : limit;
}

/* A staging file on disk has room for the largest message: nothing is taken from a budget. */
static void
room_on_disk(const struct queue *q, struct staging *s)
{
    if (!s->in_memory)
        s->room = (q->set.size_limit ? q->set.size_limit : SIZE_UNLIMITED) + STAGING_HEADERS;
}

/* queue_minfree: the file system is asked only when it is set. */
static int
disk_is_short(const struct queue *q)
{
    struct statvfs v;

    return q->set.minfree > 0 && fstatvfs(q->dir.tmp, &v) == 0 &&
           (uint64_t)v.f_bavail * v.f_frsize < q->set.minfree;
}

static struct message *
client_open(struct client *cl, uint32_t id, uint64_t declared, const char *host)
{
    struct queue *q = cl->q;
    struct message *m;
    const char *text;

    if (q->stopping || cl->open >= CLIENT_MAX_OPEN || disk_is_short(q))
        return NULL;
    m = message_new(q);
    text = envelope_text(&m->env, host);
    if (!text || staging_make(&m->content, &q->budget, room_wanted(q, declared)) < 0) {
        log_warning("cannot make a staging file: %s", strerror(errno));
        message_free(m);
        return NULL;
    }
    room_on_disk(q, &m->content);
    m->env.client = text;
    m->client = cl;
    m->request = id;
    return m;
}

static int
client_take_open(struct chan *c, struct frame *f)
{
    struct client *cl = c->owner;
    struct message *m, **slot;
    uint64_t declared;
    const char *host;

    if (frame_get_u64(f, &declared) < 0 || frame_get_str(f, &host, PROTO_MAX_TEXT) < 0 || frame_end(f) < 0)
        return -1;
    if (*client_slot(cl, f->id))
        return -1;
    m = client_open(cl, f->id, declared, host);
    if (m) {
        slot = client_slot(cl, f->id);
        *slot = m;
        cl->open++;
    }
    client_send_staging(cl, QUEUE_OPEN_R, f->id, m);
    return 0;
}

/* ---- QUEUE_SPILL, QUEUE_COMMIT, QUEUE_ABORT ---------------------------------------------------- */

/* Into the largest memfd, and then to disk. */
static int
client_spill(struct message *m, uint64_t written)
{
    struct queue *q = m->q;
    struct staging bigger;
    uint64_t limit = q->budget.message_limit;

    if (written > m->content.room || !m->content.in_memory)
        return -1;
    if (staging_copy(&bigger, &q->budget, m->content.room < limit ? limit : limit + 1, m->content.fd, 0,
                     written) < 0) {
        log_warning("%s: cannot make a larger staging file: %s", m->env.qid, strerror(errno));
        return -1;
    }
    staging_free(&m->content, &q->budget);
    m->content = bigger;
    room_on_disk(q, &m->content);
    return 0;
}

static int
client_take_spill(struct chan *c, struct frame *f)
{
    struct client *cl = c->owner;
    struct message *m = *client_slot(cl, f->id);
    uint64_t written;

    if (!m || frame_get_u64(f, &written) < 0 || frame_end(f) < 0)
        return -1;
    client_send_staging(cl, QUEUE_SPILL_R, f->id, client_spill(m, written) == 0 ? m : NULL);
    return 0;
}

static int
client_take_commit(struct chan *c, struct frame *f)
{
    struct message *m = client_take_out(c->owner, f->id);

    if (!m)
        return -1;
    client_commit(m);
    return commit_take(m, f);
}

static int
client_take_abort(struct chan *c, struct frame *f)
{
    struct message *m = client_take_out(c->owner, f->id);

    if (frame_end(f) < 0)
        return -1;
    if (m) { /* else: its QUEUE_OPEN was refused */
        m->client = NULL;
        message_free(m);
    }
    return 0;
}

/* ---- connections --------------------------------------------------------------------------------- */

static const struct chan_permit client_permit[] = {
    {QUEUE_OPEN, "QUEUE_OPEN", MR_ROLE_SMTPD, CHAN_ANY_STATE, client_take_open},
    {QUEUE_SPILL, "QUEUE_SPILL", MR_ROLE_SMTPD, CHAN_ANY_STATE, client_take_spill},
    {QUEUE_COMMIT, "QUEUE_COMMIT", MR_ROLE_SMTPD, CHAN_ANY_STATE, client_take_commit},
    {QUEUE_ABORT, "QUEUE_ABORT", MR_ROLE_SMTPD, CHAN_ANY_STATE, client_take_abort},
    {0, NULL, 0, 0, NULL},
};

/* The worker is gone: what it had not committed is dropped; what it had goes on without an answer. */
static void
client_closed(struct chan *c)
{
    struct client *cl = c->owner;
    struct message *m;
    unsigned i;

    for (i = 0; i < CLIENT_HASH; i++)
        while ((m = cl->hash[i]) != NULL) {
            cl->hash[i] = m->hash_next;
            m->client = NULL;
            message_free(m);
        }
    while (cl->waiting)
        client_forget(cl->waiting);
    mem_free(cl);
}

static void
client_accept(void *arg, struct service_listener *l, int fd)
{
    struct queue *q = arg;
    struct client *cl = mem_alloc(sizeof(*cl));

    cl->q = q;
    cl->chan = chan_new(q->w->loop, fd, client_permit, l->role, "smtpd", CLIENT_OUT_CAP, cl, client_closed);
}

void
client_listen(struct queue *q)
{
    struct service_listener *l = service_find_listener(q->w, "queue.smtpd");

    if (l)
        service_accept(q->w, l, client_accept, q);
}
