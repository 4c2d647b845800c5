/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>

#include "log.h"
#include "proto.h"
#include "queue.h"
#include "strutil.h"

/* Most bytes of a notification besides the original message. */
#define BOUNCE_MAX_REPORT (16u << 20)

static const char *const log_kinds[] = {"non-delivery", "delivery status", "delay"};

/* ---- the notification's text --------------------------------------------------------------------------- */

static int
build(const struct message *about, const struct message *b, struct buf *text)
{
    const struct queue_settings *set = &about->q->set;
    struct dsnreport d;

    memset(&d, 0, sizeof(d));
    d.kind = (enum bounce_kind)about->bouncing;
    d.myhostname = set->myhostname;
    d.myorigin = set->myorigin;
    d.mail_name = set->mail_name;
    d.relay = set->relay;
    d.qid = b->env.qid;
    d.now = (time_t)(queue_now() / 1000000);
    d.warning_time = set->warning_time;
    d.lifetime = set->lifetime;
    d.size_limit = set->bounce_size;
    d.env = &about->env;
    d.content = about->content.reader;
    return dsnreport_build(text, &d);
}

static int
store(const struct message *about, struct message *b)
{
    struct staging_budget *budget = &b->q->budget;
    struct buf text;
    int r = -1;

    buf_init(&text, BOUNCE_MAX_REPORT + about->q->set.bounce_size);
    if (build(about, b, &text) == 0 && staging_make(&b->content, budget, buf_len(&text)) == 0 &&
        fd_write_all(b->content.fd, buf_data(&text), buf_len(&text)) == 0 && staging_seal(&b->content) == 0) {
        b->env.size = buf_len(&text);
        r = message_spool(b);
    }
    buf_free(&text);
    return r;
}

/* ---- its way into the spool -------------------------------------------------------------------- */

/* The recipients as authd expanded the sender's address. NULL: not now. */
static struct message *
bounce_new(struct message *about, struct frame *f)
{
    struct message *b = message_new(about->q);
    struct recipient *r = envelope_add(&b->env);
    char why[PROTO_MAX_TEXT];

    r->orig_to = envelope_text(&b->env, about->env.sender);
    if (commit_take_expansions(&b->env, f, why, sizeof(why)) == 0 && !*why)
        return b;
    log_warning("%s: cannot find the way back to %s: %s", about->env.qid, about->env.sender, why);
    message_free(b);
    return NULL;
}

static void
bounce_log(const struct message *about, const struct message *b)
{
    char stamp[32];
    time_t now = (time_t)(queue_now() / 1000000);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
    log_as("cleanup", "%s: message-id=<%s.%s@%s>", b->env.qid, stamp, b->env.qid, about->q->set.myhostname);
    log_as("bounce", "%s: sender %s notification: %s", about->env.qid, log_kinds[about->bouncing],
           b->env.qid);
}

static int
bounce_take_answer(void *arg, struct frame *f)
{
    struct message *about = arg, *b = NULL;

    about->bounce_request = NULL;
    if (f)
        b = bounce_new(about, f);
    if (b && store(about, b) < 0) {
        log_warning("%s: cannot make the notification to the sender: %s", about->env.qid, strerror(errno));
        message_free(b);
        b = NULL;
    }
    if (b) {
        bounce_log(about, b);
        b->answered = 1;
    }
    message_bounced(about, b != NULL);
    if (b)
        message_activate(b);
    return 0;
}

/* Nobody is told: the sender wants it so, or the message is a notification itself (RFC 5321 6.1). */
static int
is_silent(const struct message *m)
{
    uint32_t i;

    for (i = 0; i < m->env.nrcpt; i++)
        if (dsnreport_names((enum bounce_kind)m->bouncing, &m->env.rcpt[i]))
            break;
    if (i == m->env.nrcpt)
        return 1;
    if (*m->env.sender)
        return 0;
    if (m->bouncing == BOUNCE_FAILURE)
        log_as("bounce", "%s: undeliverable notification discarded", m->env.qid);
    return 1;
}

void
bounce_start(struct message *m, enum bounce_kind kind)
{
    struct frame_out f;

    m->bouncing = (uint8_t)kind;
    if (is_silent(m)) {
        message_bounced(m, 1);
        return;
    }
    m->bounce_request = peer_begin(m->q->authd, &f, AUTHD_EXPAND);
    frame_put_u32(&f, 1);
    frame_put_str(&f, m->env.sender);
    peer_send(m->bounce_request, &f, AUTHD_EXPAND_R, bounce_take_answer, m);
}
