/* SPDX-License-Identifier: ISC */
/*
 * A bounded table of byte strings: the cache of lookups, tables read from text files, and the
 * sets of addresses that an expansion has seen.
 */
#ifndef MR_STRMAP_H
#define MR_STRMAP_H

#include "compiler.h"

#include <stdint.h>

struct strmap_node {
    struct strmap_node *next;
    uint32_t hash;
    size_t klen, vlen;
    char data[1]; /* key, NUL, value, NUL */
};

struct strmap {
    struct strmap_node **slots;
    size_t nslots, n, bytes;
    size_t max, max_bytes; /* most entries, most bytes of keys and values */
    uint32_t seed;
};

/* An empty map. With max entries or max_bytes in it, no more go in. */
void strmap_init(struct strmap *m, size_t max, size_t max_bytes);
/* Forgets all entries (their memory is overwritten) and keeps the limits. */
void strmap_clear(struct strmap *m);
/* Releases everything; strmap_init() before the next use. */
void strmap_free(struct strmap *m);
/* The value of key, *vlen_r bytes and a NUL behind them; NULL when there is none. vlen_r may be NULL. */
const char *strmap_get(const struct strmap *m, const void *key, size_t klen, size_t *vlen_r);
/* Adds key with a copy of val. 0: added; 1: it was there, nothing changed; -1: a limit is reached. */
int strmap_put(struct strmap *m, const void *key, size_t klen, const void *val, size_t vlen);

#endif
