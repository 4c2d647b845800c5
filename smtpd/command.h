/* SPDX-License-Identifier: ISC */
/*
 * Command lines: words, addresses and the ESMTP parameters of MAIL and RCPT (RFC 5321
 * 4.1.1.11, RFC 1870, 6152, 3461, 4954), read as Postfix reads them.
 */
#ifndef MR_COMMAND_H
#define MR_COMMAND_H

#include "address.h"

#include <stdint.h>

#define COMMAND_LINE_MAX 131072 /* bytes of one line; a longer one is refused */
#define COMMAND_MAX_ARGS 32     /* what follows the last is left in it */

struct command {
    struct buf text;
    int argc;
    char *argv[COMMAND_MAX_ARGS];
    int unbalanced; /* a < [ or " was not closed */
};

/* Once, before the first command_split(). */
void command_init(struct command *c);
/*
 * Splits a line (without its end). Words are parted by white space, which < >, [ ] and " " protect; they keep
 * these signs. "FROM:" and "TO:" end a word. 0, or -1: no word in it, or a NUL.
 */
int command_split(struct command *c, const char *line, size_t n);
/* Puts the words from argv[from] on together again, one blank between each. */
void command_join(struct command *c, int from);
/* The address that a word is. flags: enum address_flags. 0 or -1. */
int command_address(const char *word, unsigned flags, struct address *a);

/* ---- parameters ------------------------------------------------------------------- */
#define COMMAND_DSN_MAX 500 /* RFC 3461 4: ENVID 100, ORCPT 500 characters */

struct mail_params {
    uint64_t size; /* SIZE=, 0 where it is not given */
    int body_8bit;
    const char *ret;                 /* "", "FULL", "HDRS" */
    char envid[COMMAND_DSN_MAX + 1]; /* decoded */
    int has_auth;
};

struct rcpt_params {
    unsigned notify; /* 1 never, 2 success, 4 failure, 8 delay; 0: not given */
    int has_orcpt;
    char orcpt[COMMAND_DSN_MAX + 1]; /* "rfc822;a@b", decoded; "" where there is none */
};

/*
 * The parameters argv[from]... NULL when all is well; else the text of the reply, code first (for
 * an unknown parameter it is in err). sasl: AUTH= is legal.
 */
const char *command_mail_params(const struct command *c, int from, int sasl, struct mail_params *p,
                                char err[600]);
const char *command_rcpt_params(const struct command *c, int from, struct rcpt_params *p, char err[600]);

#endif
