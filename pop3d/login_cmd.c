/* SPDX-License-Identifier: ISC */
/* The commands of the authorization state (RFC 1939 4, 7; RFC 5034), in Courier's words, and what authd says
 * to them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "proto.h"
#include "service.h"
#include "strutil.h"

#include "capa.h"
#include "command.h"
#include "login.h"

static const char invalid_command[] = "-ERR Invalid command.\r\n";
static const char auth_failed[] = "-ERR Authentication failed.\r\n";
static const char login_failed[] = "-ERR Login failed.\r\n";

static void
log_failed(const struct login *l)
{
    if (l->mechanism[0])
        log_info("LOGIN FAILED, method=%s, ip=[%s], port=[%u]", l->mechanism, l->log_ip, l->port);
    else
        log_info("LOGIN FAILED, user=%s, ip=[%s], port=[%u]", l->user, l->log_ip, l->port);
}

/* A wrong password: the answer comes later, so that guessing takes time. */
static void
refuse_later(struct login *l)
{
    log_failed(l);
    l->delayed = l->mechanism[0] ? auth_failed : login_failed;
    l->mechanism[0] = '\0';
    l->state = LOGIN_DELAY;
    ev_timer_set(&l->delay, l->net->failure_delay, 0.);
    ev_timer_start(l->net->worker->loop, &l->delay);
}

/* ---- authd ------------------------------------------------------------------------------ */

static void
put_challenge(struct login *l, const void *challenge, size_t n)
{
    login_reply(l, "+ ");
    base64_encode(&l->out, challenge, n);
    login_reply(l, "\r\n");
}

static int
authd_answered(void *arg, struct frame *f)
{
    struct login *l = arg;
    const void *challenge = NULL;
    const char *reason = "authd does not answer", *login, *ticket = "";
    uint32_t outcome = AUTH_TEMP;
    size_t n = 0;
    int malformed;

    malformed =
        f &&
        (frame_get_u32(f, &outcome) < 0 || frame_get_blob(f, &challenge, &n, PROTO_MAX_SECRET) < 0 ||
         frame_get_str(f, &reason, PROTO_MAX_TEXT) < 0 || frame_get_str(f, &login, PROTO_MAX_ADDRESS) < 0 ||
         frame_get_str(f, &ticket, PROTO_TICKET) < 0 || frame_end(f) < 0);
    if (!malformed && outcome == AUTH_CONTINUE && l->mechanism[0]) {
        put_challenge(l, challenge, n);
        l->state = LOGIN_SASL;
        login_proceed(l);
        return 1;
    }
    l->request = NULL;
    if (!malformed && outcome == AUTH_OK && *ticket) {
        l->mechanism[0] = '\0';
        login_hand_over(l, ticket);
        return 0;
    }
    if (!malformed && outcome == AUTH_REFUSED) {
        refuse_later(l);
    } else {
        log_failed(l);
        log_info("authentication error: %s", malformed ? "authd's answer is malformed" : reason);
        login_give_up(l);
    }
    login_wait(l);
    return malformed ? -1 : 0;
}

