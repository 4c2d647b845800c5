/* SPDX-License-Identifier: ISC */
/* A client's connection during the login: limits, time, input and output, and its two ends. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "proto.h"
#include "service.h"

#include "command.h"
#include "login.h"
#include "pop3d.h"

#define READ_SIZE 4096
#define IN_MAX (COMMAND_MAX + READ_SIZE)
#define OUT_MAX 16384
#define OUT_ENOUGH 2048 /* no further command is executed while so much waits to be sent */

/* ---- the ends --------------------------------------------------------------------------- */

static void
login_free(struct login *l)
{
    struct network *net = l->net;

    ev_io_stop(net->worker->loop, &l->io);
    ev_timer_stop(net->worker->loop, &l->alarm);
    ev_timer_stop(net->worker->loop, &l->delay);
    if (l->request)
        peer_cancel(l->request);
    close(l->fd);
    buf_free(&l->in);
    buf_free(&l->out);
    MEM_FREE(l->user);
    *l->back = l->next;
    if (l->next)
        l->next->back = l->back;
    mem_free(l);
    if (net->stopping && !net->head)
        service_exit(net->worker, 0);
}

static void
login_leave(struct login *l)
{
    struct frame_out f;

    peer_tell_begin(l->net->sessions, &f, POP3_LEAVE, l->admission);
    peer_tell_send(l->net->sessions, &f);
}

void
login_close(struct login *l)
{
    if (l->request && l->mechanism[0])
        login_abort_sasl(l);
    if (l->admitted)
        log_debug("Disconnected, ip=[%s], port=[%u]", l->log_ip, l->port);
    login_leave(l);
    login_free(l);
}

/* ---- input and output ------------------------------------------------------------------- */

void
login_reply(struct login *l, const char *text)
{
    buf_puts(&l->out, text);
}

void
login_give_up(struct login *l)
{
    login_reply(l, "-ERR Temporary problem, please try again later\r\n");
    l->state = LOGIN_END;
}

/* Sends what the socket takes; the rest stays. A broken connection shows at the next read. */
static void
login_flush(struct login *l)
{
    ssize_t n;

    if (buf_len(&l->out) == 0)
        return;
    n = send(l->fd, buf_data(&l->out), buf_len(&l->out), MSG_NOSIGNAL);
    if (n > 0)
        buf_consume(&l->out, (size_t)n);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        buf_reset(&l->out);
}

static int
takes_lines(const struct login *l)
{
    return l->state == LOGIN_COMMAND || l->state == LOGIN_SASL;
}

void
login_wait(struct login *l)
{
    struct ev_loop *loop = l->net->worker->loop;
    int events;

    login_flush(l);
    if (l->state == LOGIN_END || (l->net->stopping && takes_lines(l))) {
        login_close(l);
        return;
    }
    events = buf_len(&l->out) > 0 ? EV_WRITE : takes_lines(l) ? EV_READ : 0;
    if (ev_is_active(&l->io) && events == (l->io.events & (EV_READ | EV_WRITE)))
        return;
    ev_io_stop(loop, &l->io);
    ev_io_set(&l->io, l->fd, events);
    if (events)
        ev_io_start(loop, &l->io);
}

void
login_proceed(struct login *l)
{
    char line[COMMAND_MAX + 1];
    size_t len, size;

    while (takes_lines(l) && buf_len(&l->out) < OUT_ENOUGH) {
        enum command_line got = command_take(&l->in, &l->skipping, line, &len, &size);

        if (got == COMMAND_NONE)
            break;
        login_line(l, line, len, got == COMMAND_CUT);
        mem_wipe(line, len);
    }
    login_wait(l);
}

static void
login_ready(struct ev_loop *loop, ev_io *w, int revents)
{
    struct login *l = w->data;
    char *room;
    ssize_t n;

    MR_UNUSED(loop);
    if (revents & EV_READ) {
        room = buf_reserve(&l->in, READ_SIZE);
        n = room ? recv(l->fd, room, READ_SIZE, 0) : 0;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return;
        if (n <= 0) {
            login_close(l);
            return;
        }
        buf_added(&l->in, (size_t)n);
    } else {
        login_flush(l);
    }
    login_proceed(l);
}

