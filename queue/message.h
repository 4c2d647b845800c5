/* SPDX-License-Identifier: ISC */
/*
 * A message in memory: being received, being delivered, or on its way out of the spool.
 *
 *   receiving -> expanding -> [spooled] -> delivering -> settled: freed; a file is left, or not
 *
 * `client` is set while somebody waits for the answer to QUEUE_COMMIT. Whoever is told 250 is
 * told by message_answer(), after the message is spooled or every copy is in its mailbox.
 */
#ifndef MR_QUEUE_MESSAGE_H
#define MR_QUEUE_MESSAGE_H

#include "chan.h"
#include "envelope.h"
#include "peer.h"
#include "staging.h"

struct queue;
struct client;

struct message {
    struct queue *q;
    struct message *prev, *next; /* q->active */
    struct envelope env;
    struct staging content;
    struct client *client; /* the connection that waits for the answer; NULL when gone, or answered */
    uint32_t request;      /* its id */
    struct message *hash_next, *client_next, *client_prev; /* client.c's */
    struct peer_request *expand;
    unsigned under_way; /* recipients whose job has no answer */
    struct job *jobs;
    double started; /* of this pass */
    double active;  /* when it came into memory to be delivered */
    ev_timer ack_timer;
    uint8_t announced; /* its (queue active) line was logged */
    uint8_t answered;  /* the client was told (or nobody waits for it) */
    uint8_t spooled;   /* env is on disk, marks included up to `unsaved` */
    uint8_t again;     /* an earlier attempt may have succeeded unseen */
    uint8_t lost;      /* in this pass a job was lost */
    uint8_t retrying;  /* it came out of the spool */
    uint8_t bouncing;  /* enum bounce_kind of the notification that is being made */
    struct peer_request *bounce_request;
    uint8_t told_not; /* one could not be made in this pass */
};

/* A new one with the next queue id, in q's list. */
struct message *message_new(struct queue *q);
/* Forgets it: everything in memory. A spool file stays. */
void message_free(struct message *m);
/* Makes the first pass. */
void message_activate(struct message *m);
/* Logs "(queue active)", once. A message that is delivered before the answer is announced with its first
 * result, so that its lines go out in one write. */
void message_announce(struct message *m);
/* Every recipient of the pass has its result, or the time before the answer is over. */
void message_pass_done(struct message *m);
/* The result of bounce_start(). */
void message_bounced(struct message *m, int ok);
/* Makes it durable. 0, or -1 with errno. */
int message_spool(struct message *m) MR_MUST_CHECK;
/* Answers QUEUE_COMMIT. outcome: enum commit_outcome. */
void message_answer(struct message *m, unsigned outcome, const char *text);
/* Answers it with the 250, or with what the failure (errno) of spooling says. */
void message_answer_queued(struct message *m);
void message_answer_errno(struct message *m, int error);
/* Age in seconds; never negative. */
double message_age(const struct message *m);

#endif
