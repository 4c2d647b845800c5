/* SPDX-License-Identifier: ISC */
/*
 * The text of a delivery status notification (RFC 3464, RFC 6522), as Postfix
 * words it: three parts, the notification, the report, and the message or its headers.
 */
#ifndef MR_QUEUE_DSNREPORT_H
#define MR_QUEUE_DSNREPORT_H

#include "buf.h"
#include "envelope.h"

#include <time.h>

enum bounce_kind { BOUNCE_FAILURE, BOUNCE_SUCCESS, BOUNCE_DELAY };

struct dsnreport {
    enum bounce_kind kind;
    const char *myhostname, *myorigin, *mail_name;
    const char *relay; /* of local deliveries: "maildrop", or "virtual" */
    const char *qid;   /* of the notification itself */
    time_t now;
    double warning_time, lifetime; /* seconds, BOUNCE_DELAY */
    uint64_t size_limit;           /* bounce_size_limit: larger messages are returned as headers only */
    const struct envelope *env;    /* the message it is about */
    int content;                   /* its content, read with pread(2) from 0 */
};

/* 1 when this notification is to speak of r (NOTIFY= of RFC 3461 respected). */
int dsnreport_names(enum bounce_kind kind, const struct recipient *r);
/* Appends header and body, LF line ends. 0, or -1: over the buffer's cap, or the content cannot be read
 * (errno). */
int dsnreport_build(struct buf *to, const struct dsnreport *d);
/* "Postfix - by a@b" -> "Postfix---by-a-b", fit for a header's name. Appends. */
void dsnreport_put_mangled(struct buf *to, const char *mail_name);
/* Appends `text` in lines of at most 79 characters where blanks allow it, the second and later ones behind 4
 * blanks. */
void dsnreport_put_wrapped(struct buf *to, const char *text);

#endif
