/* SPDX-License-Identifier: ISC */
/*
 * AUTH (RFC 4954). The SASL exchange itself is authd's; we carry what either side says
 * and look at none of it.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "log.h"
#include "mem.h"
#include "session.h"
#include "strutil.h"

#define AUTH_LINE_MAX 12288 /* RFC 4954 4 */
#define AUTH_MECH_MAX 20    /* RFC 4422 3.1 */

/* Ends the exchange. */
static void
auth_end(struct session *s, int result)
{
    s->mode = SESSION_COMMAND;
    if (result != COMMAND_OK)
        MEM_FREE(s->sasl_method);
    session_done(s, result);
}

static void
auth_fail(struct session *s, const char *prefix, const char *reason, const char *login)
{
    log_warning("%s: SASL %s authentication failed: %s, sasl_username=%s", s->client, s->sasl_method, reason,
                *login ? login : "(unavailable)");
    session_reply(s, "%s: %s", prefix, reason);
    auth_end(s, COMMAND_ERROR);
}

static void
auth_refused(struct session *s, const char *reason, const char *login)
{
    auth_fail(s, "535 5.7.8 Error: authentication failed", reason, login);
}

static void
auth_trouble(struct session *s, const char *reason, const char *login)
{
    auth_fail(s, "454 4.7.0 Temporary authentication failure", *reason ? reason : "generic failure", login);
}

/*
 * Decodes what the client said, in the words of Cyrus' sasl_decode64() when it cannot be: characters
 * missing at the end are "another step", anything else is "bad protocol". NULL, or the reason.
 */
static const char *
auth_decode(struct buf *to, const char *text, size_t n)
{
    size_t whole = n / 4 * 4;

    if (base64_decode(to, text, whole) < 0 || (whole < n && whole > 0 && text[whole - 1] == '='))
        return "bad protocol / cancel";
    return whole < n ? "another step is needed in authentication" : NULL;
}

static void
auth_challenge(struct session *s, const void *challenge, size_t n)
{
    struct buf text;

    buf_init(&text, 2 * PROTO_MAX_SECRET);
    base64_encode(&text, challenge, n);
    session_reply(s, "334 %s", buf_cstr(&text));
    buf_free(&text);
    s->mode = SESSION_AUTH;
    session_resume(s);
}

static void
auth_succeed(struct session *s, const char *login)
{
    s->sasl_username = mem_strdup(login);
    session_reply(s, "235 2.7.0 Authentication successful");
    auth_end(s, COMMAND_OK);
}

static int
auth_answer(void *arg, struct frame *f)
{
    struct session *s = arg;
    const void *challenge;
    const char *reason, *login, *ticket;
    uint32_t outcome;
    size_t n;

    if (!f || frame_get_u32(f, &outcome) < 0 || frame_get_blob(f, &challenge, &n, PROTO_MAX_SECRET) < 0 ||
        frame_get_str(f, &reason, PROTO_MAX_TEXT) < 0 || frame_get_str(f, &login, PROTO_MAX_ADDRESS) < 0 ||
        frame_get_str(f, &ticket, PROTO_TICKET) < 0 || frame_end(f) < 0 || outcome < AUTH_CONTINUE ||
        outcome > AUTH_TEMP) {
        s->request = NULL;
        if (s->waiting) /* else it broke while the client was thinking: it hears of it when it answers */
            auth_trouble(s, "", "");
        return f ? -1 : 0;
    }
    if (outcome == AUTH_CONTINUE) {
        auth_challenge(s, challenge, n);
        return 1;
    }
    s->request = NULL;
    if (outcome == AUTH_OK)
        auth_succeed(s, login);
    else if (outcome == AUTH_REFUSED)
        auth_refused(s, reason, login);
    else
        auth_trouble(s, reason, login);
    return 0;
}

