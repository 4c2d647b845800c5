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

/* ---- the envelope as smtpd sends it ------------------------------------------------------------- */

static int
take_text(struct envelope *e, struct frame *f, const char **to, size_t max)
{
    const char *s;

    if (frame_get_str(f, &s, max) < 0)
        return -1;
    *to = envelope_text(e, s);
    return *to ? 0 : -1;
}

static int
take_recipients(struct envelope *e, struct frame *f)
{
    struct recipient *r;
    uint32_t n;

    if (frame_get_u32(f, &n) < 0 || n == 0 || n > PROTO_MAX_RCPT)
        return -1;
    while (n-- > 0) {
        r = envelope_add(e);
        if (!r || take_text(e, f, &r->orig_to, PROTO_MAX_ADDRESS) < 0 ||
            take_text(e, f, &r->orcpt, PROTO_MAX_ADDRESS) < 0 || frame_get_u32(f, &r->notify) < 0 ||
            r->notify > NOTIFY_ALL)
            return -1;
    }
    return 0;
}

static int
take_envelope(struct envelope *e, struct frame *f)
{
    if (frame_get_u64(f, &e->size) < 0 || take_text(e, f, &e->sender, PROTO_MAX_ADDRESS) < 0 ||
        frame_get_u32(f, &e->sender_flags) < 0 || take_text(e, f, &e->ret, PROTO_MAX_NAME) < 0 ||
        take_text(e, f, &e->envid, PROTO_MAX_NAME) < 0 ||
        take_text(e, f, &e->message_id, PROTO_MAX_TEXT) < 0 || take_recipients(e, f) < 0)
        return -1;
    return frame_end(f);
}

/* ---- expansion ------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    enum rcpt_transport transport;
} transports[] = {{"local", TRANSPORT_LOCAL}, {"error", TRANSPORT_ERROR}, {"smtp", TRANSPORT_SMTP}};

static int
transport_find(const char *name)
{
    size_t i;

    for (i = 0; i < MR_NELEM(transports); i++)
        if (strcmp(transports[i].name, name) == 0)
            return transports[i].transport;
    return -1;
}

/* One final address of the recipient `from`, as authd gives it. 0, -1 malformed, 1 too many. */
static int
take_final(struct envelope *e, struct frame *f, const struct recipient *from)
{
    const char *address, *transport, *nexthop;
    struct recipient *r;
    int t;

    if (frame_get_str(f, &address, PROTO_MAX_ADDRESS) < 0 ||
        frame_get_str(f, &transport, PROTO_MAX_NAME) < 0 || frame_get_str(f, &nexthop, PROTO_MAX_TEXT) < 0 ||
        (t = transport_find(transport)) < 0)
        return -1;
    r = envelope_add(e);
    if (!r)
        return 1;
    r->orig_to = from->orig_to;
    r->orcpt = from->orcpt;
    r->notify = from->notify;
    r->transport = (uint8_t)t;
    r->address = envelope_text(e, address);
    r->nexthop = envelope_text(e, nexthop);
    return r->address && r->nexthop ? 0 : 1;
}

/* Why the whole message is put off: text for the client, "" when it is not. */
struct expand_trouble {
    char text[PROTO_MAX_TEXT];
};

/* What became of one recipient. 0 or -1 malformed; *why filled when it cannot be done now. */
static int
take_expansion(struct envelope *e, struct frame *f, const struct recipient *from, struct expand_trouble *why)
{
    uint32_t status, n, i;
    const char *dsn, *reason;
    int r;

    if (frame_get_u32(f, &status) < 0 || frame_get_str(f, &dsn, DSN_SIZE - 1) < 0 ||
        frame_get_str(f, &reason, PROTO_MAX_TEXT) < 0 || frame_get_u32(f, &n) < 0)
        return -1;
    if (status != LOOKUP_OK && status != LOOKUP_NONE && status != LOOKUP_TEMP)
        return -1;
    if (status == LOOKUP_TEMP)
        snprintf(why->text, sizeof(why->text), "%s %s", *dsn == '4' ? dsn : "4.3.0",
                 *reason ? reason : "Temporary lookup failure");
    /* n is 0 where another recipient of this message has all the addresses already. */
    for (i = 0; i < n; i++) {
        r = take_final(e, f, from);
        if (r < 0)
            return -1;
        if (r > 0) {
            strcpy(why->text, "4.6.0 Alias expansion error");
            return 1;
        }
    }
    return 0;
}

