/* SPDX-License-Identifier: ISC */
/* The authdaemon socket: one request in a connection, from anybody on this host who may reach the socket. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "authreq.h"
#include "daemon.h"
#include "mem.h"
#include "verify.h"

#define READ_SECONDS 10.
#define WRITE_SECONDS 30.
#define ENUMERATE_MAX (64 * 1024 * 1024) /* bytes of a list of all accounts */
#define ARENA_CAP 65536

struct client {
    ev_io io;
    ev_timer timer;
    struct daemon *daemon;
    struct buf in, out;
    struct verify_job *job; /* what it waits for */
    const char *password;   /* in `in`: goes back as PASSWD2 */
};

static size_t nclients;

static void
client_close(struct client *c)
{
    struct ev_loop *loop = c->daemon->worker->loop;

    ev_io_stop(loop, &c->io);
    ev_timer_stop(loop, &c->timer);
    close(c->io.fd);
    if (c->job)
        verify_forget(c->job);
    buf_free(&c->in); /* wiped: it holds passwords */
    buf_free(&c->out);
    mem_free(c);
    nclients--;
}

static void
client_timeout(struct ev_loop *loop, ev_timer *t, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    client_close(t->data);
}

/* ---- writing ------------------------------------------------------------------------------------ */

/* Sends what it takes now; the end of the reply is the end of the connection. */
static void
client_write(struct client *c)
{
    struct ev_loop *loop = c->daemon->worker->loop;
    ssize_t n = send(c->io.fd, buf_data(&c->out), buf_len(&c->out), MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n > 0)
        buf_consume(&c->out, (size_t)n);
    if ((n < 0 && errno != EAGAIN && errno != EINTR) || buf_len(&c->out) == 0) {
        client_close(c);
        return;
    }
    ev_io_stop(loop, &c->io);
    ev_io_set(&c->io, c->io.fd, EV_WRITE);
    ev_io_start(loop, &c->io);
    c->timer.repeat = WRITE_SECONDS;
    ev_timer_again(loop, &c->timer);
}

static void
client_say(struct client *c, const char *text)
{
    buf_puts(&c->out, text);
    client_write(c);
}

/* ---- requests ----------------------------------------------------------------------------------- */

static void
auth_done(void *arg, const struct verify_result *r)
{
    struct client *c = arg;

    c->job = NULL;
    if (r->outcome == AUTH_REFUSED)
        client_say(c, "FAIL\n");
    else if (r->outcome != AUTH_OK || authreq_put_account(&c->out, &r->account, c->password) < 0)
        client_close(c);
    else
        client_write(c);
}

static void
passwd_done(void *arg, const struct verify_result *r)
{
    struct client *c = arg;

    c->job = NULL;
    if (r->outcome == AUTH_OK)
        client_say(c, "OK\n");
    else if (r->outcome == AUTH_REFUSED)
        client_say(c, "FAIL\n");
    else
        client_close(c);
}

static void
client_pre(struct client *c, const struct authreq *r)
{
    struct account acct;
    struct arena arena;
    enum lookup_status st = LOOKUP_NONE;

    arena_init(&arena, ARENA_CAP);
    if (strcmp(r->module, ".") == 0 || strcmp(r->module, LOGIN_MODULE) == 0)
        st = account_find(c->daemon->settings.accounts, r->service, r->user, &arena, &acct);
    if (st == LOOKUP_NONE)
        client_say(c, "FAIL\n");
    else if (st != LOOKUP_OK || authreq_put_account(&c->out, &acct, NULL) < 0)
        client_close(c);
    else
        client_write(c);
    arena_free(&arena);
}

static void
put_enumerated(void *arg, const struct account *a)
{
    struct buf *to = arg;

    buf_printf(to, "%s\t%lu\t%lu\t%s\t%s\t%s\n", a->address, (unsigned long)a->uid, (unsigned long)a->gid,
               a->home, a->maildir, a->options);
}

/* The list is made at once, from one state of the database; its end mark is missing when there was trouble.
 */
static void
client_enumerate(struct client *c)
{
    enum lookup_status st;

    c->out.cap = ENUMERATE_MAX;
    buf_puts(&c->out, "# " LOGIN_MODULE "\n\n");
    st = account_each(c->daemon->settings.accounts, put_enumerated, &c->out);
    if (st != LOOKUP_TEMP && !c->out.overflow)
        buf_puts(&c->out, ".\n");
    client_write(c);
}

static void
client_request(struct client *c, enum authreq_kind kind, const struct authreq *r)
{
    struct ev_loop *loop = c->daemon->worker->loop;

    ev_io_stop(loop, &c->io);
    ev_timer_stop(loop, &c->timer);
    switch (kind) {
    case AUTHREQ_FAIL:
        client_say(c, "FAIL\n");
        return;
    case AUTHREQ_PRE:
        client_pre(c, r);
        return;
    case AUTHREQ_ENUMERATE:
        client_enumerate(c);
        return;
    case AUTHREQ_AUTH:
        c->password = r->password;
        c->job = verify_login(r->service, r->user, r->password, strlen(r->password), auth_done, c);
        break;
    case AUTHREQ_PASSWD:
        c->job = verify_passwd(r->service, r->user, r->password, r->newpassword, passwd_done, c);
        break;
    default:
        break;
    }
    if (!c->job)
        client_close(c);
}

static void
client_read(struct client *c)
{
    struct authreq r;
    enum authreq_kind kind;
    char *to = buf_reserve(&c->in, AUTHREQ_MAX + 1);
    ssize_t n;

    if (!to) {
        client_close(c);
        return;
    }
    n = recv(c->io.fd, to, AUTHREQ_MAX, MSG_DONTWAIT);
    if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
            client_close(c);
        return;
    }
    buf_added(&c->in, (size_t)n);
    kind = authreq_parse(buf_cstr(&c->in), buf_len(&c->in), n == 0, &r);
    if (kind != AUTHREQ_MORE)
        client_request(c, kind, &r);
}

static void
client_ready(struct ev_loop *loop, ev_io *io, int revents)
{
    struct client *c = io->data;

    MR_UNUSED(loop);
    if (revents & EV_WRITE)
        client_write(c);
    else
        client_read(c);
}

void
client_accept(struct daemon *d, int fd)
{
    struct client *c;

    if (nclients >= d->max_clients) {
        close(fd); /* to them a temporary failure; our own daemons' connections are not touched */
        return;
    }
    nclients++;
    c = mem_alloc(sizeof(*c));
    c->daemon = d;
    buf_init(&c->in, AUTHREQ_BUFFER);
    buf_init(&c->out, AUTHREQ_BUFFER);
    ev_io_init(&c->io, client_ready, fd, EV_READ);
    ev_timer_init(&c->timer, client_timeout, READ_SECONDS, WRITE_SECONDS);
    c->io.data = c->timer.data = c;
    ev_io_start(d->worker->loop, &c->io);
    ev_timer_start(d->worker->loop, &c->timer);
}

size_t
clients_open(void)
{
    return nclients;
}
