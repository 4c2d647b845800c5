/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "envelope.h"
#include "mem.h"
#include "strutil.h"

void
envelope_init(struct envelope *e)
{
    memset(e, 0, sizeof(*e));
    e->sender = e->ret = e->envid = e->message_id = e->client = "";
    arena_init(&e->arena, ENVELOPE_MAX_BYTES);
}

void
envelope_free(struct envelope *e)
{
    uint32_t i;

    for (i = 0; i < e->nrcpt; i++) {
        mem_free(e->rcpt[i].text);
        mem_free(e->rcpt[i].diagnostic);
    }
    MEM_FREE(e->rcpt);
    e->nrcpt = e->rcpt_room = 0;
    arena_free(&e->arena);
}

const char *
envelope_text(struct envelope *e, const char *s)
{
    return *s ? arena_strdup(&e->arena, s) : "";
}

struct recipient *
envelope_add(struct envelope *e)
{
    struct recipient *r;

    if (e->nrcpt == ENVELOPE_MAX_RCPT)
        return NULL;
    if (e->nrcpt == e->rcpt_room) {
        e->rcpt_room = e->rcpt_room ? e->rcpt_room * 2 : 1;
        e->rcpt = mem_realloc(e->rcpt, e->rcpt_room * sizeof(*e->rcpt));
    }
    r = &e->rcpt[e->nrcpt++];
    memset(r, 0, sizeof(*r));
    r->address = r->orig_to = r->orcpt = r->nexthop = "";
    r->mark = MARK_OPEN;
    return r;
}

void
recipient_set_reason(struct recipient *r, const char *dsn, const char *text, const char *diagnostic)
{
    size_t n = dsn ? strlen(dsn) : 0;

    if (n >= sizeof(r->dsn))
        n = sizeof(r->dsn) - 1;
    memset(r->dsn, 0, sizeof(r->dsn));
    memcpy(r->dsn, dsn ? dsn : "", n);
    mem_free(r->text);
    mem_free(r->diagnostic);
    r->text = text ? mem_strndup(text, strnlen(text, REASON_SIZE - 1)) : NULL;
    r->diagnostic =
        diagnostic && *diagnostic ? mem_strndup(diagnostic, strnlen(diagnostic, REASON_SIZE - 1)) : NULL;
}

uint32_t
envelope_count(const struct envelope *e, uint8_t mark)
{
    uint32_t i, n = 0;

    for (i = 0; i < e->nrcpt; i++)
        n += e->rcpt[i].mark == mark;
    return n;
}

/* ---- duplicates ------------------------------------------------------------------------- */

struct rcpt_key {
    char *folded;
    uint32_t index;
};

static int
rcpt_key_compare(const void *a, const void *b)
{
    const struct rcpt_key *x = a, *y = b;
    int c = strcmp(x->folded, y->folded);

    return c ? c : (x->index > y->index) - (x->index < y->index);
}

void
envelope_unique(struct envelope *e)
{
    struct rcpt_key *keys;
    uint32_t i, kept = 0, n = e->nrcpt;

    if (n < 2)
        return;
    keys = mem_alloc(n * sizeof(*keys));
    for (i = 0; i < n; i++) {
        keys[i].folded = mem_strdup(e->rcpt[i].address);
        str_lower(keys[i].folded);
        keys[i].index = i;
    }
    qsort(keys, n, sizeof(*keys), rcpt_key_compare);
    for (i = 1; i < n; i++)
        if (strcmp(keys[i].folded, keys[i - 1].folded) == 0)
            e->rcpt[keys[i].index].transport = 0; /* marks it for removal below */
    for (i = 0; i < n; i++) {
        mem_free(keys[i].folded);
        if (e->rcpt[i].transport != 0)
            e->rcpt[kept++] = e->rcpt[i];
    }
    e->nrcpt = kept;
    mem_free(keys);
}
