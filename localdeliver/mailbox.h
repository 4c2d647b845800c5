/* SPDX-License-Identifier: ISC */
/*
 * Open Maildirs of a delivery process. Directories stay open between deliveries, so that a delivery walks no
 * long paths; at most MAILBOX_MAX_OPEN of them. What the home directory must be like and
 * whether the path still leads to the open directory is looked at again after MAILBOX_TRUST seconds.
 */
#ifndef MR_MAILBOX_H
#define MR_MAILBOX_H

#include "maildir.h"
#include "result.h"

#define MAILBOX_MAX_OPEN 128
#define MAILBOX_TRUST 1.0

struct mailbox {
    char *path;
    int dirfd, newfd; /* the Maildir, and new/ in it */
    dev_t dev;
    ino_t ino;
    double checked; /* when the path was last looked at */
    struct mailbox *hash_next, *newer, *older;
    /* The owner's, of the batch under way; zero between batches. */
    unsigned pins;               /* it is not closed while there are some */
    struct maildir_usage before; /* as maildirsize had it */
    struct maildir_usage asked;  /* promised to deliveries */
    struct maildir_usage added;  /* delivered */
    const char *quota;           /* text of the quota, NULL until asked */
    int quota_fd;                /* -1, or for maildir_quota_add() */
    int was_over;                /* the last check said no: quota_fd is closed */
    int dirty;                   /* new/ must be synced */
};

/*
 * The mailbox at path (path_maildir()), made when only home is there; pinned. NULL with *r
 * filled: a temporary failure. now: seconds.
 */
struct mailbox *mailbox_open(const char *home, const char *path, double now, struct result *r);
void mailbox_unpin(struct mailbox *m);
/* After trouble with it: the next delivery opens it anew. Pins stay valid. */
void mailbox_distrust(struct mailbox *m);
/* Whether a message of size bytes fits; if so it is promised. 0, or -1 with *r filled. */
int mailbox_reserve(struct mailbox *m, const char *quota, uint64_t size, double now, struct result *r);
/* Writes what was delivered into maildirsize and ends the accounting of this batch. */
void mailbox_account(struct mailbox *m);
/* 1 when a delivery of that message to that recipient is in new/ or cur/ (made durable); 0; -1 (errno). */
int mailbox_find(struct mailbox *m, const char *queue_id, unsigned n);

#endif
