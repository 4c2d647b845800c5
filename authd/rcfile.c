/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "rcfile.h"

#include "mem.h"
#include "strutil.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct reader {
    const char *pos, *end;
    unsigned line;   /* of the logical line in `text` */
    unsigned passed; /* physical lines taken so far */
};

static int
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next physical line without its newline and trailing blanks; NULL at the end. */
static const char *
reader_line(struct reader *r, size_t *len_r)
{
    const char *start = r->pos, *nl, *stop;

    if (start >= r->end)
        return NULL;
    nl = memchr(start, '\n', (size_t)(r->end - start));
    stop = nl ? nl : r->end;
    r->pos = nl ? nl + 1 : r->end;
    r->passed++;
    while (stop > start && is_blank(stop[-1]))
        stop--;
    *len_r = (size_t)(stop - start);
    return start;
}

/* A line that starts like this continues the one before (Postfix), unless it is a comment or empty. */
static int
reader_continues(const struct reader *r)
{
    const char *p = r->pos;

    if (p >= r->end || !is_blank(*p))
        return 0;
    while (p < r->end && is_blank(*p))
        p++;
    return p < r->end && *p != '\n' && *p != '#';
}

static int
line_is_empty(const char *s, size_t n)
{
    while (n && is_blank(*s))
        s++, n--;
    return n == 0 || *s == '#';
}

/* The next logical line in *to. 1, or 0 at the end. */
static int
reader_next(struct reader *r, enum rcfile_syntax syntax, struct buf *to)
{
    const char *s;
    size_t n;
    int more;

    do {
        if (!(s = reader_line(r, &n)))
            return 0;
    } while (line_is_empty(s, n));
    r->line = r->passed;
    buf_reset(to);
    for (;;) {
        more = syntax == RCFILE_COURIER && n && s[n - 1] == '\\';
        buf_append(to, s, n - (size_t)more);
        more |= syntax == RCFILE_POSTFIX && reader_continues(r);
        if (!more || !(s = reader_line(r, &n)))
            return 1;
        buf_putc(to, ' ');
    }
}

static char *
trim(char *s)
{
    size_t n;

    while (is_blank(*s))
        s++;
    n = strlen(s);
    while (n && is_blank(s[n - 1]))
        s[--n] = '\0';
    return s;
}

/* Splits a logical line at its separator. 0, or -1 with the fault in *why. */
static int
line_split(enum rcfile_syntax syntax, char *line, char **name, char **value, const char **why)
{
    char *p = trim(line), *v;
    size_t n = strcspn(p, syntax == RCFILE_COURIER ? " \t" : "=");

    *why = "expected name = value";
    if (syntax != RCFILE_COURIER && p[n] != '=')
        return -1;
    v = p[n] ? p + n + 1 : p + n;
    p[n] = '\0';
    *name = trim(p);
    *value = trim(v);
    if (!**name || strcspn(*name, " \t\"'$") != strlen(*name))
        return -1;
    if (syntax != RCFILE_SHELL || (**value != '"' && **value != '\''))
        return 0;
    n = strcspn(*value + 1, **value == '"' ? "\"" : "'");
    *why = "the closing quote is missing";
    if (!(*value)[n + 1])
        return -1;
    (*value)[n + 1] = '\0';
    (*value)++;
    return 0;
}

static int
rcfile_add(struct rcfile *rc, const char *name, const char *value)
{
    if (rc->n >= RCFILE_MAX_ENTRIES)
        return -1;
    rc->entries = mem_realloc(rc->entries, (rc->n + 1) * sizeof(*rc->entries));
    rc->entries[rc->n].name = mem_strdup(name);
    rc->entries[rc->n].value = mem_strdup(value);
    rc->n++;
    return 0;
}

struct rcfile *
rcfile_parse(enum rcfile_syntax syntax, const char *file, const char *text, size_t len,
             struct conf_error *err)
{
    struct rcfile *rc = mem_alloc(sizeof(*rc));
    struct reader r = {NULL, NULL, 0, 0};
    struct buf line;
    char *name, *value;
    const char *why = NULL;

    r.pos = text;
    r.end = text + len;
    buf_init(&line, RCFILE_MAX * 2);
    if (memchr(text, '\0', len))
        why = "the file holds a NUL byte";
    while (!why && reader_next(&r, syntax, &line)) {
        const char *fault;

        if (line_split(syntax, buf_cstr(&line), &name, &value, &fault) < 0)
            why = fault;
        else if (rcfile_add(rc, name, value) < 0)
            why = "too many settings";
    }
    buf_free(&line);
    if (!why)
        return rc;
    snprintf(err->text, sizeof(err->text), "%s:%u: %s", file, r.line, why);
    rcfile_free(rc);
    return NULL;
}

struct rcfile *
rcfile_read(enum rcfile_syntax syntax, const char *path, struct conf_error *err)
{
    struct rcfile *rc = NULL;
    struct buf b;
    int saved = 0;

    buf_init(&b, RCFILE_MAX);
    if (file_read(path, &b) < 0) {
        saved = errno;
        snprintf(err->text, sizeof(err->text), "%s: %s", path, strerror(errno));
    } else {
        rc = rcfile_parse(syntax, path, buf_data(&b), buf_len(&b), err);
    }
    buf_free(&b);
    errno = saved;
    return rc;
}

void
rcfile_free(struct rcfile *rc)
{
    size_t i;

    if (!rc)
        return;
    for (i = 0; i < rc->n; i++) {
        /* Database passwords stand in some of these files. */
        mem_wipe(rc->entries[i].value, strlen(rc->entries[i].value));
        mem_free(rc->entries[i].name);
        mem_free(rc->entries[i].value);
    }
    mem_free(rc->entries);
    mem_free(rc);
}

const char *
rcfile_get(const struct rcfile *rc, const char *name, const char *dflt)
{
    size_t i;

    for (i = rc->n; i > 0; i--)
        if (strcmp(rc->entries[i - 1].name, name) == 0)
            return rc->entries[i - 1].value;
    return dflt;
}
