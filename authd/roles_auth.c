/* SPDX-License-Identifier: ISC */
/* Logins of smtpd and pop3d: they go to the verifiers, and are answered later. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "keys.h"
#include "mem.h"
#include "roles.h"
#include "verify.h"

#define PENDING_MAX 2000 /* of one connection */

struct pending {
    struct pending *next;
    struct connection *connection;
    uint32_t id; /* of the request */
    struct verify_job *job;
    struct verify_sasl *sasl;
    int working; /* an answer will come without more from the client */
};

static struct pending *
pending_find(struct connection *k, uint32_t id)
{
    struct pending *p = k->pending;

    while (p && p->id != id)
        p = p->next;
    return p;
}

/* A new one; NULL when the peer may not have it: the number is in use, or it has too many. */
static struct pending *
pending_new(struct connection *k, uint32_t id)
{
    struct pending *p;

    if (k->npending >= PENDING_MAX || pending_find(k, id))
        return NULL;
    k->npending++;
    p = mem_alloc(sizeof(*p));
    p->connection = k;
    p->id = id;
    p->working = 1;
    p->next = k->pending;
    return k->pending = p;
}

static void
pending_free(struct pending *p)
{
    struct connection *k = p->connection;
    struct pending **at = &k->pending;

    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    k->npending--;
    mem_free(p);
}

void
roles_drop_pending(struct connection *k)
{
    struct pending *p;

    while ((p = k->pending) != NULL) {
        if (p->job)
            verify_forget(p->job);
        if (p->sasl)
            verify_sasl_abort(p->sasl);
        verify_forget_ready(p);
        pending_free(p);
    }
}

/* ---- answers --------------------------------------------------------------------------------------- */

static void
send_outcome(struct connection *k, uint32_t id, const struct verify_result *r, const char *reason,
             const char *ticket)
{
    struct frame_out out;

    chan_begin(k->chan, &out, AUTHD_SASL_R, id);
    frame_put_u32(&out, (uint32_t)r->outcome);
    frame_put_blob(&out, r->challenge, r->nchallenge);
    frame_put_str(&out, reason);
    frame_put_str(&out, r->account.address);
    frame_put_str(&out, ticket);
    chan_send(k->chan, &out);
}

/* pop3d's ticket for the mailbox of the account. 0, or -1: it cannot be opened now. */
static int
issue_ticket(struct daemon *d, const struct account *acct, char text[PROTO_TICKET + 1])
{
    struct arena arena;
    struct mailbox m;
    int rc = -1;

    arena_init(&arena, 65536);
    if (directory_mailbox_of(d->directory, acct, &arena, &m) == LOOKUP_OK) {
        ticket_issue(d->tickets, &m, ev_now(d->worker->loop), text);
        rc = 0;
    }
    arena_free(&arena);
    return rc;
}

static void
send_result(struct connection *k, uint32_t id, const struct verify_result *r)
{
    static const struct verify_result none = {AUTH_TEMP, "", 0, "", {0}};
    char ticket[PROTO_TICKET + 1] = "";

    if (r->outcome == AUTH_OK && k->chan->role == MR_ROLE_POP3D &&
        issue_ticket(k->daemon, &r->account, ticket) < 0) {
        send_outcome(k, id, &none, "generic failure", "");
        return;
    }
    send_outcome(k, id, r, r->reason, ticket);
    mem_wipe(ticket, sizeof(ticket));
}

static void
send_failure(struct connection *k, uint32_t id, enum auth_outcome outcome, const char *reason)
{
    struct verify_result r;

    memset(&r, 0, sizeof(r));
    r.outcome = outcome;
    r.challenge = "";
    send_outcome(k, id, &r, reason, "");
}

static void
auth_done(void *arg, const struct verify_result *r)
{
    struct pending *p = arg;
    struct connection *k = p->connection;
    uint32_t id = p->id;

    p->job = NULL;
    p->working = 0;
    if (r->outcome != AUTH_CONTINUE)
        pending_free(p);
    send_result(k, id, r);
}

/* ---- requests --------------------------------------------------------------------------------------- */