/* ---- to the session ---------------------------------------------------------------------- */

static int
handed_over(void *arg, struct frame *f)
{
    struct login *l = arg;
    uint32_t outcome = LOOKUP_TEMP;
    int malformed = f && (frame_get_u32(f, &outcome) < 0 || frame_end(f) < 0);

    l->request = NULL;
    if (!malformed && outcome == LOOKUP_OK) {
        login_free(l); /* the session has the client and its place in the count */
        return 0;
    }
    login_give_up(l);
    login_wait(l);
    return malformed ? -1 : 0;
}

void
login_hand_over(struct login *l, const char *ticket)
{
    static const int yes = 1;
    struct frame_out f;

    /* The session writes whole replies: none of them shall wait for the acknowledgement of the one before. */
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    l->state = LOGIN_SESSION;
    l->request = peer_begin(l->net->sessions, &f, POP3_SESSION);
    frame_put_u32(&f, l->admission);
    frame_put_str(&f, ticket);
    frame_put_u32(&f, l->port);
    frame_put_blob(&f, buf_data(&l->in), buf_len(&l->in));
    frame_put_fd(&f, l->fd);
    peer_send(l->request, &f, POP3_SESSION_R, handed_over, l);
}

/* ---- the beginning ---------------------------------------------------------------------- */

static void
login_alarm(struct ev_loop *loop, ev_timer *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    login_close(w->data);
}

static void
login_delay_over(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct login *l = w->data;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    l->state = LOGIN_COMMAND;
    login_reply(l, l->delayed);
    login_proceed(l);
}

static int
admitted(void *arg, struct frame *f)
{
    struct login *l = arg;
    uint32_t yes = 0;
    int malformed = f && (frame_get_u32(f, &yes) < 0 || frame_end(f) < 0);

    l->request = NULL;
    if (!f || malformed) {
        login_give_up(l);
        login_wait(l);
        return malformed ? -1 : 0;
    }
    if (!yes) {
        log_info("Maximum connection limit reached for %s", l->log_ip);
        login_free(l);
        return 0;
    }
    l->admitted = 1;
    l->state = LOGIN_COMMAND;
    log_debug("Connection, ip=[%s], port=[%u]", l->log_ip, l->port);
    login_reply(l, "+OK Hello there.\r\n");
    login_wait(l);
    return 0;
}

static void
login_ask_admission(struct login *l)
{
    struct frame_out f;

    l->request = peer_begin(l->net->sessions, &f, POP3_ADMIT);
    l->admission = peer_request_id(l->request);
    frame_put_str(&f, l->log_ip);
    peer_send(l->request, &f, POP3_ADMIT_R, admitted, l);
}

void
login_begin(struct network *net, int fd)
{
    struct login *l;
    struct sockaddr_storage ss;
    socklen_t n = sizeof(ss);
    struct netaddr a;

    if (getpeername(fd, (struct sockaddr *)&ss, &n) < 0 ||
        netaddr_from_sockaddr(&a, (struct sockaddr *)&ss) < 0) {
        close(fd);
        return;
    }
    l = mem_alloc(sizeof(*l));
    l->net = net;
    l->fd = fd;
    l->port = a.port;
    netaddr_text(&a, l->ip);
    snprintf(l->log_ip, sizeof(l->log_ip), "%s%s", a.family == AF_INET ? "::ffff:" : "", l->ip);
    buf_init(&l->in, IN_MAX);
    buf_init(&l->out, OUT_MAX);
    ev_io_init(&l->io, login_ready, fd, EV_READ);
    ev_timer_init(&l->alarm, login_alarm, net->login_timeout, 0.);
    ev_timer_init(&l->delay, login_delay_over, net->failure_delay, 0.);
    l->io.data = l->alarm.data = l->delay.data = l;
    ev_timer_start(net->worker->loop, &l->alarm);
    l->state = LOGIN_ADMIT;
    l->next = net->head;
    l->back = &net->head;
    if (l->next)
        l->next->back = &l->next;
    net->head = l;
    login_ask_admission(l);
}
