/* SPDX-License-Identifier: ISC */
/* One worker as its parent sees it: start, control channel, end, start again. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "netaddr.h"
#include "service_parent_private.h"

#define CHILD_BACKOFF_MIN 0.1
#define CHILD_BACKOFF_MAX 10.
#define CHILD_STEADY 10. /* seconds after which a death is not a start that failed */

static void child_try_start(struct ev_loop *loop, ev_timer *t, int revents);

struct child *
child_new(struct parent *p, const struct worker_kind *k, unsigned index)
{
    struct child *c = mem_alloc(sizeof(*c));

    c->parent = p;
    c->kind = k;
    c->index = index;
    c->job_fd = c->lock_fd = -1;
    ev_timer_init(&c->restart, child_try_start, 0., 0.);
    c->restart.data = c;
    c->next = p->children;
    p->children = c;
    return c;
}

static void
child_free(struct child *c)
{
    struct child **pp;

    for (pp = &c->parent->children; *pp != c; pp = &(*pp)->next)
        ;
    *pp = c->next;
    ev_timer_stop(c->parent->loop, &c->restart);
    if (c->lock_fd >= 0)
        close(c->lock_fd);
    if (c->job_fd >= 0)
        close(c->job_fd);
    mem_free(c);
}

/* ---- frames to the worker -------------------------------------------------------------- */

void
child_send_log(struct child *c)
{
    struct frame_out f;
    int is_syslog, fd = log_fd(&is_syslog);

    if (!c->chan || fd < 0)
        return;
    chan_begin(c->chan, &f, CTL_LOG, 0);
    frame_put_u32(&f, (uint32_t)is_syslog);
    frame_put_fd(&f, fd);
    chan_send(c->chan, &f);
}

void
child_send_conf(struct child *c, unsigned type)
{
    struct frame_out f;
    struct buf packed;

    buf_init(&packed, FRAME_MAX - 1024);
    conf_pack(c->parent->conf, &packed);
    chan_begin(c->chan, &f, type, 0);
    frame_put_blob(&f, buf_data(&packed), buf_len(&packed));
    chan_send(c->chan, &f);
    buf_free(&packed);
}

static void
child_send_listener(struct child *c, const char *name, unsigned role, const struct mastercf_entry *e, int fd)
{
    struct frame_out f;
    struct buf packed;

    buf_init(&packed, FRAME_MAX / 2);
    if (e)
        mastercf_entry_pack(e, &packed);
    chan_begin(c->chan, &f, CTL_LISTEN, 0);
    frame_put_str(&f, name);
    frame_put_u32(&f, role);
    frame_put_blob(&f, buf_data(&packed), buf_len(&packed));
    frame_put_fd(&f, fd);
    chan_send(c->chan, &f);
    buf_free(&packed);
}

static int
child_wants(const struct child *c, const struct parent_listener *l)
{
    const char *const *name;

    for (name = c->kind->listens; name && *name; name++)
        if (strcmp(*name, l->name) == 0 || (strcmp(*name, "inet") == 0 && strncmp(l->name, "inet:", 5) == 0))
            return l->share < 0 || l->share == (int)c->index;
    return 0;
}

static void
child_send_start(struct child *c)
{
    struct parent *p = c->parent;
    size_t i;

    child_send_log(c);
    for (i = 0; i < p->nlisten; i++)
        if (child_wants(c, &p->listen[i]))
            child_send_listener(c, p->listen[i].name, p->listen[i].role, p->listen[i].entry, p->listen[i].fd);
    if (c->job_fd >= 0) {
        child_send_listener(c, "job", MR_ROLE_SERVER, NULL, c->job_fd);
        close(c->job_fd);
        c->job_fd = -1;
    }
    child_send_conf(c, CTL_START);
}

void
child_stop(struct child *c)
{
    struct frame_out f;

    ev_timer_stop(c->parent->loop, &c->restart);
    c->retiring = 1;
    if (!c->chan)
        return;
    if (!c->ready) {
        kill(c->pid, SIGKILL);
        return;
    }
    chan_begin(c->chan, &f, CTL_STOP, 0);
    chan_send(c->chan, &f);
}

/* ---- frames from the worker -------------------------------------------------------------- */

static int
child_ready(struct chan *ch, struct frame *f)
{
    struct child *c = ch->owner;

    c->ready = 1;
    return frame_end(f);
}

