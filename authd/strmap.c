/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "strmap.h"

#include "mem.h"
#include "strutil.h"

#include <string.h>

#define FIRST_SLOTS 64

void
strmap_init(struct strmap *m, size_t max, size_t max_bytes)
{
    /* Clients choose keys: without a secret they could choose them to collide. */
    static uint32_t secret;

    if (secret == 0)
        random_bytes(&secret, sizeof(secret));
    memset(m, 0, sizeof(*m));
    m->max = max;
    m->max_bytes = max_bytes;
    m->seed = secret;
}

static void
node_free(struct strmap_node *n)
{
    mem_wipe(n->data, n->klen + n->vlen + 2);
    mem_free(n);
}

void
strmap_clear(struct strmap *m)
{
    size_t i;
    struct strmap_node *n, *next;

    for (i = 0; i < m->nslots; i++) {
        for (n = m->slots[i]; n; n = next) {
            next = n->next;
            node_free(n);
        }
        m->slots[i] = NULL;
    }
    m->n = m->bytes = 0;
}

void
strmap_free(struct strmap *m)
{
    strmap_clear(m);
    MEM_FREE(m->slots);
    m->nslots = 0;
}

static uint32_t
strmap_hash(const struct strmap *m, const unsigned char *p, size_t n)
{
    uint32_t h = m->seed ^ 2166136261u;

    while (n--)
        h = (h ^ *p++) * 16777619u;
    return h ^ (h >> 15);
}

static struct strmap_node *
strmap_find(const struct strmap *m, uint32_t hash, const void *key, size_t klen)
{
    struct strmap_node *n;

    if (!m->nslots)
        return NULL;
    for (n = m->slots[hash % m->nslots]; n; n = n->next)
        if (n->hash == hash && n->klen == klen && memcmp(n->data, key, klen) == 0)
            return n;
    return NULL;
}

const char *
strmap_get(const struct strmap *m, const void *key, size_t klen, size_t *vlen_r)
{
    const struct strmap_node *n = strmap_find(m, strmap_hash(m, key, klen), key, klen);

    if (!n)
        return NULL;
    if (vlen_r)
        *vlen_r = n->vlen;
    return n->data + klen + 1;
}

static void
strmap_grow(struct strmap *m)
{
    size_t i, nslots = m->nslots ? m->nslots * 2 : FIRST_SLOTS;
    struct strmap_node **slots = mem_alloc(nslots * sizeof(*slots)), *n, *next;

    for (i = 0; i < m->nslots; i++)
        for (n = m->slots[i]; n; n = next) {
            next = n->next;
            n->next = slots[n->hash % nslots];
            slots[n->hash % nslots] = n;
        }
    mem_free(m->slots);
    m->slots = slots;
    m->nslots = nslots;
}

int
strmap_put(struct strmap *m, const void *key, size_t klen, const void *val, size_t vlen)
{
    uint32_t hash = strmap_hash(m, key, klen);
    struct strmap_node *n;

    if (strmap_find(m, hash, key, klen))
        return 1;
    if (m->n >= m->max || klen + vlen > m->max_bytes - m->bytes)
        return -1;
    if (m->n >= m->nslots)
        strmap_grow(m);
    n = mem_alloc(sizeof(*n) + klen + vlen + 1);
    n->hash = hash;
    n->klen = klen;
    n->vlen = vlen;
    memcpy(n->data, key, klen);
    if (vlen)
        memcpy(n->data + klen + 1, val, vlen);
    n->next = m->slots[hash % m->nslots];
    m->slots[hash % m->nslots] = n;
    m->n++;
    m->bytes += klen + vlen;
    return 0;
}
