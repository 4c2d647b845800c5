/* SPDX-License-Identifier: ISC */
/* Between roles.c (lookups) and roles_auth.c (logins). */
#ifndef MR_ROLES_H
#define MR_ROLES_H

#include "daemon.h"

struct connection {
    struct connection *next;
    struct daemon *daemon;
    struct chan *chan;
    struct pending *pending; /* requests that are answered later */
    size_t npending;
};

chan_handler roles_take_mechs, roles_take_sasl_start, roles_take_sasl_step, roles_take_sasl_abort,
    roles_take_login;
/* The connection is gone: nobody waits for its requests any more. */
void roles_drop_pending(struct connection *k);

#endif
