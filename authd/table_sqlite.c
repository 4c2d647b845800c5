/* SPDX-License-Identifier: ISC */
/* sqlite: map files (sqlite_table(5)), in the form with query= and in the older one with table=. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "table_private.h"

#include "keys.h"
#include "mem.h"
#include "rcfile.h"
#include "sdb.h"
#include "sqltext.h"
#include "strutil.h"

#include <stdio.h>
#include <string.h>

#define MAX_ROWS 100000

struct sqlite_table {
    struct sdb_query *query;
    struct sqltext *text;
    struct sqltext_param format; /* result_format */
    struct domains *domains;     /* keys of other domains are not looked up; or NULL */
    unsigned long limit;         /* expansion_limit, 0: none */
};

/* A key, and the result that is being formatted, as the %-letters see them. */
struct expansion {
    const char *key, *result;
    char part[KEY_MAX_LEN + 1];
};

static const char *
expansion_local(struct expansion *e, const char *whole)
{
    const char *at = strrchr(whole, '@');
    size_t n = at ? (size_t)(at - whole) : strlen(whole);

    if (n == 0 || n >= sizeof(e->part))
        return NULL;
    memcpy(e->part, whole, n);
    e->part[n] = '\0';
    return e->part;
}

static const char *
expansion_domain(const char *whole)
{
    const char *at = strrchr(whole, '@');

    return at && at[1] ? at + 1 : NULL;
}

/* The label number `which` of the key's domain, counted from the right, from 1. */
static const char *
expansion_label(struct expansion *e, int which)
{
    const char *domain = expansion_domain(e->key), *end, *start;

    if (!domain)
        return NULL;
    for (start = end = domain + strlen(domain);; end = --start) {
        while (start > domain && start[-1] != '.')
            start--;
        if (--which == 0)
            break;
        if (start == domain)
            return NULL;
    }
    if (start == end || (size_t)(end - start) >= sizeof(e->part))
        return NULL;
    memcpy(e->part, start, (size_t)(end - start));
    e->part[end - start] = '\0';
    return e->part;
}

static const char *
expansion_get(void *arg, char var)
{
    struct expansion *e = arg;
    const char *whole = e->result ? e->result : e->key;

    switch (var) {
    case 's':
        return whole;
    case 'u':
        return expansion_local(e, whole);
    case 'd':
        return expansion_domain(whole);
    case 'S':
        return e->key;
    case 'U':
        return expansion_local(e, e->key);
    case 'D':
        return expansion_domain(e->key);
    default:
        return expansion_label(e, var - '0');
    }
}

/* ---- the map file ----------------------------------------------------------------------- */

/* The query of the older form. NULL when a name is missing. */
static int
old_form(const struct rcfile *rc, struct buf *sql)
{
    static const char *const names[] = {"select_field", "table", "where_field"};
    const char *v[MR_NELEM(names)];
    size_t i;

    for (i = 0; i < MR_NELEM(names); i++) {
        v[i] = rcfile_get(rc, names[i], "");
        if (!*v[i])
            return -1;
    }
    return buf_printf(sql, "SELECT %s FROM %s WHERE %s = '%%s' %s", v[0], v[1], v[2],
                      rcfile_get(rc, "additional_conditions", ""));
}

static int
open_query(struct sqlite_table *t, const struct rcfile *rc, const char **why)
{
    const char *path = rcfile_get(rc, "dbpath", ""), *query = rcfile_get(rc, "query", "");
    struct buf sql;

    *why = "dbpath must be an absolute path";
    if (*path != '/')
        return -1;
    *why = "query, or table, select_field and where_field, must be set";
    buf_init(&sql, RCFILE_MAX);
    if ((*query ? buf_puts(&sql, query) : old_form(rc, &sql)) == 0)
        t->text = sqltext_compile(SQLTEXT_PERCENT, NULL, buf_cstr(&sql), why);
    buf_free(&sql);
    if (!t->text)
        return -1;
    t->query = sdb_query_new(sdb_get(path, SDB_READ_ONLY), t->text->sql);
    return 0;
}

