/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "account.h"
#include "keys.h"
#include "log.h"
#include "mem.h"
#include "rcfile.h"
#include "sqltext.h"
#include "strutil.h"

#define ENUMERATE_MAX 1000000
#define OPTIONS_MAX 4096

struct statement {
    struct sqltext *text;
    struct sdb_query *query;
};

struct accounts {
    struct sdb *db;
    char *default_domain, *default_options;
    struct statement select, enumerate, change;
};

/* What SQL may ask for. */
struct values {
    const char *service, *clear, *crypt;
    const char *domain;
    char local[KEY_MAX_LEN + 1];
};

static const struct sqltext_name names[] = {{"local_part", 'l'}, {"domain", 'd'},        {"service", 's'},
                                            {"newpass", 'p'},    {"newpass_crypt", 'c'}, {NULL, 0}};

static const char *
value_get(void *arg, char var)
{
    const struct values *v = arg;

    switch (var) {
    case 'l':
        return v->local;
    case 'd':
        return v->domain;
    case 's':
        return v->service;
    case 'p':
        return v->clear;
    case 'c':
        return v->crypt;
    default:
        return "";
    }
}

/* ---- the file ----------------------------------------------------------------------------- */

/* A column setting; a name that is not set is an empty text. */
static const char *
field(const struct rcfile *rc, const char *name, const char *dflt)
{
    const char *v = rcfile_get(rc, name, dflt);

    return *v ? v : "''";
}

static int
build_select(const struct rcfile *rc, struct buf *sql, int enumerate)
{
    const char *table = rcfile_get(rc, "SQLITE_USER_TABLE", ""),
               *login = field(rc, "SQLITE_LOGIN_FIELD", "id");
    const char *where = rcfile_get(rc, "SQLITE_WHERE_CLAUSE", "");

    if (!*table)
        return -1;
    buf_printf(sql, "SELECT %s, ", login);
    if (!enumerate)
        buf_printf(sql, "%s, %s, ", field(rc, "SQLITE_CRYPT_PWFIELD", ""),
                   field(rc, "SQLITE_CLEAR_PWFIELD", ""));
    buf_printf(sql, "%s, %s, %s, %s, ", field(rc, "SQLITE_UID_FIELD", "uid"),
               field(rc, "SQLITE_GID_FIELD", "gid"), field(rc, "SQLITE_HOME_FIELD", "home"),
               field(rc, "SQLITE_MAILDIR_FIELD", ""));
    if (!enumerate)
        buf_printf(sql, "%s, %s, ", field(rc, "SQLITE_QUOTA_FIELD", ""), field(rc, "SQLITE_NAME_FIELD", ""));
    buf_printf(sql, "%s FROM %s WHERE ", field(rc, "SQLITE_AUXOPTIONS_FIELD", ""), table);
    buf_printf(sql, enumerate ? "1" : "%s = '$(local_part)@$(domain)'", login);
    return *where ? buf_printf(sql, " AND (%s)", where) : 0;
}

static int
build_change(const struct rcfile *rc, struct buf *sql)
{
    const char *table = rcfile_get(rc, "SQLITE_USER_TABLE", ""),
               *where = rcfile_get(rc, "SQLITE_WHERE_CLAUSE", "");
    const char *crypt = rcfile_get(rc, "SQLITE_CRYPT_PWFIELD", ""),
               *clear = rcfile_get(rc, "SQLITE_CLEAR_PWFIELD", "");

    if (!*table || (!*crypt && !*clear))
        return -1;
    buf_printf(sql, "UPDATE %s SET ", table);
    if (*crypt)
        buf_printf(sql, "%s = '$(newpass_crypt)'%s", crypt, *clear ? ", " : "");
    if (*clear)
        buf_printf(sql, "%s = '$(newpass)'", clear);
    buf_printf(sql, " WHERE %s = '$(local_part)@$(domain)'", field(rc, "SQLITE_LOGIN_FIELD", "id"));
    return *where ? buf_printf(sql, " AND (%s)", where) : 0;
}

