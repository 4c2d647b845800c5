/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "expand.h"
#include "log.h"
#include "mem.h"
#include "strutil.h"

#define GIVEN_MAX 200000
#define GIVEN_BYTES (16 * 1024 * 1024)
#define ALIAS_MAX (256 * 1024) /* bytes of one alias */

struct item {
    const char *address;
    size_t depth; /* how many aliases led to it */
};

/* The expansion of one recipient: items not looked at yet follow item number `next`. */
struct work {
    struct expansion *e;
    struct expand_result *r;
    struct item *items;
    size_t n, next;
    struct strmap seen; /* what was an item already: a loop ends there */
};

static int
work_fail(struct work *w, const char *dsn, const char *reason)
{
    w->r->status = LOOKUP_TEMP;
    w->r->dsn = dsn;
    w->r->reason = reason;
    return -1;
}

static int
work_fail_alias(struct work *w, const char *why)
{
    log_warning("virtual_alias_maps: %s of <%s>", why, w->items[0].address);
    return work_fail(w, "4.6.0", "Alias expansion error");
}

static int
work_add(struct work *w, const char *address, size_t depth)
{
    if (w->n > w->e->directory->expansion_limit)
        return work_fail_alias(w, "unreasonable expansion size");
    if (strlen(address) > w->e->directory->length_limit)
        return work_fail_alias(w, "unreasonable result size");
    w->items = mem_realloc(w->items, (w->n + 1) * sizeof(*w->items));
    w->items[w->n].address = arena_strdup(w->e->arena, address);
    w->items[w->n].depth = depth;
    if (!w->items[w->n].address)
        return work_fail_alias(w, "unreasonable expansion size");
    w->n++;
    return 0;
}

/* ---- final addresses --------------------------------------------------------------------------- */

static int
work_target(struct work *w, const char *address, const char *transport, const char *nexthop)
{
    struct expand_target *t;

    w->r->targets = mem_realloc(w->r->targets, (w->r->n + 1) * sizeof(*w->r->targets));
    t = &w->r->targets[w->r->n];
    t->address = arena_strdup(w->e->arena, address);
    t->transport = transport;
    t->nexthop = arena_strdup(w->e->arena, nexthop);
    if (!t->address || !t->nexthop)
        return work_fail_alias(w, "unreasonable expansion size");
    w->r->n++;
    return 0;
}

/* An address that no alias changes. */
static int
work_final(struct work *w, const struct directory_key *k, enum address_class class, size_t depth)
{
    const struct directory *d = w->e->directory;
    char text[2 * ADDRESS_MAX], why[128];
    enum lookup_status st = LOOKUP_NONE;

    snprintf(text, sizeof(text), "%s@%s", k->address.local, k->address.domain);
    if (class == CLASS_RELAY || class == CLASS_OTHER)
        return work_target(w, text, "smtp", k->domain);
    if (class != CLASS_VIRTUAL_ALIAS)
        st = directory_mailbox(d, k, 1);
    if (st == LOOKUP_TEMP)
        return work_fail(w, "4.3.0", "Temporary lookup failure");
    if (st == LOOKUP_OK)
        return work_target(w, text, "local", k->domain);
    if (class == CLASS_LOCAL && strcmp(k->local, "postmaster") == 0 && strcmp(k->domain, d->myorigin) != 0) {
        snprintf(text, sizeof(text), "postmaster@%s", d->myorigin);
        return work_add(w, text, depth + 1);
    }
    snprintf(why, sizeof(why), "5.1.1 %s", directory_unknown_text(d, class));
    return work_target(w, text, "error", why);
}

/* ---- aliases --------------------------------------------------------------------------------- */

/* The next address of an alias: separated by commas and white space, a quoted string holds either. */
static const char *
next_address(const char **pos, struct buf *to)
{
    const char *p = *pos;
    int quoted = 0;

    while (*p && strchr(", \t\r\n", *p))
        p++;
    buf_reset(to);
    for (; *p && (quoted || !strchr(", \t\r\n", *p)); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (*p == '\\' && quoted && p[1])
            buf_putc(to, *++p);
        else
            buf_putc(to, *p);
    }
    *pos = p;
    return buf_len(to) ? buf_cstr(to) : NULL;
}

/* One result of an alias, completed: "@other" keeps the local part, an extension that matched nothing is
 * kept. */
