/* SPDX-License-Identifier: ISC */
/* What our other daemons ask: the frames of authd's block in proto.h. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "daemon.h"
#include "expand.h"
#include "keys.h"
#include "mem.h"
#include "roles.h"

#define OUT_CAP (8 * 1024 * 1024)
#define ARENA_CAP (16 * 1024 * 1024)
#define ANSWER_MAX (FRAME_MAX - 65536) /* bytes of an answer, so that a frame holds it */

static struct connection *connections;

/* ---- lookups -------------------------------------------------------------------------------------- */

static int
take_rcpt(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct rcpt_answer r;
    struct frame_out out;
    const char *address;

    if (frame_get_str(f, &address, PROTO_MAX_ADDRESS) < 0 || frame_end(f) < 0)
        return -1;
    directory_rcpt(k->daemon->directory, address, &r);
    chan_begin(c, &out, AUTHD_RCPT_R, f->id);
    frame_put_u32(&out, (uint32_t)r.verdict);
    frame_put_u32(&out, (uint32_t)r.class);
    frame_put_str(&out, r.reason);
    chan_send(c, &out);
    return 0;
}

static int
take_owner(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct frame_out out;
    const char *sender, *login;
    enum lookup_status st;
    int owned;

    if (frame_get_str(f, &sender, PROTO_MAX_ADDRESS) < 0 || frame_get_str(f, &login, PROTO_MAX_ADDRESS) < 0 ||
        frame_end(f) < 0)
        return -1;
    st = directory_owner(k->daemon->directory, sender, login, &owned);
    chan_begin(c, &out, AUTHD_OWNER_R, f->id);
    frame_put_u32(&out, (uint32_t)st);
    frame_put_u32(&out, (uint32_t)owned);
    chan_send(c, &out);
    return 0;
}

/* The strings of a request that is a list; *n_r of them, in the arena. 0 or -1. */
static int
get_addresses(struct frame *f, struct arena *arena, const char ***list_r, uint32_t *n_r)
{
    uint32_t i;

    if (frame_get_u32(f, n_r) < 0 || *n_r > PROTO_MAX_RCPT)
        return -1;
    *list_r = arena_alloc(arena, (*n_r + 1) * sizeof(**list_r));
    for (i = 0; *list_r && i < *n_r; i++)
        if (frame_get_str(f, &(*list_r)[i], PROTO_MAX_ADDRESS) < 0)
            return -1;
    return *list_r ? frame_end(f) : -1;
}

static size_t
result_size(const struct expand_result *r)
{
    size_t i, n = 256 + strlen(r->reason);

    for (i = 0; i < r->n; i++)
        n += 32 + strlen(r->targets[i].address) + strlen(r->targets[i].transport) +
             strlen(r->targets[i].nexthop);
    return n;
}

static void
put_result(struct frame_out *out, const struct expand_result *r)
{
    size_t i;

    frame_put_u32(out, (uint32_t)r->status);
    frame_put_str(out, r->dsn);
    frame_put_str(out, r->reason);
    frame_put_u32(out, (uint32_t)r->n);
    for (i = 0; i < r->n; i++) {
        frame_put_str(out, r->targets[i].address);
        frame_put_str(out, r->targets[i].transport);
        frame_put_str(out, r->targets[i].nexthop);
    }
}

static int
take_expand(struct chan *c, struct frame *f)
{
    static const struct expand_result too_much = {LOOKUP_TEMP, "4.6.0", "Alias expansion error", NULL, 0};
    struct connection *k = c->owner;
    struct expansion e;
    struct expand_result r;
    struct arena arena;
    struct frame_out out;
    const char **list;
    uint32_t n, i;
    size_t used = 0, size;

    arena_init(&arena, ARENA_CAP);
    if (get_addresses(f, &arena, &list, &n) < 0) {
        arena_free(&arena);
        return -1;
    }
    expansion_init(&e, k->daemon->directory, &arena);
    chan_begin(c, &out, AUTHD_EXPAND_R, f->id);
    frame_put_u32(&out, n);
    for (i = 0; i < n; i++) {
        expansion_add(&e, list[i], &r);
        size = result_size(&r);
        if (used + size + 256 * (size_t)(n - i) > ANSWER_MAX)
            put_result(&out, &too_much);
        else
            put_result(&out, &r), used += size;
    }
    chan_send(c, &out);
    expansion_free(&e);
    arena_free(&arena);
    return 0;
}