static int
statement_set(struct accounts *a, struct statement *s, const char *sql, const char **why)
{
    s->text = sqltext_compile(SQLTEXT_DOLLAR, names, sql, why);
    if (!s->text)
        return -1;
    s->query = sdb_query_new(a->db, s->text->sql);
    return 0;
}

static const char *
read_settings(struct accounts *a, const struct rcfile *rc, enum sdb_mode mode)
{
    const char *path = rcfile_get(rc, "SQLITE_DATABASE", ""), *own, *why = NULL;
    struct buf select, enumerate, change;

    if (*path != '/')
        return "SQLITE_DATABASE must be an absolute path";
    a->db = sdb_get(path, mode);
    a->default_domain = mem_strdup(rcfile_get(rc, "DEFAULT_DOMAIN", ""));
    buf_init(&select, RCFILE_MAX * 2);
    buf_init(&enumerate, RCFILE_MAX * 2);
    buf_init(&change, RCFILE_MAX * 2);
    own = rcfile_get(rc, "SQLITE_SELECT_CLAUSE", "");
    if ((*own ? buf_puts(&select, own) : build_select(rc, &select, 0)) < 0)
        why = "SQLITE_USER_TABLE or SQLITE_SELECT_CLAUSE must be set";
    else
        statement_set(a, &a->select, buf_cstr(&select), &why);
    own = rcfile_get(rc, "SQLITE_ENUMERATE_CLAUSE", "");
    if (!why && (*own ? buf_puts(&enumerate, own) : build_select(rc, &enumerate, 1)) == 0)
        statement_set(a, &a->enumerate, buf_cstr(&enumerate), &why);
    own = rcfile_get(rc, "SQLITE_CHPASS_CLAUSE", "");
    if (!why && (*own ? buf_puts(&change, own) : build_change(rc, &change)) == 0)
        statement_set(a, &a->change, buf_cstr(&change), &why);
    buf_free(&select);
    buf_free(&enumerate);
    buf_free(&change);
    return why;
}

static struct accounts *
accounts_from_rc(const char *file, struct rcfile *rc, enum sdb_mode mode, struct conf_error *err)
{
    struct accounts *a;
    const char *why;

    if (!rc)
        return NULL;
    a = mem_alloc(sizeof(*a));
    why = read_settings(a, rc, mode);
    rcfile_free(rc);
    if (!why)
        return a;
    snprintf(err->text, sizeof(err->text), "%s: %s", file, why);
    accounts_free(a);
    return NULL;
}

struct accounts *
accounts_parse(const char *file, const char *text, size_t len, enum sdb_mode mode, struct conf_error *err)
{
    return accounts_from_rc(file, rcfile_parse(RCFILE_COURIER, file, text, len, err), mode, err);
}

struct accounts *
accounts_new(const char *dir, enum sdb_mode mode, struct conf_error *err)
{
    char path[PROTO_MAX_PATH];

    snprintf(path, sizeof(path), "%s/authsqliterc", dir);
    return accounts_from_rc(path, rcfile_read(RCFILE_COURIER, path, err), mode, err);
}

void
accounts_free(struct accounts *a)
{
    if (!a)
        return;
    sqltext_free(a->select.text);
    sqltext_free(a->enumerate.text);
    sqltext_free(a->change.text);
    mem_free(a->default_domain);
    mem_free(a->default_options);
    mem_free(a);
}

void
accounts_set_default_options(struct accounts *a, const char *options)
{
    mem_free(a->default_options);
    a->default_options = mem_strdup(options);
}

/* ---- one row -------------------------------------------------------------------------------- */

struct finding {
    const struct accounts *accounts;
    struct arena *arena;
    struct account *acct;
    const char *why; /* the row is not usable */
};

static const char *
column(struct finding *f, int n, const char *const *cols, int i, size_t max)
{
    const char *v = i < n && cols[i] ? cols[i] : "";
    size_t len = strlen(v);

    if (len > max || !text_is_sane(v, len)) {
        f->why = "a column is too long, no UTF-8, or has control characters";
        return "";
    }
    v = arena_strndup(f->arena, v, len);
    if (!v)
        f->why = "out of room";
    return v ? v : "";
}

