/* SPDX-License-Identifier: ISC */
/*
 * Addresses that clients send, and aliases that a database holds: the first line is the address, the rest
 * what every alias says.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "expand.h"
#include "log.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct directory *
make_directory(const char *alias)
{
    static char spec[8192];
    struct conf *c = conf_new();
    struct conf_error err;
    struct directory *d;

    /* Braces would end the item that holds the alias. */
    snprintf(spec, sizeof(spec), "{ static:%.4000s }", alias);
    conf_set(c, "mydestination", "localhost", "fuzz", 1);
    conf_set(c, "myhostname", "mail.example", "fuzz", 2);
    conf_set(c, "virtual_mailbox_domains", "a.example", "fuzz", 3);
    conf_set(c, "virtual_alias_domains", "b.example", "fuzz", 4);
    conf_set(c, "virtual_alias_maps", "", "fuzz", 5);
    conf_set(c, "recipient_delimiter", "+-", "fuzz", 6);
    conf_set(c, "virtual_alias_recursion_limit", "20", "fuzz", 7);
    d = directory_new(c, NULL, 0, &err);
    conf_free(c);
    if (d) {
        tables_free(d->alias_maps);
        d->alias_maps = tables_new(spec, &err);
    }
    if (d && !d->alias_maps) {
        d->alias_maps = tables_new("", &err);
    }
    return d;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = mem_strndup((const char *)data, size), *nl = strchr(text, '\n');
    struct directory *d;
    struct expansion e;
    struct expand_result r;
    struct rcpt_answer a;
    struct arena arena;

    log_init("", "fuzz");
    if (nl)
        *nl++ = '\0';
    for (char *p = nl; p && *p; p++)
        if (*p == '{' || *p == '}')
            *p = ' ';
    d = make_directory(nl ? nl : "");
    if (!d)
        __builtin_trap();
    directory_rcpt(d, text, &a);
    arena_init(&arena, 4 * 1024 * 1024);
    expansion_init(&e, d, &arena);
    expansion_add(&e, text, &r);
    if (r.status == LOOKUP_OK && r.n == 0)
        __builtin_trap(); /* the first recipient of a message has a target, or an error */
    expansion_add(&e, text, &r);
    if (r.status == LOOKUP_OK && r.n != 0)
        __builtin_trap(); /* the same again has none that are new */
    expansion_free(&e);
    arena_free(&arena);
    directory_free(d);
    mem_free(text);
    return 0;
}