/* Gives the worker a connection to a peer that its table lists. */
static int
child_connect(struct chan *ch, struct frame *f)
{
    struct child *c = ch->owner;
    struct frame_out out;
    const char *name, *const *peer;
    char path[1024];
    int fd = -1;

    if (frame_get_str(f, &name, 64) < 0 || frame_end(f) < 0)
        return -1;
    for (peer = c->kind->peers; peer && *peer && strcmp(*peer, name) != 0; peer++)
        ;
    if (!peer || !*peer) {
        log_warning("worker %s may not be connected to %s", c->kind->name, name);
        return -1;
    }
    if (service_socket_path(c->parent->conf, name, path, sizeof(path)) == 0)
        fd = unix_connect(path);
    chan_begin(ch, &out, CTL_CONNECTED, 0);
    frame_put_str(&out, name);
    frame_put_u32(&out, fd >= 0);
    if (fd >= 0)
        frame_put_fd(&out, fd);
    chan_send(ch, &out);
    if (fd >= 0)
        close(fd);
    return 0;
}

static int
child_relog(struct chan *ch, struct frame *f)
{
    struct child *c = ch->owner, *other;
    int is_syslog, fd;

    if (frame_end(f) < 0)
        return -1;
    fd = service_open_log(c->parent->conf, &is_syslog);
    if (fd < 0) { /* syslog is still away: the worker hears of it when the parent finds it again */
        ev_timer_again(c->parent->loop, &c->parent->relog);
        return 0;
    }
    log_set_fd(fd, is_syslog);
    for (other = c->parent->children; other; other = other->next)
        child_send_log(other);
    return 0;
}

static int
child_request(struct chan *ch, struct frame *f)
{
    struct child *c = ch->owner;

    if (f->type < CTL_SERVICE_FIRST || !c->parent->service->parent_request)
        return -1;
    return c->parent->service->parent_request(c->parent, ch, f);
}

static const struct chan_permit from_worker[] = {
    {CTL_READY, "ready", MR_ROLE_SERVER, CHAN_ANY_STATE, child_ready},
    {CTL_CONNECT, "connect", MR_ROLE_SERVER, CHAN_ANY_STATE, child_connect},
    {CTL_RELOG, "relog", MR_ROLE_SERVER, CHAN_ANY_STATE, child_relog},
    {CHAN_ANY_TYPE, "request", MR_ROLE_SERVER, CHAN_ANY_STATE, child_request},
};

/* Without its channel a worker is of no use: its end is certain, one way or the other. */
static void
child_chan_closed(struct chan *ch)
{
    struct child *c = ch->owner;

    c->chan = NULL;
    if (c->pid > 0)
        kill(c->pid, SIGKILL);
}

/* ---- the process ------------------------------------------------------------------------- */

/* After fork(): becomes the worker. Only descriptors 0 to 2, the channel and the lock go along. */
static void MR_NORETURN
child_exec(struct child *c, int ctl)
{
    char index[16];
    sigset_t none;
    const char *argv[12];
    int n = 0;

    if ((c->lock_fd >= 0 && c->lock_fd != SERVICE_LOCK_FD && ctl == SERVICE_LOCK_FD &&
         (ctl = dup(ctl)) < 0) ||
        (c->lock_fd == SERVICE_CTL_FD && (c->lock_fd = dup(c->lock_fd)) < 0))
        _exit(71);
    if (ctl != SERVICE_CTL_FD)
        dup2(ctl, SERVICE_CTL_FD);
    else
        fcntl(ctl, F_SETFD, 0);
    if (c->lock_fd >= 0 && c->lock_fd != SERVICE_LOCK_FD)
        dup2(c->lock_fd, SERVICE_LOCK_FD);
    else if (c->lock_fd >= 0)
        fcntl(c->lock_fd, F_SETFD, 0);
    if (c->once && geteuid() == 0 &&
        (c->uid == 0 || setgroups(1, &c->gid) < 0 || setgid(c->gid) < 0 || setuid(c->uid) < 0))
        _exit(77);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGTERM, SIG_IGN); /* a terminal's Ctrl-C goes to all: the parent alone answers it */
    signal(SIGHUP, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    snprintf(index, sizeof(index), "%u", c->index);
    argv[n++] = c->parent->service->name;
    argv[n++] = "-W";
    argv[n++] = c->kind->name;
    argv[n++] = "-I";
    argv[n++] = index;
    if (c->lock_fd >= 0 && (c->kind->flags & WORKER_EXCLUSIVE))
        argv[n++] = "-L";
    argv[n] = NULL;
    execv(c->parent->self, (char *const *)(uintptr_t)argv);
    _exit(71);
}