static uint32_t
id_column(struct finding *f, int n, const char *const *cols, int i)
{
    uint64_t v = 0;

    if (i >= n || !cols[i] || str_to_u64(cols[i], 0xfffffffeu, &v) < 0 || v == 0)
        f->why = "uid and gid must be numbers above 0";
    return (uint32_t)v;
}

/* The defaults that the account has no option of that name for, behind its own. */
static const char *
merge_options(struct finding *f, const char *own)
{
    struct buf all, item;
    const char *defaults = f->accounts->default_options, *o, *result;

    if (!defaults || !*defaults)
        return own;
    buf_init(&all, OPTIONS_MAX);
    buf_init(&item, OPTIONS_MAX);
    buf_puts(&all, own);
    while ((o = conf_list_next(&defaults, &item)) != NULL) {
        size_t n = strcspn(o, "=");
        const char *p = own;

        while (p && !(strncmp(p, o, n) == 0 && (p[n] == '=' || p[n] == ',' || !p[n])))
            p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL;
        if (!p)
            buf_printf(&all, "%s%s", buf_len(&all) ? "," : "", o);
    }
    result = all.overflow ? NULL : arena_strdup(f->arena, buf_cstr(&all));
    if (!result)
        f->why = "too many options";
    buf_free(&all);
    buf_free(&item);
    return result ? result : "";
}

/* SELECT_CLAUSE: username, cryptpw, clearpw, uid, gid, home, maildir, quota, fullname, options. */
static int
select_row(void *arg, int n, const char *const *cols)
{
    struct finding *f = arg;
    struct account *a = f->acct;

    a->address = column(f, n, cols, 0, PROTO_MAX_ADDRESS);
    a->crypt = column(f, n, cols, 1, PROTO_MAX_TEXT);
    a->clear = column(f, n, cols, 2, PROTO_MAX_TEXT);
    a->uid = id_column(f, n, cols, 3);
    a->gid = id_column(f, n, cols, 4);
    a->home = column(f, n, cols, 5, PROTO_MAX_PATH);
    a->maildir = column(f, n, cols, 6, PROTO_MAX_PATH);
    a->quota = column(f, n, cols, 7, PROTO_MAX_NAME);
    a->name = column(f, n, cols, 8, PROTO_MAX_TEXT);
    a->options = merge_options(f, column(f, n, cols, 9, PROTO_MAX_TEXT));
    if (!*a->home)
        f->why = "the home directory is empty";
    return 0;
}

/* ---- lookups ------------------------------------------------------------------------------ */

/* Local part and domain of a login. 0, or -1: it can be nobody's. */
static int
values_init(struct values *v, const struct accounts *a, const char *service, const char *login)
{
    const char *at;
    size_t n;

    if (!key_is_sane(login))
        return -1;
    at = strrchr(login, '@');
    n = at ? (size_t)(at - login) : strlen(login);
    memcpy(v->local, login, n);
    v->local[n] = '\0';
    v->domain = at ? at + 1 : a->default_domain;
    v->service = service;
    v->clear = v->crypt = "";
    return 0;
}

/* The bound values of s, in *to. */
static int
statement_bind(const struct statement *s, struct values *v, struct buf *to, const char **params)
{
    size_t offset[SQLTEXT_MAX_PARAMS], i;

    for (i = 0; i < s->text->nparams; i++) {
        offset[i] = buf_len(to);
        if (sqltext_value(&s->text->params[i], value_get, v, to) != 0 || buf_putc(to, '\0') < 0)
            return -1;
    }
    for (i = 0; i < s->text->nparams; i++)
        params[i] = buf_data(to) + offset[i];
    return 0;
}

enum lookup_status
account_find(const struct accounts *a, const char *service, const char *login, struct arena *arena,
             struct account *acct)
{
    const char *params[SQLTEXT_MAX_PARAMS];
    struct finding f;
    struct values v;
    struct buf bound;
    enum lookup_status st = LOOKUP_TEMP;

    memset(&f, 0, sizeof(f));
    f.accounts = a;
    f.arena = arena;
    f.acct = acct;
    if (values_init(&v, a, service, login) < 0)
        return LOOKUP_NONE;
    buf_init(&bound, SQLTEXT_MAX_PARAMS * RCFILE_MAX);
    if (statement_bind(&a->select, &v, &bound, params) == 0)
        st = sdb_select(a->select.query, params, a->select.text->nparams, 1, select_row, &f);
    buf_free(&bound);
    if (st != LOOKUP_OK || !f.why)
        return st;
    log_warning("account %s: %s", login, f.why);
    return LOOKUP_TEMP;
}

