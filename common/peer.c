/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "peer.h"
#include "service.h"
#include "service_private.h"

#define PEER_HASH 256           /* buckets; requests under way are spread by their number */
#define PEER_OUT_CAP (4u << 20) /* bytes waiting for a peer that does not read */
#define PEER_RETRY_MIN 0.02
#define PEER_RETRY_MAX 1.0
/* Seconds that a request waits for a connection, or its own timeout where that is shorter. */
#define PEER_CONNECT_WAIT 10.

struct peer_request {
    struct peer *peer;
    struct peer_request *hash_next;
    struct peer_request *prev, *next; /* all of the peer's, oldest deadline first */
    uint32_t id;
    unsigned answer_type;
    double deadline;
    int failed;      /* with its connection */
    int parked;      /* waits for its owner, not for the peer */
    int sent;        /* on the present connection */
    int oneshot;     /* cannot be sent again: it has a follow-up or a descriptor */
    struct buf copy; /* its frame: to be sent when there is a connection, or again */
    peer_answer *answer;
    void *arg;
};

struct peer {
    struct worker *worker;
    const char *name;
    double timeout, backoff;
    int retry, asked;
    unsigned generation;
    uint32_t next_id;
    struct chan *chan;
    struct peer_request *hash[PEER_HASH];
    struct peer_request *head, *tail;
    struct buf scratch; /* frames that are begun while there is no connection */
    ev_timer sweep, reconnect;
    struct peer *next_peer;
};

static struct peer *all_peers; /* for CTL_CONNECTED, which names one */

static int peer_frame(struct chan *c, struct frame *f);

/* ---- the list of requests ----------------------------------------------------------- */

static struct peer_request **
peer_slot(struct peer *p, uint32_t id)
{
    struct peer_request **r = &p->hash[id % PEER_HASH];

    while (*r && (*r)->id != id)
        r = &(*r)->hash_next;
    return r;
}

static void
peer_unlink(struct peer_request *r)
{
    struct peer *p = r->peer;

    *(r->prev ? &r->prev->next : &p->head) = r->next;
    *(r->next ? &r->next->prev : &p->tail) = r->prev;
}

static void
peer_append(struct peer_request *r)
{
    struct peer *p = r->peer;

    r->next = NULL;
    r->prev = p->tail;
    *(p->tail ? &p->tail->next : &p->head) = r;
    p->tail = r;
}

static void
peer_free_request(struct peer_request *r)
{
    *peer_slot(r->peer, r->id) = r->hash_next;
    peer_unlink(r);
    buf_free(&r->copy);
    mem_free(r);
}

/* NULL to the owner: a temporary failure. */
static void
peer_fail_request(struct peer_request *r)
{
    peer_answer *answer = r->answer;
    void *arg = r->arg;

    peer_free_request(r);
    if (answer)
        answer(arg, NULL);
}

/* ---- the connection ------------------------------------------------------------------ */

static void
peer_ask(struct peer *p)
{
    struct frame_out f;

    if (p->asked || p->chan)
        return;
    p->asked = 1;
    chan_begin(p->worker->parent, &f, CTL_CONNECT, 0);
    frame_put_str(&f, p->name);
    chan_send(p->worker->parent, &f);
}

static void
peer_ask_later(struct peer *p)
{
    ev_timer_set(&p->reconnect, p->backoff, 0.);
    ev_timer_start(p->worker->loop, &p->reconnect);
    p->backoff = p->backoff * 2 > PEER_RETRY_MAX ? PEER_RETRY_MAX : p->backoff * 2;
}

static void
peer_reconnect(struct ev_loop *loop, ev_timer *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    peer_ask(w->data);
}

/*
 * Requests of the lost connection: those that may be repeated wait for the next one,
 * the others have failed. Their owners may start and cancel requests meanwhile, so the list is searched anew
 * after each.
 */
static void
peer_lost(struct chan *c)
{
    struct peer *p = c->owner;
    struct peer_request *r;

    p->chan = NULL;
    peer_ask_later(p);
    for (r = p->head; r; r = r->next) {
        r->failed = r->sent && (!p->retry || r->oneshot || r->parked);
        r->sent = 0;
    }
    do {
        for (r = p->head; r && !r->failed; r = r->next)
            ;
        if (r)
            peer_fail_request(r);
    } while (r);
}

static void
peer_send_copy(struct peer_request *r)
{
    struct chan *c = r->peer->chan;

    r->sent = 1;
    if (chan_send_raw(c, buf_data(&r->copy), buf_len(&r->copy)) < 0)
        return;
    if (!r->peer->retry)
        buf_free(&r->copy);
}

void
peer_connected(const char *name, int fd)
{
    static const struct chan_permit answers[] = {
        {CHAN_ANY_TYPE, "answer", MR_ROLE_SERVER, CHAN_ANY_STATE, peer_frame},
        {0, NULL, 0, 0, NULL},
    };
    struct peer *p;
    struct peer_request *r;

    for (p = all_peers; p && strcmp(p->name, name) != 0; p = p->next_peer)
        ;
    if (!p || !p->asked || p->chan) {
        if (fd >= 0)
            close(fd);
        return;
    }
    p->asked = 0;
    if (fd < 0) {
        peer_ask_later(p);
        return;
    }
    p->chan = chan_new(p->worker->loop, fd, answers, MR_ROLE_SERVER, p->name, PEER_OUT_CAP, p, peer_lost);
    p->backoff = PEER_RETRY_MIN;
    p->generation++;
    for (r = p->head; r; r = r->next)
        if (!r->sent && buf_len(&r->copy) > 0)
            peer_send_copy(r);
}

