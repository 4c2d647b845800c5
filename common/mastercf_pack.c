/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "mastercf.h"
#include "mem.h"
#include "pack.h"

#include <limits.h>

#define MAX_WORDS 10000 /* options, or arguments */

/* A number or -1, as one not negative. */
static void
put_number(struct buf *to, long v)
{
    pack_u32(to, (uint32_t)(v + 1));
}

static long
get_number(struct unpack *u, uint32_t max)
{
    return (long)unpack_u32(u, max + 1) - 1;
}

void
mastercf_entry_pack(const struct mastercf_entry *e, struct buf *to)
{
    size_t i, n = 0;

    pack_str(to, e->service);
    pack_str(to, e->type);
    put_number(to, e->private_);
    put_number(to, e->unpriv);
    put_number(to, e->chroot);
    put_number(to, e->wakeup);
    put_number(to, e->maxproc);
    pack_str(to, e->command);
    pack_u32(to, e->line);
    while (e->args && e->args[n])
        n++;
    pack_u32(to, (uint32_t)n);
    for (i = 0; i < n; i++)
        pack_str(to, e->args[i]);
    pack_u32(to, (uint32_t)e->noptions);
    for (i = 0; i < e->noptions; i++) {
        pack_str(to, e->options[i].name);
        pack_str(to, e->options[i].value);
    }
}

/* The arguments; an array that ends with NULL in any case. Its room grows with what is really there. */
static char **
unpack_args(struct unpack *u)
{
    uint32_t n = unpack_u32(u, MAX_WORDS), i;
    char **args = mem_alloc(sizeof(*args)), *s;

    for (i = 0; i < n && (s = unpack_str(u, CONF_MAX_VALUE)) != NULL; i++) {
        args = mem_realloc(args, (i + 2) * sizeof(*args));
        args[i] = s;
        args[i + 1] = NULL;
    }
    return args;
}

static void
unpack_options(struct unpack *u, struct mastercf_entry *e)
{
    uint32_t n = unpack_u32(u, MAX_WORDS);
    struct mastercf_option *o;

    while (n-- > 0 && !u->bad) {
        e->options = mem_realloc(e->options, (e->noptions + 1) * sizeof(*e->options));
        o = &e->options[e->noptions++];
        o->name = unpack_str(u, CONF_MAX_NAME);
        o->value = unpack_str(u, CONF_MAX_VALUE);
    }
}

struct mastercf_entry *
mastercf_entry_unpack(const void *p, size_t n)
{
    struct mastercf_entry *e = mem_alloc(sizeof(*e));
    struct unpack u;

    u.pos = p;
    u.end = u.pos + n;
    u.bad = 0;
    e->service = unpack_str(&u, CONF_MAX_VALUE);
    e->type = unpack_str(&u, CONF_MAX_NAME);
    e->private_ = (int)get_number(&u, 1);
    e->unpriv = (int)get_number(&u, 1);
    e->chroot = (int)get_number(&u, 1);
    e->wakeup = get_number(&u, INT_MAX);
    e->maxproc = get_number(&u, INT_MAX);
    e->command = unpack_str(&u, CONF_MAX_VALUE);
    e->line = unpack_u32(&u, UINT_MAX);
    e->args = unpack_args(&u);
    unpack_options(&u, e);
    if (unpack_end(&u) == 0)
        return e;
    mastercf_entry_free(e);
    return NULL;
}
