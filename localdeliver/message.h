/* SPDX-License-Identifier: ISC */
/* The content of one message, from the descriptor that the queue passed on, and its copies. */
#ifndef MR_MESSAGE_H
#define MR_MESSAGE_H

#include "buf.h"

#include <sys/types.h>

#define MESSAGE_BUFFER                                                                                       \
    262144 /* content up to here is read once; longer content is read again for each copy */

struct message {
    int fd;
    uint64_t size;
    char *content;        /* its first bytes, in memory of MESSAGE_BUFFER bytes that the caller keeps */
    size_t held;          /* how many */
    struct buf delivered; /* addresses of its Delivered-To headers, each with a NUL behind it */
};

/*
 * Reads the beginning of the message and its Delivered-To headers. 0, or -1 (errno): the file could not be
 * read, or is shorter than size (EIO).
 */
int message_open(struct message *m, int fd, uint64_t size, char *memory);
/* The part of message_open() behind reading: collects the Delivered-To headers of m->content. */
void message_scan(struct message *m);
void message_close(struct message *m);
/* The address in lower case, as a Delivered-To header has it, in `to`; NULL when it is too long. */
char *message_delivered_to(struct buf *to, const char *address);
/* 1 when the header has such a Delivered-To, whatever the case of letters: a loop. */
int message_is_loop(const struct message *m, const char *delivered_to);
/* Writes header and then the content to fd, which is at its start. 0 or -1 (errno). */
int message_copy(struct message *m, int fd, const char *header, size_t header_len);
/* The lines that a delivery adds, in `to`: Return-Path ("" is MAILER-DAEMON) and Delivered-To. 0, -1: too
 * long. */
int message_header(struct buf *to, const char *sender, const char *delivered_to);

#endif
