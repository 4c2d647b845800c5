/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "table_private.h"

#include "mem.h"
#include "strutil.h"

#include <string.h>

struct domains_item {
    int negate;
    char *name;           /* a domain, or NULL: */
    struct tables *table; /* a table of domains */
};

struct domains {
    int parents;
    struct domains_item *items;
    size_t n;
};

struct domains *
domains_new(const char *value, int parents, struct conf_error *err)
{
    struct domains *d = mem_alloc(sizeof(*d));
    struct domains_item *it;
    struct buf item;
    const char *s;

    d->parents = parents;
    buf_init(&item, 4096);
    while ((s = conf_list_next(&value, &item)) != NULL) {
        d->items = mem_realloc(d->items, (d->n + 1) * sizeof(*d->items));
        it = &d->items[d->n];
        memset(it, 0, sizeof(*it));
        it->negate = *s == '!';
        s += it->negate;
        if (!strchr(s, ':') || *s == '[') {
            it->name = mem_strdup(s);
            str_lower(it->name);
        } else if (!(it->table = tables_of_one(s, err))) {
            break;
        }
        d->n++;
    }
    buf_free(&item);
    if (!s)
        return d;
    domains_free(d);
    return NULL;
}

void
domains_free(struct domains *d)
{
    size_t i;

    if (!d)
        return;
    for (i = 0; i < d->n; i++) {
        mem_free(d->items[i].name);
        tables_free(d->items[i].table);
    }
    mem_free(d->items);
    mem_free(d);
}

static enum lookup_status
item_find(const struct domains_item *it, const char *domain, struct buf *value)
{
    if (it->table)
        return tables_find(it->table, domain, value);
    return strcmp(it->name, domain) == 0 ? LOOKUP_OK : LOOKUP_NONE;
}

/* The item as such and, where the list covers subdomains, for each parent of domain. */
static enum lookup_status
item_find_parents(const struct domains *d, size_t i, const char *domain, struct buf *value)
{
    enum lookup_status st = item_find(&d->items[i], domain, value);

    while (st == LOOKUP_NONE && d->parents && (domain = strchr(domain, '.')) != NULL) {
        domain++;
        st = item_find(&d->items[i], domain, value);
    }
    return st;
}

enum lookup_status
domains_find(const struct domains *d, const char *domain)
{
    enum lookup_status st = LOOKUP_NONE;
    struct buf value;
    size_t i;

    buf_init(&value, TABLE_VALUE_MAX);
    for (i = 0; i < d->n && st == LOOKUP_NONE; i++) {
        st = item_find_parents(d, i, domain, &value);
        if (st == LOOKUP_OK && d->items[i].negate) {
            st = LOOKUP_NONE;
            break;
        }
    }
    buf_free(&value);
    return st;
}
