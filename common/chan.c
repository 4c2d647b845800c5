/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "chan.h"
#include "log.h"
#include "mem.h"

#define CHAN_READ_SIZE 16384
#define CHAN_IN_FDS ((int)(sizeof(((struct chan *)0)->in_fds) / sizeof(int)))

/* A descriptor that waits to be sent with the byte at position `at` of the stream. */
struct chan_fd {
    struct chan_fd *next;
    size_t at;
    int fd;
    int own; /* ours to close; else the sender's, who still waits in chan_send() */
};

static struct chan *dirty_head; /* channels with bytes to send */

static void chan_readable(struct ev_loop *loop, ev_io *w, int revents);
static void chan_writable(struct ev_loop *loop, ev_io *w, int revents);

struct chan *
chan_new(struct ev_loop *loop, int fd, const struct chan_permit *permit, unsigned role, const char *peer,
         size_t out_cap, void *owner, void (*closed)(struct chan *))
{
    struct chan *c = mem_alloc(sizeof(*c));

    c->loop = loop;
    c->fd = fd;
    c->role = role;
    c->peer = peer;
    c->permit = permit;
    c->owner = owner;
    c->closed = closed;
    buf_init(&c->in, FRAME_MAX + CHAN_READ_SIZE);
    buf_init(&c->out, out_cap);
    c->out_fds_tail = &c->out_fds;
    ev_io_init(&c->read_w, chan_readable, fd, EV_READ);
    ev_io_init(&c->write_w, chan_writable, fd, EV_WRITE);
    c->read_w.data = c->write_w.data = c;
    ev_io_start(loop, &c->read_w);
    return c;
}

/* ---- sending ------------------------------------------------------------------------ */

static void
chan_drop_fd(struct chan *c)
{
    struct chan_fd *first = c->out_fds;

    c->out_fds = first->next;
    if (!c->out_fds)
        c->out_fds_tail = &c->out_fds;
    if (first->own)
        close(first->fd);
    mem_free(first);
}

/* The descriptors of the frame that starts at the next byte to be sent, into msg's control part.
 * Returns how many; *until_r is how many bytes may go along. */
static int
chan_gather_fds(struct chan *c, struct msghdr *msg, void *control, size_t *until_r)
{
    struct chan_fd *x;
    struct cmsghdr *cm;
    int fds[FRAME_MAX_FDS], n = 0;

    for (x = c->out_fds; x && x->at == c->out_sent && n < FRAME_MAX_FDS; x = x->next)
        fds[n++] = x->fd;
    if (x)
        *until_r = x->at - c->out_sent;
    if (n == 0)
        return 0;
    msg->msg_control = control;
    msg->msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
    cm = CMSG_FIRSTHDR(msg);
    cm->cmsg_level = SOL_SOCKET;
    cm->cmsg_type = SCM_RIGHTS;
    cm->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
    memcpy(CMSG_DATA(cm), fds, (size_t)n * sizeof(int));
    return n;
}

/* One sendmsg(2). Bytes sent, or -1 with errno. */
static ssize_t
chan_send_some(struct chan *c)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(FRAME_MAX_FDS * sizeof(int))];
    } control;
    struct msghdr msg;
    struct iovec iov;
    ssize_t sent;
    int n;

    memset(&msg, 0, sizeof(msg));
    memset(&control, 0, sizeof(control));
    iov.iov_base = buf_data(&c->out);
    iov.iov_len = buf_len(&c->out);
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    n = chan_gather_fds(c, &msg, &control, &iov.iov_len);
    do
        sent = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent > 0) {
        while (n-- > 0)
            chan_drop_fd(c);
        mem_wipe(buf_data(&c->out), (size_t)sent); /* it may have held a password */
        buf_consume(&c->out, (size_t)sent);
        c->out_sent += (size_t)sent;
    }
    return sent;
}

static void
chan_undirty(struct chan *c)
{
    struct chan **pp;

    if (!c->dirty)
        return;
    for (pp = &dirty_head; *pp; pp = &(*pp)->next_dirty)
        if (*pp == c) {
            *pp = c->next_dirty;
            break;
        }
    c->dirty = 0;
}

