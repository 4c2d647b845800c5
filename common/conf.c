/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "log.h"
#include "mem.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define FIRST_BUCKETS 256 /* a power of two; enough for all parameters of the table */

struct conf *
conf_new(void)
{
    struct conf *c = mem_alloc(sizeof(*c));

    c->nbuckets = FIRST_BUCKETS;
    c->buckets = mem_alloc(c->nbuckets * sizeof(*c->buckets));
    return c;
}

static void
entry_free(struct conf_entry *e)
{
    mem_free(e->name);
    mem_free(e->raw);
    mem_free(e->computed);
    mem_free(e->expanded);
    mem_free(e);
}

void
conf_free(struct conf *c)
{
    struct conf_entry *e, *next;
    struct conf_file_name *f;
    size_t i;

    if (!c)
        return;
    for (i = 0; i < c->nbuckets; i++) {
        for (e = c->buckets[i]; e; e = next) {
            next = e->next;
            entry_free(e);
        }
    }
    while ((f = c->files) != NULL) {
        c->files = f->next;
        mem_free(f);
    }
    mem_free(c->buckets);
    mem_free(c);
}

/* FNV-1a: names come from the operator, not from the network. */
static struct conf_entry **
bucket(const struct conf *c, const char *name)
{
    uint32_t h = 2166136261U;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 16777619U;
    return &c->buckets[h & (c->nbuckets - 1)];
}

struct conf_entry *
conf_entry_find(const struct conf *c, const char *name)
{
    struct conf_entry *e = *bucket(c, name);

    while (e && strcmp(e->name, name) != 0)
        e = e->next;
    return e;
}

static void
grow(struct conf *c)
{
    struct conf_entry **old = c->buckets, *e, *next, **to;
    size_t i, n = c->nbuckets;

    c->nbuckets = n * 4;
    c->buckets = mem_alloc(c->nbuckets * sizeof(*c->buckets));
    for (i = 0; i < n; i++) {
        for (e = old[i]; e; e = next) {
            next = e->next;
            to = bucket(c, e->name);
            e->next = *to;
            *to = e;
        }
    }
    mem_free(old);
}

struct conf_entry *
conf_entry_get(struct conf *c, const char *name)
{
    struct conf_entry *e = conf_entry_find(c, name), **to;

    if (e)
        return e;
    if (c->nentries >= 2 * c->nbuckets)
        grow(c);
    e = mem_alloc(sizeof(*e));
    e->name = mem_strdup(name);
    e->param = param_find(name);
    to = bucket(c, name);
    e->next = *to;
    *to = e;
    c->nentries++;
    return e;
}

const char *
conf_entry_raw(struct conf *c, struct conf_entry *e)
{
    if (e->raw)
        return e->raw;
    if (!e->param)
        return "";
    if (e->param->def)
        return e->param->def;
    if (!e->computed) {
        e->computed = conf_default(c, e->param);
        c->expanded += strlen(e->computed) + 1;
    }
    return e->computed;
}

int
conf_name_ok(const char *name, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("_-.", name[i]))
            return 0;
    return n > 0 && n <= CONF_MAX_NAME;
}

/* A change of one value may change any other that refers to it, and what is computed from it. */
static void
forget_expanded(struct conf *c)
{
    struct conf_entry *e;
    size_t i;

    if (!c->expanded)
        return;
    for (i = 0; i < c->nbuckets; i++) {
        for (e = c->buckets[i]; e; e = e->next) {
            MEM_FREE(e->expanded);
            MEM_FREE(e->computed);
        }
    }
    c->expanded = 0;
}

static const char *
file_name(struct conf *c, const char *name)
{
    struct conf_file_name *f = c->files;
    size_t n = strlen(name);

    while (f && strcmp(f->name, name) != 0)
        f = f->next;
    if (!f) {
        f = mem_alloc(sizeof(*f) + n);
        memcpy(f->name, name, n + 1);
        f->next = c->files;
        c->files = f;
    }
    return f->name;
}

