/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "mastercf.h"
#include "conf_impl.h"
#include "mem.h"
#include "strutil.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES 10000
#define MAX_WORDS 10000 /* of one entry */

/* One line being read. */
struct parser {
    const char *file, *pos;
    unsigned line;
    struct conf_error *err;
    struct buf word;
};

static int fail(const struct parser *p, const char *fmt, ...) MR_PRINTF(2, 3);

static int
fail(const struct parser *p, const char *fmt, ...)
{
    size_t size = sizeof(p->err->text);
    int n = snprintf(p->err->text, size, "%s:%u: ", p->file, p->line);
    va_list ap;

    if (n < 0 || (size_t)n >= size)
        n = 0;
    va_start(ap, fmt);
    vsnprintf(p->err->text + n, size - (size_t)n, fmt, ap);
    va_end(ap);
    return -1;
}

/* The next word, { } being one without the braces: 1 in p->word, 0 at the end, -1. *braced_r may be NULL. */
static int
next_word(struct parser *p, int *braced_r)
{
    const char *s = p->pos, *end;
    int braced = 0;

    while (isspace((unsigned char)*s))
        s++;
    p->pos = s;
    if (!*s)
        return 0;
    if (*s == '{') {
        end = conf_find_close(s, '}');
        if (!end)
            return fail(p, "\"%.40s\": '{' without '}': close it", s);
        if (end[1] && !isspace((unsigned char)end[1]))
            return fail(p, "\"%.40s\": text directly behind '}': put a blank between them", end);
        p->pos = end + 1;
        for (s++; s < end && isspace((unsigned char)*s); s++)
            ;
        while (end > s && isspace((unsigned char)end[-1]))
            end--;
        braced = 1;
    } else {
        for (end = s; *end && !isspace((unsigned char)*end); end++)
            ;
        p->pos = end;
    }
    if (braced_r)
        *braced_r = braced;
    buf_reset(&p->word);
    return buf_append(&p->word, s, (size_t)(end - s)) < 0 ? fail(p, "a word is too long") : 1;
}

/* A field that must be there, as a copy; NULL with the error filled. */
static char *
field(struct parser *p, const char *what)
{
    int rc = next_word(p, NULL);

    if (rc > 0)
        return mem_strdup(buf_cstr(&p->word));
    if (rc == 0)
        fail(p,
             "the %s is missing: a line has the fields service, type, private, unprivileged, chroot, wakeup, "
             "maxproc, "
             "command",
             what);
    return NULL;
}

static int
parse_flag(struct parser *p, const char *what, int *v_r)
{
    char *s = field(p, what);
    int rc = 0;

    if (!s)
        return -1;
    if (strlen(s) != 1 || !strchr("yn-", *s))
        rc = fail(p, "the field %s is \"%.40s\": it must be y, n or -", what, s);
    else
        *v_r = *s == 'y' ? 1 : *s == 'n' ? 0 : -1;
    mem_free(s);
    return rc;
}

/* wakeup may end in '?'. */
static int
parse_number(struct parser *p, const char *what, int question, long *v_r)
{
    char *s = field(p, what);
    size_t n = s ? strlen(s) : 0;
    uint64_t v;
    int rc = 0;

    if (!s)
        return -1;
    if (question && n > 1 && s[n - 1] == '?')
        s[n - 1] = '\0';
    if (!strcmp(s, "-"))
        *v_r = -1;
    else if (str_to_u64(s, INT_MAX, &v) == 0)
        *v_r = (long)v;
    else
        rc = fail(p, "the field %s is \"%.40s\": it must be a number or -", what, s);
    mem_free(s);
    return rc;
}

static int
parse_type(struct parser *p, char **type_r)
{
    static const char *const types[] = {"inet", "unix", "fifo", "pass"};
    size_t i;

    *type_r = field(p, "type");
    if (!*type_r)
        return -1;
    for (i = 0; i < MR_NELEM(types); i++)
        if (!strcmp(*type_r, types[i]))
            return 0;
    return fail(p, "the type is \"%.40s\": it must be inet, unix, fifo or pass", *type_r);
}

/* text is "name=value" or, when braced, "name = value". */
static int
add_option(struct parser *p, struct mastercf_entry *e, char *text, int braced)
{
    char *value = strchr(text, '='), *end = value;
    struct mastercf_option *o;

    while (braced && end && end > text && isspace((unsigned char)end[-1]))
        end--;
    if (!value || !conf_name_ok(text, (size_t)(end - text)))
        return fail(p, "-o %.60s: write -o name=value, or -o { name = value }", text);
    for (value++; braced && isspace((unsigned char)*value); value++)
        ;
    e->options = mem_realloc(e->options, (e->noptions + 1) * sizeof(*e->options));
    o = &e->options[e->noptions++];
    o->name = mem_strndup(text, (size_t)(end - text));
    o->value = mem_strdup(value);
    return 0;
}