static int
child_open_lock(struct child *c)
{
    char name[64], path[1024];

    if (!(c->kind->flags & WORKER_EXCLUSIVE))
        return 0;
    if (c->lock_fd >= 0)
        close(c->lock_fd);
    snprintf(name, sizeof(name), "%s.lock", c->parent->service->name);
    if (service_socket_path(c->parent->conf, name, path, sizeof(path)) < 0)
        return -1;
    /* A new open file: the old generation's lock is on its own one, until its last process ends. */
    c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return c->lock_fd < 0 ? -1 : 0;
}

static void
child_later(struct child *c)
{
    if (c->once || c->retiring || c->parent->stopping) {
        child_free(c);
        return;
    }
    if (ev_now(c->parent->loop) - c->started > CHILD_STEADY)
        c->backoff = 0;
    ev_timer_set(&c->restart, c->backoff, 0.);
    ev_timer_start(c->parent->loop, &c->restart);
    c->backoff = c->backoff <= 0 ? CHILD_BACKOFF_MIN
                                 : (c->backoff * 2 > CHILD_BACKOFF_MAX ? CHILD_BACKOFF_MAX : c->backoff * 2);
}

static void
child_try_start(struct ev_loop *loop, ev_timer *t, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    child_start(t->data);
}

void
child_start(struct child *c)
{
    struct parent *p = c->parent;
    int pair[2];

    c->started = ev_now(p->loop);
    c->ready = 0;
    if (child_open_lock(c) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        log_error("cannot start worker %s: %s", c->kind->name, strerror(errno));
        child_later(c);
        return;
    }
    log_flush();
    c->pid = fork();
    if (c->pid == 0)
        child_exec(c, pair[1]);
    close(pair[1]);
    if (c->pid < 0) {
        c->pid = 0;
        log_error("cannot start worker %s: %s", c->kind->name, strerror(errno));
        close(pair[0]);
        child_later(c);
        return;
    }
    c->chan = chan_new(p->loop, pair[0], from_worker, MR_ROLE_SERVER, c->kind->name, FRAME_MAX * 2, c,
                       child_chan_closed);
    child_send_start(c);
}

void
child_reap(struct child *c, int status)
{
    struct parent *p = c->parent;

    c->pid = 0;
    if (c->chan) {
        struct chan *ch = c->chan;
        ch->closed = NULL;
        c->chan = NULL;
        chan_close(ch, NULL);
    }
    if (WIFSIGNALED(status))
        log_warning("worker %s was killed by signal %d", c->kind->name, WTERMSIG(status));
    else if (WEXITSTATUS(status) != 0)
        log_warning("worker %s ended with status %d", c->kind->name, WEXITSTATUS(status));
    if (!c->ready && !c->once && !c->retiring && p->ready_fd >= 0)
        p->failed = 1; /* the first start did not succeed: tell the operator, do not try for ever */
    child_later(c);
}

int
parent_spawn(struct parent *p, const char *kind, unsigned uid, unsigned gid, int *fd_r)
{
    const struct worker_kind *k;
    struct child *c, *other;
    int pair[2];

    for (k = p->service->kinds; k->name && strcmp(k->name, kind) != 0; k++)
        ;
    if (!k->name || (geteuid() == 0 && (uid == 0 || gid == 0)) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        log_error("worker %s for uid %u gid %u is refused", kind, uid, gid);
        return -1;
    }
    c = child_new(p, k, 0);
    c->once = 1;
    c->uid = uid;
    c->gid = gid;
    c->job_fd = pair[1];
    for (other = p->children; other; other = other->next) /* this generation's lock goes along */
        if (other != c && (other->kind->flags & WORKER_EXCLUSIVE) && other->lock_fd >= 0)
            c->lock_fd = fcntl(other->lock_fd, F_DUPFD_CLOEXEC, 5);
    child_start(c);
    *fd_r = pair[0];
    return 0;
}
