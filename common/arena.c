/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <string.h>

#include "arena.h"
#include "mem.h"

#define ARENA_FIRST 1024 /* most commands need no second block */
#define ARENA_LARGEST 65536

/* What the strictest type of C99 is aligned to. */
union arena_align {
    void *p;
    intmax_t i;
    long double d;
};
#define ARENA_ALIGN sizeof(union arena_align)

struct arena_block {
    struct arena_block *next; /* the one made before it; the first block is the last of the list */
    size_t used, size;        /* bytes behind this header */
};
#define ARENA_HEADER ((sizeof(struct arena_block) + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN)

void
arena_init(struct arena *a, size_t cap)
{
    a->head = NULL;
    a->used = 0;
    a->cap = cap;
}

static void
arena_grow(struct arena *a, size_t n)
{
    size_t size = a->head ? a->head->size * 2 : ARENA_FIRST - ARENA_HEADER;
    struct arena_block *b;

    if (size > ARENA_LARGEST)
        size = ARENA_LARGEST;
    if (size < n)
        size = n;
    b = mem_realloc(NULL, ARENA_HEADER + size);
    b->next = a->head;
    b->used = 0;
    b->size = size;
    a->head = b;
}

void *
arena_alloc(struct arena *a, size_t n)
{
    size_t room = a->cap - a->used;
    void *p;

    if (n == 0)
        n = 1;
    if (n > room || (n + ARENA_ALIGN - 1) / ARENA_ALIGN > room / ARENA_ALIGN)
        return NULL;
    n = (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    if (a->head == NULL || a->head->size - a->head->used < n)
        arena_grow(a, n);
    p = (char *)a->head + ARENA_HEADER + a->head->used;
    a->head->used += n;
    a->used += n;
    return memset(p, 0, n);
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *p = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

    if (p != NULL)
        memcpy(p, s, n);
    return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

/* Frees the blocks from the newest on until only `keep` is left. */
static void
arena_shrink(struct arena *a, const struct arena_block *keep)
{
    while (a->head != keep) {
        struct arena_block *b = a->head;

        a->head = b->next;
        mem_free(b);
    }
    a->used = 0;
}

void
arena_reset(struct arena *a)
{
    struct arena_block *first = a->head;

    if (first == NULL)
        return;
    while (first->next != NULL)
        first = first->next;
    /* A first block made for one large piece is not worth keeping. */
    if (first->size > ARENA_LARGEST)
        first = NULL;
    arena_shrink(a, first);
    if (first != NULL)
        first->used = 0;
}

void
arena_free(struct arena *a)
{
    arena_shrink(a, NULL);
}