/* Sends what the client said: the start of an exchange, or its next step. */
static void
auth_send(struct session *s, const struct buf *initial, int has_initial, const struct buf *response)
{
    struct frame_out f;

    s->waiting = 1;
    if (response) {
        peer_continue(s->request, &f, AUTHD_SASL_STEP);
        frame_put_blob(&f, buf_data(response), buf_len(response));
    } else {
        s->request = peer_begin(s->smtpd->authd, &f, AUTHD_SASL_START);
        frame_put_str(&f, "smtp");
        frame_put_str(&f, s->sasl_method);
        frame_put_str(&f, s->ip);
        frame_put_u32(&f, (uint32_t)has_initial);
        frame_put_blob(&f, buf_data(initial), buf_len(initial));
    }
    peer_send(s->request, &f, AUTHD_SASL_R, auth_answer, s);
}

void
auth_line(struct session *s, const char *line, size_t n)
{
    struct buf response;
    const char *wrong;

    if (n == 1 && *line == '*') {
        session_cancel_request(s);
        log_warning("%s: SASL %s authentication aborted", s->client, s->sasl_method);
        session_reply(s, "501 5.7.0 Authentication aborted");
        auth_end(s, COMMAND_ERROR);
        return;
    }
    if (n > AUTH_LINE_MAX || n / 4 * 3 > PROTO_MAX_SECRET) {
        session_cancel_request(s);
        session_reply(s, "500 5.5.6 SASL response limit exceeded");
        auth_end(s, COMMAND_ERROR);
        return;
    }
    if (!s->request) {
        auth_trouble(s, "", "");
        return;
    }
    buf_init(&response, PROTO_MAX_SECRET);
    wrong = auth_decode(&response, line, n);
    if (wrong) {
        session_cancel_request(s);
        auth_refused(s, wrong, "");
    } else
        auth_send(s, NULL, 0, &response);
    buf_free(&response);
}

/* What forbids AUTH now; NULL: nothing. */
static const char *
auth_forbidden(const struct session *s, const struct command *c)
{
    if (s->set->helo_required && !s->helo)
        return "503 5.5.1 Error: send HELO/EHLO first";
    if (!s->set->sasl_enable || str_in_list(s->set->discard_keywords, "AUTH"))
        return "503 5.5.1 Error: authentication not enabled";
    if (s->tx)
        return "503 5.5.1 Error: MAIL transaction in progress";
    if (s->sasl_username)
        return "503 5.5.1 Error: already authenticated";
    if (c->argc < 2 || c->argc > 3)
        return "501 5.5.4 Syntax: AUTH mechanism";
    return NULL;
}

static int
auth_valid_mech(const char *mech)
{
    size_t n = strspn(mech, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    return n > 0 && n <= AUTH_MECH_MAX && mech[n] == '\0';
}

int
auth_command(struct session *s, struct command *c)
{
    const char *text = c->argc == 3 ? c->argv[2] : "", *wrong = auth_forbidden(s, c);
    struct buf initial;

    if (wrong) {
        session_reply(s, "%s", wrong);
        return COMMAND_ERROR;
    }
    s->waiting = 1; /* every way from here on ends in auth_end() */
    mem_free(s->sasl_method);
    s->sasl_method = mem_strdup(auth_valid_mech(c->argv[1]) ? c->argv[1] : "unknown");
    buf_init(&initial, PROTO_MAX_SECRET);
    if (strlen(text) > AUTH_LINE_MAX || strlen(text) / 4 * 3 > PROTO_MAX_SECRET) {
        session_reply(s, "500 5.5.6 SASL response limit exceeded");
        auth_end(s, COMMAND_ERROR);
    } else if ((wrong = auth_decode(&initial, text, strlen(text))) != NULL)
        auth_refused(s, wrong, "");
    else if (!auth_valid_mech(c->argv[1]))
        auth_refused(s, "no mechanism available", "");
    else
        auth_send(s, &initial, c->argc == 3, NULL);
    buf_free(&initial);
    return COMMAND_WAIT;
}