static int
take_mailbox(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct frame_out out;
    struct arena arena, one;
    struct mailbox m;
    enum lookup_status st;
    const char **list;
    uint32_t n, i;

    arena_init(&arena, ARENA_CAP);
    if (get_addresses(f, &arena, &list, &n) < 0) {
        arena_free(&arena);
        return -1;
    }
    chan_begin(c, &out, AUTHD_MAILBOX_R, f->id);
    frame_put_u32(&out, n);
    for (i = 0; i < n; i++) {
        arena_init(&one, 65536);
        st = directory_find_mailbox(k->daemon->directory, list[i], &one, &m);
        /* What does not fit into one answer is asked for again later. */
        if (st == LOOKUP_OK && buf_len(&c->out) - out.base > ANSWER_MAX - 64 * (n - i))
            st = LOOKUP_TEMP;
        frame_put_u32(&out, (uint32_t)st);
        frame_put_u32(&out, st == LOOKUP_OK ? m.uid : 0);
        frame_put_u32(&out, st == LOOKUP_OK ? m.gid : 0);
        frame_put_str(&out, st == LOOKUP_OK ? m.home : "");
        frame_put_str(&out, st == LOOKUP_OK ? m.maildir : "");
        frame_put_str(&out, st == LOOKUP_OK ? m.quota : "");
        arena_free(&one);
    }
    chan_send(c, &out);
    arena_free(&arena);
    return 0;
}

static int
take_redeem(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct mailbox m;
    struct arena arena;
    struct frame_out out;
    enum lookup_status st;
    const char *ticket;

    if (frame_get_str(f, &ticket, PROTO_TICKET) < 0 || frame_end(f) < 0)
        return -1;
    arena_init(&arena, 65536);
    st = ticket_redeem(k->daemon->tickets, ticket, ev_now(c->loop), &arena, &m);
    chan_begin(c, &out, AUTHD_REDEEM_R, f->id);
    frame_put_u32(&out, (uint32_t)st);
    frame_put_u32(&out, st == LOOKUP_OK ? m.uid : 0);
    frame_put_u32(&out, st == LOOKUP_OK ? m.gid : 0);
    frame_put_str(&out, st == LOOKUP_OK ? m.address : "");
    frame_put_str(&out, st == LOOKUP_OK ? m.home : "");
    frame_put_str(&out, st == LOOKUP_OK ? m.maildir : "");
    chan_send(c, &out);
    arena_free(&arena);
    return 0;
}

/* ---- connections ------------------------------------------------------------------------------------ */

static const struct chan_permit permit[] = {
    {AUTHD_RCPT, "rcpt", MR_ROLE_SMTPD, CHAN_ANY_STATE, take_rcpt},
    {AUTHD_EXPAND, "expand", MR_ROLE_QUEUE, CHAN_ANY_STATE, take_expand},
    {AUTHD_MAILBOX, "mailbox", MR_ROLE_LOCALDELIVER, CHAN_ANY_STATE, take_mailbox},
    {AUTHD_MECHS, "mechs", MR_ROLE_SMTPD, CHAN_ANY_STATE, roles_take_mechs},
    {AUTHD_SASL_START, "sasl start", MR_ROLE_SMTPD | MR_ROLE_POP3D, CHAN_ANY_STATE, roles_take_sasl_start},
    {AUTHD_SASL_STEP, "sasl step", MR_ROLE_SMTPD | MR_ROLE_POP3D, CHAN_ANY_STATE, roles_take_sasl_step},
    {AUTHD_SASL_ABORT, "sasl abort", MR_ROLE_SMTPD | MR_ROLE_POP3D, CHAN_ANY_STATE, roles_take_sasl_abort},
    {AUTHD_LOGIN, "login", MR_ROLE_POP3D, CHAN_ANY_STATE, roles_take_login},
    {AUTHD_REDEEM, "redeem", MR_ROLE_POP3SESSION, CHAN_ANY_STATE, take_redeem},
    {AUTHD_OWNER, "owner", MR_ROLE_SMTPD, CHAN_ANY_STATE, take_owner},
    {0, NULL, 0, 0, NULL}};

static void
connection_closed(struct chan *c)
{
    struct connection *k = c->owner, **p = &connections;

    while (*p != k)
        p = &(*p)->next;
    *p = k->next;
    roles_drop_pending(k);
    mem_free(k);
}

void
roles_accept(struct daemon *d, int fd, unsigned role)
{
    const char *name = role == MR_ROLE_SMTPD          ? "smtpd"
                       : role == MR_ROLE_QUEUE        ? "queue"
                       : role == MR_ROLE_LOCALDELIVER ? "localdeliver"
                       : role == MR_ROLE_POP3D        ? "pop3d"
                                                      : "pop3d session";
    struct connection *k = mem_alloc(sizeof(*k));

    k->daemon = d;
    k->chan = chan_new(d->worker->loop, fd, permit, role, name, OUT_CAP, k, connection_closed);
    k->next = connections;
    connections = k;
}

size_t
roles_close_idle(int all)
{
    struct connection *k, *next;
    size_t left = 0;

    for (k = connections; k; k = next) {
        next = k->next;
        if (!k->pending && buf_len(&k->chan->out) == 0 && (all || k->chan->role != MR_ROLE_POP3SESSION))
            chan_close(k->chan, NULL);
        else
            left++;
    }
    return left;
}
