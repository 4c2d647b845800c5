/* SPDX-License-Identifier: ISC */
/* HELO and EHLO (RFC 5321 4.1.1.1): who the client says it is, and what we can do. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "session.h"
#include "strutil.h"

#define EHLO_LINE 300
#define EHLO_MECHS_TIME 60. /* seconds that an answer of authd about mechanisms is good for */
#define EHLO_NAME_MAX 255   /* RFC 5321 4.5.3.1.2 */

/* Takes the name; a new HELO or EHLO also ends a transaction. 0, or -1 (replied). */
static int
ehlo_name(struct session *s, struct command *c)
{
    char *p;

    if (c->argc < 2) {
        session_reply(s, "501 Syntax: %s hostname", s->where);
        return -1;
    }
    command_join(c, 1);
    tx_reset(s);
    mem_free(s->helo);
    s->helo = mem_strndup(c->argv[1], strnlen(c->argv[1], EHLO_NAME_MAX));
    for (p = s->helo; *p; p++) /* it goes into a header and into replies */
        if ((unsigned char)*p < ' ' || (unsigned char)*p > '~' || strchr(" <>()\\\";@", *p))
            *p = '?';
    return 0;
}

int
ehlo_helo(struct session *s, struct command *c)
{
    if (ehlo_name(s, c) < 0)
        return COMMAND_ERROR;
    session_reply(s, "250 %s", s->set->myhostname);
    return COMMAND_OK;
}

/* ---- the list of EHLO: each function writes its line and returns 1 when it is offered ---- */

static int
ehlo_always(const struct session *s, const char *keyword, char line[EHLO_LINE])
{
    MR_UNUSED(s);
    snprintf(line, EHLO_LINE, "%s", keyword);
    return 1;
}

static int
ehlo_size(const struct session *s, const char *keyword, char line[EHLO_LINE])
{
    if (s->set->message_size_limit > 0)
        snprintf(line, EHLO_LINE, "%s %" PRIu64, keyword, s->set->message_size_limit);
    else
        snprintf(line, EHLO_LINE, "%s", keyword);
    return 1;
}

static int
ehlo_vrfy(const struct session *s, const char *keyword, char line[EHLO_LINE])
{
    return !s->set->disable_vrfy && ehlo_always(s, keyword, line);
}

static int
ehlo_auth(const struct session *s, const char *keyword, char line[EHLO_LINE])
{
    if (!s->set->sasl_enable || !*s->smtpd->mechs)
        return 0;
    snprintf(line, EHLO_LINE, "%s %s", keyword, s->smtpd->mechs);
    return 1;
}

static int
ehlo_auth_broken(const struct session *s, const char *keyword, char line[EHLO_LINE])
{
    if (!s->set->sasl_broken_clients || !ehlo_auth(s, keyword, line))
        return 0;
    line[strlen(keyword)] = '='; /* "AUTH=PLAIN LOGIN", for clients made before RFC 2554 */
    return 1;
}

static const struct {
    const char *keyword;
    int (*offer)(const struct session *s, const char *keyword, char line[EHLO_LINE]);
} ehlo_lines[] = {
    {"PIPELINING", ehlo_always}, {"SIZE", ehlo_size},        {"VRFY", ehlo_vrfy},
    {"AUTH", ehlo_auth},         {"AUTH", ehlo_auth_broken}, {"ENHANCEDSTATUSCODES", ehlo_always},
    {"8BITMIME", ehlo_always},   {"DSN", ehlo_always},
};

static void
ehlo_reply(struct session *s)
{
    char line[EHLO_LINE], last[EHLO_LINE];
    size_t i;

    snprintf(last, sizeof(last), "%s", s->set->myhostname);
    for (i = 0; i < MR_NELEM(ehlo_lines); i++) {
        if (str_in_list(s->set->discard_keywords, ehlo_lines[i].keyword) ||
            !ehlo_lines[i].offer(s, ehlo_lines[i].keyword, line))
            continue;
        session_reply(s, "250-%s", last);
        memcpy(last, line, sizeof(last));
    }
    session_reply(s, "250 %s", last);
}

/* authd names the mechanisms; without an answer there are none for now. */
static int
ehlo_mechs(void *arg, struct frame *f)
{
    struct session *s = arg;
    struct smtpd *d = s->smtpd;
    const char *mechs = "";
    int result = 0;

    s->request = NULL;
    if (f && (frame_get_str(f, &mechs, sizeof(d->mechs) - 1) < 0 || frame_end(f) < 0)) {
        mechs = "";
        result = -1;
    }
    snprintf(d->mechs, sizeof(d->mechs), "%s", mechs);
    d->mechs_generation = peer_generation(d->authd);
    d->mechs_until = f ? ev_now(d->worker->loop) + EHLO_MECHS_TIME : 0;
    ehlo_reply(s);
    session_done(s, COMMAND_OK);
    return result;
}

int
ehlo_ehlo(struct session *s, struct command *c)
{
    struct smtpd *d = s->smtpd;
    struct frame_out f;

    if (ehlo_name(s, c) < 0)
        return COMMAND_ERROR;
    s->esmtp = 1;
    if (!s->set->sasl_enable ||
        (d->mechs_generation == peer_generation(d->authd) && d->mechs_until > ev_now(d->worker->loop))) {
        ehlo_reply(s);
        return COMMAND_OK;
    }
    s->waiting = 1;
    s->request = peer_begin(d->authd, &f, AUTHD_MECHS);
    frame_put_str(&f, "smtp");
    peer_send(s->request, &f, AUTHD_MECHS_R, ehlo_mechs, s);
    return COMMAND_WAIT;
}
