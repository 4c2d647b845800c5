/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "sdb.h"

#include "buf.h"
#include "log.h"
#include "mem.h"
#include "strmap.h"

#include <poll.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define RESULT_MAX (8 * 1024 * 1024) /* bytes of one result */
#define KEY_MAX 16384
#define CACHE_ENTRIES 20000
#define CACHE_BYTES (8 * 1024 * 1024)
#define CACHE_SECONDS 60 /* results may depend on today's date */
#define RETRY_SECONDS 1  /* after trouble, and between looks whether the file was replaced */
#define WARN_SECONDS 10
#define BUSY_STEP_MS 2
#define BUSY_READ_MS 100 /* a lookup waits that long for a writer: it holds up everybody */
#define BUSY_WRITE_MS 5000
#define HAS_DATA_VERSION 3008009

struct sdb_query {
    struct sdb_query *next;
    struct sdb *db;
    char *sql;
    unsigned id;
    sqlite3_stmt *stmt;
};

struct sdb {
    struct sdb *next;
    char *path;
    enum sdb_mode mode;
    sqlite3 *conn;
    sqlite3_stmt *begin, *commit, *version;
    struct sdb_query *queries;
    unsigned nqueries;
    int in_round; /* 1: a read transaction is open, -1: this round's could not be opened */
    sqlite3_int64 data_version;
    struct strmap cache;
    time_t cached_since, checked, warned;
    double unchanged_at; /* when data_version was last looked at */
    dev_t dev;
    ino_t ino;
};

static struct sdb *databases;
static double trusted_for; /* seconds */

static double
clock_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
sdb_trust_for(double seconds)
{
    trusted_for = seconds;
}

struct sdb *
sdb_get(const char *path, enum sdb_mode mode)
{
    struct sdb *db;

    for (db = databases; db; db = db->next)
        if (strcmp(db->path, path) == 0 && db->mode == mode)
            return db;
    db = mem_alloc(sizeof(*db));
    db->path = mem_strdup(path);
    db->mode = mode;
    strmap_init(&db->cache, CACHE_ENTRIES, CACHE_BYTES);
    db->next = databases;
    return databases = db;
}

const char *
sdb_path(const struct sdb *db)
{
    return db->path;
}

struct sdb_query *
sdb_query_new(struct sdb *db, const char *sql)
{
    struct sdb_query *q = mem_alloc(sizeof(*q));

    q->db = db;
    q->sql = mem_strdup(sql);
    q->id = ++db->nqueries;
    q->next = db->queries;
    return db->queries = q;
}

/* ---- the connection --------------------------------------------------------------------- */

static void
sdb_warn(struct sdb *db, const char *what)
{
    time_t now = time(NULL);

    if (db->warned && now - db->warned < WARN_SECONDS)
        return;
    db->warned = now;
    log_warning("%s: %s: %s", db->path, what, db->conn ? sqlite3_errmsg(db->conn) : "cannot be opened");
}

static void
sdb_disconnect(struct sdb *db)
{
    struct sdb_query *q;

    for (q = db->queries; q; q = q->next) {
        sqlite3_finalize(q->stmt);
        q->stmt = NULL;
    }
    sqlite3_finalize(db->begin);
    sqlite3_finalize(db->commit);
    sqlite3_finalize(db->version);
    db->begin = db->commit = db->version = NULL;
    sqlite3_close(db->conn);
    db->conn = NULL;
    strmap_clear(&db->cache);
}

/* SQLite's own waiting sleeps whole seconds where it was built without usleep(). */
static int
busy_wait(void *arg, int count)
{
    const struct sdb *db = arg;
    int limit = db->mode == SDB_READ_ONLY ? BUSY_READ_MS : BUSY_WRITE_MS;

    if (count >= limit / BUSY_STEP_MS)
        return 0;
    poll(NULL, 0, BUSY_STEP_MS);
    return 1;
}

static int
sdb_connect(struct sdb *db)
{
    int flags = db->mode == SDB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    struct stat st;

    if (stat(db->path, &st) < 0 || sqlite3_open_v2(db->path, &db->conn, flags | SQLITE_OPEN_NOMUTEX, NULL)) {
        sdb_warn(db, "open");
        sdb_disconnect(db);
        return -1;
    }
    db->dev = st.st_dev;
    db->ino = st.st_ino;
    sqlite3_busy_handler(db->conn, busy_wait, db);
    if (sqlite3_prepare_v2(db->conn, "BEGIN", -1, &db->begin, NULL) ||
        sqlite3_prepare_v2(db->conn, "COMMIT", -1, &db->commit, NULL)) {
        sdb_warn(db, "prepare");
        sdb_disconnect(db);
        return -1;
    }
    if (sqlite3_libversion_number() >= HAS_DATA_VERSION)
        sqlite3_prepare_v2(db->conn, "PRAGMA data_version", -1, &db->version, NULL);
    return 0;
}

