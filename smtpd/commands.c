/* SPDX-License-Identifier: ISC */
/* The table of commands, and those that need no file of their own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <ctype.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "session.h"
#include "strutil.h"

static int
command_rset(struct session *s, struct command *c)
{
    if (c->argc != 1) {
        session_reply(s, "501 5.5.4 Syntax: RSET");
        return COMMAND_ERROR;
    }
    tx_reset(s);
    session_reply(s, "250 2.0.0 Ok");
    return COMMAND_OK;
}

static int
command_noop(struct session *s, struct command *c)
{
    MR_UNUSED(c);
    session_reply(s, "250 2.0.0 Ok");
    return COMMAND_OK;
}

static int
command_quit(struct session *s, struct command *c)
{
    MR_UNUSED(c);
    session_reply(s, "221 2.0.0 Bye");
    session_close(s);
    return COMMAND_OK;
}

static int
command_starttls(struct session *s, struct command *c)
{
    MR_UNUSED(c);
    session_reply(s, "502 5.5.1 Error: command not implemented");
    return COMMAND_ERROR;
}

/* XCLIENT and XFORWARD: nobody is trusted with them. */
static int
command_forbidden(struct session *s, struct command *c)
{
    MR_UNUSED(c);
    session_reply(s, "550 5.7.0 Error: insufficient authorization");
    return COMMAND_ERROR;
}

#define VERB_LIMIT 1 /* counts as junk when repeated (smtpd_junk_command_limit) */
#define VERB_LAST 2  /* nothing may be pipelined behind it (RFC 2920 3.1) */

static const struct smtp_verb {
    const char *name;
    smtp_handler *take;
    unsigned flags;
} verbs[SMTP_COMMANDS] = {
    /* in the order of enum smtp_command */
    {"HELO", ehlo_helo, VERB_LIMIT | VERB_LAST},
    {"EHLO", ehlo_ehlo, VERB_LIMIT | VERB_LAST},
    {"XCLIENT", command_forbidden, 0},
    {"XFORWARD", command_forbidden, 0},
    {"STARTTLS", command_starttls, VERB_LAST},
    {"AUTH", auth_command, 0},
    {"MAIL", envelope_mail, 0},
    {"RCPT", envelope_rcpt, 0},
    {"DATA", data_command, VERB_LAST},
    {"RSET", command_rset, VERB_LIMIT},
    {"NOOP", command_noop, VERB_LIMIT | VERB_LAST},
    {"VRFY", envelope_vrfy, VERB_LIMIT | VERB_LAST},
    {"QUIT", command_quit, 0},
    {"UNKNOWN", NULL, 0},
};

static enum smtp_command
commands_find(const char *name)
{
    int i;

    for (i = 0; i < SMTP_UNKNOWN && !str_ieq(verbs[i].name, name); i++)
        ;
    return (enum smtp_command)i;
}

/* HTTP, a message header, and the like: no SMTP client says that. */
static int
commands_is_foreign(const struct session *s, const char *word)
{
    if (headers_name_len(word, strlen(word)) > 0 || str_in_list(s->set->forbidden_commands, word))
        return 1;
    return !isalpha((unsigned char)*word) && strstr(s->set->forbidden_commands, "/^[^A-Z]/");
}

static int
commands_unknown(struct session *s, const char *word, const char *line, size_t n)
{
    if (commands_is_foreign(s, word)) {
        log_warning("non-%s command from %s: %.*s", session_protocol(s), s->client, n < 100 ? (int)n : 100,
                    line);
        session_reply(s, "221 2.7.0 Error: I can break rules, too. Goodbye.");
        session_close(s);
    } else
        session_reply(s, "500 5.5.2 Error: command not recognized");
    return COMMAND_ERROR;
}

/* A client that speaks before it may. 1 when that ends the session. */
static int
commands_out_of_turn(struct session *s, const struct smtp_verb *v)
{
    if (s->pending == 0 || s->ill_pipelining || (s->esmtp && !(v->flags & VERB_LAST)))
        return 0;
    s->ill_pipelining = 1;
    log_info("improper command pipelining after %s from %s", v->name, s->client);
    if (!s->set->forbid_unauth_pipelining)
        return 0;
    session_reply(s, "554 5.5.0 Error: SMTP protocol synchronization");
    session_close(s);
    return 1;
}

void
commands_take(struct session *s, const char *line, size_t n)
{
    static struct command c;
    const struct smtp_verb *v;
    int result;

    if (c.text.cap == 0)
        command_init(&c);
    if (command_split(&c, line, n) < 0) {
        session_reply(s, "500 5.5.2 Error: bad syntax");
        s->errors++;
        return;
    }
    s->command = commands_find(c.argv[0]);
    v = &verbs[s->command];
    s->where = v->name;
    s->total[s->command]++;
    if (s->command == SMTP_UNKNOWN)
        result = commands_unknown(s, c.argv[0], line, n);
    else if (commands_out_of_turn(s, v))
        result = COMMAND_ERROR;
    else
        result = v->take(s, &c);
    if (s->command == SMTP_AUTH)
        buf_free(&c.text); /* a password may be in it */
    if (result != COMMAND_WAIT)
        commands_finish(s, result);
}

void
commands_finish(struct session *s, int result)
{
    MEM_FREE(s->rcpt);
    if (result == COMMAND_OK)
        s->good[s->command]++;
    else
        s->errors++;
    if (verbs[s->command].flags & VERB_LIMIT && s->junk++ > s->set->junk_command_limit)
        s->errors++;
    if (s->errors >= s->set->soft_error_limit && s->set->error_sleep > 0 && !s->closing) {
        s->sleeping = 1;
        ev_timer_set(&s->sleep_timer, s->set->error_sleep, 0.);
        ev_timer_start(s->smtpd->worker->loop, &s->sleep_timer);
    }
}

static void
commands_put_count(struct buf *b, const char *name, unsigned good, unsigned total)
{
    buf_putc(b, ' ');
    for (; *name; name++)
        buf_putc(b, (char)tolower((unsigned char)*name));
    buf_printf(b, "=%u", good);
    if (good != total || total == 0)
        buf_printf(b, "/%u", total);
}

void
commands_count(const struct session *s, struct buf *b)
{
    unsigned good = 0, total = 0;
    int i;

    for (i = 0; i < SMTP_COMMANDS; i++) {
        if (s->total[i] > 0)
            commands_put_count(b, verbs[i].name, s->good[i], s->total[i]);
        good += s->good[i];
        total += s->total[i];
    }
    commands_put_count(b, "commands", good, total);
}