int
commit_take_expansions(struct envelope *e, struct frame *f, char *why, size_t size)
{
    struct recipient *from = e->rcpt;
    struct expand_trouble trouble;
    uint32_t i, n, nfrom = e->nrcpt;
    int r = 0;

    trouble.text[0] = '\0';
    e->rcpt = NULL;
    e->nrcpt = e->rcpt_room = 0;
    if (frame_get_u32(f, &n) < 0 || n != nfrom)
        r = -1;
    for (i = 0; r == 0 && i < n; i++)
        r = take_expansion(e, f, &from[i], &trouble);
    if (r == 0 && frame_end(f) < 0)
        r = -1;
    if (r == 0 && e->nrcpt == 0 && trouble.text[0] == '\0')
        strcpy(trouble.text, "4.6.0 Alias expansion error");
    mem_free(from);
    snprintf(why, size, "%s", r < 0 ? "4.3.0 Temporary lookup failure" : trouble.text);
    if (r == 0)
        envelope_unique(e);
    return r < 0 ? -1 : 0;
}

/* ---- the conversation ------------------------------------------------------------------------------- */

static void
refuse(struct message *m, const char *text)
{
    message_answer(m, COMMIT_TEMP, text);
    message_free(m);
}

static int
all_local(const struct envelope *e)
{
    uint32_t i;

    for (i = 0; i < e->nrcpt; i++)
        if (e->rcpt[i].transport != TRANSPORT_LOCAL)
            return 0;
    return 1;
}

static void
ack_timeout(struct ev_loop *loop, ev_timer *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    message_pass_done(w->data);
}

/* Delivery first where that can make the message durable; else the spool first. */
static void
commit_expanded(struct message *m)
{
    struct queue *q = m->q;

    if (all_local(&m->env) && q->set.ack_time > 0 && !q->local_trouble) {
        ev_timer_init(&m->ack_timer, ack_timeout, q->set.ack_time, 0.);
        m->ack_timer.data = m;
        ev_timer_start(q->w->loop, &m->ack_timer);
    } else {
        if (message_spool(m) < 0) {
            message_answer_errno(m, errno);
            message_free(m);
            return;
        }
        message_answer_queued(m);
    }
    message_activate(m);
}

static int
commit_take_answer(void *arg, struct frame *f)
{
    struct message *m = arg;
    char why[PROTO_MAX_TEXT] = "4.3.0 Temporary lookup failure";
    int r = 0;

    m->expand = NULL;
    if (f)
        r = commit_take_expansions(&m->env, f, why, sizeof(why));
    if (!f || r < 0 || *why)
        refuse(m, why);
    else if (!m->client) /* nobody was promised anything */
        message_free(m);
    else
        commit_expanded(m);
    return r;
}

static void
commit_expand(struct message *m)
{
    struct frame_out f;
    uint32_t i;

    m->expand = peer_begin(m->q->authd, &f, AUTHD_EXPAND);
    frame_put_u32(&f, m->env.nrcpt);
    for (i = 0; i < m->env.nrcpt; i++)
        frame_put_str(&f, m->env.rcpt[i].orig_to);
    peer_send(m->expand, &f, AUTHD_EXPAND_R, commit_take_answer, m);
}

int
commit_take(struct message *m, struct frame *f)
{
    struct queue *q = m->q;

    if (take_envelope(&m->env, f) < 0) {
        client_forget(m);
        message_free(m);
        return -1;
    }
    if (q->stopping)
        refuse(m, "4.3.2 Error: the mail system is being stopped");
    else if (staging_freeze(&m->content, &q->budget, m->env.size) < 0) {
        log_warning("%s: cannot take the message over from smtpd: %s", m->env.qid, strerror(errno));
        message_answer_errno(m, errno);
        message_free(m);
    } else
        commit_expand(m);
    return 0;
}
