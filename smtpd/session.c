/* SPDX-License-Identifier: ISC */
/* A session's beginning and end, its replies and log lines. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client_count.h"
#include "log.h"
#include "mem.h"
#include "session.h"
#include "session_private.h"

#define SESSION_REPLY_MAX 510 /* RFC 5321 4.5.3.1.5, without CR LF */

const char *
session_client_name(const struct netaddr *a)
{
    static const unsigned char v4[] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
    int local = a->family == AF_INET ? memcmp(a->bytes, v4, sizeof(v4)) == 0
                                     : a->family == AF_INET6 && memcmp(a->bytes, v6, sizeof(v6)) == 0;

    return local ? "localhost" : "unknown";
}

const char *
session_protocol(const struct session *s)
{
    return s->esmtp ? "ESMTP" : "SMTP";
}

void
session_touch(struct session *s)
{
    s->deadline = ev_now(s->smtpd->worker->loop) + s->set->timeout;
}

/* ---- replies -------------------------------------------------------------------------- */

void
session_reply(struct session *s, const char *fmt, ...)
{
    char text[SESSION_REPLY_MAX + 1];
    va_list ap;
    char *p;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    for (p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    buf_puts(&s->out, text);
    buf_puts(&s->out, "\r\n");
}

void
session_log_reject(struct session *s, const char *recipient, const char *text)
{
    char from[ADDRESS_MAX + 16] = "", to[ADDRESS_MAX + 16] = "", helo[600] = "";

    if (s->tx)
        snprintf(from, sizeof(from), " from=<%s>", s->tx->sender);
    if (recipient)
        snprintf(to, sizeof(to), " to=<%s>", recipient);
    if (s->helo)
        snprintf(helo, sizeof(helo), " helo=<%s>", s->helo);
    log_info("%s: reject: %s from %s: %s;%s%s proto=%s%s",
             s->tx && s->tx->queue_id ? s->tx->queue_id : "NOQUEUE", s->where, s->client, text, from, to,
             session_protocol(s), helo);
}

int
session_reject(struct session *s, const char *recipient, const char *text)
{
    session_log_reject(s, recipient, text);
    session_reply(s, "%s", text);
    return COMMAND_ERROR;
}

/* ---- the end ---------------------------------------------------------------------------- */

void
session_cancel_request(struct session *s)
{
    struct frame_out f;

    if (!s->request)
        return;
    if (s->command == SMTP_AUTH) {
        peer_tell_begin(s->smtpd->authd, &f, AUTHD_SASL_ABORT, peer_request_id(s->request));
        peer_tell_send(s->smtpd->authd, &f);
    }
    peer_cancel(s->request);
    s->request = NULL;
}

static void
session_log_disconnect(struct session *s)
{
    struct buf counts;

    buf_init(&counts, 1024);
    commands_count(s, &counts);
    log_info("disconnect from %s%s", s->client, buf_cstr(&counts));
    buf_free(&counts);
}

void
session_free(struct session *s)
{
    struct smtpd *d = s->smtpd;

    session_log_disconnect(s);
    tx_reset(s);
    session_cancel_request(s);
    ev_io_stop(d->worker->loop, &s->read_w);
    ev_io_stop(d->worker->loop, &s->write_w);
    ev_timer_stop(d->worker->loop, &s->sleep_timer);
    close(s->fd);
    client_count_drop(d->counts, s->counted);
    *(s->prev ? &s->prev->next : &d->sessions) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    d->nsessions--;
    buf_free(&s->in);
    buf_free(&s->out);
    mem_free(s->client);
    mem_free(s->helo);
    mem_free(s->rcpt);
    mem_free(s->sasl_method);
    mem_free(s->sasl_username);
    settings_unref(s->set);
    mem_free(s);
    if (d->stopping && d->nsessions == 0)
        service_exit(d->worker, 0);
}

void
session_close(struct session *s)
{
    s->closing = 1;
}

/* "lost connection after RCPT from host[ip]", as far as Postfix says it. */
void
session_log_reason(struct session *s, const char *reason)
{
    if (s->mode == SESSION_DATA)
        log_info("%s after DATA (%lu bytes) from %s", reason, (unsigned long)s->tx->size, s->client);
    else
        log_info("%s after %s from %s", reason, s->where, s->client);
}

/* ---- the beginning ---------------------------------------------------------------------- */

static void
session_greet(struct session *s)
{
    unsigned n = 0;

    log_info("connect from %s", s->client);
    if (s->set->connection_limit > 0 && !netlist_match(s->set->limit_exceptions, &s->addr)) {
        s->counted = client_count_add(s->smtpd->counts, &s->addr, &n);
        if (n > s->set->connection_limit) {
            log_warning("Connection concurrency limit exceeded: %u from %s for service smtp", n, s->client);
            session_reply(s, "421 4.7.0 %s Error: too many connections from %s", s->set->myhostname, s->ip);
            session_close(s);
            return;
        }
    }
    session_reply(s, "220 %s", s->set->banner);
}

struct session *
session_new(struct smtpd *d, struct smtpd_settings *set, int fd, const struct netaddr *addr)
{
    struct session *s = mem_alloc(sizeof(*s));
    struct buf client;
    int gone;

    s->smtpd = d;
    s->set = settings_ref(set);
    s->fd = fd;
    s->addr = *addr;
    s->where = "CONNECT";
    netaddr_text(addr, s->ip);
    buf_init(&client, NETADDR_TEXT * 2);
    buf_printf(&client, "%s[%s]", session_client_name(addr), s->ip);
    s->client = mem_strdup(buf_cstr(&client));
    buf_free(&client);
    s->in_mynetworks = (unsigned)netlist_match(set->mynetworks, addr) & 1;
    s->may_send_lf = (unsigned)netlist_match(set->bare_lf_exclusions, addr) & 1;
    buf_init(&s->in, COMMAND_LINE_MAX + 2 * SESSION_READ_SIZE);
    buf_init(&s->out, SESSION_OUT_CAP);
    ev_io_init(&s->read_w, session_readable, fd, EV_READ);
    ev_io_init(&s->write_w, session_writable, fd, EV_WRITE);
    ev_timer_init(&s->sleep_timer, session_awake, 0., 0.);
    s->read_w.data = s->write_w.data = s->sleep_timer.data = s;
    s->next = d->sessions;
    if (s->next)
        s->next->prev = s;
    d->sessions = s;
    d->nsessions++;
    session_touch(s);
    session_greet(s);
    ev_io_start(d->worker->loop, &s->read_w);
    gone = s->closing;
    session_settle(s);
    return gone ? NULL : s;
}
