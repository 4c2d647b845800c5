/* SPDX-License-Identifier: ISC */
/* The authdaemon protocol of courier-authlib: requests read, replies written. */
#ifndef MR_AUTHREQ_H
#define MR_AUTHREQ_H

#include "account.h"
#include "buf.h"

#define AUTHREQ_MAX 8192     /* bytes of a line, and of AUTH's data */
#define AUTHREQ_BUFFER 24576 /* metadata lines, AUTH's line, its data */

enum authreq_kind {
    AUTHREQ_MORE, /* not complete yet */
    AUTHREQ_BAD,  /* to be closed without an answer */
    AUTHREQ_FAIL, /* to be answered FAIL without a look */
    AUTHREQ_AUTH,
    AUTHREQ_PRE,
    AUTHREQ_PASSWD,
    AUTHREQ_ENUMERATE
};

struct authreq {
    const char *module; /* PRE: "." or a module's name */
    const char *service, *user;
    const char *password, *newpassword;
};

/*
 * Looks at the n bytes at p, behind which a NUL stands. eof: no more will come. When the request is complete,
 * *r points into them (they are cut up). What follows the request is ignored: there is one request in a
 * connection.
 */
enum authreq_kind authreq_parse(char *p, size_t n, int eof, struct authreq *r);

/* Appends the reply for an account; cleartext: the password that was given, or NULL. 0, or -1 over the cap.
 */
int authreq_put_account(struct buf *to, const struct account *a, const char *cleartext);

#endif
