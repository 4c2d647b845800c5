/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "table_private.h"

#include "keys.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

struct table {
    const struct table_kind *kind;
    void *data;
};

struct tables {
    struct table *t;
    size_t n;
};

static const struct table_kind *const kinds[] = {&table_sqlite, &table_static, &table_text, &table_text_hash};

/* "proxy:" in front means in Postfix that one process holds the table for all: here that is always so. */
static int
table_open(const char *spec, struct table *t, struct conf_error *err)
{
    const char *colon;
    size_t i;

    if (strncmp(spec, "proxy:", 6) == 0)
        spec += 6;
    colon = strchr(spec, ':');
    for (i = 0; colon && i < MR_NELEM(kinds); i++)
        if (strlen(kinds[i]->type) == (size_t)(colon - spec) &&
            strncmp(kinds[i]->type, spec, (size_t)(colon - spec)) == 0) {
            t->kind = kinds[i];
            t->data = t->kind->open(colon + 1, err);
            return t->data ? 0 : -1;
        }
    snprintf(err->text, sizeof(err->text), "%s: not a table type that is supported here", spec);
    return -1;
}

static int
tables_add(struct tables *t, const char *spec, struct conf_error *err)
{
    struct table one;

    if (table_open(spec, &one, err) < 0)
        return -1;
    t->t = mem_realloc(t->t, (t->n + 1) * sizeof(*t->t));
    t->t[t->n++] = one;
    return 0;
}

struct tables *
tables_new(const char *value, struct conf_error *err)
{
    struct tables *t = mem_alloc(sizeof(*t));
    struct buf item;
    const char *spec;
    int rc = 0;

    buf_init(&item, 4096);
    while (rc == 0 && (spec = conf_list_next(&value, &item)) != NULL)
        rc = tables_add(t, spec, err);
    buf_free(&item);
    if (rc == 0)
        return t;
    tables_free(t);
    return NULL;
}

struct tables *
tables_of_one(const char *spec, struct conf_error *err)
{
    struct tables *t = mem_alloc(sizeof(*t));

    if (tables_add(t, spec, err) == 0)
        return t;
    tables_free(t);
    return NULL;
}

void
tables_free(struct tables *t)
{
    size_t i;

    if (!t)
        return;
    for (i = 0; i < t->n; i++)
        t->t[i].kind->close(t->t[i].data);
    mem_free(t->t);
    mem_free(t);
}

int
tables_empty(const struct tables *t)
{
    return t->n == 0;
}

enum lookup_status
tables_find(const struct tables *t, const char *key, struct buf *value)
{
    enum lookup_status st = LOOKUP_NONE;
    size_t i;

    if (!key_is_sane(key))
        return LOOKUP_NONE;
    for (i = 0; i < t->n && st == LOOKUP_NONE; i++) {
        buf_reset(value);
        st = t->t[i].kind->find(t->t[i].data, key, value);
    }
    return st;
}
