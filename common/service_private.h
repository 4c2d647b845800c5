/* SPDX-License-Identifier: ISC */
/* Between the files of the skeleton (service*.c, peer.c); no daemon includes it. */
#ifndef MR_SERVICE_PRIVATE_H
#define MR_SERVICE_PRIVATE_H

#include "service.h"

#define SERVICE_CTL_FD 3  /* a worker's control channel */
#define SERVICE_LOCK_FD 4 /* the lock of a WORKER_EXCLUSIVE kind, inherited by all its processes */

struct service_options {
    const char *config_dir;
    int foreground;
    const char *worker; /* kind to run as (internal), NULL: the parent */
    unsigned worker_index;
    int worker_locks;
};

/* The rest of main() of a parent, and of a worker. */
int parent_main(const struct service *s, const struct service_options *o, const char *self);
int worker_main(const struct service *s, const struct service_options *o);

/* service_drop.c: gives up all privileges this kind does not keep. 0, or -1 (logged). */
int service_drop(const struct worker_kind *k, struct conf *conf);

/* service_log.c: opens what maillog_file or syslog say. fd or -1 (errno). */
int service_open_log(struct conf *conf, int *is_syslog_r);
/*
 * Standard input, output and error become /dev/null: whoever started the daemon may wait for the end of its
 * output. Built with AddressSanitizer, standard error becomes the log.
 */
void service_leave_terminal(void);

/* peer.c: an answer to CTL_CONNECT; fd -1 when there is no connection now. */
void peer_connected(const char *name, int fd);

/* What the parent made ready in $queue_directory (private/, empty/, pid/). 0 or -1 (logged). */
int service_make_directories(struct conf *conf);
/* $queue_directory/private/<name> into path. 0 or -1 (too long). */
int service_socket_path(struct conf *conf, const char *name, char *path, size_t size);

#endif
