/* SPDX-License-Identifier: ISC */
/* POP3 command lines (RFC 1939 3), taken apart as Courier does. */
#ifndef MR_POP3_COMMAND_H
#define MR_POP3_COMMAND_H

#include "buf.h"

#include <stdint.h>

/* Longest line taken, its line end included (Courier's buffer). */
#define COMMAND_MAX 8191
#define COMMAND_NUMBER_MAX 2147483647u

struct command {
    char verb[8]; /* upper case; "" when there is none, or it is longer than any we know */
    char *rest;   /* behind the one blank after the verb; "" when there is nothing */
};

enum command_line { COMMAND_NONE, COMMAND_LINE, COMMAND_CUT };

/*
 * Takes the next line off `in`: copies it to line (COMMAND_MAX + 1 bytes), without its line end (LF, or CR
 * LF), NUL-terminated. *size_r: bytes of it that count as received, at most COMMAND_MAX. *skipping (0 at
 * first) remembers that the rest of a longer line is still to be thrown away. COMMAND_NONE: more bytes are
 * needed. COMMAND_CUT: a line longer than COMMAND_MAX; `line` has its beginning.
 */
enum command_line command_take(struct buf *in, int *skipping, char *line, size_t *len_r, size_t *size_r);
/* Takes a line apart, in place. A line with a NUL in it has no verb. */
void command_split(struct command *c, char *line, size_t len);
/* The next word of *rest (blanks and tabs separate), moved behind it; NULL when there is none. */
char *command_word(char **rest);
/* Digits only, at most COMMAND_NUMBER_MAX. 0 or -1. */
int command_number(const char *word, uint32_t *n_r);

#endif