/* The word "-o" or "-oname=value" is in p->word. */
static int
parse_option(struct parser *p, struct mastercf_entry *e)
{
    int braced = 0, rc = 1;
    char *text;

    if (buf_len(&p->word) > 2)
        buf_consume(&p->word, 2);
    else
        rc = next_word(p, &braced);
    if (rc == 0)
        return fail(p, "nothing follows -o: write -o name=value");
    if (rc < 0)
        return -1;
    text = mem_strdup(buf_cstr(&p->word));
    rc = add_option(p, e, text, braced);
    mem_free(text);
    return rc;
}

/* What follows the command: -o options apart, all else in order. A pipe's argv= ends the options. */
static int
parse_args(struct parser *p, struct mastercf_entry *e)
{
    size_t n = 0;
    int rc, braced, options = 1;
    const char *s;

    e->args = mem_alloc(sizeof(*e->args));
    while ((rc = next_word(p, &braced)) > 0) {
        s = buf_cstr(&p->word);
        if (n + e->noptions >= MAX_WORDS)
            return fail(p, "more than %d words", MAX_WORDS);
        if (options && !braced && !strncmp(s, "-o", 2)) {
            if (parse_option(p, e) < 0)
                return -1;
            continue;
        }
        if (!strncmp(s, "argv=", 5))
            options = 0;
        e->args = mem_realloc(e->args, (n + 2) * sizeof(*e->args));
        e->args[n++] = mem_strdup(s);
        e->args[n] = NULL;
    }
    return rc;
}

static int
parse_entry(struct parser *p, struct mastercf_entry *e)
{
    e->line = p->line;
    e->service = field(p, "service");
    if (!e->service || parse_type(p, &e->type) < 0 || parse_flag(p, "private", &e->private_) < 0 ||
        parse_flag(p, "unprivileged", &e->unpriv) < 0 || parse_flag(p, "chroot", &e->chroot) < 0 ||
        parse_number(p, "wakeup", 1, &e->wakeup) < 0 || parse_number(p, "maxproc", 0, &e->maxproc) < 0)
        return -1;
    e->command = field(p, "command");
    return e->command ? parse_args(p, e) : -1;
}

static void
entry_clear(struct mastercf_entry *e)
{
    size_t i;

    for (i = 0; e->args && e->args[i]; i++)
        mem_free(e->args[i]);
    for (i = 0; i < e->noptions; i++) {
        mem_free(e->options[i].name);
        mem_free(e->options[i].value);
    }
    mem_free(e->args);
    mem_free(e->options);
    mem_free(e->service);
    mem_free(e->type);
    mem_free(e->command);
}

void
mastercf_entry_free(struct mastercf_entry *e)
{
    if (!e)
        return;
    entry_clear(e);
    mem_free(e);
}

void
mastercf_free(struct mastercf *m)
{
    size_t i;

    if (!m)
        return;
    for (i = 0; i < m->n; i++)
        entry_clear(&m->entries[i]);
    mem_free(m->entries);
    mem_free(m->file);
    mem_free(m);
}

struct mastercf *
mastercf_parse(const char *file, const char *text, size_t len, struct conf_error *err)
{
    struct mastercf *m = mem_alloc(sizeof(*m));
    struct conf_lines l;
    struct parser p;
    struct buf logical;
    int rc;

    l.file = p.file = m->file = mem_strdup(file);
    l.pos = text;
    l.end = text + len;
    l.line = 1;
    p.err = err;
    buf_init(&logical, CONF_MAX_VALUE);
    buf_init(&p.word, CONF_MAX_VALUE);
    while ((rc = conf_lines_next(&l, &logical, &p.line, err)) > 0) {
        p.pos = buf_cstr(&logical);
        m->entries = mem_realloc(m->entries, (m->n + 1) * sizeof(*m->entries));
        memset(&m->entries[m->n], 0, sizeof(*m->entries));
        m->n++;
        rc = m->n > MAX_ENTRIES ? fail(&p, "more than %d lines", MAX_ENTRIES)
                                : parse_entry(&p, &m->entries[m->n - 1]);
        if (rc < 0)
            break;
    }
    buf_free(&logical);
    buf_free(&p.word);
    if (rc == 0)
        return m;
    mastercf_free(m);
    return NULL;
}

struct mastercf *
mastercf_read(const char *dir, struct conf_error *err)
{
    struct mastercf *m = NULL;
    struct buf path, text;

    buf_init(&path, CONF_MAX_PATH);
    buf_init(&text, CONF_MAX_FILE);
    if (conf_load(dir, "master.cf", &path, &text, err) == 0)
        m = mastercf_parse(buf_cstr(&path), buf_data(&text), buf_len(&text), err);
    buf_free(&path);
    buf_free(&text);
    return m;
}

const struct mastercf_entry *
mastercf_transport(const struct mastercf *m, const char *name)
{
    size_t i;

    for (i = 0; i < m->n; i++)
        if (!strcmp(m->entries[i].type, "unix") && !strcmp(m->entries[i].service, name))
            return &m->entries[i];
    return NULL;
}