/* Sends what can be sent; waits for the socket when it is full. */
static void
chan_flush(struct chan *c)
{
    if (c->closing) {
        chan_close(c, NULL);
        return;
    }
    while (buf_len(&c->out) > 0) {
        if (chan_send_some(c) >= 0)
            continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            ev_io_start(c->loop, &c->write_w);
            return;
        }
        chan_close(c, strerror(errno));
        return;
    }
    ev_io_stop(c->loop, &c->write_w);
}

static void
chan_writable(struct ev_loop *loop, ev_io *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    chan_flush(w->data);
}

void
chan_flush_all(void)
{
    struct chan *c;

    while ((c = dirty_head) != NULL) {
        dirty_head = c->next_dirty;
        c->dirty = 0;
        chan_flush(c);
    }
}

void
chan_begin(struct chan *c, struct frame_out *f, unsigned type, uint32_t id)
{
    frame_begin(f, &c->out, type, id);
}

static void
chan_mark_dirty(struct chan *c)
{
    if (c->dirty)
        return;
    c->dirty = 1;
    c->next_dirty = dirty_head;
    dirty_head = c;
}

/* Closes at the end of this round: the caller of chan_send() still holds c. */
static void
chan_fail(struct chan *c, const char *why)
{
    if (!c->closing)
        log_warning("closing the connection with %s: %s", c->peer, why);
    c->closing = 1;
    chan_mark_dirty(c);
}

static void
chan_add_fd(struct chan *c, int fd, size_t at)
{
    struct chan_fd *x = mem_alloc(sizeof(*x));

    x->fd = fd;
    x->at = at;
    *c->out_fds_tail = x;
    c->out_fds_tail = &x->next;
}

/*
 * A frame with descriptors is sent at once, so that the caller's own can be used; only when the socket is
 * full are they duplicated. That saves two system calls for each message.
 */
static int
chan_send_fds(struct chan *c, const struct frame_out *f)
{
    struct chan_fd *x;
    int i;

    for (i = 0; i < f->nfds; i++)
        chan_add_fd(c, f->fds[i], c->out_sent + f->base);
    while (buf_len(&c->out) > 0)
        if (chan_send_some(c) < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                return -1;
            break;
        }
    for (x = c->out_fds; x; x = x->next) {
        if (x->own)
            continue;
        x->fd = fcntl(x->fd, F_DUPFD_CLOEXEC, 3);
        x->own = x->fd >= 0;
        if (!x->own)
            return -1;
    }
    return 0;
}

int
chan_send(struct chan *c, struct frame_out *f)
{
    if (frame_finish(f) < 0) {
        chan_fail(c, "it does not read what it is sent");
        return -1;
    }
    if (c->closing)
        return -1;
    if (f->nfds > 0 && chan_send_fds(c, f) < 0) {
        chan_fail(c, strerror(errno));
        return -1;
    }
    if (buf_len(&c->out) > 0)
        chan_mark_dirty(c);
    return 0;
}

int
chan_send_raw(struct chan *c, const void *frame, size_t n)
{
    if (buf_append(&c->out, frame, n) < 0) {
        chan_fail(c, "it does not read what it is sent");
        return -1;
    }
    chan_mark_dirty(c);
    return 0;
}

/* ---- receiving ---------------------------------------------------------------------- */

static const char *
chan_take_frame(struct chan *c, struct frame *f)
{
    const struct chan_permit *p;

    for (p = c->permit; p->type; p++)
        if (p->type == f->type || p->type == CHAN_ANY_TYPE)
            break;
    if (!p->type || !(p->roles & c->role))
        return "it sent a frame that it may not send";
    if (p->states != CHAN_ANY_STATE && !(p->states & (1u << c->state)))
        return "it sent a frame out of turn";
    return p->take(c, f) < 0 ? "it sent a malformed frame" : NULL;
}

