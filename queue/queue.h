/* SPDX-License-Identifier: ISC */
/*
 * The queue manager's one process. How a message moves through its files:
 *
 *   client.c   QUEUE_OPEN, QUEUE_SPILL, QUEUE_ABORT: staging files of transactions that are under way
 *   commit.c   QUEUE_COMMIT: freeze, expand through authd, deliver before the answer or spool before it
 *   deliver.c  one pass over the open recipients: jobs to localdeliver, and their answers
 *   result.c   one result: log line, mark, reason
 *   message.c  what follows a pass: answer, bounce, expiry, warning, next attempt, removal
 *   bounce.c   delivery status notifications as new messages (dsnreport.c: their text)
 *   retry.c    messages of the spool, when they are due
 */
#ifndef MR_QUEUE_H
#define MR_QUEUE_H

#include "dsnreport.h"
#include "idclock.h"
#include "message.h"
#include "peer.h"
#include "schedule.h"
#include "service.h"
#include "spooldir.h"

/* main.cf, read once and at reload. */
struct queue_settings {
    char *myhostname, *myorigin, *mail_name;
    char *relay, *relay_program; /* of local deliveries, for the log: "maildrop", "pipe" */
    double ack_time, min_backoff, max_backoff, lifetime, bounce_lifetime, warning_time, run_delay, stop_grace;
    uint64_t size_limit, bounce_size, minfree;
    long active_limit;
};

struct queue {
    struct worker *w;
    struct peer *authd, *localdeliver;
    struct spooldir dir;
    struct staging_budget budget;
    struct idclock ids;
    struct schedule schedule;
    struct queue_settings set;
    struct message *active; /* list of all that are not just files */
    long nactive, nretrying;
    int local_trouble; /* localdeliver did not answer the last time: spool first */
    int stopping;
    ev_timer retry_timer, stop_timer;
    ev_signal flush_signal;
    uint32_t retry_due; /* what retry_timer waits for */
};

/* Microseconds since 1970. */
uint64_t queue_now(void);
/* Fills set from w->conf; frees what was there. */
void queue_read_settings(struct queue *q);

/* --- client.c --- */
/* Takes connections of smtpd workers. */
void client_listen(struct queue *q);
/* --- commit.c --- */
/* QUEUE_COMMIT about the transaction's message m, which has a staging file. Takes m over.
 * As chan_handler; -1: malformed, m is freed. */
int commit_take(struct message *m, struct frame *f);
/*
 * AUTHD_EXPAND's answer about e's recipients: they are replaced by the final ones, without duplicates. 0 or
 * -1 (malformed); `why` is filled, "4.6.0 ...", when it cannot be done now, else "".
 */
int commit_take_expansions(struct envelope *e, struct frame *f, char *why, size_t size);
/* --- deliver.c --- */
/* One attempt at every open recipient; message_pass_done(m) follows, perhaps before this returns. */
void deliver_pass(struct message *m);
/* Drops the jobs that have no answer; their recipients are open, and `again` is set. */
void deliver_abandon(struct message *m);
/* --- bounce.c --- */
/* Makes the notification of that kind about m durable; then message_bounced(m, ok), perhaps before this
 * returns. */
void bounce_start(struct message *m, enum bounce_kind kind);
/* --- retry.c --- */
/* Reads the names in the spool into the schedule; starts the timer. */
void retry_start(struct queue *q);
/* The timer fires when the first message is due. Called when the schedule or the number of active messages
 * has changed. */
void retry_arm(struct queue *q);
/* Everything in the spool is due now. */
void retry_flush(struct queue *q);

#endif
