/* SPDX-License-Identifier: ISC */
/*
 * The router: takes jobs from the queue, asks authd whose mailboxes they are for, and hands each recipient
 * to the delivery process of that mailbox. It sees envelopes only; the message is a descriptor that it passes
 * on.
 *
 * A recipient: asked of authd -> waiting for its process -> sent -> answered. When a process dies, what it
 * had not answered goes to its successor with again=1.
 */
#ifndef MR_ROUTER_H
#define MR_ROUTER_H

#include "arena.h"
#include "proto.h"
#include "qid.h"
#include "result.h"
#include "service.h"

#define ROUTER_MAX_TRIES 3    /* processes that may die of one recipient */
#define ROUTER_MAX_JOBS 1000  /* jobs at once; then the queue is not read. Fewer when few files may be open: \
                               */
#define ROUTER_OTHER_FILES 32 /* descriptors for everything but the jobs' messages */
#define ROUTER_FRAME_RCPTS                                                                                   \
    100 /* recipients in one frame to a process: FRAME_MAX holds them at their longest */

/* Types on the control channel of localdeliver. */
enum router_ctl {
    /* router: u32 uid, u32 gid; the id is the pool entry's */
    CTL_MDA_START = CTL_SERVICE_FIRST,
    /* parent: u32 ok [fd] */
    CTL_MDA_STARTED
};

struct mda_proc;

struct rcpt {
    struct router_job *job;
    struct rcpt *next; /* in one list at a time: of a lookup, or of a process's waiting ones */
    uint32_t index;
    const char *address, *orig_to;
    const char *home, *maildir, *quota; /* from authd */
    unsigned tries;
    int again, answered, ready;
    /* while ready: to be reported */
    unsigned outcome;
    const char *dsn, *text, *diagnostic;
};

struct router_job {
    struct router *router;
    struct chan *queue; /* NULL: the queue is gone, nobody waits for the answer */
    uint32_t id;        /* the queue's */
    struct arena arena;
    char queue_id[QID_SIZE];
    const char *sender;
    uint64_t size;
    uint32_t again;
    int fd;
    uint32_t n, open; /* recipients, those without an answer yet */
    struct rcpt *rcpts;
    struct router_job *prev, *next;
};

struct rcpt_list {
    struct rcpt *head, **tail;
    size_t n;
};

struct router {
    struct worker *worker;
    struct peer *authd;
    struct router_job *jobs;
    unsigned njobs, max_jobs;
    struct chan *queue;      /* the newest connection */
    struct rcpt_list to_ask; /* recipients for the next AUTHD_MAILBOX */
    struct pool *pool;
    ev_prepare round; /* once a loop round: lookups and deliveries that came together go together */
    int stopping;
};

/* ---- router.c ---- */
int router_run(struct worker *w);
void router_stop(struct worker *w);

/* ---- router_job.c ---- */
/* Takes a LOCAL_DELIVER. NULL: malformed. */
struct router_job *job_take(struct router *r, struct frame *f);
/* Sets the result of one recipient; the strings are valid until job_report(). */
void job_result(struct rcpt *x, unsigned outcome, const char *dsn, const char *text, const char *diagnostic);
/* The same, reported at once. */
void job_finish(struct rcpt *x, const struct result *r);
/* Sends the results that are ready; frees the job after the last. */
void job_report(struct router_job *j);
/* The queue's connection is gone: its jobs go on, and their results are dropped. */
void job_orphan_all(struct router *r, struct chan *queue);
void rcpt_list_init(struct rcpt_list *l);
void rcpt_list_add(struct rcpt_list *l, struct rcpt *x);
struct rcpt *rcpt_list_take(struct rcpt_list *l);

/* ---- router_lookup.c ---- */
/* Asks authd about all recipients in to_ask. */
void lookup_send(struct router *r);

/* ---- router_pool.c ---- */
struct pool *pool_new(struct router *r);
/* Gives the recipient, whose mailbox is known, to the process of (uid, gid) that has this maildir. */
void pool_add(struct pool *p, struct rcpt *x, uint32_t uid, uint32_t gid);
/* Starts processes that are wanted, sends what waits. */
void pool_round(struct pool *p);
/* The parent's answer to CTL_MDA_START. As a chan_handler. */
int pool_started(struct pool *p, struct frame *f);

#endif