int
conf_set(struct conf *c, const char *name, const char *value, const char *file, unsigned line)
{
    struct conf_entry *e;
    char *raw;

    if (!conf_name_ok(name, strlen(name)) || strlen(value) > CONF_MAX_VALUE)
        return -1;
    raw = mem_strdup(value); /* before anything is freed: it may be a value of ours */
    e = conf_entry_get(c, name);
    forget_expanded(c);
    file = file_name(c, file);
    e->previous = e->raw && e->file == file ? e->line : 0;
    mem_free(e->raw);
    e->raw = raw;
    e->file = file;
    e->line = line;
    return 0;
}

struct conf *
conf_clone(const struct conf *c)
{
    struct conf *copy = conf_new();
    const struct conf_entry *e;
    struct conf_entry *to;
    size_t i;

    for (i = 0; i < c->nbuckets; i++) {
        for (e = c->buckets[i]; e; e = e->next) {
            if (!e->raw)
                continue;
            to = conf_entry_get(copy, e->name);
            to->raw = mem_strdup(e->raw);
            to->file = file_name(copy, e->file);
            to->line = e->line;
        }
    }
    return copy;
}

const char *
conf_raw(const struct conf *c, const char *name)
{
    const struct conf_entry *e = conf_entry_find(c, name);

    return e ? e->raw : NULL;
}

static struct conf_entry *
known(struct conf *c, const char *name)
{
    struct conf_entry *e = conf_entry_get(c, name);

    if (!e->param)
        log_fatal(EX_SOFTWARE, "parameter %s is not in the table of parameters", name);
    return e;
}

/* conf_check() has refused every bad value; what gets by is no reason to go on with a guess. */
static const char *
expanded(struct conf *c, struct conf_entry *e)
{
    struct conf_error err;
    const char *value = e->expanded ? e->expanded : conf_entry_expand(c, e, &err);

    if (!value)
        log_fatal(EX_CONFIG, "%s", err.text);
    return value;
}

const char *
conf_str(struct conf *c, const char *name)
{
    return expanded(c, known(c, name));
}

static void MR_NORETURN
bad_value(const struct conf_entry *e)
{
    struct conf_error err;

    conf_error_at(&err, e, "%s has a bad value", e->name);
    log_fatal(EX_CONFIG, "%s", err.text);
}

long
conf_int(struct conf *c, const char *name)
{
    struct conf_entry *e = known(c, name);
    long v;

    if (conf_value_int(e->param, expanded(c, e), &v) < 0)
        bad_value(e);
    return v;
}

int
conf_bool(struct conf *c, const char *name)
{
    struct conf_entry *e = known(c, name);
    int v;

    if (conf_value_bool(expanded(c, e), &v) < 0)
        bad_value(e);
    return v;
}

double
conf_time(struct conf *c, const char *name)
{
    struct conf_entry *e = known(c, name);
    double v;

    if (conf_value_time(e->param, expanded(c, e), &v) < 0)
        bad_value(e);
    return v;
}

static int
by_name(const void *a, const void *b)
{
    return strcmp((*(struct conf_entry *const *)a)->name, (*(struct conf_entry *const *)b)->name);
}

struct conf_entry **
conf_entries_sorted(const struct conf *c, size_t *n_r)
{
    struct conf_entry **all = mem_alloc((c->nentries + 1) * sizeof(struct conf_entry *)), *e;
    size_t i, n = 0;

    for (i = 0; i < c->nbuckets; i++)
        for (e = c->buckets[i]; e; e = e->next)
            all[n++] = e;
    qsort(all, n, sizeof(all[0]), by_name);
    *n_r = n;
    return all;
}

void
conf_each(struct conf *c, int set_only, void (*fn)(void *arg, const char *name, const char *raw), void *arg)
{
    const struct param *p;
    struct conf_entry **all;
    size_t i, n = 0;

    p = params_all(&n);
    for (i = 0; !set_only && i < n; i++)
        conf_entry_get(c, p[i].name);
    all = conf_entries_sorted(c, &n);
    for (i = 0; i < n; i++)
        if (all[i]->raw || (!set_only && all[i]->param))
            fn(arg, all[i]->name, conf_entry_raw(c, all[i]));
    mem_free(all);
}
