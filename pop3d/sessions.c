/* SPDX-License-Identifier: ISC */
/*
 * The session parent: counts the clients, redeems tickets at authd itself, and forks a session
 * process for each. It forks without exec: a session then shares all pages of this small process that neither
 * changes.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "peer.h"
#include "proto.h"
#include "sandbox.h"
#include "service.h"

#include "pop3d.h"
#include "session.h"
#include "slot.h"

#define NETWORK_OUT_CAP (256 * 1024)
#define STOP_TIME 5. /* seconds that sessions have to end when we are to stop */

static struct {
    struct worker *worker;
    struct peer *authd;
    struct slots slots;
    ev_child child;
    ev_timer stop;
    int stopping;
} sp;

/* A login whose ticket is at authd. */
struct login_request {
    struct slot *slot;
    uint32_t id; /* of the POP3_SESSION */
    int fd;
    unsigned port;
    void *pipelined;
    size_t npipelined;
};

static void
end_when_empty(void)
{
    if (sp.stopping && !sp.slots.head)
        service_exit(sp.worker, 0);
}

static void
answer(struct chan *c, unsigned type, uint32_t id, uint32_t value)
{
    struct frame_out f;

    chan_begin(c, &f, type, id);
    frame_put_u32(&f, value);
    chan_send(c, &f);
}

/* ---- a login becomes a session ---------------------------------------------------------- */

static void
request_free(struct login_request *r)
{
    close(r->fd);
    mem_wipe(r->pipelined, r->npipelined);
    mem_free(r->pipelined);
    mem_free(r);
}

/* The end of a request: tells the network process, and forgets the client when there is no session. */
static void
request_done(struct login_request *r, enum lookup_status status)
{
    struct slot *slot = r->slot;

    slot->request = NULL;
    if (slot->from)
        answer(slot->from, POP3_SESSION_R, r->id, status);
    if (status != LOOKUP_OK && !slot->from)
        slots_remove(&sp.slots, slot);
    request_free(r);
    end_when_empty();
}

/* 0, or -1 (logged). */
static int
fork_session(struct login_request *r, struct session_start *start)
{
    sigset_t all, old;
    pid_t pid;

    start->fd = r->fd;
    start->parent = getpid();
    start->ip = r->slot->ip;
    start->port = r->port;
    start->pipelined = r->pipelined;
    start->npipelined = r->npipelined;
    start->mechanisms = conf_str(sp.worker->conf, "pop3d_auth_mechanisms");
    start->idle_timeout = (int)conf_time(sp.worker->conf, "pop3d_idle_timeout");
    start->log_deletions = conf_bool(sp.worker->conf, "pop3d_log_deletions");
    log_flush();      /* else the child would write these lines once more */
    sigfillset(&all); /* libev's handlers must not run in the child: they write to the pipe that both have */
    sigprocmask(SIG_BLOCK, &all, &old);
    pid = fork();
    if (pid == 0)
        session_main(start);
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (pid < 0) {
        log_error("fork: %s", strerror(errno));
        return -1;
    }
    r->slot->pid = pid;
    return 0;
}

static int
redeemed(void *arg, struct frame *f)
{
    struct login_request *r = arg;
    struct session_start start;
    uint32_t status, uid, gid;

    if (!f) {
        request_done(r, LOOKUP_TEMP);
        return 0;
    }
    memset(&start, 0, sizeof(start));
    if (frame_get_u32(f, &status) < 0 || frame_get_u32(f, &uid) < 0 || frame_get_u32(f, &gid) < 0 ||
        frame_get_str(f, &start.address, PROTO_MAX_ADDRESS) < 0 ||
        frame_get_str(f, &start.home, PROTO_MAX_PATH) < 0 ||
        frame_get_str(f, &start.maildir, PROTO_MAX_PATH) < 0 || frame_end(f) < 0) {
        request_done(r, LOOKUP_TEMP);
        return -1;
    }
    start.uid = uid;
    start.gid = gid;
    if (status == LOOKUP_NONE)
        log_warning("a network process asked for a session without a good ticket, ip=[%s]", r->slot->ip);
    if (status == LOOKUP_OK && fork_session(r, &start) < 0)
        status = LOOKUP_TEMP;
    request_done(r, status == LOOKUP_OK || status == LOOKUP_NONE ? status : LOOKUP_TEMP);
    return 0;
}

static void
redeem(struct login_request *r, const char *ticket)
{
    struct frame_out out;
    struct peer_request *p = peer_begin(sp.authd, &out, AUTHD_REDEEM);

    frame_put_str(&out, ticket);
    peer_send(p, &out, AUTHD_REDEEM_R, redeemed, r);
}

/* ---- frames from the network processes -------------------------------------------------- */

static int
take_admit(struct chan *c, struct frame *f)
{
    const char *ip;
    int admitted;

    if (frame_get_str(f, &ip, SLOT_IP_SIZE - 1) < 0 || frame_end(f) < 0 || slots_find(&sp.slots, c, f->id))
        return -1;
    admitted = slots_add(&sp.slots, ip, c, f->id) != NULL;
    answer(c, POP3_ADMIT_R, f->id, (uint32_t)admitted);
    return 0;
}

