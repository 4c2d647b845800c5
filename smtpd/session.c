/* SPDX-License-Identifier: ISC */
/* A session's connection: bytes in and out, lines, timeouts, its beginning and end. */
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

#define SESSION_READ_SIZE 65536
#define SESSION_OUT_FLUSH 16384 /* replies of a batch are held back until there are this many bytes */
#define SESSION_OUT_CAP (4 * SESSION_OUT_FLUSH)
#define SESSION_REPLY_MAX 510 /* RFC 5321 4.5.3.1.5, without CR LF */
#define SESSION_KEEP 512      /* a buffer larger than this is given back when it is empty */

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
static void
session_log_reason(struct session *s, const char *reason)
{
    if (s->mode == SESSION_DATA)
        log_info("%s after DATA (%lu bytes) from %s", reason, (unsigned long)s->tx->size, s->client);
    else
        log_info("%s after %s from %s", reason, s->where, s->client);
}

static void
session_lost(struct session *s)
{
    if (strcmp(s->where, "END-OF-MESSAGE") != 0)
        session_log_reason(s, "lost connection");
    session_close(s);
}

/* ---- output ----------------------------------------------------------------------------- */

/* Writes what it can. 0, or -1: the connection is gone. */
static int
session_write(struct session *s)
{
    ssize_t n;

    while (buf_len(&s->out) > 0) {
        n = write(s->fd, buf_data(&s->out), buf_len(&s->out));
        if (n > 0)
            buf_consume(&s->out, (size_t)n);
        else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            s->write_blocked = 1;
            ev_io_start(s->smtpd->worker->loop, &s->write_w);
            return 0;
        } else if (errno != EINTR)
            return -1;
    }
    if (s->out.size > SESSION_KEEP)
        buf_free(&s->out);
    return 0;
}

static void
session_flush(struct session *s)
{
    if (s->write_blocked || session_write(s) == 0)
        return;
    buf_reset(&s->out);
    if (!s->closing && !s->waiting)
        session_lost(s);
    s->eof = 1;
    session_close(s);
}

/* ---- input ------------------------------------------------------------------------------ */

static int
session_ready(const struct session *s)
{
    return !s->waiting && !s->sleeping && !s->closing && !s->write_blocked;
}

static void
session_line(struct session *s, const char *line, size_t n)
{
    s->lf_line = n == 0 || line[n - 1] != '\r';
    while (n > 0 && line[n - 1] == '\r')
        n--;
    session_touch(s);
    if (s->lf_line && s->set->bare_lf == BARE_LF_REJECT && !s->may_send_lf) {
        session_log_reject(s, NULL, "bare <LF> received");
        session_reply(s, "%u 5.5.2 %s Error: bare <LF> received", s->set->bare_lf_code, s->set->myhostname);
        session_close(s);
    } else if (s->discarding)
        s->discarding = 0;
    else if (s->mode == SESSION_AUTH)
        auth_line(s, line, n);
    else
        commands_take(s, line, n);
}

/* A line without end: refused once, and dropped up to its end. */
static size_t
session_overlong(struct session *s, size_t n)
{
    if (!s->discarding) {
        session_reply(s, s->mode == SESSION_AUTH ? "500 5.5.6 SASL response limit exceeded"
                                                 : "500 5.5.2 Error: line too long");
        s->errors++;
    }
    s->discarding = 1;
    return n;
}

/* Takes what it can of the n bytes at p; how many those are. */
static size_t
session_take(struct session *s, const char *p, size_t n)
{
    const char *lf;
    size_t used = 0, len;

    while (session_ready(s)) {
        if (s->errors >= s->set->hard_error_limit) {
            session_reply(s, "421 4.7.0 %s Error: too many errors", s->set->myhostname);
            session_log_reason(s, "too many errors");
            session_close(s);
        } else if (used == n)
            break;
        else if (s->mode == SESSION_DATA)
            used += data_feed(s, p + used, n - used);
        else if ((lf = memchr(p + used, '\n', n - used)) != NULL) {
            len = (size_t)(lf - (p + used));
            s->pending = n - used - len - 1;
            used += len + 1;
            session_line(s, lf - len, len);
        } else if (n - used >= COMMAND_LINE_MAX || s->discarding)
            used += session_overlong(s, n - used);
        else
            break;
        if (buf_len(&s->out) > SESSION_OUT_FLUSH)
            session_flush(s);
    }
    return used;
}