/* A daemon asks for its own service only. */
static int
service_fits(const struct chan *c, const char *service)
{
    return strcmp(service, c->role == MR_ROLE_SMTPD ? "smtp" : "pop3") == 0;
}

static void
send_mechanisms(void *arg)
{
    struct pending *p = arg;
    struct connection *k = p->connection;
    struct frame_out out;

    chan_begin(k->chan, &out, AUTHD_MECHS_R, p->id);
    frame_put_str(&out, verify_mechanisms());
    chan_send(k->chan, &out);
    pending_free(p);
}

int
roles_take_mechs(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct pending *p;
    const char *service;

    if (frame_get_str(f, &service, PROTO_MAX_NAME) < 0 || frame_end(f) < 0 || !service_fits(c, service))
        return -1;
    if (!(p = pending_new(k, f->id)))
        return -1;
    if (verify_mechanisms())
        send_mechanisms(p);
    else if (verify_when_ready(send_mechanisms, p) < 0)
        pending_free(p); /* its sender's timeout is the answer */
    return 0;
}

int
roles_take_login(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct pending *p;
    const char *service, *login, *ip;
    const void *password;
    size_t n;

    if (frame_get_str(f, &service, PROTO_MAX_NAME) < 0 || frame_get_str(f, &login, PROTO_MAX_SECRET) < 0 ||
        frame_get_blob(f, &password, &n, PROTO_MAX_SECRET) < 0 || frame_get_str(f, &ip, PROTO_MAX_NAME) < 0 ||
        frame_end(f) < 0 || !service_fits(c, service))
        return -1;
    if (!key_is_sane(login)) {
        send_failure(k, f->id, AUTH_REFUSED, "authentication failure");
        return 0;
    }
    if (!(p = pending_new(k, f->id)))
        return -1;
    p->job = verify_login(service, login, password, n, auth_done, p);
    if (!p->job) {
        pending_free(p);
        send_failure(k, f->id, AUTH_TEMP, "generic failure");
    }
    return 0;
}

int
roles_take_sasl_start(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct pending *p;
    const char *service, *mechanism, *ip;
    const void *initial;
    uint32_t has_initial;
    size_t n;

    if (frame_get_str(f, &service, PROTO_MAX_NAME) < 0 || frame_get_str(f, &mechanism, PROTO_MAX_NAME) < 0 ||
        frame_get_str(f, &ip, PROTO_MAX_NAME) < 0 || frame_get_u32(f, &has_initial) < 0 ||
        frame_get_blob(f, &initial, &n, FRAME_MAX / 2) < 0 || frame_end(f) < 0 || !service_fits(c, service))
        return -1;
    if (!(p = pending_new(k, f->id)))
        return -1;
    p->sasl = verify_sasl_start(service, mechanism, ip, has_initial != 0, initial, n, auth_done, p);
    if (!p->sasl) {
        pending_free(p);
        send_failure(k, f->id, AUTH_TEMP, "generic failure");
    }
    return 0;
}

int
roles_take_sasl_step(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct pending *p = pending_find(k, f->id);
    const void *response;
    size_t n;

    if (frame_get_blob(f, &response, &n, FRAME_MAX / 2) < 0 || frame_end(f) < 0)
        return -1;
    if (!p) {
        send_failure(k, f->id, AUTH_TEMP, "generic failure"); /* the exchange is over */
        return 0;
    }
    if (!p->sasl || p->working)
        return -1; /* nobody asked for it */
    p->working = 1;
    if (verify_sasl_step(p->sasl, response, n) < 0) {
        pending_free(p);
        send_failure(k, f->id, AUTH_TEMP, "generic failure");
    }
    return 0;
}

int
roles_take_sasl_abort(struct chan *c, struct frame *f)
{
    struct connection *k = c->owner;
    struct pending *p = pending_find(k, f->id);

    if (frame_end(f) < 0)
        return -1;
    if (!p || !p->sasl)
        return 0; /* it crossed our answer, which ended the exchange */
    verify_sasl_abort(p->sasl);
    pending_free(p);
    return 0;
}
