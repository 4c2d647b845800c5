/* SPDX-License-Identifier: ISC */
/* static: (every key has this value), texthash: and the source file of a hash: table ("key value" lines). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "strmap.h"
#include "strutil.h"
#include "table_private.h"

#define FILE_MAX (64 * 1024 * 1024)
#define ENTRIES_MAX 1000000

static void *
static_open(const char *name, struct conf_error *err)
{
    MR_UNUSED(err);
    return mem_strdup(name);
}

static enum lookup_status
static_find(void *table, const char *key, struct buf *value)
{
    MR_UNUSED(key);
    return buf_puts(value, table) < 0 ? LOOKUP_TEMP : LOOKUP_OK;
}

const struct table_kind table_static = {"static", static_open, static_find, mem_free};

static int
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* One logical line. 0, or -1: there is no value. */
static int
text_add(struct strmap *m, char *line)
{
    char *value, *end = line + strlen(line);

    while (end > line && is_space(end[-1]))
        *--end = '\0';
    value = line + strcspn(line, " \t");
    if (!*value)
        return -1;
    *value++ = '\0';
    while (is_space(*value))
        value++;
    str_lower(line);
    return strmap_put(m, line, strlen(line), value, (size_t)(end - value)) < 0 ? -1 : 0;
}

/* Cuts the text into logical lines: those that begin with a blank continue the one before. 0 or the bad line.
 */
static unsigned
text_parse(struct strmap *m, char *p, char *end)
{
    char *line = NULL, *next;
    unsigned n = 0, at = 0;

    for (; p < end; p = next) {
        n++;
        next = memchr(p, '\n', (size_t)(end - p));
        next = next ? next + 1 : end;
        if (*p == '#' || (size_t)(next - p) == strspn(p, " \t\r\n")) {
            memset(p, ' ', (size_t)(next - p));
        } else if (!is_space(*p)) {
            if (line && p > line) {
                p[-1] = '\0';
                if (text_add(m, line) < 0)
                    return at;
            }
            line = p;
            at = n;
        }
        if (next[-1] == '\n')
            next[-1] = ' ';
    }
    return line && text_add(m, line) < 0 ? at : 0;
}

static void
text_close(void *table)
{
    strmap_free(table);
    mem_free(table);
}

static void *
text_open(const char *name, struct conf_error *err)
{
    struct strmap *m;
    struct buf b;
    char *text;
    unsigned bad;

    buf_init(&b, FILE_MAX);
    if (file_read(name, &b) < 0) {
        snprintf(err->text, sizeof(err->text), "%s: %s", name, strerror(errno));
        return NULL;
    }
    m = mem_alloc(sizeof(*m));
    strmap_init(m, ENTRIES_MAX, FILE_MAX);
    text = buf_cstr(&b);
    bad = text_parse(m, text, text + buf_len(&b));
    buf_free(&b);
    if (!bad)
        return m;
    snprintf(err->text, sizeof(err->text), "%s:%u: expected key and value, or too many of them", name, bad);
    text_close(m);
    return NULL;
}

static enum lookup_status
text_find(void *table, const char *key, struct buf *value)
{
    size_t n;
    const char *v = strmap_get(table, key, strlen(key), &n);

    if (!v || !n)
        return LOOKUP_NONE;
    return buf_append(value, v, n) < 0 ? LOOKUP_TEMP : LOOKUP_OK;
}

const struct table_kind table_text = {"texthash", text_open, text_find, text_close};
const struct table_kind table_text_hash = {"hash", text_open, text_find, text_close};
