/* SPDX-License-Identifier: ISC */
/*
 * The table of all main.cf parameters that this suite acts on, and of the few that its design
 * makes moot and that are taken in silence ("no effect"): name, type, default, range, and what
 * each means. postconf(1) shows it.
 * A new parameter needs one line in params.c and nothing else.
 */
#ifndef MR_PARAMS_H
#define MR_PARAMS_H

#include "compiler.h"

enum param_type {
    PARAM_STR,  /* any text */
    PARAM_INT,  /* a whole number from min to max */
    PARAM_BOOL, /* yes or no */
    PARAM_TIME, /* a time from min to max seconds; a bare number is in `unit` */
    PARAM_LIST  /* items separated by commas and white space; { } balanced */
};

struct param {
    const char *name;
    enum param_type type;
    char unit;       /* PARAM_TIME: 's', 'm', 'h', 'd' or 'w' */
    const char *def; /* with $name forms; NULL: conf_default.c computes it */
    long min, max;
    const char *help; /* one line */
};

/* All of them in name order; *n_r is how many. */
const struct param *params_all(size_t *n_r);
/*
 * The parameter of that name; NULL when there is none. A <transport>_destination_recipient_limit
 * or _concurrency_limit is found by its ending, whatever the transport.
 */
const struct param *param_find(const char *name);
/* 1 when a Postfix parameter of that name exists which we do not act on. */
int param_is_postfix_only(const char *name);

#endif
