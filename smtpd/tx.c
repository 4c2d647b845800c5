/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "session.h"
#include "strutil.h"

#define TX_ARENA_CAP 700000 /* addresses of one message: they must fit into one QUEUE_COMMIT */

/* headers.h asks what is missing: only clients of our own get it. */
static int
tx_missing_headers(void *arg, struct headers_missing *m)
{
    struct session *s = arg;

    if (!s->set->add_missing_always && !restrict_rewrites(s))
        return 0;
    m->queue_id = s->tx->queue_id;
    m->myhostname = s->set->myhostname;
    m->from = s->tx->sender_smtp;
    m->now = s->tx->arrival;
    return 1;
}

struct tx *
tx_begin(struct session *s, const char *sender, const char *sender_smtp)
{
    struct tx *tx = mem_alloc(sizeof(*tx));

    s->tx = tx;
    tx->state = TX_ENVELOPE;
    tx->fd = -1;
    tx->rcpts_tail = &tx->rcpts;
    arena_init(&tx->arena, TX_ARENA_CAP);
    tx->sender = arena_strdup(&tx->arena, sender);
    tx->sender_smtp = arena_strdup(&tx->arena, sender_smtp);
    tx->ret = tx->envid = "";
    tx->arrival = (time_t)ev_now(s->smtpd->worker->loop);
    headers_init(&tx->headers, s->set->header_size_limit, tx_missing_headers, s);
    buf_init(&tx->out, 8 * TX_WRITE_SIZE);
    return tx;
}

void
tx_reset(struct session *s)
{
    struct tx *tx = s->tx;
    struct frame_out f;

    if (!tx)
        return;
    s->tx = NULL;
    if (tx->request) {
        if (tx->state != TX_COMMITTING) {
            peer_tell_begin(s->smtpd->queue, &f, QUEUE_ABORT, peer_request_id(tx->request));
            peer_tell_send(s->smtpd->queue, &f);
        }
        peer_cancel(tx->request);
    }
    if (tx->fd >= 0)
        close(tx->fd);
    headers_free(&tx->headers);
    buf_free(&tx->out);
    mem_free(tx->queue_id);
    arena_free(&tx->arena);
    mem_free(tx);
}

int
tx_add_rcpt(struct tx *tx, const char *address, const char *address_smtp, const char *orcpt, unsigned notify)
{
    struct tx_rcpt *r = arena_alloc(&tx->arena, sizeof(*r));

    if (!r || !(r->address = arena_strdup(&tx->arena, address)) ||
        !(r->orcpt = arena_strdup(&tx->arena, orcpt)))
        return -1;
    if (tx->nrcpts == 0 && !(tx->rcpt_smtp = arena_strdup(&tx->arena, address_smtp)))
        return -1;
    r->notify = notify;
    *tx->rcpts_tail = r;
    tx->rcpts_tail = &r->next;
    tx->nrcpts++;
    return 0;
}

/* ---- the conversation with queue ---------------------------------------------------- */

/* Calls who waits for queue, if anybody does. He may end the session. */
static void
tx_tell(struct session *s, int ok)
{
    void (*then)(struct session *, int) = s->tx->then;

    s->tx->then = NULL;
    if (!ok)
        s->tx->failed = 1;
    if (then)
        then(s, ok);
}

/* The connection to queue is gone, or it does not answer; the staging file is worth nothing. */
static int
tx_lost(struct session *s)
{
    s->tx->request = NULL;
    tx_tell(s, 0);
    return 0;
}

/* A malformed answer: the channel is closed after we return. */
static int
tx_malformed(struct session *s)
{
    tx_lost(s);
    return -1;
}

void
tx_forget_queue(struct session *s)
{
    s->tx->state = TX_ENVELOPE;
    s->tx->failed = 0;
}

static int
tx_valid_queue_id(const char *id)
{
    size_t n = strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    return n > 0 && id[n] == '\0';
}

static int
tx_opened(void *arg, struct frame *f)
{
    struct session *s = arg;
    struct tx *tx = s->tx;
    const char *id;
    uint32_t ok;

    if (!f)
        return tx_lost(s);
    if (frame_get_u32(f, &ok) < 0 || frame_get_str(f, &id, 32) < 0 || frame_get_u64(f, &tx->room) < 0 ||
        (ok == LOOKUP_OK && (frame_get_fd(f, &tx->fd) < 0 || !tx_valid_queue_id(id))) || frame_end(f) < 0)
        return tx_malformed(s);
    if (ok != LOOKUP_OK)
        return tx_lost(s);
    tx->queue_id = mem_strdup(id);
    tx->state = TX_OPEN;
    tx_tell(s, 1);
    return 1;
}

