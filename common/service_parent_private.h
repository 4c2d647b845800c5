/* SPDX-License-Identifier: ISC */
/* The parent's own structures: between service_parent*.c only. */
#ifndef MR_SERVICE_PARENT_PRIVATE_H
#define MR_SERVICE_PARENT_PRIVATE_H

#include <sys/types.h>

#include "service_private.h"

#define PARENT_MAX_LISTEN 128

/* One worker process, or the place of one that will be started again. */
struct child {
    struct parent *parent;
    struct child *next;
    const struct worker_kind *kind;
    unsigned index;
    pid_t pid; /* 0: none now */
    struct chan *chan;
    int ready, retiring, once; /* once: by parent_spawn(), not started again */
    uid_t uid;                 /* of a `once` child */
    gid_t gid;
    int job_fd;                /* its end of the socket pair, until it is sent */
    int lock_fd;               /* the lock this generation holds, -1 */
    double started, backoff;
    ev_timer restart;
};

struct parent_listener {
    char *name;
    unsigned role;
    int fd;
    int share; /* index of the worker it is for, -1: any (SO_REUSEPORT: one socket a worker) */
    const struct mastercf_entry *entry;
};

struct parent {
    const struct service *service;
    const struct service_options *options;
    const char *self; /* this program's path */
    struct ev_loop *loop;
    struct conf *conf;
    struct mastercf *master;
    struct parent_listener listen[PARENT_MAX_LISTEN];
    size_t nlisten;
    struct child *children;
    int stopping, failed;
    int ready_fd; /* tells the process that started us; -1 once told */
    int pid_fd;   /* locked pid file */
    ev_signal on_hup, on_term, on_int;
    ev_child on_child;
    ev_timer kill_timer, relog;
    ev_prepare flush;
};

/* service_parent_child.c */
struct child *child_new(struct parent *p, const struct worker_kind *k, unsigned index);
/* Forks and executes the worker, sends it its start frames. A failure is logged and tried again later. */
void child_start(struct child *c);
/* Settings, or "stop", to one that runs. */
void child_send_conf(struct child *c, unsigned type);
void child_send_log(struct child *c);
void child_stop(struct child *c);
/* Its process has ended. */
void child_reap(struct child *c, int status);

/* service_parent_listen.c: binds everything the service listens on. 0 or -1 (logged). */
int parent_listen(struct parent *p);
void parent_unlink_sockets(struct parent *p);

#endif