static int
take_leave(struct chan *c, struct frame *f)
{
    struct slot *slot = slots_find(&sp.slots, c, f->id);

    if (frame_end(f) < 0)
        return -1;
    if (slot && slot->request)
        slot->from = NULL; /* goes when the request is answered */
    else if (slot)
        slots_remove(&sp.slots, slot);
    return 0;
}

static int
take_session(struct chan *c, struct frame *f)
{
    struct login_request *r;
    struct slot *slot;
    const void *pipelined;
    const char *ticket;
    uint32_t admission, port;
    size_t n;
    int fd;

    if (frame_get_u32(f, &admission) < 0 || frame_get_str(f, &ticket, PROTO_TICKET) < 0 ||
        frame_get_u32(f, &port) < 0 || frame_get_blob(f, &pipelined, &n, POP3_MAX_PIPELINED) < 0 ||
        frame_get_fd(f, &fd) < 0)
        return -1;
    if (frame_end(f) < 0) {
        close(fd);
        return -1;
    }
    slot = slots_find(&sp.slots, c, admission);
    if (!slot || slot->request) { /* admitted before we were started anew */
        close(fd);
        answer(c, POP3_SESSION_R, f->id, LOOKUP_TEMP);
        return 0;
    }
    r = slot->request = mem_alloc(sizeof(*r));
    r->slot = slot;
    r->id = f->id;
    r->fd = fd;
    r->port = port;
    r->pipelined = mem_alloc(n);
    r->npipelined = n;
    if (n > 0)
        memcpy(r->pipelined, pipelined, n);
    redeem(r, ticket);
    return 0;
}

static const struct chan_permit from_network[] = {
    {POP3_ADMIT, "admit", MR_ROLE_POP3D, CHAN_ANY_STATE, take_admit},
    {POP3_LEAVE, "leave", MR_ROLE_POP3D, CHAN_ANY_STATE, take_leave},
    {POP3_SESSION, "session", MR_ROLE_POP3D, CHAN_ANY_STATE, take_session},
    {0, NULL, 0, 0, NULL},
};

/* A network process is gone, and with it the clients that were logging in there. */
static void
network_gone(struct chan *c)
{
    struct slot *s, *next;

    for (s = sp.slots.head; s; s = next) {
        next = s->next;
        if (s->from != c)
            continue;
        s->from = NULL;
        if (s->pid == 0 && !s->request)
            slots_remove(&sp.slots, s);
    }
    end_when_empty();
}

static void
network_came(void *arg, struct service_listener *l, int fd)
{
    MR_UNUSED(arg);
    chan_new(sp.worker->loop, fd, from_network, l->role, "pop3d network process", NETWORK_OUT_CAP, NULL,
             network_gone);
}

/* ---- the worker ------------------------------------------------------------------------- */

static void
session_ended(struct ev_loop *loop, ev_child *w, int revents)
{
    struct slot *slot = slots_find_pid(&sp.slots, w->rpid);

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    if (WIFSIGNALED(w->rstatus))
        log_warning("session process %d died of signal %d", w->rpid, WTERMSIG(w->rstatus));
    if (slot)
        slots_remove(&sp.slots, slot);
    end_when_empty();
}

static void
stop_now(struct ev_loop *loop, ev_timer *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(w);
    MR_UNUSED(revents);
    service_exit(sp.worker, 0);
}

static void
sessions_reload(struct worker *w, struct conf *old)
{
    MR_UNUSED(old);
    sp.slots.max = (unsigned)conf_int(w->conf, "pop3d_max_daemons");
    sp.slots.max_per_ip = (unsigned)conf_int(w->conf, "pop3d_max_per_ip");
}

static int
sessions_run(struct worker *w)
{
    struct service_listener *l = service_find_listener(w, "pop3d.network");

    if (!l) {
        log_error("the socket pop3d.network is missing");
        return -1;
    }
    sp.worker = w;
    sessions_reload(w, NULL);
    sp.authd = peer_new(w, "authd.pop3session", conf_time(w->conf, "ipc_timeout"), 1);
    ev_child_init(&sp.child, session_ended, 0, 0);
    ev_child_start(w->loop, &sp.child);
    service_accept(w, l, network_came, NULL);
    return 0;
}

/* Sessions end without an update, as when their clients had hung up (RFC 1939 6). */
static void
sessions_stop(struct worker *w)
{
    struct slot *s;

    sp.stopping = 1;
    for (s = sp.slots.head; s; s = s->next)
        if (s->pid)
            kill(s->pid, SIGTERM);
    ev_timer_init(&sp.stop, stop_now, STOP_TIME, 0.);
    ev_timer_start(w->loop, &sp.stop);
    end_when_empty();
}

static const char *const peers[] = {"authd.pop3session", NULL};
static const char *const listens[] = {"pop3d.network", NULL};
const struct worker_kind sessions_worker = {
    "session",
    NULL,
    NULL,
    NULL,
    peers,
    listens,
    SANDBOX_MAY_OPEN | SANDBOX_MAY_FORK,
    NULL,
    sessions_run,
    sessions_reload,
    sessions_stop,
};
