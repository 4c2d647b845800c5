/* SPDX-License-Identifier: ISC */
/* Ids and sizes of a mailbox's messages: courierpop3dsizelist read, compared and written again. */
#ifndef MR_POP3_MAILBOX_INDEX_H
#define MR_POP3_MAILBOX_INDEX_H

#include "mailbox.h"

/*
 * Fills size, uid, uidv and utf8 of m's messages, which are in order. New ones are read through, and dropped
 * when they cannot be. When the list cannot be written, new messages have uid 0. now: the uidv of a first
 * list.
 */
void mailbox_index(struct mailbox *m, time_t now);

#endif