static void
tx_send(struct session *s, struct frame_out *f, unsigned answer_type, peer_answer *answer)
{
    peer_send(s->tx->request, f, answer_type, answer, s);
}

void
tx_open(struct session *s, void (*then)(struct session *s, int ok))
{
    struct frame_out f;

    s->tx->state = TX_OPENING;
    s->tx->then = then;
    s->tx->request = peer_begin(s->smtpd->queue, &f, QUEUE_OPEN);
    frame_put_u64(&f, s->tx->declared_size);
    frame_put_str(&f, s->client);
    tx_send(s, &f, QUEUE_OPEN_R, tx_opened);
}

static int
tx_spilled(void *arg, struct frame *f)
{
    struct session *s = arg;
    struct tx *tx = s->tx;
    uint64_t room;
    uint32_t ok;
    int fd = -1;

    if (!f)
        return tx_lost(s);
    if (frame_get_u32(f, &ok) < 0 || frame_get_u64(f, &room) < 0 ||
        (ok == LOOKUP_OK && frame_get_fd(f, &fd) < 0) || frame_end(f) < 0) {
        if (fd >= 0)
            close(fd);
        return tx_malformed(s);
    }
    if (fd >= 0) {
        close(tx->fd);
        tx->fd = fd;
        ok = room > tx->room;
        tx->room = room;
    } else
        ok = 0;
    tx_tell(s, (int)ok);
    return 1;
}

static void
tx_spill(struct session *s, void (*then)(struct session *s, int ok))
{
    struct frame_out f;

    s->tx->then = then;
    peer_continue(s->tx->request, &f, QUEUE_SPILL);
    frame_put_u64(&f, s->tx->written);
    tx_send(s, &f, QUEUE_SPILL_R, tx_spilled);
}

int
tx_write(struct session *s, size_t min, void (*then)(struct session *s, int ok))
{
    struct tx *tx = s->tx;
    size_t n = buf_len(&tx->out);

    if (tx->failed || tx->too_big) {
        buf_reset(&tx->out);
        return tx->failed ? -1 : 1;
    }
    if (n < min || n == 0)
        return 1;
    if (tx->written + n > tx->room) {
        tx_spill(s, then);
        return 0;
    }
    if (fd_pwrite_all(tx->fd, buf_data(&tx->out), n, (int64_t)tx->written) < 0) {
        log_warning("%s: writing the staging file: %s", tx->queue_id, strerror(errno));
        tx->failed = 1;
        return -1;
    }
    tx->written += n;
    buf_reset(&tx->out);
    return 1;
}

static int
tx_committed(void *arg, struct frame *f)
{
    static const unsigned codes[] = {451, 250, 451, 554};
    struct session *s = arg;
    void (*done)(struct session *, unsigned, const char *) = s->tx->committed;
    const char *text = "4.3.0 Error: queue file write error";
    uint32_t outcome = COMMIT_TEMP;
    int result = 0;

    s->tx->request = NULL;
    if (f && (frame_get_u32(f, &outcome) < 0 || outcome < COMMIT_OK || outcome > COMMIT_REFUSED ||
              frame_get_str(f, &text, PROTO_MAX_TEXT) < 0 || frame_end(f) < 0)) {
        outcome = COMMIT_TEMP;
        text = "4.3.0 Error: queue file write error";
        result = -1;
    }
    done(s, codes[outcome], text);
    return result;
}

void
tx_put_address(struct frame_out *f, const struct session *s, const char *address)
{
    struct buf b;

    if (!*address || strrchr(address, '@')) {
        frame_put_str(f, address);
        return;
    }
    buf_init(&b, PROTO_MAX_ADDRESS);
    buf_printf(&b, "%s@%s", address, s->set->myorigin);
    frame_put_str(f, buf_cstr(&b));
    buf_free(&b);
}

void
tx_commit(struct session *s, void (*done)(struct session *s, unsigned code, const char *text))
{
    struct tx *tx = s->tx;
    const struct tx_rcpt *r;
    struct frame_out f;

    tx->state = TX_COMMITTING;
    tx->committed = done;
    peer_continue(tx->request, &f, QUEUE_COMMIT);
    frame_put_u64(&f, tx->written);
    tx_put_address(&f, s, tx->sender);
    frame_put_u32(&f, tx->body_8bit ? 1 : 0);
    frame_put_str(&f, tx->ret);
    frame_put_str(&f, tx->envid);
    frame_put_str(&f, buf_cstr(&tx->headers.message_id));
    frame_put_u32(&f, (uint32_t)tx->nrcpts);
    for (r = tx->rcpts; r; r = r->next) {
        tx_put_address(&f, s, r->address);
        frame_put_str(&f, r->orcpt);
        frame_put_u32(&f, r->notify);
    }
    tx_send(s, &f, QUEUE_COMMIT_R, tx_committed);
}