static void
session_watch(struct session *s)
{
    struct ev_loop *loop = s->smtpd->worker->loop;
    int off = s->eof || s->closing || buf_len(&s->in) >= COMMAND_LINE_MAX;

    if (off && !s->read_off)
        ev_io_stop(loop, &s->read_w);
    else if (!off && s->read_off)
        ev_io_start(loop, &s->read_w);
    s->read_off = (unsigned)off & 1;
}

/* Behind every entry into the session: what has become of it? It may be gone afterwards. */
static void
session_settle(struct session *s)
{
    s->running = 0;
    if (s->eof && session_ready(s))
        session_lost(s);
    if (s->closing || (!s->waiting && !s->sleeping))
        session_flush(s);
    if (s->closing && buf_len(&s->out) == 0 && !s->waiting) {
        session_free(s);
        return;
    }
    if (buf_len(&s->in) == 0 && s->in.mem)
        buf_free(&s->in);
    session_watch(s);
}

/* Goes on with what has gathered. */
static void
session_go(struct session *s)
{
    if (s->running)
        return;
    s->running = 1;
    buf_consume(&s->in, session_take(s, buf_data(&s->in), buf_len(&s->in)));
    session_settle(s);
}

void
session_feed(struct session *s, const char *p, size_t n)
{
    size_t used;

    if (n == 0)
        s->eof = 1;
    if (n > 0 && buf_len(&s->in) == 0) {
        s->running = 1;
        used = session_take(s, p, n);
        if (!s->closing)
            buf_append(&s->in, p + used, n - used);
        session_settle(s);
        return;
    }
    buf_append(&s->in, p, n);
    session_go(s);
}

void
session_resume(struct session *s)
{
    s->waiting = 0;
    session_touch(s);
    session_go(s);
}

void
session_done(struct session *s, int result)
{
    commands_finish(s, result);
    session_resume(s);
}

/* ---- events ----------------------------------------------------------------------------- */

static void
session_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    static char bytes[SESSION_READ_SIZE];
    struct session *s = w->data;
    ssize_t n = read(w->fd, bytes, sizeof(bytes));

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    if (n >= 0 || (errno != EAGAIN && errno != EINTR))
        session_feed(s, bytes, n > 0 ? (size_t)n : 0);
}

static void
session_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct session *s = w->data;

    MR_UNUSED(revents);
    ev_io_stop(loop, w);
    s->write_blocked = 0;
    session_flush(s);
    if (!s->write_blocked) {
        session_touch(s);
        session_go(s);
    }
}

/* The delay of smtpd_error_sleep_time is over. */
static void
session_awake(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct session *s = w->data;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    s->sleeping = 0;
    session_touch(s);
    session_go(s);
}

void
session_timeout(struct session *s)
{
    if (s->waiting || s->sleeping)
        return;
    if (!s->closing) {
        session_log_reason(s, "timeout");
        session_reply(s, "421 4.4.2 %s Error: timeout exceeded", s->set->myhostname);
    }
    if (s->write_blocked || s->closing) { /* it reads nothing: what is left is not written */
        session_free(s);
        return;
    }
    session_close(s);
    session_settle(s);
}

void
session_stop(struct session *s)
{
    if (s->mode == SESSION_DATA || s->waiting || s->closing)
        return;
    session_reply(s, "421 4.3.2 %s Service shutting down", s->set->myhostname);
    session_close(s);
    session_settle(s);
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
