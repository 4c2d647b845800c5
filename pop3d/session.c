/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

#include "command.h"
#include "session.h"

#define IN_SIZE 8192
#define IN_MAX (64 * 1024) /* one read, and what came with the login */
#define OUT_FLUSH (64 * 1024)
#define OUT_MAX (256 * 1024)

void
session_end(struct session *s, enum session_end how)
{
    static const char *const name[] = {"LOGOUT", "DISCONNECTED", "TIMEOUT", "I/O error disconnect"};

    log_info("%s, user=%s, ip=[%s], port=[%u], top=%" PRIu64 ", retr=%" PRIu64 ", rcvd=%" PRIu64
             ", sent=%" PRIu64 ", time=%ld",
             name[how], s->start->address, s->start->ip, s->start->port, s->top, s->retr, s->rcvd, s->sent,
             (long)(time(NULL) - s->began));
    log_flush();
    _exit(0);
}

/* ---- input and output ------------------------------------------------------------------- */

/* Waits until the client's socket can be read or written; ends the session when that takes too long. */
static void
wait_for(struct session *s, short events)
{
    struct pollfd p;
    int r;

    p.fd = s->start->fd;
    p.events = events;
    p.revents = 0;
    r = poll(&p, 1, s->start->idle_timeout * 1000);
    if (r == 0)
        session_end(s, SESSION_TIMEOUT);
    if (r < 0) /* a signal: we are to stop */
        session_end(s, SESSION_DISCONNECTED);
}

static void
session_flush(struct session *s)
{
    while (buf_len(&s->out) > 0) {
        ssize_t n = send(s->start->fd, buf_data(&s->out), buf_len(&s->out), MSG_NOSIGNAL);

        if (n > 0)
            buf_consume(&s->out, (size_t)n);
        else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            wait_for(s, POLLOUT);
        else
            session_end(s, SESSION_DISCONNECTED);
    }
}

/* Counts and, when there is much, sends what was added since the reply had `before` bytes. */
static void
session_added(struct session *s, size_t before)
{
    s->sent += buf_len(&s->out) - before;
    if (buf_len(&s->out) >= OUT_FLUSH)
        session_flush(s);
}

void
session_puts(struct session *s, const char *text)
{
    size_t before = buf_len(&s->out);

    buf_puts(&s->out, text);
    session_added(s, before);
}

void
session_printf(struct session *s, const char *fmt, ...)
{
    size_t before = buf_len(&s->out);
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&s->out, fmt, ap);
    va_end(ap);
    session_added(s, before);
}

size_t
session_put_encoded(struct session *s, struct encode *e, const char *p, size_t n)
{
    size_t before = buf_len(&s->out), used = encode_add(e, &s->out, p, n);

    session_added(s, before);
    return used;
}

/* More input. Replies go out first, all that are ready in one piece. */
static void
session_read(struct session *s)
{
    char *room;
    ssize_t n;

    session_flush(s);
    for (;;) {
        /* As a rule the client has yet to read our answer: it would be a wasted call to read first. */
        wait_for(s, POLLIN);
        room = buf_reserve(&s->in, IN_SIZE);
        n = room ? recv(s->start->fd, room, IN_SIZE, 0) : -1;
        if (n > 0) {
            buf_added(&s->in, (size_t)n);
            return;
        }
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            session_end(s, SESSION_DISCONNECTED);
    }
}

/* ---- the session ------------------------------------------------------------------------ */

static void
session_loop(struct session *s)
{
    char line[COMMAND_MAX + 1];
    size_t len, size;

    while (!s->quit) {
        if (command_take(&s->in, &s->skipping, line, &len, &size) == COMMAND_NONE) {
            session_read(s);
            continue;
        }
        s->rcvd += size;
        session_command(s, line, len);
    }
    session_flush(s);
    session_end(s, SESSION_LOGOUT);
}

void
session_run(const struct session_start *start)
{
    static struct session s;

    s.start = start;
    s.began = time(NULL);
    buf_init(&s.in, IN_MAX);
    buf_init(&s.out, OUT_MAX);
    buf_append(&s.in, start->pipelined, start->npipelined);
    log_info("LOGIN, user=%s, ip=[%s], port=[%u]", start->address, start->ip, start->port);
    log_flush();
    mailbox_purge_tmp(s.began);
    if (mailbox_open(&s.box, s.began) < 0) {
        session_puts(&s, "-ERR Maildir invalid (no 'cur' directory)\r\n");
        session_flush(&s);
        session_end(&s, SESSION_LOGOUT);
    }
    session_puts(&s, "+OK logged in.\r\n");
    session_loop(&s);
}
