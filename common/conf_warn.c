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
note_master_references(struct conf *names, const char *dir)
{
    struct conf_error err;
    struct mastercf *m = mastercf_read(dir, &err);
    size_t i, j;

    for (i = 0; m && i < m->n; i++)
        for (j = 0; j < m->entries[i].noptions; j++)
            note_references(names, m->entries[i].options[j].value);
    mastercf_free(m); /* that it cannot be read is said by those who need it */
}

static void
warn_entry(const struct conf_entry *e, const struct conf *names)
{
    if (e->previous)
        log_warning("%s:%u: %s is set again; the value in line %u is not used", e->file, e->line, e->name,
                    e->previous);
    if (e->param)
        return;
    if (param_is_postfix_only(e->name))
        log_warning("%s:%u: parameter %s is not supported by this version; it is ignored", e->file, e->line,
                    e->name);
    else if (!conf_entry_find(names, e->name))
        log_warning("%s:%u: unused parameter: %s=%.200s; there is no parameter of this name and no value "
                    "refers to it: "
                    "correct or remove it",
                    e->file, e->line, e->name, e->raw);
}

void
conf_warn_unused(struct conf *c, const char *dir)
{
    struct conf *names = conf_new();
    struct conf_entry **all;
    size_t i, n;

    all = conf_entries_sorted(c, &n);
    for (i = 0; i < n; i++)
        if (all[i]->raw)
            note_references(names, all[i]->raw);
    note_master_references(names, dir);
    if (!told)
        told = conf_new();
    for (i = 0; i < n; i++) {
        if (!all[i]->raw || conf_entry_find(told, all[i]->name))
            continue;
        if (all[i]->previous || !all[i]->param)
            conf_entry_get(told, all[i]->name);
        warn_entry(all[i], names);
    }
    mem_free(all);
    conf_free(names);
}
