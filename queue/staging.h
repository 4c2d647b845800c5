/* SPDX-License-Identifier: ISC */
/*
 * Staging files: where the content of a message is before it is durable. A memfd of fixed size, sealed
 * against growing and shrinking, while the memory budget lasts and the kernel has memfds; else an
 * unlinked file in staging/. A message that smtpd has written is made safe from smtpd
 * by staging_freeze(), before anything believes its content.
 */
#ifndef MR_QUEUE_STAGING_H
#define MR_QUEUE_STAGING_H

#include "compiler.h"

#include <stdint.h>

struct staging_budget {
    uint64_t limit, message_limit; /* bytes: of all, of one */
    uint64_t used;
    int dir; /* staging/ */
    uint32_t serial;
};

struct staging {
    int fd;     /* -1: none */
    int reader; /* the same file for those who may only read it: fd when that is sealed */
    uint64_t room;
    int in_memory;
};

/* Holds nothing. */
void staging_init(struct staging *s);
/* A file for `want` bytes. 0 or -1 (errno). */
int staging_make(struct staging *s, struct staging_budget *b, uint64_t want) MR_MUST_CHECK;
/* As staging_make, with n bytes of `from` (from offset `at`) in it; the file's position is behind them. */
int staging_copy(struct staging *s, struct staging_budget *b, uint64_t want, int from, uint64_t at,
                 uint64_t n) MR_MUST_CHECK;
/* Our own file is complete: nobody can write to `reader`. 0 or -1 (errno). */
int staging_seal(struct staging *s) MR_MUST_CHECK;
/*
 * Takes the first `size` bytes over from a process that has the file open: a memfd is sealed against writing
 * (which fails while that process has it mapped writable), a file on disk is replaced by a copy of our own. 0
 * or -1 (errno).
 */
int staging_freeze(struct staging *s, struct staging_budget *b, uint64_t size) MR_MUST_CHECK;
void staging_free(struct staging *s, struct staging_budget *b);

#endif
