/* SPDX-License-Identifier: ISC */
/*
 * The directories of the spool, and one message's way through them:
 *
 *   queue/0 .. queue/f   accepted messages, by the last hex digit of their microseconds
 *   tmp                  being written; removed at start
 *   staging              content too large for memory, unlinked at once; what has a name is removed at start
 *   corrupt              files that were damaged, for the operator
 *
 * All calls go through descriptors of the directories, so they work with and without chroot.
 * Every function that can fail returns -1 with errno and leaves nothing half done.
 */
#ifndef MR_QUEUE_SPOOLDIR_H
#define MR_QUEUE_SPOOLDIR_H

#include "envelope.h"

#include <sys/types.h>
#include <time.h>

#define SPOOL_HASH 16

struct spooldir {
    int hash[SPOOL_HASH], tmp, staging, corrupt;
};

/* Makes what is missing under `path` (mode 0700, owned by uid:gid unless uid is -1) and opens all. 0 or -1
 * (logged). */
int spooldir_open(struct spooldir *d, const char *path, uid_t uid, gid_t gid);
/* Opens for reading only (mailq); what is missing stays -1. 0 or -1 (errno). */
int spooldir_open_readonly(struct spooldir *d, const char *path);
void spooldir_close(struct spooldir *d);
/* The directory that the message of that (well-formed) id is in. */
int spooldir_hash(const struct spooldir *d, const char *qid);
/* Removes what a crash left in tmp/ and staging/. */
void spooldir_clean(struct spooldir *d);
/* Calls fn for the id of each message, in no order; names that are no id are logged and left. */
void spooldir_each(struct spooldir *d, void (*fn)(void *arg, const char *qid), void *arg);

/* Writes e and e->size bytes of content from `content` (from its start); durable when it returns 0. Sets
 * e->state_at. */
int spooldir_write(struct spooldir *d, struct envelope *e, int content) MR_MUST_CHECK;
/*
 * Reads a message into e (initialised, empty). *fd_r is the file, open for reading, *content_at_r where
 * its content begins. -1: errno; EBADMSG: damaged.
 */
int spooldir_read(struct spooldir *d, const char *qid, struct envelope *e, int *fd_r,
                  uint64_t *content_at_r) MR_MUST_CHECK;
/* Writes the slots of recipients that are `unsaved`, and the message state, in place; durable when 0. */
int spooldir_save_marks(struct spooldir *d, struct envelope *e) MR_MUST_CHECK;
/* When the next attempt is due, kept as the file's mtime. */
int spooldir_set_due(struct spooldir *d, const char *qid, time_t due);
int spooldir_get_due(struct spooldir *d, const char *qid, time_t *due_r);
/* The message is done with. */
int spooldir_remove(struct spooldir *d, const char *qid);
/* Puts a damaged file aside. */
int spooldir_set_aside(struct spooldir *d, const char *qid);

#endif