/* Looks from time to time whether another file stands at the path now. */
static int
sdb_ready(struct sdb *db)
{
    time_t now = time(NULL);
    struct stat st;

    if (db->checked == now)
        return db->conn ? 0 : -1;
    db->checked = now;
    if (db->conn && (stat(db->path, &st) < 0 || st.st_dev != db->dev || st.st_ino != db->ino))
        sdb_disconnect(db);
    return db->conn ? 0 : sdb_connect(db);
}

static int
step_done(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);

    sqlite3_reset(s);
    return rc == SQLITE_DONE ? 0 : -1;
}

/* Forgets the remembered results when they may be wrong. */
static int
cache_check(struct sdb *db)
{
    time_t now = time(NULL);
    sqlite3_int64 version;

    if (!db->version)
        return 0;
    if (sqlite3_step(db->version) != SQLITE_ROW) {
        sqlite3_reset(db->version);
        return -1;
    }
    version = sqlite3_column_int64(db->version, 0);
    sqlite3_reset(db->version);
    if (version != db->data_version || now < db->cached_since || now - db->cached_since >= CACHE_SECONDS) {
        strmap_clear(&db->cache);
        db->data_version = version;
        db->cached_since = now;
    }
    db->unchanged_at = clock_now();
    return 0;
}

/* Opens this round's read transaction. After a failure the whole round fails at once: waiting
 * again for each of its lookups would hold up everybody. */
static int
round_begin(struct sdb *db)
{
    if (db->in_round)
        return db->in_round > 0 ? 0 : -1;
    db->in_round = -1;
    if (sdb_ready(db) < 0)
        return -1;
    if (step_done(db->begin) < 0 || cache_check(db) < 0) {
        sdb_warn(db, "begin");
        if (!sqlite3_get_autocommit(db->conn))
            sqlite3_exec(db->conn, "ROLLBACK", NULL, NULL, NULL);
        return -1;
    }
    db->in_round = 1;
    return 0;
}

void
sdb_round_end(void)
{
    struct sdb *db;

    for (db = databases; db; db = db->next) {
        if (db->in_round > 0 && step_done(db->commit) < 0) {
            sdb_warn(db, "commit");
            sdb_disconnect(db);
        }
        db->in_round = 0;
    }
}

void
sdb_close_all(void)
{
    struct sdb *db;
    struct sdb_query *q;

    sdb_round_end();
    while ((db = databases) != NULL) {
        databases = db->next;
        sdb_disconnect(db);
        while ((q = db->queries) != NULL) {
            db->queries = q->next;
            mem_free(q->sql);
            mem_free(q);
        }
        strmap_free(&db->cache);
        mem_free(db->path);
        mem_free(db);
    }
}

/* ---- results as bytes ------------------------------------------------------------------------ */

/* Per row: per column a mark and, unless NULL, the text with its NUL; then an end mark. */
enum { MARK_TEXT = 'T', MARK_NULL = 'N', MARK_ROW = '\n' };

static int
pack_row(struct buf *to, sqlite3_stmt *s)
{
    int i, n = sqlite3_column_count(s);

    if (n > SDB_MAX_COLUMNS)
        n = SDB_MAX_COLUMNS;
    for (i = 0; i < n; i++) {
        const unsigned char *text = sqlite3_column_text(s, i);

        /* A text with a NUL inside ends there, for whoever reads it. */
        if (!text)
            buf_putc(to, MARK_NULL);
        else if (buf_putc(to, MARK_TEXT) < 0 || buf_append(to, text, strlen((const char *)text) + 1) < 0)
            return -1;
    }
    return buf_putc(to, MARK_ROW);
}

static enum lookup_status
unpack_rows(const char *p, size_t len, sdb_row *row, void *arg)
{
    const char *cols[SDB_MAX_COLUMNS], *end = p + len;
    int n = 0;

    if (p == end)
        return LOOKUP_NONE;
    for (; p < end; p++) {
        if (*p == MARK_ROW) {
            if (row(arg, n, cols))
                break;
            n = 0;
        } else if (*p == MARK_NULL) {
            cols[n++] = NULL;
        } else {
            cols[n++] = p + 1;
            p += 1 + strlen(p + 1);
        }
    }
    return LOOKUP_OK;
}