enum lookup_status
account_set_password(const struct accounts *a, const char *service, const char *login, const char *clear,
                     const char *crypt)
{
    const char *params[SQLTEXT_MAX_PARAMS];
    struct values v;
    struct buf bound;
    enum lookup_status st = LOOKUP_TEMP;
    int changed = 0;

    if (values_init(&v, a, service, login) < 0 || !a->change.text)
        return LOOKUP_NONE;
    v.clear = clear;
    v.crypt = crypt;
    buf_init(&bound, SQLTEXT_MAX_PARAMS * RCFILE_MAX);
    if (statement_bind(&a->change, &v, &bound, params) == 0)
        st = sdb_change(a->change.query, params, a->change.text->nparams, &changed);
    buf_free(&bound);
    return st == LOOKUP_OK && changed == 0 ? LOOKUP_NONE : st;
}

/* ---- all accounts --------------------------------------------------------------------------- */

struct enumeration {
    void (*each)(void *arg, const struct account *acct);
    void *arg;
};

/* ENUMERATE_CLAUSE: username, uid, gid, home, maildir, options. */
static int
enumerate_row(void *arg, int n, const char *const *cols)
{
    struct enumeration *e = arg;
    struct finding f;
    struct account a;
    struct arena arena;

    memset(&f, 0, sizeof(f));
    arena_init(&arena, 16384);
    f.arena = &arena;
    a.crypt = a.clear = a.quota = a.name = "";
    a.address = column(&f, n, cols, 0, PROTO_MAX_ADDRESS);
    a.uid = id_column(&f, n, cols, 1);
    a.gid = id_column(&f, n, cols, 2);
    a.home = column(&f, n, cols, 3, PROTO_MAX_PATH);
    a.maildir = column(&f, n, cols, 4, PROTO_MAX_PATH);
    a.options = column(&f, n, cols, 5, PROTO_MAX_TEXT);
    if (f.why)
        log_warning("account %s: %s", a.address, f.why);
    else
        e->each(e->arg, &a);
    arena_free(&arena);
    return 0;
}

enum lookup_status
account_each(const struct accounts *a, void (*each)(void *arg, const struct account *acct), void *arg)
{
    const char *params[SQLTEXT_MAX_PARAMS];
    struct enumeration e;
    size_t i;

    e.each = each;
    e.arg = arg;
    if (!a->enumerate.text)
        return LOOKUP_NONE;
    for (i = 0; i < a->enumerate.text->nparams; i++)
        params[i] = "";
    return sdb_select(a->enumerate.query, params, a->enumerate.text->nparams, ENUMERATE_MAX, enumerate_row,
                      &e);
}

/* ---- what follows from an account ------------------------------------------------------------ */

int
account_service_disabled(const struct account *acct, const char *service)
{
    static const char *const options[][2] = {{"pop3", "disablepop3"},
                                             {"smtp", "disablesmtpd"},
                                             {"imap", "disableimap"},
                                             {"webmail", "disablewebmail"}};
    const char *p;
    size_t i, n;

    for (i = 0; i < MR_NELEM(options); i++) {
        if (strcmp(options[i][0], service) != 0)
            continue;
        n = strlen(options[i][1]);
        for (p = acct->options; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
            if (strncmp(p, options[i][1], n) == 0 && p[n] == '=' && p[n + 1] && strchr("1tTyY", p[n + 1]))
                return 1;
    }
    return 0;
}

const char *
account_maildir(const struct account *acct, struct arena *arena)
{
    const char *sub = *acct->maildir ? acct->maildir : "Maildir";
    size_t n = strlen(acct->home) + strlen(sub) + 2;
    char *path;

    if (*acct->maildir == '/')
        return acct->maildir;
    path = arena_alloc(arena, n);
    if (path)
        snprintf(path, n, "%s/%s", acct->home, sub);
    return path;
}
