/* SPDX-License-Identifier: ISC */
/* Between restrict.c (lists) and restrict_checks.c (the table). */
#ifndef MR_SMTPD_RESTRICT_PRIVATE_H
#define MR_SMTPD_RESTRICT_PRIVATE_H

#include "restrict.h"

#define RESTRICT_CLOSES_RELAY 1u /* refuses mail for other people's domains */
#define RESTRICT_ASKS_OWNER 2u   /* wants to know the sender's owners */

struct restriction {
    const char *name;
    enum restrict_result (*check)(struct restrict_check *c);
    unsigned traits; /* RESTRICT_CLOSES_RELAY ... */
};

/* The row of that name, NULL when there is none. */
const struct restriction *restrict_find(const char *name);
/* Also runs behind all lists (smtpd_reject_unlisted_recipient). */
enum restrict_result check_reject_unlisted_recipient(struct restrict_check *c);

#endif
