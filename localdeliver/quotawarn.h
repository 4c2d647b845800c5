/* SPDX-License-Identifier: ISC */
/* The notice to the owner of a mailbox that is nearly full (maildrop -w). */
#ifndef MR_QUOTAWARN_H
#define MR_QUOTAWARN_H

#include <time.h>

/*
 * Puts the text of `file` into the Maildir as a message, unless one came within the last 24 hours. A
 * missing file is no error; others are logged. quota: text of line 1 of maildirsize.
 */
void quotawarn_deliver(int maildirfd, const char *path, const char *file, const char *quota, const char *host,
                       time_t now);

#endif