static void
chan_take_frames(struct chan *c)
{
    struct frame f;
    size_t size;
    int r = 0;
    const char *wrong;

    c->in_handler = 1;
    while (!c->closing && !c->paused && (r = frame_parse(&c->in, c->in_fds, &c->n_in_fds, &f, &size)) > 0) {
        wrong = chan_take_frame(c, &f);
        frame_close_fds(&f);
        mem_wipe(buf_data(&c->in), size);
        buf_consume(&c->in, size);
        if (wrong) {
            log_warning("closing the connection with %s: %s (type 0x%x, state %u)", c->peer, wrong, f.type,
                        c->state);
            c->closing = 1;
        }
    }
    c->in_handler = 0;
    if (r < 0)
        log_warning("closing the connection with %s: it sent no frame", c->peer);
    if (r < 0 || c->closing)
        chan_close(c, NULL);
    else if (buf_len(&c->in) == 0)
        buf_free(&c->in); /* an idle channel holds no memory */
}

/* Descriptors from one recvmsg() into the queue. -1: more than any sender of ours sends. */
static int
chan_take_fds(struct chan *c, struct msghdr *msg)
{
    struct cmsghdr *cm;
    int fds[FRAME_MAX_FDS * 4], n, i, bad = (msg->msg_flags & MSG_CTRUNC) != 0;

    for (cm = CMSG_FIRSTHDR(msg); cm; cm = CMSG_NXTHDR(msg, cm)) {
        if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
            continue;
        n = (int)((cm->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds, CMSG_DATA(cm), (size_t)n * sizeof(int));
        for (i = 0; i < n; i++) {
            if (c->n_in_fds < CHAN_IN_FDS)
                c->in_fds[c->n_in_fds++] = fds[i];
            else {
                close(fds[i]);
                bad = 1;
            }
        }
    }
    return bad ? -1 : 0;
}

static ssize_t
chan_receive(struct chan *c)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(FRAME_MAX_FDS * 4 * sizeof(int))];
    } control;
    struct msghdr msg;
    struct iovec iov;
    ssize_t n;

    iov.iov_base = buf_reserve(&c->in, CHAN_READ_SIZE);
    iov.iov_len = CHAN_READ_SIZE;
    if (!iov.iov_base) {
        errno = EMSGSIZE;
        return -1;
    }
    memset(&msg, 0, sizeof(msg));
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = &control;
    msg.msg_controllen = sizeof(control);
    do
        n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0)
        buf_added(&c->in, (size_t)n);
    if (n >= 0 && chan_take_fds(c, &msg) < 0) {
        errno = EPROTO;
        return -1;
    }
    return n;
}

static void
chan_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    struct chan *c = w->data;
    ssize_t n;

    MR_UNUSED(loop);
    if (revents & EV_READ) {
        n = chan_receive(c);
        /* Reset: it closed before it had read what we sent, as a process does that is told to stop. */
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            chan_close(c, NULL);
            return;
        }
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
            chan_close(c, strerror(errno));
            return;
        }
    }
    chan_take_frames(c);
}

void
chan_pause(struct chan *c, int paused)
{
    if (c->closing || paused == c->paused)
        return;
    c->paused = paused;
    if (paused)
        ev_io_stop(c->loop, &c->read_w);
    else {
        ev_io_start(c->loop, &c->read_w);
        if (buf_len(&c->in) > 0)
            ev_feed_event(c->loop, &c->read_w, EV_CUSTOM);
    }
}

void
chan_close(struct chan *c, const char *why)
{
    if (why)
        log_warning("closing the connection with %s: %s", c->peer, why);
    c->closing = 1;
    if (c->in_handler)
        return;
    chan_undirty(c);
    ev_clear_pending(c->loop, &c->read_w);
    ev_io_stop(c->loop, &c->read_w);
    ev_io_stop(c->loop, &c->write_w);
    close(c->fd);
    while (c->out_fds)
        chan_drop_fd(c);
    while (c->n_in_fds > 0)
        close(c->in_fds[--c->n_in_fds]);
    buf_free(&c->in);
    buf_free(&c->out);
    if (c->closed)
        c->closed(c);
    mem_free(c);
}
