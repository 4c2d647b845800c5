/* SPDX-License-Identifier: ISC */
/* The messages of one Maildir during a POP3 session. The Maildir is the working directory. */
#ifndef MR_POP3_MAILBOX_H
#define MR_POP3_MAILBOX_H

#include "arena.h"

#include <stdint.h>
#include <time.h>

#define MAILBOX_MEMORY ((size_t)256 * 1024 * 1024) /* for names; about three million messages */
#define MAILBOX_TMP_AGE (36 * 3600)                /* seconds until a file in tmp/ is nobody's any more */

struct message {
    char *name;         /* in cur/ */
    uint64_t size;      /* octets as POP3 counts them */
    uint32_t uid, uidv; /* uid 0: its id is its name, for want of a place to write one down */
    unsigned char utf8, fresh, deleted;
};

struct mailbox {
    struct message *msgs; /* message number n is msgs[n - 1], in order of arrival */
    size_t n;
    int cur_fd;
    struct arena names;
};

/*
 * Moves what is in new/ to cur/, lists cur/, and gives every message its id and size, from
 * courierpop3dsizelist or anew; that file is written again when messages came or went. 0; or -1 (errno):
 * there is no cur/.
 */
int mailbox_open(struct mailbox *m, time_t now);
/* Removes files in tmp/ that are older than MAILBOX_TMP_AGE. */
void mailbox_purge_tmp(time_t now);
/* The file of message i (from 0), to be read; -1 (errno) when it is gone. */
int mailbox_open_message(const struct mailbox *m, size_t i);
/* Sets the flag S. A failure changes nothing. */
void mailbox_mark_seen(struct mailbox *m, size_t i);
/*
 * Removes the messages that are marked `deleted` and takes them off maildirsize. gone(arg, "cur/<name>")
 * for each before it goes; may be NULL. Returns how many could not be removed (those gone already do not
 * count).
 */
size_t mailbox_expunge(struct mailbox *m, void (*gone)(void *arg, const char *file), void *arg);
#define MAILBOX_UIDL_SIZE 72
/* The unique id of message i (RFC 1939 7: up to 70 printing characters). */
void mailbox_uidl(const struct mailbox *m, size_t i, char uidl[MAILBOX_UIDL_SIZE]);

#endif