/* A string that frames carry (no control characters), of at most max bytes. */
static int
fits_frame(const char *s, size_t max)
{
    const char *p;

    for (p = s; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            return 0;
    return (size_t)(p - s) <= max;
}

static void
ask_password(struct login *l, const char *password)
{
    struct frame_out f;

    if (!fits_frame(l->user, PROTO_MAX_ADDRESS - 1) || strlen(password) > PROTO_MAX_SECRET) {
        refuse_later(l);
        return;
    }
    l->state = LOGIN_AUTHD;
    l->request = peer_begin(l->net->authd, &f, AUTHD_LOGIN);
    frame_put_str(&f, "pop3");
    frame_put_str(&f, l->user);
    frame_put_blob(&f, password, strlen(password));
    frame_put_str(&f, l->ip);
    peer_send(l->request, &f, AUTHD_SASL_R, authd_answered, l);
}

void
login_abort_sasl(struct login *l)
{
    struct frame_out f;

    peer_tell_begin(l->net->authd, &f, AUTHD_SASL_ABORT, peer_request_id(l->request));
    peer_tell_send(l->net->authd, &f);
}

/* initial: base64, or NULL for none. */
static void
start_sasl(struct login *l, const char *initial)
{
    struct frame_out f;
    struct buf decoded;

    buf_init(&decoded, PROTO_MAX_SECRET);
    if (initial && strcmp(initial, "=") != 0 && base64_decode(&decoded, initial, strlen(initial)) < 0) {
        buf_free(&decoded);
        refuse_later(l);
        return;
    }
    l->state = LOGIN_AUTHD;
    l->request = peer_begin(l->net->authd, &f, AUTHD_SASL_START);
    frame_put_str(&f, "pop3");
    frame_put_str(&f, l->mechanism);
    frame_put_str(&f, l->ip);
    frame_put_u32(&f, initial != NULL);
    frame_put_blob(&f, buf_data(&decoded), buf_len(&decoded));
    peer_send(l->request, &f, AUTHD_SASL_R, authd_answered, l);
    buf_free(&decoded);
}

/* The client's answer to a challenge. */
static void
continue_sasl(struct login *l, const char *line, size_t len, int cut)
{
    struct frame_out f;
    struct buf decoded;

    buf_init(&decoded, PROTO_MAX_SECRET);
    if (cut || base64_decode(&decoded, line, len) < 0) {
        login_abort_sasl(l);
        peer_cancel(l->request);
        l->request = NULL;
        if (len == 1 && *line == '*') {
            log_failed(l);
            l->mechanism[0] = '\0';
            l->state = LOGIN_COMMAND;
            login_reply(l, "-ERR Authentication aborted.\r\n");
        } else {
            refuse_later(l);
        }
    } else {
        l->state = LOGIN_AUTHD;
        peer_continue(l->request, &f, AUTHD_SASL_STEP);
        frame_put_blob(&f, buf_data(&decoded), buf_len(&decoded));
        peer_send(l->request, &f, AUTHD_SASL_R, authd_answered, l);
    }
    buf_free(&decoded);
}

/* ---- commands --------------------------------------------------------------------------- */

static void
do_user(struct login *l, char *args)
{
    if (!*args) {
        login_reply(l, invalid_command);
        return;
    }
    mem_free(l->user);
    l->user = mem_strdup(args);
    login_reply(l, "+OK Password required.\r\n");
}

static void
do_pass(struct login *l, char *args)
{
    if (!l->user || !*args) {
        login_reply(l, "-ERR USER/PASS required.\r\n");
        return;
    }
    ask_password(l, args);
}

static void
do_auth(struct login *l, char *args)
{
    static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_abcdefghijklmnopqrstuvwxyz";
    char *mechanism = command_word(&args), *p;

    if (!mechanism) {
        login_reply(l, invalid_command);
        return;
    }
    for (p = mechanism; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
    snprintf(l->mechanism, sizeof(l->mechanism), "%.20s", mechanism);
    if (strlen(mechanism) > 20 || mechanism[strspn(mechanism, legal)])
        refuse_later(l); /* RFC 4422 3.1: no mechanism is called that */
    else
        start_sasl(l, command_word(&args));
}

static void
do_capa(struct login *l, char *args)
{
    MR_UNUSED(args);
    capa_put(&l->out, conf_str(l->net->worker->conf, "pop3d_auth_mechanisms"));
}

static void
do_utf8(struct login *l, char *args)
{
    MR_UNUSED(args);
    login_reply(l, CAPA_UTF8_REPLY);
}

static void
do_quit(struct login *l, char *args)
{
    MR_UNUSED(args);
    log_info("LOGOUT, ip=[%s], port=[%u]", l->log_ip, l->port);
    login_reply(l, "+OK Better luck next time.\r\n");
    l->state = LOGIN_END;
}

static const struct {
    const char *verb;
    void (*run)(struct login *l, char *args);
} commands[] = {
    {"USER", do_user}, {"PASS", do_pass}, {"AUTH", do_auth},
    {"CAPA", do_capa}, {"UTF8", do_utf8}, {"QUIT", do_quit},
};

static void
run_command(struct login *l, char *line, size_t len, int cut)
{
    struct command c;
    size_t i;

    command_split(&c, line, len);
    for (i = 0; i < MR_NELEM(commands) && !cut; i++) {
        if (strcmp(commands[i].verb, c.verb) == 0) {
            commands[i].run(l, c.rest);
            return;
        }
    }
    login_reply(l, invalid_command);
}

void
login_line(struct login *l, char *line, size_t len, int cut)
{
    if (l->state == LOGIN_SASL)
        continue_sasl(l, line, len, cut);
    else
        run_command(l, line, len, cut);
}
