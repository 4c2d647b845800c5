/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "mem.h"
#include "strutil.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The physical line at l->pos without its line end and the white space before that. */
static const char *
physical_line(struct conf_lines *l, size_t *n_r)
{
    const char *s = l->pos, *end = memchr(s, '\n', (size_t)(l->end - s));

    l->pos = end ? end + 1 : l->end;
    l->line++;
    if (!end)
        end = l->end;
    while (end > s && isspace((unsigned char)end[-1]))
        end--;
    *n_r = (size_t)(end - s);
    return s;
}

static int
is_comment(const char *s, size_t n)
{
    while (n > 0 && isspace((unsigned char)*s)) {
        s++;
        n--;
    }
    return n == 0 || *s == '#';
}

static int
line_error(const struct conf_lines *l, unsigned line, struct conf_error *err, const char *what)
{
    snprintf(err->text, sizeof(err->text), "%s:%u: %s", l->file, line, what);
    return -1;
}

/* 1 when the line that comes next cannot go on with the one before. */
static int
begins_anew(const struct conf_lines *l)
{
    return l->pos == l->end || !(isspace((unsigned char)*l->pos) || *l->pos == '#');
}

int
conf_lines_next(struct conf_lines *l, struct buf *logical, unsigned *first_r, struct conf_error *err)
{
    const char *s;
    size_t n, i;

    buf_reset(logical);
    while (l->pos < l->end && !(buf_len(logical) > 0 && begins_anew(l))) {
        s = physical_line(l, &n);
        if (memchr(s, '\0', n))
            return line_error(l, l->line - 1, err, "there is a NUL byte in this line: remove it");
        if (is_comment(s, n))
            continue;
        if (buf_len(logical) == 0) {
            if (isspace((unsigned char)*s))
                return line_error(
                    l, l->line - 1, err,
                    "this line begins with white space but there is none before it that it continues: "
                    "begin it in the first column");
            *first_r = l->line - 1;
            i = 0;
        } else {
            for (i = 0; isspace((unsigned char)s[i]); i++)
                ;
            buf_putc(logical, ' ');
        }
        if (buf_append(logical, s + i, n - i) < 0)
            return line_error(l, *first_r, err, "this line is too long with the lines that continue it");
    }
    return buf_len(logical) > 0;
}

/* "name = value", in place. */
static int
parse_setting(struct conf *c, const struct conf_lines *l, char *s, unsigned line, struct conf_error *err)
{
    char *value = strchr(s, '='), *end;

    if (!value) {
        snprintf(err->text, sizeof(err->text), "%s:%u: no '=' after \"%.60s\": write name = value", l->file,
                 line, s);
        return -1;
    }
    for (end = value++; end > s && isspace((unsigned char)end[-1]); end--)
        ;
    *end = '\0';
    while (isspace((unsigned char)*value))
        value++;
    if (conf_set(c, s, value, l->file, line) == 0)
        return 0;
    snprintf(err->text, sizeof(err->text),
             "%s:%u: \"%.60s\" is no parameter name (letters, digits and '_'), or its value is over %d bytes",
             l->file, line, s, CONF_MAX_VALUE);
    return -1;
}

int
conf_parse(struct conf *c, const char *file, const char *text, size_t len, struct conf_error *err)
{
    struct conf_lines l;
    struct buf logical;
    unsigned line = 0;
    int rc;

    l.file = file;
    l.pos = text;
    l.end = text + len;
    l.line = 1;
    buf_init(&logical, CONF_MAX_VALUE + CONF_MAX_NAME);
    while ((rc = conf_lines_next(&l, &logical, &line, err)) > 0)
        if ((rc = parse_setting(c, &l, buf_cstr(&logical), line, err)) < 0)
            break;
    buf_free(&logical);
    return rc;
}

int
conf_load(const char *dir, const char *name, struct buf *path, struct buf *text, struct conf_error *err)
{
    if (buf_printf(path, "%s/%s", dir, name) < 0) {
        snprintf(err->text, sizeof(err->text), "the name of the configuration directory is too long");
        return -1;
    }
    if (file_read(buf_cstr(path), text) == 0)
        return 0;
    snprintf(err->text, sizeof(err->text),
             "%s: cannot be read: %s: make it readable, or name another directory with -c", buf_cstr(path),
             strerror(errno));
    return -1;
}

struct conf *
conf_read(const char *dir, struct conf_error *err)
{
    struct conf *c = NULL;
    struct buf path, text;
    const char *said;
    int rc;

    buf_init(&path, CONF_MAX_PATH);
    buf_init(&text, CONF_MAX_FILE);
    rc = conf_load(dir, "main.cf", &path, &text, err);
    if (rc == 0) {
        c = conf_new();
        rc = conf_parse(c, buf_cstr(&path), buf_data(&text), buf_len(&text), err);
    }
    if (rc == 0) {
        said = conf_raw(c, "config_directory");
        if (strcmp(said ? said : MR_CONFIG_DIR, dir) !=
            0) /* it is where we found main.cf, whatever that says */
            conf_set(c, "config_directory", dir, buf_cstr(&path), 0);
    }
    if (rc == 0)
        conf_warn_unused(c, dir);
    buf_free(&path);
    buf_free(&text);
    if (rc == 0)
        return c;
    conf_free(c);
    return NULL;
}
