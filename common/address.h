/* SPDX-License-Identifier: ISC */
/*
 * Addresses: the Path and Mailbox of RFC 5321 (4.1.2, 4.1.3) as SMTP commands carry
 * them, and RFC 5322 (3.4) address lists as headers do.
 */
#ifndef MR_ADDRESS_H
#define MR_ADDRESS_H

#include "buf.h"

#define ADDRESS_MAX 512 /* longest address taken, unquoted, local@domain */

struct address {
    char local[ADDRESS_MAX];  /* local part, unquoted (what quoting protected, without the quotes) */
    char domain[ADDRESS_MAX]; /* domain as given; "[127.0.0.1]" for a literal; "" when there is none */
    int quoted;               /* the local part needs quotes when written */
};

enum address_flags {
    ADDRESS_ALLOW_EMPTY = 1,     /* <> : both parts "" */
    ADDRESS_ALLOW_BARE = 2,      /* local part without a domain (<postmaster>) */
    ADDRESS_ALLOW_NO_ANGLE = 4,  /* MAIL FROM:a@x : as Postfix takes without strict_rfc821_envelopes */
    ADDRESS_ALLOW_UTF8 = 8       /* RFC 6531 */
};

/*
 * Parses the path at *text ("<@a,@b:user@dom> SIZE=1"). A source route is dropped. Blanks
 * before it are skipped. 0 and *text moved behind it, or -1: not a path, or too long.
 */
int address_parse_path(const char **text, unsigned flags, struct address *a);
/* Parses a whole string "local@domain" or "local" as it stands in tables. 0 or -1. */
int address_parse_plain(const char *text, struct address *a);
/* Writes it as a table key or log shows it: local@domain, unquoted. */
int address_put_plain(struct buf *to, const struct address *a);
/* Writes it as SMTP needs it, local part quoted where it must be, without < >. */
int address_put_smtp(struct buf *to, const struct address *a);
/* The domain is a syntactically valid host name / literal (RFC 5321 4.1.2, 4.1.3). 1 or 0. */
int address_valid_hostname(const char *domain);
int address_valid_literal(const char *domain);
/* Lower-cases ASCII in place. */
void address_lower(char *s);
/*
 * The addresses of a header value (RFC 5322 3.4, groups and comments included), in order:
 * cb(arg, "local@domain"). Bounded: at most max addresses, linear time. Returns how many, -1 on bad syntax
 * (those before it were reported).
 */
int address_each_in_header(const char *value, size_t len, size_t max, void (*cb)(void *, const char *), void *arg);

#endif
