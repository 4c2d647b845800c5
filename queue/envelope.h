/* SPDX-License-Identifier: ISC */
/*
 * The envelope of one message: who sent it, to whom it goes, and how far each of
 * its recipients has come. What is in the spool file, in memory.
 */
#ifndef MR_QUEUE_ENVELOPE_H
#define MR_QUEUE_ENVELOPE_H

#include "arena.h"
#include "dsn.h"
#include "qid.h"

#include <stdint.h>

#define ENVELOPE_MAX_RCPT 10000       /* final recipients of one message, aliases expanded */
#define ENVELOPE_MAX_BYTES (4u << 20) /* memory of one envelope */

/* The mark of a recipient, as its byte in the spool file. */
enum rcpt_mark {
    MARK_OPEN = 'O',   /* to be delivered */
    MARK_SENT = 'S',   /* delivered; nothing more to do */
    MARK_NOTICE = 'N', /* delivered; the sender wants to be told, and was not yet */
    MARK_BOUNCE = 'B', /* failed; the sender was not told yet */
    MARK_DONE = 'D'    /* failed, and told (or need not be) */
};

enum rcpt_transport { TRANSPORT_LOCAL = 1, TRANSPORT_ERROR, TRANSPORT_SMTP };

/* NOTIFY= of RFC 3461 4.1, as QUEUE_COMMIT carries it. 0: not given. */
#define NOTIFY_NEVER 1u
#define NOTIFY_SUCCESS 2u
#define NOTIFY_FAILURE 4u
#define NOTIFY_DELAY 8u
#define NOTIFY_ALL 15u

#define SENDER_8BITMIME 1u
#define SENDER_SMTPUTF8 2u

#define REASON_SIZE 1024 /* of text and of diagnostic, with the NUL; longer ones are cut */

struct recipient {
    const char *address; /* final */
    const char *orig_to; /* as the client gave it, before aliases */
    const char *orcpt;   /* ORCPT, "rfc822;x", or "" */
    const char *nexthop; /* TRANSPORT_ERROR: the text */
    uint32_t notify;
    uint8_t transport; /* enum rcpt_transport */
    uint8_t mark;      /* enum rcpt_mark */
    uint8_t under_way; /* a job for it has no answer yet */
    uint8_t unsaved;   /* mark or reason differ from the spool file's */
    /* Of the last attempt: "" before the first. */
    char dsn[DSN_SIZE];
    char *text, *diagnostic; /* own memory */
};

struct envelope {
    char qid[QID_SIZE];
    uint64_t arrival; /* microseconds since 1970 */
    uint64_t size;    /* content bytes */
    const char *sender, *ret, *envid, *message_id, *client;
    uint32_t sender_flags;
    uint8_t warned;    /* the delay warning was sent */
    uint64_t state_at; /* where the changing part of its spool file begins; 0: not in the spool */
    struct recipient *rcpt;
    uint32_t nrcpt, rcpt_room;
    struct arena arena; /* all strings but the reasons */
};

/* Empty: no sender, no recipients. */
void envelope_init(struct envelope *e);
void envelope_free(struct envelope *e);
/* A copy of s that lives as long as e; NULL: the envelope is too large. */
const char *envelope_text(struct envelope *e, const char *s) MR_MUST_CHECK;
/* A new open recipient, all texts ""; NULL: too many. Pointers to others are invalid after it. */
struct recipient *envelope_add(struct envelope *e) MR_MUST_CHECK;
/* Removes later recipients whose address an earlier one has (ASCII case folded). Keeps the order. */
void envelope_unique(struct envelope *e);
/* What the last attempt gave. NULL counts as "". */
void recipient_set_reason(struct recipient *r, const char *dsn, const char *text, const char *diagnostic);
/* How many have that mark. */
uint32_t envelope_count(const struct envelope *e, uint8_t mark);

#endif
