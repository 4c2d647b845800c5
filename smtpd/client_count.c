/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "client_count.h"
#include "mem.h"
#include "strutil.h"

#define CLIENT_BUCKETS 1024

struct client_count {
    struct client_count *next;
    struct netaddr addr;
    unsigned n;
};

struct client_counts {
    uint32_t seed; /* so that nobody can choose addresses of one bucket */
    struct client_count *buckets[CLIENT_BUCKETS];
};

struct client_counts *
client_counts_new(void)
{
    struct client_counts *t = mem_alloc(sizeof(*t));

    random_bytes(&t->seed, sizeof(t->seed));
    return t;
}

static int
client_same(const struct netaddr *a, const struct netaddr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Where the entry of that address is, or would be. */
static struct client_count **
client_slot(struct client_counts *t, const struct netaddr *a)
{
    uint32_t h = t->seed;
    struct client_count **c;
    size_t i;

    for (i = 0; i < sizeof(a->bytes); i++)
        h = (h ^ a->bytes[i]) * 16777619u;
    c = &t->buckets[(h >> 16 ^ h) % CLIENT_BUCKETS];
    while (*c && !client_same(&(*c)->addr, a))
        c = &(*c)->next;
    return c;
}

struct client_count *
client_count_add(struct client_counts *t, const struct netaddr *a, unsigned *n_r)
{
    struct client_count **c = client_slot(t, a);

    if (!*c) {
        *c = mem_alloc(sizeof(**c));
        (*c)->addr = *a;
    }
    *n_r = ++(*c)->n;
    return *c;
}

void
client_count_drop(struct client_counts *t, struct client_count *c)
{
    struct client_count **slot;

    if (!c || --c->n > 0)
        return;
    slot = client_slot(t, &c->addr);
    *slot = c->next;
    mem_free(c);
}
