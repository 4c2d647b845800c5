/* SPDX-License-Identifier: ISC */
/* The worker side of the skeleton: start, control channel, accepting, end. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "netaddr.h"
#include "service_private.h"
#include "strutil.h"

#define ACCEPT_PAUSE 1. /* seconds until it is tried whether there are descriptors again */
#define LOG_AGAIN 0.1   /* seconds until lines that syslog did not take are offered again */

enum { WORKER_STARTING, WORKER_RUNNING, WORKER_STOPPING };

struct acceptor {
    struct worker *worker;
    struct service_listener *listener;
    service_accept_cb *cb;
    void *arg;
    ev_io io;
    ev_timer pause;
    int enough; /* a descriptor of this number is one too many */
    struct acceptor *next;
};
static struct acceptor *acceptors;

static ev_prepare flush_w;
static ev_timer log_again_w;
static chan_handler *take_answer; /* of the service itself */

/* Only wakes the loop. */
static void
worker_log_again(struct ev_loop *loop, ev_timer *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(w);
    MR_UNUSED(revents);
}

/* Before the loop sleeps: what this round produced goes out together. */
static void
worker_flush(struct ev_loop *loop, ev_prepare *w, int revents)
{
    MR_UNUSED(w);
    MR_UNUSED(revents);
    chan_flush_all();
    log_flush();
    if (log_waits() && !ev_is_active(&log_again_w)) {
        ev_timer_set(&log_again_w, LOG_AGAIN, 0.);
        ev_timer_start(loop, &log_again_w);
    }
}

void
service_exit(struct worker *w, int status)
{
    MR_UNUSED(w);
    chan_flush_all();
    log_flush();
    _exit(status);
}

/* ---- frames from the parent ------------------------------------------------------------- */

static int
ctl_log(struct chan *c, struct frame *f)
{
    uint32_t is_syslog;
    int fd;

    MR_UNUSED(c);
    if (frame_get_u32(f, &is_syslog) < 0 || frame_get_fd(f, &fd) < 0)
        return -1;
    if (frame_end(f) < 0) {
        close(fd);
        return -1;
    }
    log_set_fd(fd, (int)is_syslog);
    return 0;
}

static int
ctl_listen(struct chan *c, struct frame *f)
{
    struct worker *w = c->owner;
    struct service_listener *l = &w->listen[w->nlisten];
    const char *name;
    const void *entry;
    size_t n;
    uint32_t role;
    int fd;

    if (w->nlisten == SERVICE_MAX_LISTEN || frame_get_str(f, &name, 255) < 0 || frame_get_u32(f, &role) < 0 ||
        frame_get_blob(f, &entry, &n, FRAME_MAX) < 0 || frame_get_fd(f, &fd) < 0)
        return -1;
    l->name = mem_strdup(name);
    l->role = role;
    l->fd = fd;
    l->entry = n > 0 ? mastercf_entry_unpack(entry, n) : NULL;
    w->nlisten++;
    return frame_end(f);
}

static int
ctl_start(struct chan *c, struct frame *f)
{
    struct worker *w = c->owner;
    const void *conf;
    size_t n;
    struct frame_out out;
    int is_syslog;

    if (frame_get_blob(f, &conf, &n, FRAME_MAX) < 0 || frame_end(f) < 0)
        return -1;
    w->conf = conf_unpack(conf, n);
    if (!w->conf)
        return -1;
    if (!w->service->log_courier)
        log_init(mem_strdup(conf_str(w->conf, "syslog_name")), w->service->syslog_program);
    if (log_fd(&is_syslog) >= 0)
        service_leave_terminal(); /* errors go to the log from now on */
    if ((w->kind->open && w->kind->open(w) < 0) || service_drop(w->kind, w->conf) < 0 || w->kind->run(w) < 0)
        service_exit(w, 75);
    c->state = WORKER_RUNNING;
    chan_begin(c, &out, CTL_READY, 0);
    chan_send(c, &out);
    return 0;
}

static int
ctl_config(struct chan *c, struct frame *f)
{
    struct worker *w = c->owner;
    struct conf *old = w->conf, *fresh;
    const void *conf;
    size_t n;

    if (frame_get_blob(f, &conf, &n, FRAME_MAX) < 0 || frame_end(f) < 0)
        return -1;
    fresh = conf_unpack(conf, n);
    if (!fresh)
        return -1;
    w->conf = fresh;
    if (w->kind->reload)
        w->kind->reload(w, old);
    conf_free(old);
    return 0;
}

static int
ctl_stop(struct chan *c, struct frame *f)
{
    struct worker *w = c->owner;

    if (frame_end(f) < 0)
        return -1;
    service_accept_stop(w);
    c->state = WORKER_STOPPING;
    if (!w->kind->stop)
        service_exit(w, 0);
    w->kind->stop(w);
    return 0;
}

static int
ctl_connected(struct chan *c, struct frame *f)
{
    const char *name;
    uint32_t ok;
    int fd = -1;

    MR_UNUSED(c);
    if (frame_get_str(f, &name, 255) < 0 || frame_get_u32(f, &ok) < 0 || (ok && frame_get_fd(f, &fd) < 0))
        return -1;
    if (frame_end(f) < 0) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    peer_connected(name, fd);
    return 0;
}

static int
ctl_answer(struct chan *c, struct frame *f)
{
    return f->type >= CTL_SERVICE_FIRST && take_answer ? take_answer(c, f) : -1;
}

void
service_on_answer(struct worker *w, chan_handler *take)
{
    MR_UNUSED(w);
    take_answer = take;
}

