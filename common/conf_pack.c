/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "mem.h"
#include "pack.h"

#include <string.h>

#define MAX_FILES 64 /* different ones in one set: main.cf and master.cf, mostly */

/*
 * "set" entries carry what the operator wrote; "computed" ones a default made from the
 * host, so that a confined worker has the values of its parent without asking the kernel.
 */
enum { PACKED_SET, PACKED_COMPUTED };

static int
is_packed(const struct conf_entry *e)
{
    return e->raw || e->computed;
}

static void
compute_defaults(struct conf *c)
{
    const struct param *p;
    size_t i, n;

    p = params_all(&n);
    for (i = 0; i < n; i++)
        if (!p[i].def)
            conf_entry_raw(c, conf_entry_get(c, p[i].name));
}

void
conf_pack(const struct conf *c, struct buf *to)
{
    struct conf *copy = conf_clone(c);
    struct conf_entry **all;
    size_t i, n;
    uint32_t packed = 0;

    compute_defaults(copy);
    all = conf_entries_sorted(copy, &n);
    for (i = 0; i < n; i++)
        packed += (uint32_t)is_packed(all[i]);
    pack_u32(to, packed);
    for (i = 0; i < n; i++) {
        if (!is_packed(all[i]))
            continue;
        pack_u32(to, all[i]->raw ? PACKED_SET : PACKED_COMPUTED);
        pack_u32(to, all[i]->line);
        pack_str(to, all[i]->name);
        pack_str(to, all[i]->raw ? all[i]->raw : all[i]->computed);
        pack_str(to, all[i]->file);
    }
    mem_free(all);
    conf_free(copy);
}

static int
add_computed(struct conf *c, const char *name, const char *value)
{
    const struct param *p = param_find(name);
    struct conf_entry *e;

    if (!p || p->def)
        return -1;
    e = conf_entry_get(c, name);
    if (e->raw || e->computed)
        return -1;
    e->computed = mem_strdup(value);
    return 0;
}

static int
count_files(const struct conf *c)
{
    const struct conf_file_name *f;
    int n = 0;

    for (f = c->files; f; f = f->next)
        n++;
    return n;
}

static int
unpack_entry(struct conf *c, struct unpack *u)
{
    uint32_t kind = unpack_u32(u, PACKED_COMPUTED), line = unpack_u32(u, UINT32_MAX);
    char *name = unpack_str(u, CONF_MAX_NAME), *value = unpack_str(u, CONF_MAX_VALUE);
    char *file = unpack_str(u, CONF_MAX_PATH);
    int rc = -1;

    if (!u->bad && kind == PACKED_COMPUTED)
        rc = add_computed(c, name, value);
    else if (!u->bad && !conf_raw(c, name) && count_files(c) <= MAX_FILES)
        rc = conf_set(c, name, value, file, line);
    mem_free(name);
    mem_free(value);
    mem_free(file);
    return rc;
}

struct conf *
conf_unpack(const void *p, size_t n)
{
    struct conf *c = conf_new();
    struct unpack u;
    uint32_t left;

    u.pos = p;
    u.end = u.pos + n;
    u.bad = 0;
    left = unpack_u32(&u, UINT32_MAX);
    while (left > 0 && unpack_entry(c, &u) == 0)
        left--;
    if (left > 0 || unpack_end(&u) < 0) {
        conf_free(c);
        c = NULL;
    }
    return c;
}
