/* SPDX-License-Identifier: ISC */
/*
 * The skeleton of every daemon. main() is a table and one call:
 *
 *     int main(int argc, char **argv) { return service_main(&smtpd_service, argc, argv); }
 *
 * The program runs as a small parent (root when started by root). The parent
 * reads main.cf and master.cf, binds the sockets, opens the log, and starts worker
 * processes by executing itself again; each gets one descriptor, the control
 * channel, and over it everything it may have: the settings, the log, its
 * listening sockets. A worker drops its privileges (service_drop.c, one screen) before
 * its run() is called. The parent starts a worker that died again, at once the first
 * time and then with growing delay, hands out connections to the peers that the
 * worker's table lists, and passes on reload (SIGHUP) and stop (SIGTERM).
 * It never reads a byte that a client sent.
 */
#ifndef MR_SERVICE_H
#define MR_SERVICE_H

#include "chan.h"
#include "conf.h"
#include "mastercf.h"

/* Who is at the other end of an internal socket: one bit each. */
enum mr_role {
    MR_ROLE_PARENT = 1 << 0,
    MR_ROLE_SMTPD = 1 << 1,
    MR_ROLE_QUEUE = 1 << 2,
    MR_ROLE_LOCALDELIVER = 1 << 3,
    MR_ROLE_POP3D = 1 << 4,       /* network process */
    MR_ROLE_POP3SESSION = 1 << 5, /* session parent */
    MR_ROLE_VERIFIER = 1 << 6,    /* authd's password workers */
    MR_ROLE_MDA = 1 << 7,         /* localdeliver's per-uid workers */
    MR_ROLE_CLIENT = 1 << 8,      /* anybody: the authdaemon socket */
    MR_ROLE_SERVER = 1 << 9       /* the far end of a peer.h connection */
};

#define SERVICE_MAX_LISTEN 64

/* A bound socket that a worker was given. */
struct service_listener {
    int fd;
    unsigned role;     /* MR_ROLE_*: who connects here; MR_ROLE_CLIENT for the network */
    const char *name;  /* "queue.smtpd", or "inet:127.0.0.1:10025" */
    const struct mastercf_entry *entry; /* the master.cf line of a network listener, else NULL */
};

struct worker {
    const struct worker_kind *kind;
    const struct service *service;
    unsigned index; /* 0.. among workers of its kind */
    struct ev_loop *loop;
    struct conf *conf; /* current settings; replaced at reload, see reload() */
    struct service_listener listen[SERVICE_MAX_LISTEN];
    size_t nlisten;
    struct chan *parent;
    void *priv; /* the daemon's own */
};

/* One kind of worker process. */
struct worker_kind {
    const char *name;       /* "smtpd"; also its process title */
    const char *user;       /* parameter that names its user ("smtpd_user"); NULL: keeps the parent's */
    const char *chroot;     /* parameter that names its directory ("empty_directory"); NULL: none */
    const char *count;      /* parameter with how many run; NULL: one; "" : started by request only */
    const char *const *peers;   /* sockets it may be connected to, NULL-terminated; or NULL */
    const char *const *listens; /* which of the service's sockets it gets by name; "inet": its master.cf lines; or NULL */
    unsigned flags;
    int (*open)(struct worker *w); /* before the drop: open what needs a path. 0, or -1 (logged). May be NULL */
    int (*run)(struct worker *w);  /* after the drop: set up watchers on w->loop, return 0; then the loop runs */
    void (*reload)(struct worker *w, struct conf *old); /* new settings are in w->conf; old is freed after it. May be NULL */
    void (*stop)(struct worker *w); /* finish what is under way, then service_exit(); NULL: exit at once */
};
#define WORKER_EXCLUSIVE 1 /* holds $queue_directory/private/<service>.lock: a second one waits until the first
                              and all processes it made are gone */
/* SANDBOX_MAY_* (sandbox.h) are flags here, too: what the worker's work needs of the kernel. */
#define WORKER_RESTART 2   /* reload: a new worker is started, this one is told to stop(); for workers that read files in open() */

/* An internal socket, $queue_directory/private/<name>. */
struct service_socket {
    const char *name; /* "queue.smtpd" */
    unsigned role;
};

struct parent;
struct service {
    const char *name;    /* "smtpd": program, pid file, master.cf lines */
    const char *summary; /* one line for --help */
    const char *syslog_program; /* "smtpd": in log lines "postfix/smtpd[..]"; Courier form when log_courier */
    int log_courier;
    const struct worker_kind *kinds; /* ends with name NULL */
    const struct service_socket *sockets; /* ends with name NULL; or NULL */
    const char *const *master_commands; /* master.cf command names whose inet lines this service takes ("smtpd"), or NULL */
    /* Parent side, as root. All may be NULL. */
    int (*parent_open)(struct parent *p); /* more sockets: parent_add_listener(). 0 or -1 */
    /* A request of type >= CTL_SERVICE_FIRST from a worker. Returns as chan_handler. */
    int (*parent_request)(struct parent *p, struct chan *from, struct frame *f);
};

/* The whole program, parent or worker, from main() to its exit status (sysexits.h). */
int service_main(const struct service *s, int argc, char **argv);

/* --- for workers --- */
/* Ends this process: flushes channels and the log first. */
void service_exit(struct worker *w, int status) MR_NORETURN;
/* The listener of that name, NULL when there is none. */
struct service_listener *service_find_listener(struct worker *w, const char *name);
/* Accepts on every connection of l: cb(arg, listener, connected non-blocking fd). EMFILE
 * pauses accepting for a second instead of spinning. */
typedef void service_accept_cb(void *arg, struct service_listener *l, int fd);
void service_accept(struct worker *w, struct service_listener *l, service_accept_cb *cb, void *arg);
void service_accept_stop(struct worker *w); /* stop(): no new connections */
/* Who takes the parent's answers to service-specific requests (parent_request): frames of type >=
 * CTL_SERVICE_FIRST. The channel's owner is w. */
void service_on_answer(struct worker *w, chan_handler *take);

/* --- for parents --- */
/* The parent's loop and settings; the latter change with a reload. */
struct ev_loop *parent_loop(struct parent *p);
struct conf *parent_conf(struct parent *p);
/* One more socket for the workers whose kind listens on that name; fd is the parent's now. 0 or -1. */
int parent_add_listener(struct parent *p, const char *name, unsigned role, int fd);
/*
 * Starts a worker of kind `kind` as uid:gid (0 is refused when the parent is root;
 * ignored, and must be the caller's own or anything, when it is not), with
 * one end of a new socket pair as its listener named "job"; the other end is returned
 * in *fd_r. It is not started again when it ends. 0 or -1 (logged).
 */
int parent_spawn(struct parent *p, const char *kind, unsigned uid, unsigned gid, int *fd_r);

/* Control channel frames. Service-specific requests start at CTL_SERVICE_FIRST. */
enum ctl_type {
    CTL_START = 0x100, /* parent: blob settings; CTL_LOG and CTL_LISTEN came before it */
    CTL_LISTEN,        /* parent: str name, u32 role, blob master.cf entry, fd */
    CTL_READY,         /* worker */
    CTL_CONFIG,        /* parent: new settings */
    CTL_STOP,          /* parent */
    CTL_CONNECT,       /* worker: str name */
    CTL_CONNECTED,     /* parent: str name, u32 ok [fd] */
    CTL_RELOG,         /* worker: the log socket failed */
    CTL_LOG,           /* parent: u32 is_syslog, fd */
    CTL_SERVICE_FIRST = 0x180
};

#endif