static int
open_rest(struct sqlite_table *t, const struct rcfile *rc, const char **why, struct conf_error *err)
{
    const char *list = rcfile_get(rc, "domain", "");
    uint64_t limit;

    *why = "unknown %-expansion in result_format";
    if (sqltext_compile_value(rcfile_get(rc, "result_format", "%s"), &t->format) < 0)
        return -1;
    *why = "expansion_limit is not a number";
    if (str_to_u64(rcfile_get(rc, "expansion_limit", "0"), MAX_ROWS, &limit) < 0)
        return -1;
    t->limit = (unsigned long)limit;
    *why = NULL;
    if (*list && !(t->domains = domains_new(list, 0, err)))
        return -1;
    return 0;
}

static void
sqlite_table_close(void *table)
{
    struct sqlite_table *t = table;

    sqltext_free(t->text);
    sqltext_param_free(&t->format);
    domains_free(t->domains);
    mem_free(t);
}

static void *
sqlite_table_open(const char *name, struct conf_error *err)
{
    struct sqlite_table *t;
    struct rcfile *rc = rcfile_read(RCFILE_POSTFIX, name, err);
    const char *why = NULL;

    if (!rc)
        return NULL;
    t = mem_alloc(sizeof(*t));
    if (open_query(t, rc, &why) < 0 || open_rest(t, rc, &why, err) < 0) {
        if (why)
            snprintf(err->text, sizeof(err->text), "%s: %s", name, why);
        sqlite_table_close(t);
        t = NULL;
    }
    rcfile_free(rc);
    return t;
}

/* ---- lookups ------------------------------------------------------------------------------ */

struct lookup {
    const struct sqlite_table *table;
    struct expansion expansion;
    struct buf *value;
    unsigned long results;
    int failed;
};

/* Results of all rows and columns, formatted, separated by commas. */
static int
lookup_row(void *arg, int n, const char *const *cols)
{
    struct lookup *l = arg;
    size_t before;
    int i;

    for (i = 0; i < n; i++) {
        if (!cols[i] || !*cols[i])
            continue;
        before = buf_len(l->value);
        if (before && buf_putc(l->value, ',') < 0)
            break;
        l->expansion.result = cols[i];
        if (sqltext_value(&l->table->format, expansion_get, &l->expansion, l->value) != 0)
            l->value->end -= buf_len(l->value) - before; /* a part is absent: this one gives nothing */
        else
            l->results++;
    }
    l->failed = l->value->overflow || (l->table->limit && l->results > l->table->limit);
    return l->failed;
}

/* The bound values one after the other in *to. 0; 1: there is nothing to look up; -1: too long. */
static int
lookup_params(struct lookup *l, struct buf *to, const char **params)
{
    const struct sqltext *text = l->table->text;
    size_t offset[SQLTEXT_MAX_PARAMS], i;
    int rc;

    for (i = 0; i < text->nparams; i++) {
        offset[i] = buf_len(to);
        if ((rc = sqltext_value(&text->params[i], expansion_get, &l->expansion, to)) != 0)
            return rc;
        if (buf_putc(to, '\0') < 0)
            return -1;
    }
    for (i = 0; i < text->nparams; i++)
        params[i] = buf_data(to) + offset[i];
    return 0;
}

/* Whether the map's `domain` lets this key through. */
static enum lookup_status
lookup_wanted(const struct sqlite_table *t, const char *key)
{
    const char *domain = expansion_domain(key);

    if (!t->domains)
        return LOOKUP_OK;
    return domain ? domains_find(t->domains, domain) : LOOKUP_NONE;
}

static enum lookup_status
sqlite_table_find(void *table, const char *key, struct buf *value)
{
    struct sqlite_table *t = table;
    const char *params[SQLTEXT_MAX_PARAMS];
    struct lookup l;
    struct buf bound;
    enum lookup_status st = lookup_wanted(t, key);

    if (st != LOOKUP_OK)
        return st;
    memset(&l, 0, sizeof(l));
    l.table = t;
    l.expansion.key = key;
    l.value = value;
    buf_init(&bound, SQLTEXT_MAX_PARAMS * (KEY_MAX_LEN + RCFILE_MAX));
    st = LOOKUP_NONE;
    if (lookup_params(&l, &bound, params) == 0)
        st = sdb_select(t->query, params, t->text->nparams, MAX_ROWS, lookup_row, &l);
    buf_free(&bound);
    if (st == LOOKUP_OK && l.failed)
        return LOOKUP_TEMP;
    return st == LOOKUP_OK && buf_len(value) == 0 ? LOOKUP_NONE : st;
}

const struct table_kind table_sqlite = {"sqlite", sqlite_table_open, sqlite_table_find, sqlite_table_close};
