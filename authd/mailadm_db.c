/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mailadm.h"

/* The lines of schema/extmail.sqlite.sql. */
static const char *const schema[] = {
#include "extmail_sql.h"
    NULL};

#define SCHEMA_MAX 65536
#define LIST_MAX 1000000

int
mailadm_change(struct mailadm *m, const char *sql, const char *const *params, size_t n)
{
    int changed = 0;

    if (sdb_change(sdb_query_new(m->db, sql), params, n, &changed) == LOOKUP_OK)
        return changed;
    mailadm_fail("%s cannot be changed", m->database);
    return -1;
}

static int
no_row(void *arg, int n, const char *const *cols)
{
    MR_UNUSED(arg);
    MR_UNUSED(n);
    MR_UNUSED(cols);
    return 0;
}

int
mailadm_exists(struct mailadm *m, const char *sql, const char *param)
{
    enum lookup_status st = sdb_select(sdb_query_new(m->db, sql), &param, 1, LIST_MAX, no_row, NULL);

    if (st == LOOKUP_TEMP)
        mailadm_fail("%s cannot be read", m->database);
    return st == LOOKUP_TEMP ? -1 : st == LOOKUP_OK;
}

static int
print_row(void *arg, int n, const char *const *cols)
{
    int i;

    MR_UNUSED(arg);
    for (i = 0; i < n; i++)
        printf("%s%s", i ? "\t" : "", cols[i] ? cols[i] : "");
    putchar('\n');
    return 0;
}

int
mailadm_list(struct mailadm *m, const char *sql)
{
    if (sdb_select(sdb_query_new(m->db, sql), NULL, 0, LIST_MAX, print_row, NULL) == LOOKUP_TEMP)
        return mailadm_fail("%s cannot be read", m->database);
    return 0;
}

/* A new file belongs to the user that authd runs as, who alone may read it: it holds password hashes. */
static int
make_file(struct mailadm *m)
{
    const struct passwd *pw;
    int rc = 0, fd = open(m->database, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno == EEXIST ? 0 : mailadm_fail("%s: %s", m->database, strerror(errno));
    pw = geteuid() == 0 ? getpwnam(conf_str(m->conf, "authd_user")) : NULL;
    if (pw && fchown(fd, pw->pw_uid, pw->pw_gid) < 0)
        rc = mailadm_fail("%s: %s", m->database, strerror(errno));
    close(fd);
    return rc;
}

int
mailadm_init(struct mailadm *m)
{
    struct buf sql;
    sqlite3 *db = NULL;
    size_t i;
    int rc = make_file(m);

    if (rc)
        return rc;
    buf_init(&sql, SCHEMA_MAX);
    for (i = 0; schema[i]; i++)
        buf_puts(&sql, schema[i]);
    if (sqlite3_open_v2(m->database, &db, SQLITE_OPEN_READWRITE, NULL) ||
        sqlite3_exec(db, buf_cstr(&sql), NULL, NULL, NULL))
        rc = mailadm_fail("%s: %s", m->database, db ? sqlite3_errmsg(db) : "out of memory");
    sqlite3_close(db);
    buf_free(&sql);
    return rc;
}
