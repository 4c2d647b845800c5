/* SPDX-License-Identifier: ISC */
/*
 * Access restrictions (smtpd_recipient_restrictions and the others; see Postfix's
 * SMTPD_ACCESS_README). A list is compiled into rows of the table in restrict.c; each row is a function
 * that says OK, REJECT, or nothing. A check that needs to know what authd says of the recipient, or of
 * the sender's owners, returns RESTRICT_ASK_RCPT or _OWNER while that is not known; the whole evaluation is
 * then repeated, so checks have no side effects.
 */
#ifndef MR_SMTPD_RESTRICT_H
#define MR_SMTPD_RESTRICT_H

#include "buf.h"

struct session;
struct smtpd_settings;
struct restriction;

enum restrict_list_id {
    RESTRICT_CLIENT,
    RESTRICT_HELO,
    RESTRICT_SENDER,
    RESTRICT_RELAY,
    RESTRICT_RECIPIENT,
    RESTRICT_DATA,
    RESTRICT_REWRITE, /* local_header_rewrite_clients */
    RESTRICT_LISTS
};

struct restrict_list {
    const struct restriction **rows;
    size_t n;
};

enum restrict_result {
    RESTRICT_DUNNO,
    RESTRICT_OK,
    RESTRICT_REJECT,
    RESTRICT_ASK_RCPT, /* ask authd, then evaluate again */
    RESTRICT_ASK_OWNER
};

#define RESTRICT_REPLY_SIZE 1200

/* One evaluation. */
struct restrict_check {
    struct session *session;
    const char *recipient;           /* as given, unquoted; NULL outside RCPT and VRFY */
    const char *name, *class_;       /* what a refusal names: "<name>: class rejected: ..." */
    char reply[RESTRICT_REPLY_SIZE]; /* of a refusal, code first */
};

/* main.cf's name of a list. */
const char *restrict_list_name(enum restrict_list_id id);
/*
 * Compiles a value. Names that this version does not have are left out, each with a log line when warn is
 * set.
 */
void restrict_compile(struct restrict_list *l, enum restrict_list_id id, const char *value, int warn);
void restrict_free(struct restrict_list *l);
/* 1 when one of its rows refuses mail for other people's domains (a list without is an open relay). */
int restrict_closes_relay(const struct restrict_list *l);
/* 1 when one of its rows asks for the sender's owners. */
int restrict_asks_owner(const struct restrict_list *l);
/* Adds defer_unauth_destination. */
void restrict_close_relay(struct restrict_list *l);

/* All that stands before a recipient: client, helo, sender, relay and recipient lists, and that it exists. */
enum restrict_result restrict_recipient(struct restrict_check *c);
/* smtpd_data_restrictions. */
enum restrict_result restrict_data(struct restrict_check *c);
/* 1 when local_header_rewrite_clients has this client. */
int restrict_rewrites(struct session *s);

#endif