static void
complete_result(const struct directory *d, const struct directory_key *k, const char *extension,
                const char *result, struct buf *to)
{
    const char *at = strrchr(result, '@');

    buf_reset(to);
    if (at == result)
        buf_printf(to, "%s%s", k->address.local, result);
    else if (at)
        buf_printf(to, "%.*s%s%s", (int)(at - result), result, extension, at);
    else
        buf_printf(to, "%s%s@%s", result, extension, d->myorigin);
}

static int
work_alias(struct work *w, const struct directory_key *k, enum address_class class, const char *value,
           const char *extension, size_t depth)
{
    struct buf item, whole;
    const char *result;
    int rc = 0, itself = 0;

    if (depth >= w->e->directory->recursion_limit)
        return work_fail_alias(w, "unreasonable nesting");
    buf_init(&item, ALIAS_MAX);
    buf_init(&whole, ALIAS_MAX);
    while (rc == 0 && (result = next_address(&value, &item)) != NULL) {
        complete_result(w->e->directory, k, extension, result, &whole);
        if (str_ieq(buf_cstr(&whole), k->whole))
            rc = itself++ ? 0 : work_final(w, k, class, depth);
        else
            rc = work_add(w, buf_cstr(&whole), depth + 1);
    }
    buf_free(&item);
    buf_free(&whole);
    return rc;
}

static int
work_item(struct work *w, const struct item *it)
{
    const struct directory *d = w->e->directory;
    struct directory_key k;
    enum address_class class;
    enum lookup_status st;
    const char *extension;
    struct buf value;
    int rc;

    if (directory_key_init(d, it->address, &k) < 0)
        return work_target(w, it->address, "error", "5.1.3 Bad recipient address syntax");
    if (strmap_put(&w->seen, k.whole, strlen(k.whole), NULL, 0) != 0)
        return 0;
    if (directory_class(d, k.domain, &class) != LOOKUP_OK)
        return work_fail(w, "4.3.0", "Temporary lookup failure");
    buf_init(&value, ALIAS_MAX);
    st = directory_alias(d, &k, class, &value, &extension);
    if (st == LOOKUP_TEMP)
        rc = work_fail(w, "4.3.0", "Temporary lookup failure");
    else if (st == LOOKUP_OK)
        rc = work_alias(w, &k, class, buf_cstr(&value), extension, it->depth);
    else
        rc = work_final(w, &k, class, it->depth);
    buf_free(&value);
    return rc;
}

/* ---- the whole --------------------------------------------------------------------------------- */

void
expansion_init(struct expansion *e, const struct directory *d, struct arena *arena)
{
    e->directory = d;
    e->arena = arena;
    strmap_init(&e->given, GIVEN_MAX, GIVEN_BYTES);
}

void
expansion_free(struct expansion *e)
{
    strmap_free(&e->given);
}

/* Drops the targets that an earlier recipient of this message has. */
static void
drop_duplicates(struct expansion *e, struct expand_result *r)
{
    char key[2 * ADDRESS_MAX];
    size_t i, kept = 0;

    for (i = 0; i < r->n; i++) {
        snprintf(key, sizeof(key), "%s", r->targets[i].address);
        str_lower(key);
        if (strmap_put(&e->given, key, strlen(key), NULL, 0) != 1)
            r->targets[kept++] = r->targets[i];
    }
    r->n = kept;
}

void
expansion_add(struct expansion *e, const char *address, struct expand_result *r)
{
    struct work w;
    struct expand_target *all;
    struct item it;
    int rc;

    memset(&w, 0, sizeof(w));
    memset(r, 0, sizeof(*r));
    r->status = LOOKUP_OK;
    r->dsn = r->reason = "";
    w.e = e;
    w.r = r;
    strmap_init(&w.seen, GIVEN_MAX, GIVEN_BYTES);
    rc = work_add(&w, address, 0);
    while (rc == 0 && w.next < w.n) {
        it = w.items[w.next++];
        rc = work_item(&w, &it);
    }
    if (rc == 0 && r->n == 0)
        rc = work_fail_alias(&w, "a loop");
    if (rc < 0)
        r->n = 0;
    drop_duplicates(e, r);
    all = r->targets;
    r->targets = r->n ? arena_alloc(e->arena, r->n * sizeof(*all)) : NULL;
    if (r->targets) {
        memcpy(r->targets, all, r->n * sizeof(*all));
    } else if (r->n) {
        work_fail_alias(&w, "unreasonable expansion size");
        r->n = 0;
    }
    mem_free(all);
    mem_free(w.items);
    strmap_free(&w.seen);
}
