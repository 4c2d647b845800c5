/* SPDX-License-Identifier: ISC */
/* A session's connection: bytes out, bytes in, lines, and the times they may take. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "session.h"
#include "session_private.h"

#define SESSION_KEEP 512 /* a buffer larger than this is given back when it is empty */

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
void
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

void
session_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    static char bytes[SESSION_READ_SIZE];
    struct session *s = w->data;
    ssize_t n = read(w->fd, bytes, sizeof(bytes));
    int secret;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    secret = s->mode != SESSION_DATA; /* a password may be among commands */
    session_feed(s, bytes, n > 0 ? (size_t)n : 0);
    if (secret && n > 0)
        mem_wipe(bytes, (size_t)n);
}

void
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
void
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