/* ---- answers and timeouts -------------------------------------------------------------- */

static int
peer_frame(struct chan *c, struct frame *f)
{
    struct peer *p = c->owner;
    struct peer_request *r = *peer_slot(p, f->id);
    int result;

    if (!r) { /* cancelled, or timed out, meanwhile */
        f->pos = f->end;
        return 0;
    }
    if (r->answer_type != f->type)
        return -1;
    /* The owner may cancel or continue it inside; parked tells that it is waiting for that. */
    r->parked = 1;
    r->deadline = 0;
    result = r->answer(r->arg, f);
    r = *peer_slot(p, f->id);
    if (r && r->parked && result != 1)
        peer_free_request(r);
    return result < 0 ? -1 : 0;
}

/* Why a request has waited long enough, NULL while it has not. */
static const char *
peer_overdue(const struct peer_request *r, double now)
{
    const struct peer *p = r->peer;

    if (r->parked)
        return NULL;
    if (r->deadline <= now)
        return "did not answer in time";
    /* Nobody may have begun with it: there is no reason to wait as long as for an answer. */
    if (!r->sent && r->deadline - p->timeout + PEER_CONNECT_WAIT <= now)
        return "is not there";
    return NULL;
}

static void
peer_sweep(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct peer *p = w->data;
    struct peer_request *r, *next;
    const char *why;

    MR_UNUSED(revents);
    for (r = p->head; r; r = next) {
        next = r->next;
        why = peer_overdue(r, ev_now(loop));
        if (!why)
            continue;
        log_warning("%s %s", p->name, why);
        peer_fail_request(r);
        next = p->head; /* the owner may have changed the list */
    }
    if (!p->head)
        ev_timer_stop(loop, w);
}

/* ---- requests ---------------------------------------------------------------------------- */

struct peer *
peer_new(struct worker *w, const char *name, double timeout_s, int retry)
{
    struct peer *p = mem_alloc(sizeof(*p));

    p->worker = w;
    p->name = name;
    p->timeout = timeout_s;
    p->retry = retry;
    p->backoff = PEER_RETRY_MIN;
    p->next_id = 1;
    buf_init(&p->scratch, FRAME_MAX);
    ev_timer_init(&p->sweep, peer_sweep, 1., 1.);
    ev_timer_init(&p->reconnect, peer_reconnect, 0., 0.);
    p->sweep.data = p->reconnect.data = p;
    p->next_peer = all_peers;
    all_peers = p;
    peer_ask(p);
    return p;
}

static void
peer_begin_frame(struct peer *p, struct frame_out *f, unsigned type, uint32_t id)
{
    if (p->chan && !p->chan->closing)
        chan_begin(p->chan, f, type, id);
    else {
        buf_reset(&p->scratch);
        frame_begin(f, &p->scratch, type, id);
    }
}

struct peer_request *
peer_begin(struct peer *p, struct frame_out *f, unsigned type)
{
    struct peer_request *r = mem_alloc(sizeof(*r));

    r->peer = p;
    do
        r->id = p->next_id++;
    while (r->id == 0 || *peer_slot(p, r->id));
    *peer_slot(p, r->id) = r;
    buf_init(&r->copy, FRAME_MAX);
    peer_append(r);
    peer_begin_frame(p, f, type, r->id);
    return r;
}

void
peer_continue(struct peer_request *r, struct frame_out *f, unsigned type)
{
    r->oneshot = 1;
    peer_begin_frame(r->peer, f, type, r->id);
}

/* For a frame that cannot wait for a connection: the next sweep fails it. */
static void
peer_expire(struct peer_request *r)
{
    struct peer *p = r->peer;

    peer_unlink(r);
    r->deadline = 0;
    r->prev = NULL;
    r->next = p->head;
    *(p->head ? &p->head->prev : &p->tail) = r;
    p->head = r;
}

static void
peer_arm(struct peer_request *r)
{
    struct peer *p = r->peer;

    r->parked = 0;
    r->deadline = ev_now(p->worker->loop) + p->timeout;
    peer_unlink(r);
    peer_append(r);
    if (!ev_is_active(&p->sweep))
        ev_timer_again(p->worker->loop, &p->sweep);
}

void
peer_send(struct peer_request *r, struct frame_out *f, unsigned answer_type, peer_answer *answer, void *arg)
{
    struct peer *p = r->peer;
    int direct = f->to != &p->scratch;

    r->answer_type = answer_type;
    r->answer = answer;
    r->arg = arg;
    peer_arm(r);
    if (f->nfds > 0)
        r->oneshot = 1;
    if (direct) {
        size_t base = f->base;
        r->sent = 1;
        if (p->retry && !r->oneshot && frame_finish(f) == 0)
            buf_append(&r->copy, buf_data(f->to) + base, buf_len(f->to) - base);
        chan_send(p->chan, f);
    } else if (frame_finish(f) < 0 || r->oneshot)
        peer_expire(r);
    else
        buf_append(&r->copy, buf_data(&p->scratch), buf_len(&p->scratch));
}

uint32_t
peer_request_id(const struct peer_request *r)
{
    return r->id;
}

void
peer_cancel(struct peer_request *r)
{
    peer_free_request(r);
}

void
peer_tell_begin(struct peer *p, struct frame_out *f, unsigned type, uint32_t id)
{
    peer_begin_frame(p, f, type, id);
}

void
peer_tell_send(struct peer *p, struct frame_out *f)
{
    if (f->to != &p->scratch)
        chan_send(p->chan, f);
}

unsigned
peer_generation(const struct peer *p)
{
    return p->chan ? p->generation : 0;
}
