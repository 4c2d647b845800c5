/* SPDX-License-Identifier: ISC */
/* MAIL, RCPT and VRFY (RFC 5321 4.1.1.2, 4.1.1.3, 4.1.1.6). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "session.h"
#include "strutil.h"

#define RCPT_OVERSHOOT 1000 /* recipients over the limit that are refused without counting as errors */

/* An address of the client, in the two forms we need: plain, and quoted for headers. */
struct envelope_address {
    char plain[2 * ADDRESS_MAX + 2];
    char smtp[2 * ADDRESS_MAX + 8];
};

static void
envelope_text(char *to, size_t size, int (*put)(struct buf *, const struct address *),
              const struct address *a)
{
    struct buf b;

    buf_init(&b, size - 1);
    if (put(&b, a) < 0)
        buf_reset(&b);
    snprintf(to, size, "%s", buf_cstr(&b));
    buf_free(&b);
}

/* Reads it. 0 or -1: no address, or one that cannot be passed on. */
static int
envelope_address(const char *word, unsigned flags, struct envelope_address *e)
{
    struct address a;
    const char *p;

    if (command_address(word, flags | ADDRESS_ALLOW_BARE | ADDRESS_ALLOW_NO_ANGLE, &a) < 0)
        return -1;
    envelope_text(e->plain, sizeof(e->plain), address_put_plain, &a);
    envelope_text(e->smtp, sizeof(e->smtp), address_put_smtp, &a);
    for (p = e->plain; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            return -1;
    if (!(flags & ADDRESS_ALLOW_EMPTY) && !*e->plain)
        return -1;
    return 0;
}

static int
envelope_refuse(struct session *s, const char *text)
{
    session_reply(s, "%s", text);
    return COMMAND_ERROR;
}

/* ---- MAIL --------------------------------------------------------------------------------- */

int
envelope_mail(struct session *s, struct command *c)
{
    struct envelope_address sender;
    struct mail_params params;
    struct tx *tx;
    const char *wrong;
    char err[600];

    if (s->set->helo_required && !s->helo)
        return envelope_refuse(s, "503 5.5.1 Error: send HELO/EHLO first");
    if (s->tx)
        return envelope_refuse(s, "503 5.5.1 Error: nested MAIL command");
    if (c->argc < 3 || !str_ieq(c->argv[1], "FROM:"))
        return envelope_refuse(s, "501 5.5.4 Syntax: MAIL FROM:<address>");
    if (c->unbalanced || envelope_address(c->argv[2], ADDRESS_ALLOW_EMPTY, &sender) < 0)
        return envelope_refuse(s, "501 5.1.7 Bad sender address syntax");
    wrong = command_mail_params(c, 3, s->set->sasl_enable, &params, err);
    if (wrong)
        return envelope_refuse(s, wrong);
    tx = tx_begin(s, sender.plain, sender.smtp);
    if (s->set->message_size_limit > 0 && params.size > s->set->message_size_limit) {
        session_reject(s, NULL, "552 5.3.4 Message size exceeds fixed limit");
        tx_reset(s);
        return COMMAND_ERROR;
    }
    tx->declared_size = params.size;
    tx->body_8bit = params.body_8bit;
    tx->ret = params.ret;
    tx->envid = arena_strdup(&tx->arena, params.envid);
    session_reply(s, "250 2.1.0 Ok");
    return COMMAND_OK;
}

/* ---- what authd says of a recipient --------------------------------------------------------- */

static int
rcpt_answer(void *arg, struct frame *f)
{
    struct session *s = arg;
    struct rcpt_lookup *l = &s->lookup;
    uint32_t verdict, class_;
    const char *reason;
    int malformed = f && (frame_get_u32(f, &verdict) < 0 || frame_get_u32(f, &class_) < 0 ||
                          frame_get_str(f, &reason, PROTO_MAX_TEXT) < 0 || frame_end(f) < 0 ||
                          verdict < RCPT_OK || verdict > RCPT_TEMP ||
                          (verdict != RCPT_TEMP && (class_ < CLASS_LOCAL || class_ > CLASS_OTHER)));

    s->request = NULL;
    l->known = 1;
    l->verdict = RCPT_TEMP;
    if (f && !malformed) {
        l->verdict = (enum rcpt_verdict)verdict;
        l->class_ = (enum address_class)class_;
        snprintf(l->reason, sizeof(l->reason), "%s", reason);
    }
    s->resume(s);
    return malformed ? -1 : 0;
}

/* Asks about address; resume(s) follows, with s->lookup filled. */
static int
rcpt_ask(struct session *s, const char *address, void (*resume)(struct session *))
{
    struct frame_out f;

    s->waiting = 1;
    s->resume = resume;
    s->request = peer_begin(s->smtpd->authd, &f, AUTHD_RCPT);
    tx_put_address(&f, s, address);
    peer_send(s->request, &f, AUTHD_RCPT_R, rcpt_answer, s);
    return COMMAND_WAIT;
}

/* ---- RCPT ------------------------------------------------------------------------------------ */

/* The recipient that is being looked at; it waits here while authd and queue are asked. */
struct rcpt_pending {
    struct envelope_address address;
    char orcpt[COMMAND_DSN_MAX + 1];
    unsigned notify;
};

/* 1: the restrictions let the recipient in. 0: *result_r says how the command goes on; resume(s) follows a
 * wait. */
static int
rcpt_permitted(struct session *s, void (*resume)(struct session *), int *result_r)
{
    struct restrict_check check;

    memset(&check, 0, sizeof(check));
    check.session = s;
    check.recipient = s->rcpt->address.plain;
    switch (restrict_recipient(&check)) {
    case RESTRICT_ASK_RCPT:
        *result_r = rcpt_ask(s, check.recipient, resume);
        return 0;
    case RESTRICT_ASK_OWNER:
        *result_r = owner_ask(s, resume);
        return 0;
    case RESTRICT_REJECT:
        *result_r = session_reject(s, check.recipient, check.reply);
        return 0;
    default:
        return 1;
    }
}

static int rcpt_check(struct session *s);

static void
rcpt_resume(struct session *s)
{
    int result = rcpt_check(s);

    if (result != COMMAND_WAIT)
        session_done(s, result);
}

static int
rcpt_add(struct session *s)
{
    struct rcpt_pending *r = s->rcpt;

    if (tx_add_rcpt(s->tx, r->address.plain, r->address.smtp, r->orcpt, r->notify) < 0)
        return envelope_refuse(s, "452 4.5.3 Error: too many recipients");
    session_reply(s, "250 2.1.5 Ok");
    return COMMAND_OK;
}

static void
rcpt_opened(struct session *s, int ok)
{
    struct buf login;
    int result;

    if (!ok) {
        session_reject(s, s->rcpt->address.plain, "451 4.3.0 Error: queue file write error");
        tx_forget_queue(s);
        session_done(s, COMMAND_ERROR);
        return;
    }
    buf_init(&login, 2 * PROTO_MAX_ADDRESS);
    if (s->sasl_username)
        buf_printf(&login, ", sasl_method=%s, sasl_username=%s", s->sasl_method, s->sasl_username);
    log_info("%s: client=%s%s", s->tx->queue_id, s->client, buf_cstr(&login));
    buf_free(&login);
    result = rcpt_add(s);
    session_done(s, result);
}

/* Is it welcome? May be called again when authd has answered. */
static int
rcpt_check(struct session *s)
{
    int result;

    if (!rcpt_permitted(s, rcpt_resume, &result))
        return result;
    if (s->tx->failed)
        return session_reject(s, s->rcpt->address.plain, "451 4.3.0 Error: queue file write error");
    if (s->tx->state == TX_OPEN)
        return rcpt_add(s);
    s->waiting = 1;
    tx_open(s, rcpt_opened);
    return COMMAND_WAIT;
}

static int
rcpt_over_limit(struct session *s)
{
    session_reject(s, s->rcpt->address.plain, "452 4.5.3 Error: too many recipients");
    return s->tx->overshoot++ < RCPT_OVERSHOOT ? COMMAND_OK : COMMAND_ERROR;
}

int
envelope_rcpt(struct session *s, struct command *c)
{
    struct envelope_address address;
    struct rcpt_params params;
    const char *wrong;
    char err[600];

    if (!s->tx)
        return envelope_refuse(s, "503 5.5.1 Error: need MAIL command");
    if (c->argc < 3 || !str_ieq(c->argv[1], "TO:"))
        return envelope_refuse(s, "501 5.5.4 Syntax: RCPT TO:<address>");
    if (c->unbalanced || envelope_address(c->argv[2], 0, &address) < 0)
        return envelope_refuse(s, "501 5.1.3 Bad recipient address syntax");
    wrong = command_rcpt_params(c, 3, &params, err);
    if (wrong)
        return envelope_refuse(s, wrong);
    if (!s->rcpt)
        s->rcpt = mem_alloc(sizeof(*s->rcpt));
    s->rcpt->address = address;
    s->rcpt->notify = params.notify;
    memcpy(s->rcpt->orcpt, params.orcpt, sizeof(params.orcpt));
    if (s->tx->nrcpts >= s->set->recipient_limit)
        return rcpt_over_limit(s);
    s->lookup.known = 0;
    owner_retry(s);
    return rcpt_check(s);
}

/* ---- VRFY ------------------------------------------------------------------------------------ */

static int vrfy_check(struct session *s);

static void
vrfy_resume(struct session *s)
{
    int result = vrfy_check(s);

    if (result != COMMAND_WAIT)
        session_done(s, result);
}

static int
vrfy_check(struct session *s)
{
    int result;

    if (!rcpt_permitted(s, vrfy_resume, &result))
        return result;
    session_reply(s, "252 2.0.0 %s", s->rcpt->orcpt);
    return COMMAND_OK;
}

int
envelope_vrfy(struct session *s, struct command *c)
{
    struct envelope_address address;

    if (s->set->disable_vrfy)
        return envelope_refuse(s, "502 5.5.1 VRFY command is disabled");
    if (c->argc < 2)
        return envelope_refuse(s, "501 5.5.4 Syntax: VRFY address");
    command_join(c, 1);
    if (c->unbalanced || envelope_address(c->argv[1], 0, &address) < 0)
        return envelope_refuse(s, "501 5.1.3 Bad recipient address syntax");
    if (!s->rcpt)
        s->rcpt = mem_alloc(sizeof(*s->rcpt));
    s->rcpt->address = address;
    snprintf(s->rcpt->orcpt, sizeof(s->rcpt->orcpt), "%s",
             c->argv[1]); /* the reply repeats it as it was given */
    s->lookup.known = 0;
    owner_retry(s);
    return vrfy_check(s);
}
