/* SPDX-License-Identifier: ISC */
/* What the operator should know about a main.cf that is well-formed. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "log.h"
#include "mastercf.h"
#include "mem.h"

#include <ctype.h>
#include <string.h>

/* Names that were told of since this process began: a reload does not repeat them. */
static struct conf *told;

/* Enters every name that text refers to by $name, ${name or $(name. */
static void
note_references(struct conf *names, const char *text)
{
    char name[CONF_MAX_NAME + 1];
    size_t n;

    while ((text = strchr(text, '$')) != NULL) {
        text++;
        if (*text == '{' || *text == '(')
            for (text++; isspace((unsigned char)*text); text++)
                ;
        for (n = 0; isalnum((unsigned char)text[n]) || text[n] == '_'; n++)
            ;
        if (n > 0 && n <= CONF_MAX_NAME) {
            memcpy(name, text, n);
            name[n] = '\0';
            conf_entry_get(names, name);
        }
        text += n;
        if (*text == '$' && n == 0)
            text++; /* $$ */
    }
}

static void
note_master_references(struct conf *names, const struct mastercf *m)
{
    size_t i, j;

    for (i = 0; i < m->n; i++)
        for (j = 0; j < m->entries[i].noptions; j++)
            note_references(names, m->entries[i].options[j].value);
}

/* A name that is set at file:line. names: those that something refers to. */
static void
warn_name(const char *file, unsigned line, const char *name, const char *value, const struct conf *names)
{
    if (param_find(name) || conf_entry_find(told, name))
        return;
    if (param_is_postfix_only(name))
        log_warning("%s:%u: parameter %s is not supported by this version; it is ignored", file, line, name);
    else if (!conf_entry_find(names, name))
        log_warning("%s:%u: unused parameter: %s=%.200s; there is no parameter of this name and no value "
                    "refers to it: "
                    "correct or remove it",
                    file, line, name, value);
    else
        return;
    conf_entry_get(told, name);
}

static void
warn_entry(const struct conf_entry *e, const struct conf *names)
{
    if (e->previous && !conf_entry_find(told, e->name)) {
        log_warning("%s:%u: %s is set again; the value in line %u is not used", e->file, e->line, e->name,
                    e->previous);
        if (e->param)
            conf_entry_get(told, e->name);
    }
    warn_name(e->file, e->line, e->name, e->raw, names);
}

static void
warn_master(const struct mastercf *m, const struct conf *names)
{
    const struct mastercf_entry *e;
    size_t i, j;

    for (i = 0; i < m->n; i++) {
        e = &m->entries[i];
        for (j = 0; j < e->noptions; j++)
            warn_name(m->file, e->line, e->options[j].name, e->options[j].value, names);
    }
}

void
conf_warn_unused(struct conf *c, const char *dir)
{
    struct conf *names = conf_new();
    struct conf_error err;
    struct mastercf *m = mastercf_read(dir, &err); /* that it cannot be read is said by those who need it */
    struct conf_entry **all;
    size_t i, n;

    if (!told)
        told = conf_new();
    all = conf_entries_sorted(c, &n);
    for (i = 0; i < n; i++)
        if (all[i]->raw)
            note_references(names, all[i]->raw);
    if (m)
        note_master_references(names, m);
    for (i = 0; i < n; i++)
        if (all[i]->raw)
            warn_entry(all[i], names);
    if (m)
        warn_master(m, names);
    mastercf_free(m);
    mem_free(all);
    conf_free(names);
}
