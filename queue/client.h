/* SPDX-License-Identifier: ISC */
/* One connection of an smtpd worker and its transactions. */
#ifndef MR_QUEUE_CLIENT_H
#define MR_QUEUE_CLIENT_H

#include "message.h"

#define CLIENT_HASH 256

struct client {
    struct chan *chan;
    struct queue *q;
    struct message *hash[CLIENT_HASH]; /* transactions that are not committed */
    struct message *waiting;           /* committed, not answered */
    unsigned open;
};

/* The message's transaction waits for its answer: it is no longer open. */
void client_commit(struct message *m);
/* It does not wait any more. */
void client_forget(struct message *m);

#endif
