/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sqltext.h"

#include "mem.h"

#include <string.h>

#define MAX_SQL 65536

struct compiler {
    enum sqltext_syntax syntax;
    const struct sqltext_name *names;
    const char *pos;
    struct buf sql;  /* so far */
    struct buf text; /* of the piece being read */
    struct sqltext *out;
    const char *why;
};

static void
param_add_piece(struct sqltext_param *p, struct buf *text, char var)
{
    p->pieces = mem_realloc(p->pieces, (p->n + 1) * sizeof(*p->pieces));
    p->pieces[p->n].text = mem_strdup(buf_cstr(text));
    p->pieces[p->n].var = var;
    p->n++;
    buf_reset(text);
}

void
sqltext_param_free(struct sqltext_param *p)
{
    size_t i;

    for (i = 0; i < p->n; i++)
        mem_free(p->pieces[i].text);
    MEM_FREE(p->pieces);
    p->n = 0;
}

void
sqltext_free(struct sqltext *t)
{
    size_t i;

    if (!t)
        return;
    for (i = 0; i < t->nparams; i++)
        sqltext_param_free(&t->params[i]);
    mem_free(t->sql);
    mem_free(t);
}

enum token { TOKEN_NONE, TOKEN_VAR, TOKEN_CHAR, TOKEN_BAD };

/* "%u" at *pos: TOKEN_VAR; "%%": TOKEN_CHAR. *pos moves behind what was taken. */
static enum token
percent_token(const char **pos, char *c)
{
    if (**pos != '%')
        return TOKEN_NONE;
    *c = (*pos)[1];
    if (!*c || !strchr("%sudSUD123456789", *c))
        return TOKEN_BAD;
    *pos += 2;
    return *c == '%' ? TOKEN_CHAR : TOKEN_VAR;
}

/* "$(name)": TOKEN_VAR; *c is 0 for an unknown name. */
static enum token
dollar_token(const char **pos, const struct sqltext_name *names, char *c)
{
    size_t n;

    if ((*pos)[0] != '$' || (*pos)[1] != '(')
        return TOKEN_NONE;
    n = strcspn(*pos + 2, ")");
    if (!(*pos)[2 + n])
        return TOKEN_BAD;
    for (*c = '\0'; names->name; names++)
        if (strlen(names->name) == n && strncmp(names->name, *pos + 2, n) == 0)
            *c = names->var;
    *pos += n + 3;
    return TOKEN_VAR;
}

static enum token
next_token(struct compiler *k, char *c)
{
    enum token t =
        k->syntax == SQLTEXT_PERCENT ? percent_token(&k->pos, c) : dollar_token(&k->pos, k->names, c);

    if (t == TOKEN_BAD)
        k->why = k->syntax == SQLTEXT_PERCENT ? "unknown %-expansion" : "$( without )";
    return t;
}

static struct sqltext_param *
new_param(struct compiler *k)
{
    if (k->out->nparams == SQLTEXT_MAX_PARAMS) {
        k->why = "too many placeholders";
        return NULL;
    }
    buf_printf(&k->sql, "?%u", (unsigned)k->out->nparams + 1);
    return &k->out->params[k->out->nparams++];
}

/* A quoted string, pos behind its quote: copied as it is when it holds no placeholder, else a parameter. */
static int
compile_quoted(struct compiler *k, char quote)
{
    const char *start = k->pos;
    struct sqltext_param pieces = {NULL, 0}, *p;
    enum token t;
    char c;

    for (;;) {
        if ((t = next_token(k, &c)) == TOKEN_BAD)
            break;
        if (t == TOKEN_VAR) {
            param_add_piece(&pieces, &k->text, c);
        } else if (t == TOKEN_CHAR) {
            buf_putc(&k->text, c);
        } else if (!*k->pos) {
            k->why = "a quote is not closed";
            break;
        } else if (*k->pos == quote && k->pos[1] != quote) {
            break;
        } else {
            k->pos += *k->pos == quote;
            buf_putc(&k->text, *k->pos++);
        }
    }
    if (!k->why && !pieces.n) {
        k->pos++;
        buf_putc(&k->sql, quote);
        for (; start < k->pos; start++) {
            buf_putc(&k->sql, *start);
            if (k->syntax == SQLTEXT_PERCENT && *start == '%')
                start++;
        }
        buf_reset(&k->text);
        return 0;
    }
    if (!k->why && (p = new_param(k)) != NULL) {
        param_add_piece(&pieces, &k->text, '\0');
        *p = pieces;
        k->pos++;
        return 0;
    }
    sqltext_param_free(&pieces);
    return -1;
}

static int
compile_plain(struct compiler *k)
{
    struct sqltext_param *p;
    char c;

    switch (next_token(k, &c)) {
    case TOKEN_VAR:
        if (!(p = new_param(k)))
            return -1;
        param_add_piece(p, &k->text, c);
        return 0;
    case TOKEN_CHAR:
        return buf_putc(&k->sql, c);
    case TOKEN_NONE:
        return buf_putc(&k->sql, *k->pos++);
    case TOKEN_BAD:
        break;
    }
    return -1;
}

static int
compile_all(struct compiler *k)
{
    while (*k->pos) {
        char c = *k->pos;

        if (c == '\'' || c == '"') {
            k->pos++;
            if (compile_quoted(k, c) < 0)
                return -1;
        } else if (compile_plain(k) < 0) {
            return -1;
        }
    }
    return k->sql.overflow || k->text.overflow ? -1 : 0;
}

struct sqltext *
sqltext_compile(enum sqltext_syntax syntax, const struct sqltext_name *names, const char *text,
                const char **why_r)
{
    struct compiler k;
    struct sqltext *t;

    memset(&k, 0, sizeof(k));
    k.syntax = syntax;
    k.names = names;
    k.pos = text;
    buf_init(&k.sql, MAX_SQL);
    buf_init(&k.text, MAX_SQL);
    t = k.out = mem_alloc(sizeof(*t));
    if (compile_all(&k) < 0) {
        *why_r = k.why ? k.why : "too long";
        sqltext_free(t);
        t = NULL;
    } else {
        t->sql = mem_strdup(buf_cstr(&k.sql));
    }
    buf_free(&k.sql);
    buf_free(&k.text);
    return t;
}

int
sqltext_compile_value(const char *text, struct sqltext_param *p)
{
    struct buf piece;
    enum token t;
    char c;

    memset(p, 0, sizeof(*p));
    buf_init(&piece, MAX_SQL);
    while (*text && (t = percent_token(&text, &c)) != TOKEN_BAD) {
        if (t == TOKEN_VAR)
            param_add_piece(p, &piece, c);
        else
            buf_putc(&piece, t == TOKEN_CHAR ? c : *text++);
    }
    param_add_piece(p, &piece, '\0');
    buf_free(&piece);
    if (!*text)
        return 0;
    sqltext_param_free(p);
    return -1;
}

int
sqltext_value(const struct sqltext_param *p, sqltext_get *get, void *arg, struct buf *to)
{
    size_t i;

    for (i = 0; i < p->n; i++) {
        const char *v = p->pieces[i].var ? get(arg, p->pieces[i].var) : "";

        if (!v)
            return 1;
        if (buf_puts(to, p->pieces[i].text) < 0 || buf_puts(to, v) < 0)
            return -1;
    }
    return 0;
}