/* ---- queries ------------------------------------------------------------------------------ */

static int
query_prepare(struct sdb_query *q)
{
    if (q->stmt || sqlite3_prepare_v2(q->db->conn, q->sql, -1, &q->stmt, NULL) == SQLITE_OK)
        return 0;
    sdb_warn(q->db, q->sql);
    return -1;
}

static int
query_bind(struct sdb_query *q, const char *const *params, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (sqlite3_bind_text(q->stmt, (int)i + 1, params[i], -1, SQLITE_STATIC))
            return -1;
    return 0;
}

/* Runs the statement and packs its rows. 0 or -1. */
static int
query_run(struct sdb_query *q, const char *const *params, size_t n, size_t max_rows, struct buf *to)
{
    size_t rows = 0;
    int rc = SQLITE_ERROR;

    if (query_prepare(q) < 0)
        return -1;
    if (query_bind(q, params, n) == 0)
        while ((rc = sqlite3_step(q->stmt)) == SQLITE_ROW)
            if (++rows > max_rows || pack_row(to, q->stmt) < 0)
                break;
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        sdb_warn(q->db, "query");
    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
    if (rc == SQLITE_ROW)
        log_warning("%s: a query gives too many rows: %s", q->db->path, q->sql);
    return rc == SQLITE_DONE ? 0 : -1;
}

/* The name of this result in the cache; 0, or -1: too long to be remembered. */
static int
cache_key(const struct sdb_query *q, const char *const *params, size_t n, struct buf *key)
{
    size_t i;

    buf_append(key, &q->id, sizeof(q->id));
    for (i = 0; i < n; i++)
        buf_append(key, params[i], strlen(params[i]) + 1);
    return key->overflow ? -1 : 0;
}

/* Nobody can have changed anything that a client could know of by now. */
static int
cache_is_trusted(const struct sdb *db)
{
    return db->version && db->in_round >= 0 && trusted_for > 0 &&
           clock_now() - db->unchanged_at < trusted_for;
}

enum lookup_status
sdb_select(struct sdb_query *q, const char *const *params, size_t n, size_t max_rows, sdb_row *row, void *arg)
{
    struct sdb *db = q->db;
    enum lookup_status st = LOOKUP_TEMP;
    struct buf key, rows;
    const char *known = NULL;
    size_t len;
    int cacheable;

    buf_init(&key, KEY_MAX);
    buf_init(&rows, RESULT_MAX);
    cacheable = cache_key(q, params, n, &key) == 0;
    if (cacheable && cache_is_trusted(db))
        known = strmap_get(&db->cache, buf_data(&key), buf_len(&key), &len);
    if (!known && round_begin(db) == 0 && cacheable && db->version)
        known = strmap_get(&db->cache, buf_data(&key), buf_len(&key), &len);
    if (known) {
        st = unpack_rows(known, len, row, arg);
    } else if (db->in_round > 0 && query_run(q, params, n, max_rows, &rows) == 0) {
        if (cacheable && db->version &&
            strmap_put(&db->cache, buf_data(&key), buf_len(&key), buf_data(&rows), buf_len(&rows)) < 0)
            strmap_clear(&db->cache);
        st = unpack_rows(buf_data(&rows), buf_len(&rows), row, arg);
    }
    buf_free(&key);
    buf_free(&rows);
    return st;
}

enum lookup_status
sdb_change(struct sdb_query *q, const char *const *params, size_t n, int *changed_r)
{
    enum lookup_status st = LOOKUP_TEMP;

    /* Outside of the round's read transaction: a read lock that is to become a write lock can deadlock. */
    sdb_round_end();
    if (sdb_ready(q->db) < 0 || query_prepare(q) < 0)
        return LOOKUP_TEMP;
    if (query_bind(q, params, n) == 0 && step_done(q->stmt) == 0) {
        *changed_r = sqlite3_changes(q->db->conn);
        strmap_clear(&q->db->cache); /* data_version does not count one's own changes */
        st = LOOKUP_OK;
    } else {
        sdb_warn(q->db, "change");
    }
    sqlite3_clear_bindings(q->stmt);
    return st;
}
