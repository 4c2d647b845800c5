/* SPDX-License-Identifier: ISC */
/*
 * AUTHD_EXPAND: what an accepted recipient becomes, through aliases of aliases, down to the
 * addresses that mail is really for, each once in a message.
 */
#ifndef MR_EXPAND_H
#define MR_EXPAND_H

#include "directory.h"
#include "strmap.h"

struct expand_target {
    const char *address, *transport, *nexthop;
};

struct expand_result {
    enum lookup_status status; /* LOOKUP_OK: the targets; LOOKUP_TEMP: dsn and reason, and no targets */
    const char *dsn, *reason;
    struct expand_target *targets; /* none when all of them were those of an earlier recipient */
    size_t n;
};

/* The recipients of one message. */
struct expansion {
    const struct directory *directory;
    struct arena *arena; /* results live there */
    struct strmap given; /* addresses that were results already */
};

/* For one message. Results live in arena; the directory outlives it. */
void expansion_init(struct expansion *e, const struct directory *d, struct arena *arena);
void expansion_free(struct expansion *e);
/* Expands one more recipient. */
void expansion_add(struct expansion *e, const char *address, struct expand_result *r);

#endif
