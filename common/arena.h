/* SPDX-License-Identifier: ISC */
/*
 * Memory of one command or transaction: many small pieces, one release.
 */
#ifndef MR_ARENA_H
#define MR_ARENA_H

#include "compiler.h"

struct arena_block;
struct arena {
    struct arena_block *head;
    size_t used; /* bytes given out since the last reset */
    size_t cap;  /* most bytes given out between resets */
};

/* An empty arena: takes no memory until arena_alloc(). */
void arena_init(struct arena *a, size_t cap);
/* n bytes, zeroed, aligned for any type; NULL when the cap would be passed. */
void *arena_alloc(struct arena *a, size_t n) MR_MUST_CHECK;
/* A copy of s, or of its first n bytes and a NUL; NULL as above. */
char *arena_strdup(struct arena *a, const char *s) MR_MUST_CHECK;
char *arena_strndup(struct arena *a, const char *s, size_t n) MR_MUST_CHECK;
/* Releases everything given out; the first block is kept for the next command. */
void arena_reset(struct arena *a);
/* The same, and keeps nothing: for the end of the arena's owner. The arena can be used again. */
void arena_free(struct arena *a);

#endif
