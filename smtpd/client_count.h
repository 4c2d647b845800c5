/* SPDX-License-Identifier: ISC */
/* How many connections each client has to this worker (smtpd_client_connection_count_limit). */
#ifndef MR_CLIENT_COUNT_H
#define MR_CLIENT_COUNT_H

#include "netaddr.h"

struct client_counts;
struct client_count;

/* The counts of one worker; they live as long as it does. */
struct client_counts *client_counts_new(void);
/* One more of that client; *n_r is how many it has now. */
struct client_count *client_count_add(struct client_counts *t, const struct netaddr *a, unsigned *n_r);
/* One less; c may be NULL. */
void client_count_drop(struct client_counts *t, struct client_count *c);

#endif
