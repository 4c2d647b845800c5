/* SPDX-License-Identifier: ISC */
/*
 * One batch of deliveries: whatever jobs had arrived. All copies are written to tmp/, synced together,
 * renamed into new/, and the directories synced; only then is anything reported as sent.
 */
#ifndef MR_BATCH_H
#define MR_BATCH_H

#include "arena.h"
#include "mailbox.h"
#include "proto.h"
#include "qid.h"

#define BATCH_MAX_JOBS 64
#define BATCH_MAX_RCPTS 256

/* One recipient of one message. */
struct delivery {
    uint32_t index;
    const char *address, *home, *maildir, *quota;
    struct mailbox *mailbox; /* pinned */
    uint64_t size;           /* of the file, its own header lines included */
    int fd;                  /* kept until synced, -1 */
    dev_t dev;
    enum { DELIVERY_OPEN, DELIVERY_WRITTEN, DELIVERY_RENAMED } state;
    char tmp[MAILDIR_NAME_MAX + 8]; /* "tmp/...", from the Maildir */
    char name[MAILDIR_NAME_MAX + 1];
    struct result result;
};

/* One MDA_DELIVER frame. */
struct job {
    uint32_t id;
    struct arena arena; /* of the strings */
    char queue_id[QID_SIZE];
    const char *sender;
    uint64_t size;
    uint32_t again;
    int fd;
    size_t n;
    struct delivery *deliveries;
};

struct batch {
    struct job jobs[BATCH_MAX_JOBS];
    size_t njobs;
    struct delivery *deliveries; /* BATCH_MAX_RCPTS of them */
    size_t n;
    char *memory; /* MESSAGE_BUFFER bytes */
    /* settings */
    const char *host; /* in file names */
    const char *warning_file;
    unsigned warning_percent;
};

/* An empty batch. */
struct batch *batch_new(const char *host);
void batch_free(struct batch *b);
/*
 * Takes the fields of one MDA_DELIVER frame. 1: taken; 0: no room for it until batch_clear() (the frame is
 * unread); -1: malformed.
 */
int batch_take(struct batch *b, struct frame *f);
/* Delivers; afterwards each delivery has its result. now: seconds. */
void batch_run(struct batch *b, double now);
void batch_clear(struct batch *b);

#endif
