/* SPDX-License-Identifier: ISC */
/* What the parsers of address.h share. */
#ifndef MR_ADDRESS_IMPL_H
#define MR_ADDRESS_IMPL_H

#include "address.h"

/* A part of an address while it is read: unquoted bytes, unchecked. */
struct address_part {
    char *to; /* ADDRESS_MAX bytes, in a struct address */
    size_t len;
    int overflow; /* there was more */
};

/* Both parts empty, writing into a. */
void address_start(struct address *a, struct address_part *local, struct address_part *domain);
/* One more byte of a part; those past ADDRESS_MAX set overflow. */
void address_put(struct address_part *part, char c);
/* c may stand in an unquoted local part, but for dots: atext of RFC 5322 3.2.3, or part of a UTF-8 character.
 */
int address_is_atext(char c);
/* Reads atext and dots. Returns what follows. */
const char *address_scan_atoms(const char *p, const char *end, struct address_part *to);
/* Reads the quoted string at p (RFC 5322 3.2.4) without its quotes. Returns what follows, NULL: no
 * end. */
const char *address_scan_quoted(const char *p, const char *end, struct address_part *to);
/* Reads a literal with its brackets. Returns what follows, NULL: no end. */
const char *address_scan_literal(const char *p, const char *end, struct address_part *to);
/* Ends both parts and checks them under flags (enum address_flags); has_domain: there was an '@'. 0 or -1. */
int address_finish(struct address *a, struct address_part *local, struct address_part *domain, int has_domain,
                   unsigned flags);

#endif
