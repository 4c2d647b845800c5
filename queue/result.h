/* SPDX-License-Identifier: ISC */
/* A delivery result as data, and the one place that acts on it. */
#ifndef MR_QUEUE_RESULT_H
#define MR_QUEUE_RESULT_H

#include "message.h"
#include "proto.h"

struct result {
    enum deliver_outcome outcome;
    const char *dsn;        /* "2.0.0"; replaced by a general one when its class contradicts the outcome */
    const char *text;       /* the reason, in the log's parentheses */
    const char *diagnostic; /* for the DSN: "x-unix; ..." , or "" */
};

/* The result of the present attempt at r: the log line, the new mark, and the reason for a bounce. */
void result_apply(struct message *m, struct recipient *r, const struct result *res);

#endif
