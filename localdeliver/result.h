/* SPDX-License-Identifier: ISC */
/* What became of one recipient, in the words that Postfix's pipe(8) and maildrop have for it. */
#ifndef MR_RESULT_H
#define MR_RESULT_H

#include "frame.h"

#define RESULT_TEXT 512 /* longer texts are cut */

struct result {
    unsigned outcome; /* enum deliver_outcome; 0: not known yet */
    const char *dsn;
    char text[RESULT_TEXT];       /* for the log, in parentheses */
    char diagnostic[RESULT_TEXT]; /* Diagnostic-Code, or "" */
};

/* The copy is durable; there is no such user; the message was in this mailbox before (Delivered-To). */
void result_sent(struct result *r);
void result_unknown_user(struct result *r);
void result_loop(struct result *r, const char *address);
/* Deferred, with what maildrop would have printed ("maildrop: maildir over quota."; "" for nothing). */
void result_deferred(struct result *r, const char *dsn, const char *output);
/* Deferred because `what` ("write") failed with errno `error`. */
void result_errno(struct result *r, const char *what, int error);
/* Appends u32 index and the fields of a LOCAL_RESULT entry. */
void result_put(struct frame_out *f, uint32_t index, const struct result *r);

#endif
