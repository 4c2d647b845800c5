/* SPDX-License-Identifier: ISC */
/* The parts of the worker `authd`, which answers everybody. */
#ifndef MR_AUTHD_DAEMON_H
#define MR_AUTHD_DAEMON_H

#include "directory.h"
#include "login.h"
#include "service.h"
#include "ticket.h"

struct daemon {
    struct worker *worker;
    struct login_settings settings;
    struct directory *directory;
    struct tickets *tickets;
    size_t max_clients; /* on the authdaemon socket */
    ev_prepare round_w;
    ev_timer stop_w;
    double stop_until;
};

/* roles.c: a connection of another daemon of ours; role tells which. */
void roles_accept(struct daemon *d, int fd, unsigned role);
/* Closes the connections that wait for nothing; how many are left. all: the session parents' too. */
size_t roles_close_idle(int all);

/* client.c: a connection on the authdaemon socket. */
void client_accept(struct daemon *d, int fd);
/* How many there are. */
size_t clients_open(void);

#endif
