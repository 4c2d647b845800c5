/* SPDX-License-Identifier: ISC */
/*
 * Who is connected: one slot for each client, from before its greeting until its session has ended. The
 * session parent keeps them all, so that the limits hold exactly however many network processes accept.
 */
#ifndef MR_POP3_SLOT_H
#define MR_POP3_SLOT_H

#include <stdint.h>
#include <sys/types.h>

#define SLOT_IP_SIZE 80

struct chan;
struct peer_request;

struct slot {
    struct slot *next, **back;
    char ip[SLOT_IP_SIZE];
    struct chan *from;             /* the network process it came from; NULL when that is gone */
    uint32_t admission;            /* its number there */
    pid_t pid;                     /* the session process; 0 during the login */
    struct login_request *request; /* while its ticket is being redeemed */
};

struct slots {
    struct slot *head;
    unsigned n;
    unsigned max, max_per_ip;
};

/* A new slot for a client of that address; NULL when a limit is reached. */
struct slot *slots_add(struct slots *t, const char *ip, struct chan *from, uint32_t admission);
void slots_remove(struct slots *t, struct slot *s);
/* The slot of a client that is logging in; NULL when there is none. */
struct slot *slots_find(const struct slots *t, const struct chan *from, uint32_t admission);
struct slot *slots_find_pid(const struct slots *t, pid_t pid);

#endif
