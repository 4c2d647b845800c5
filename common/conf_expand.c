/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "mem.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One expansion: where the text stands, for errors. */
struct expansion {
    struct conf *conf;
    const struct conf_entry *entry; /* NULL: text that is no value */
    struct buf *to;
    struct conf_error *err;
};

static int expand_range(struct expansion *x, const char *s, const char *end);

void
conf_error_at(struct conf_error *err, const struct conf_entry *e, const char *fmt, ...)
{
    va_list ap;
    int n = 0;

    if (e && e->file)
        n = snprintf(err->text, sizeof(err->text), "%s:%u: ", e->file, e->line);
    else if (e)
        n = snprintf(err->text, sizeof(err->text), "(default of %s): ", e->name);
    if (n < 0 || (size_t)n >= sizeof(err->text))
        n = 0;
    va_start(ap, fmt);
    vsnprintf(err->text + n, sizeof(err->text) - (size_t)n, fmt, ap);
    va_end(ap);
}

static int
put(struct expansion *x, const char *s, size_t n)
{
    if (buf_append(x->to, s, n) == 0)
        return 0;
    conf_error_at(x->err, x->entry, "the value is too long when expanded: look for a $name that is repeated");
    return -1;
}

static int
is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static int
put_value(struct expansion *x, const char *name)
{
    const char *value = conf_entry_expand(x->conf, conf_entry_get(x->conf, name), x->err);

    return value ? put(x, value, strlen(value)) : -1;
}

const char *
conf_find_close(const char *s, char close)
{
    char open = *s;
    size_t depth = 0;

    for (; *s; s++) {
        if (*s == open)
            depth++;
        else if (*s == close && --depth == 0)
            return s;
    }
    return NULL;
}

static const char *
skip_space(const char *s, const char *end)
{
    while (s < end && isspace((unsigned char)*s))
        s++;
    return s;
}

/*
 * One branch of a conditional at s: {text}, or all that is left up to end. *rest_r is
 * what follows it. A branch that was not chosen is looked at for its braces only.
 */
static int
branch(struct expansion *x, const char *s, const char *end, int chosen, const char **rest_r)
{
    const char *close, *open = skip_space(s, end);

    *rest_r = end;
    if (open == end || *open != '{')
        return chosen ? expand_range(x, s, end) : 0;
    close = conf_find_close(open, '}');
    if (!close || close >= end) {
        conf_error_at(x->err, x->entry, "'{' without '}' in a ${name?{text}:{text}}: close it");
        return -1;
    }
    *rest_r = skip_space(close + 1, end);
    return chosen ? expand_range(x, open + 1, close) : 0;
}

/* What follows the name in ${name?...} or ${name:...}: op is '?' or ':'. */
static int
conditional(struct expansion *x, const char *name, char op, const char *s, const char *end)
{
    struct conf_entry *e = conf_entry_find(x->conf, name);
    int defined, rc;
    const char *rest;

    if (!e && param_find(name))
        e = conf_entry_get(x->conf, name);
    defined = e && conf_entry_raw(x->conf, e)[0] != '\0';
    rc = branch(x, s, end, (op == '?') == defined, &rest);
    if (rc == 0 && rest < end && op == '?' && *rest == ':')
        rc = branch(x, rest + 1, end, !defined, &rest);
    if (rc == 0 && rest < end) {
        conf_error_at(x->err, x->entry, "unexpected text behind the '}' in ${%s%c...}: remove it", name, op);
        rc = -1;
    }
    return rc;
}

/* What stands between the brackets of ${...} or $(...). */
static int
bracketed(struct expansion *x, const char *s, const char *end)
{
    char name[CONF_MAX_NAME + 1];
    const char *start = skip_space(s, end), *p = start;

    while (p < end && is_name_char(*p))
        p++;
    if (p == start || (size_t)(p - start) > CONF_MAX_NAME) {
        conf_error_at(x->err, x->entry,
                      "no name in \"${%.40s\": write ${name}, ${name?{text}} or ${name:{text}}", s);
        return -1;
    }
    memcpy(name, start, (size_t)(p - start));
    name[p - start] = '\0';
    p = skip_space(p, end);
    if (p == end)
        return put_value(x, name);
    if (*p == '?' || *p == ':')
        return conditional(x, name, *p, p + 1, end);
    conf_error_at(x->err, x->entry, "\"%.20s\" behind the name in ${%s...}: only '?' and ':' can stand there",
                  p, name);
    return -1;
}

/* A '$' at s. *next_r is what follows what it stands for. */
static int
dollar(struct expansion *x, const char *s, const char *end, const char **next_r)
{
    char name[CONF_MAX_NAME + 1];
    const char *p = s + 1;

    if (p < end && *p == '$') {
        *next_r = p + 1;
        return put(x, "$", 1);
    }
    if (p < end && (*p == '{' || *p == '(')) {
        const char *close = conf_find_close(p, *p == '{' ? '}' : ')');

        if (!close || close >= end) {
            conf_error_at(x->err, x->entry, "\"%.40s\" has no closing bracket: add it", s);
            return -1;
        }
        *next_r = close + 1;
        return bracketed(x, p + 1, close);
    }
    while (p < end && is_name_char(*p))
        p++;
    if (p == s + 1 || (size_t)(p - s) > sizeof(name)) {
        conf_error_at(x->err, x->entry, "'$' without a name at \"%.40s\": write $$ for a dollar sign", s);
        return -1;
    }
    memcpy(name, s + 1, (size_t)(p - s) - 1);
    name[p - s - 1] = '\0';
    *next_r = p;
    return put_value(x, name);
}

/* Appends the expansion of what is between s and end. */
static int
expand_range(struct expansion *x, const char *s, const char *end)
{
    int rc = 0;

    if (x->conf->depth >= CONF_MAX_DEPTH) {
        conf_error_at(x->err, x->entry, "$name in $name more than %d deep: write it with fewer",
                      CONF_MAX_DEPTH);
        return -1;
    }
    x->conf->depth++;
    while (rc == 0 && s < end) {
        const char *d = memchr(s, '$', (size_t)(end - s));

        rc = put(x, s, (size_t)((d ? d : end) - s));
        s = d ? d : end;
        if (rc == 0 && d)
            rc = dollar(x, d, end, &s);
    }
    x->conf->depth--;
    return rc;
}

const char *
conf_entry_expand(struct conf *c, struct conf_entry *e, struct conf_error *err)
{
    struct expansion x;
    struct buf value;
    const char *raw;

    if (e->expanded)
        return e->expanded;
    if (e->busy) {
        conf_error_at(err, e,
                      "the value of %s refers to itself: take $%s out of it, or out of what it refers to",
                      e->name, e->name);
        return NULL;
    }
    e->busy = 1;
    raw = conf_entry_raw(c, e);
    buf_init(&value, CONF_MAX_VALUE);
    x.conf = c;
    x.entry = e;
    x.to = &value;
    x.err = err;
    if (expand_range(&x, raw, raw + strlen(raw)) == 0) {
        if (c->expanded + buf_len(&value) < CONF_MAX_EXPANDED) {
            e->expanded = mem_strdup(buf_cstr(&value));
            c->expanded += buf_len(&value) + 1;
        } else
            conf_error_at(err, e, "all values together are too long when expanded: make them shorter");
    }
    buf_free(&value);
    e->busy = 0;
    return e->expanded;
}

int
conf_expand(struct conf *c, const char *text, struct buf *to)
{
    struct conf_error err;
    struct expansion x;

    x.conf = c;
    x.entry = NULL;
    x.to = to;
    x.err = &err;
    return expand_range(&x, text, text + strlen(text));
}