#define STARTING (1u << WORKER_STARTING)
#define RUNNING (1u << WORKER_RUNNING | 1u << WORKER_STOPPING)
static const struct chan_permit from_parent[] = {
    {CTL_LOG, "log", MR_ROLE_PARENT, CHAN_ANY_STATE, ctl_log},
    {CTL_LISTEN, "listen", MR_ROLE_PARENT, STARTING, ctl_listen},
    {CTL_START, "start", MR_ROLE_PARENT, STARTING, ctl_start},
    {CTL_CONFIG, "config", MR_ROLE_PARENT, RUNNING, ctl_config},
    {CTL_STOP, "stop", MR_ROLE_PARENT, RUNNING, ctl_stop},
    {CTL_CONNECTED, "connected", MR_ROLE_PARENT, RUNNING, ctl_connected},
    {CHAN_ANY_TYPE, "answer", MR_ROLE_PARENT, RUNNING, ctl_answer},
    {0, NULL, 0, 0, NULL},
};

/* A worker without a parent has no reason to be: a new parent starts new ones. */
static void
worker_orphaned(struct chan *c)
{
    service_exit(c->owner, 0);
}

static void
worker_log_lost(void *arg)
{
    struct worker *w = arg;
    struct frame_out f;

    chan_begin(w->parent, &f, CTL_RELOG, 0);
    chan_send(w->parent, &f);
}

/* Each connection and message holds a descriptor or two; those on their way to a process count for it, too.
 */
static void
worker_raise_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &files) < 0)
            log_warning("setrlimit: %s: the number of open files stays as it is", strerror(errno));
    }
}

int
worker_main(const struct service *s, const struct service_options *o)
{
    static struct worker w;
    const struct worker_kind *k;

    for (k = s->kinds; k->name && strcmp(k->name, o->worker) != 0; k++)
        ;
    if (!k->name || fcntl(SERVICE_CTL_FD, F_GETFD) < 0)
        log_fatal(64, "-W is for the parent process only");
    fcntl(SERVICE_CTL_FD, F_SETFD, FD_CLOEXEC);
    if (o->worker_locks) {
        fcntl(SERVICE_LOCK_FD, F_SETFD, FD_CLOEXEC);
        /* Waits until the last process of an earlier set is gone. */
        if (flock(SERVICE_LOCK_FD, LOCK_EX) < 0)
            log_fatal(75, "lock: %s", strerror(errno));
    }
    w.kind = k;
    w.service = s;
    w.index = o->worker_index;
    worker_raise_files();
    w.loop = ev_default_loop(EVFLAG_AUTO);
    if (!w.loop)
        log_fatal(75, "no event loop: %s", strerror(errno));
    ev_timer_init(&log_again_w, worker_log_again, 0., 0.);
    ev_prepare_init(&flush_w, worker_flush);
    ev_set_priority(&flush_w, EV_MINPRI); /* after the daemon's own prepare watchers */
    ev_prepare_start(w.loop, &flush_w);
    w.parent = chan_new(w.loop, SERVICE_CTL_FD, from_parent, MR_ROLE_PARENT, "the parent", FRAME_MAX * 2, &w,
                        worker_orphaned);
    log_on_lost(worker_log_lost, &w);
    ev_run(w.loop, 0);
    service_exit(&w, 0);
}

/* ---- listening -------------------------------------------------------------------------- */

struct service_listener *
service_find_listener(struct worker *w, const char *name)
{
    size_t i;

    for (i = 0; i < w->nlisten; i++)
        if (strcmp(w->listen[i].name, name) == 0)
            return &w->listen[i];
    return NULL;
}

/* The lowest number a new descriptor could have is as good as a count of them. */
static void
acceptor_resume(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct acceptor *a = t->data;
    int fd = fcntl(a->io.fd, F_DUPFD_CLOEXEC, 0);

    MR_UNUSED(revents);
    if (fd >= 0)
        close(fd);
    if (fd < 0 || fd >= a->enough)
        return;
    ev_timer_stop(loop, t);
    ev_io_start(loop, &a->io);
}

static void
acceptor_pause(struct acceptor *a, const char *why)
{
    struct ev_loop *loop = a->worker->loop;

    log_warning("%s: %s: no new connections until there are fewer", a->listener->name, why);
    ev_io_stop(loop, &a->io);
    ev_timer_again(loop, &a->pause);
}

static void
acceptor_ready(struct ev_loop *loop, ev_io *io, int revents)
{
    struct acceptor *a = io->data;
    int fd = netaddr_accept(io->fd, NULL);

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    if (fd >= 0) {
        if (fd >= a->enough)
            acceptor_pause(a, "half of the open files are in use");
        a->cb(a->arg, a->listener, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        acceptor_pause(a, strerror(errno));
}

/* Clients from the network get half of the descriptors: the rest is for their messages and our own daemons.
 */
static int
acceptor_enough(const struct service_listener *l)
{
    struct rlimit files;

    if (strncmp(l->name, "inet:", 5) != 0 || getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > INT_MAX)
        return INT_MAX;
    return (int)(files.rlim_cur / 2);
}

void
service_accept(struct worker *w, struct service_listener *l, service_accept_cb *cb, void *arg)
{
    struct acceptor *a = mem_alloc(sizeof(*a));

    a->worker = w;
    a->listener = l;
    a->cb = cb;
    a->arg = arg;
    a->enough = acceptor_enough(l);
    ev_io_init(&a->io, acceptor_ready, l->fd, EV_READ);
    ev_timer_init(&a->pause, acceptor_resume, 0., ACCEPT_PAUSE);
    a->io.data = a->pause.data = a;
    ev_io_start(w->loop, &a->io);
    a->next = acceptors;
    acceptors = a;
}

void
service_accept_stop(struct worker *w)
{
    struct acceptor *a;

    for (a = acceptors; a; a = a->next) {
        ev_io_stop(w->loop, &a->io);
        ev_timer_stop(w->loop, &a->pause);
    }
}
