/* SPDX-License-Identifier: ISC */
/*
 * One mail transaction: from MAIL to the end of data, RSET, or the end of the session.
 * There is one function that ends it, tx_reset(), and nothing else clears a part of it.
 *
 *      MAIL                first RCPT accepted     queue answers
 *   none ----> TX_ENVELOPE ----------------> TX_OPENING ------> TX_OPEN (more RCPT)
 *     ^                                                            | DATA (354)
 *     |  COMMIT answered, or ABORT                                 v
 *     +------------------------------- TX_COMMITTING <---------- TX_CONTENT (QUEUE_SPILL when it is too long)
 *
 * A lost connection to queue marks it `failed`; the content is then read to its end and refused with 451.
 */
#ifndef MR_SMTPD_TX_H
#define MR_SMTPD_TX_H

#include "arena.h"
#include "data_decoder.h"
#include "headers.h"
#include "peer.h"
#include "proto.h"

struct session;

enum tx_state { TX_ENVELOPE, TX_OPENING, TX_OPEN, TX_CONTENT, TX_COMMITTING };

struct tx_rcpt {
    struct tx_rcpt *next;
    const char *address; /* as given, unquoted */
    const char *orcpt;
    unsigned notify;
};

/* What authd said of the sender's owners. */
struct tx_owner {
    int known; /* the rest is valid */
    enum lookup_status status;
    int owned; /* by the login of this session */
};

struct tx {
    enum tx_state state;
    struct arena arena;      /* what the envelope's texts are in */
    const char *sender;      /* unquoted; "" for <> */
    const char *sender_smtp; /* the same, quoted as SMTP needs it */
    struct tx_owner owner;
    const char *ret, *envid;
    int body_8bit;
    uint64_t declared_size;
    time_t arrival;
    struct tx_rcpt *rcpts, **rcpts_tail;
    const char *rcpt_smtp; /* the first one, quoted as SMTP needs it */
    size_t nrcpts;
    unsigned overshoot; /* recipients over the limit */

    /* the conversation with queue */
    struct peer_request *request;
    char *queue_id; /* NULL before the queue gave one */
    int fd;
    uint64_t room, written;
    int failed; /* queue is gone, or a write failed */

    /* the content */
    struct data_decoder decoder;
    struct headers headers;
    struct buf out; /* decoded, to be written */
    uint64_t size;  /* bytes of content as SMTP counts them */
    int too_big;
    /* who waits for queue's answer */
    void (*then)(struct session *s, int ok);
    void (*committed)(struct session *s, unsigned code, const char *text);
};

#define TX_WRITE_SIZE 65536 /* content is written in pieces of about this size */

/* Begins one with that sender; s->tx is NULL before. */
struct tx *tx_begin(struct session *s, const char *sender, const char *sender_smtp);
/* Ends it, wherever it is: what the queue holds for it is dropped. */
void tx_reset(struct session *s);
/* Queue gave no message: the next accepted recipient asks again. */
void tx_forget_queue(struct session *s);
/* Adds a recipient. 0, or -1: too many bytes of addresses. */
int tx_add_rcpt(struct tx *tx, const char *address, const char *address_smtp, const char *orcpt,
                unsigned notify);
/* Puts an address into a frame for queue or authd: with $myorigin where it has no domain. */
void tx_put_address(struct frame_out *f, const struct session *s, const char *address);
/* Asks queue for a message. then(s, ok): ok is 1, or 0 and the message must be refused for now. */
void tx_open(struct session *s, void (*then)(struct session *s, int ok));
/* Writes tx->out to the staging file when it is at least min bytes. 1: done; 0: queue was asked for room,
 * then() follows; -1: trouble (tx->failed is set). */
int tx_write(struct session *s, size_t min, void (*then)(struct session *s, int ok));
/* Hands the message over, all of it being written. The answer becomes the reply: done(s, code, text). */
void tx_commit(struct session *s, void (*done)(struct session *s, unsigned code, const char *text));

#endif
