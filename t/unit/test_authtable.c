/* SPDX-License-Identifier: ISC */
/* Map files, lists of domains, passwords, tickets, the string table. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem.h"
#include "password.h"
#include "sdb.h"
#include "strmap.h"
#include "table.h"
#include "ticket.h"

static char dir[] = "/tmp/mr-table-XXXXXX";
static char map_spec[128];

static void
run_sql(const char *sql)
{
    char path[128];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/db", dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void
write_map(const char *text)
{
    FILE *f = fopen(map_spec + strlen("sqlite:"), "w");

    assert_non_null(f);
    fprintf(f, "dbpath = %s/db\n%s", dir, text);
    fclose(f);
}

static int
set_up(void **state)
{
    (void)state;
    if (!mkdtemp(dir))
        return -1;
    snprintf(map_spec, sizeof(map_spec), "sqlite:%s/map", dir);
    run_sql("CREATE TABLE t (k, v, w, active); INSERT INTO t VALUES ('a@b.c', '1', NULL, 1), ('a@b.c', '', "
            "'2', 1),"
            "('off@b.c', 'x', NULL, 0), ('b.c', 'dom', NULL, 1), ('m@b.c', 'u@v', 'w', 1), ('it''s@b.c', "
            "'q', NULL, 1)");
    return 0;
}

static int
tear_down(void **state)
{
    char path[128];

    (void)state;
    sdb_close_all();
    snprintf(path, sizeof(path), "%s/db", dir);
    unlink(path);
    unlink(map_spec + strlen("sqlite:"));
    return rmdir(dir);
}

#define OLD "table = t\nselect_field = v\nwhere_field = k\n"

static void
map_files(void **state)
{
    static const struct {
        const char *map, *key, *value;
        enum lookup_status status;
    } t[] = {
        {OLD, "a@b.c", "1", LOOKUP_OK},
        {OLD, "off@b.c", "x", LOOKUP_OK},
        {OLD "additional_conditions = AND active = '1'\n", "off@b.c", "", LOOKUP_NONE},
        {OLD, "it's@b.c", "q", LOOKUP_OK},
        {OLD, "x' or '1'='1", "", LOOKUP_NONE},
        {"query = SELECT v, w FROM t WHERE k = '%s'\n", "a@b.c", "1,2", LOOKUP_OK},
        {"query = SELECT v FROM t WHERE k = '%u@%d'\n", "a@b.c", "1", LOOKUP_OK},
        {"query = SELECT v FROM t WHERE k = '%d'\n", "b.c", "", LOOKUP_NONE},
        {"query = SELECT v FROM t WHERE k = '%2.%1'\n", "x@b.c", "dom", LOOKUP_OK},
        {"query = SELECT v FROM t WHERE k = '%3.%1'\n", "x@b.c", "", LOOKUP_NONE},
        {"query = SELECT v FROM t WHERE k = '%u'\n", "@b.c", "", LOOKUP_NONE},
        {"query = SELECT v FROM t WHERE k = '%s'\nresult_format = <%s>\n", "a@b.c", "<1>", LOOKUP_OK},
        {"query = SELECT v, w FROM t WHERE k = '%s'\nresult_format = %d:%U\n", "m@b.c", "v:m", LOOKUP_OK},
        {"query = SELECT v, w FROM t WHERE k = '%s'\nexpansion_limit = 1\n", "a@b.c", "", LOOKUP_TEMP},
        {OLD "domain = b.c\n", "a@b.c", "1", LOOKUP_OK},
        {OLD "domain = z.c\n", "a@b.c", "", LOOKUP_NONE},
        {OLD "domain = b.c\n", "b.c", "", LOOKUP_NONE},
        {"query = SELECT v FROM missing WHERE k = '%s'\n", "a@b.c", "", LOOKUP_TEMP},
        {OLD, "\xe9@b.c", "", LOOKUP_NONE},
    };
    struct conf_error err;
    struct buf value;
    size_t i;

    (void)state;
    buf_init(&value, 1000);
    for (i = 0; i < MR_NELEM(t); i++) {
        struct tables *m;
        int round;

        write_map(t[i].map);
        m = tables_new(map_spec, &err);
        assert_non_null(m);
        for (round = 0; round < 3; round++) { /* the second from the cache, the third in a new transaction */
            assert_int_equal(tables_find(m, t[i].key, &value), t[i].status);
            if (t[i].status == LOOKUP_OK)
                assert_string_equal(buf_cstr(&value), t[i].value);
            if (round)
                sdb_round_end();
        }
        tables_free(m);
    }
    buf_free(&value);
}

static void
broken_map_files(void **state)
{
    static const char *const t[] = {"table = t\n",
                                    "query = SELECT '%s\n",
                                    "query = %q\n",
                                    OLD "result_format = %x\n",
                                    OLD "expansion_limit = many\n",
                                    OLD "domain = nosuch:table\n",
                                    "what\n"};
    struct conf_error err;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(t); i++) {
        write_map(t[i]);
        assert_null(tables_new(map_spec, &err));
    }
    assert_null(tables_new("sqlite:/nonexistent", &err));
    assert_null(tables_new("ldap:x", &err));
    assert_null(tables_new("word", &err));
}

/* A change by somebody else is seen in the next round. */
static void
changes(void **state)
{
    struct conf_error err;
    struct tables *m;
    struct buf value;

    (void)state;
    write_map(OLD);
    m = tables_new(map_spec, &err);
    assert_non_null(m);
    buf_init(&value, 100);
    assert_int_equal(tables_find(m, "new@b.c", &value), LOOKUP_NONE);
    sdb_round_end();
    run_sql("INSERT INTO t VALUES ('new@b.c', 'here', NULL, 1)");
    assert_int_equal(tables_find(m, "new@b.c", &value), LOOKUP_OK);
    assert_string_equal(buf_cstr(&value), "here");
    sdb_round_end();
    run_sql("DELETE FROM t WHERE k = 'new@b.c'");
    assert_int_equal(tables_find(m, "new@b.c", &value), LOOKUP_NONE);
    sdb_round_end();
    buf_free(&value);
    tables_free(m);
}

static void
domain_lists(void **state)
{
    static const struct {
        const char *list;
        int parents;
        const char *domain;
        enum lookup_status status;
    } t[] = {{"a.example, B.example", 0, "b.example", LOOKUP_OK},
             {"a.example", 0, "x.a.example", LOOKUP_NONE},
             {"a.example", 1, "x.a.example", LOOKUP_OK},
             {"!x.a.example a.example", 1, "x.a.example", LOOKUP_NONE},
             {"static:yes", 0, "any", LOOKUP_OK},
             {"", 0, "any", LOOKUP_NONE},
             {"10.103.12.0/22, [::1]/128", 0, "any", LOOKUP_NONE}};
    struct conf_error err;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(t); i++) {
        struct domains *d = domains_new(t[i].list, t[i].parents, &err);

        assert_non_null(d);
        assert_int_equal(domains_find(d, t[i].domain), t[i].status);
        domains_free(d);
    }
}

static void
passwords(void **state)
{
    static const struct {
        const char *hash, *clear, *password;
        int right;
    } t[] = {
        {"$1$phz1mRrj$3ok6BjeaoJYWDBsEPZb5C0", "", "extmail", 1},
        {"$1$phz1mRrj$3ok6BjeaoJYWDBsEPZb5C0", "extmali", "extmali", 0},
        {"{CRYPT}$1$phz1mRrj$3ok6BjeaoJYWDBsEPZb5C0", "", "extmail", 1},
        {"{MD5}kAFQmDzST7DWlj99KOF/cg==", "", "abc", 1},
        {"{md5raw}900150983cd24fb0d6963f7d28e17f72", "", "abc", 1},
        {"{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "", "abc", 1},
        {"{SHA}qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "", "abd", 0},
        {"{SHA256}ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "", "abc", 1},
        {"{SSHA}kWXkrmXt/SG5lBTcu7UUX3wpxWiEewoxVw6Oyg==", "", "abc", 1},
        {"{SSHA}kWXkrmXt/SG5lBTcu7UUX3wpxWiEewoxVw6Oyg==", "", "abcd", 0},
        {"{SSHA}short", "", "abc", 0},
        {"{SSHA}", "", "", 0},
        {"", "clear", "clear", 1},
        {"", "clear", "clea", 0},
        {"", "", "", 0},
        {NULL, NULL, "x", 0},
        {"x", "", "x", 0},
        {"*", "", "x", 0},
    };
    static const char *const schemes[] = {"md5", "md5raw", "sha", "sha256", "sha512", "ssha", "crypt", "$1$"};
    struct buf hash, again;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(t); i++)
        assert_int_equal(password_verify(t[i].hash, t[i].clear, t[i].password), t[i].right);
    buf_init(&hash, 1000);
    buf_init(&again, 1000);
    for (i = 0; i < MR_NELEM(schemes); i++) {
        buf_reset(&hash);
        buf_reset(&again);
        assert_int_equal(password_hash(schemes[i], "s\xc3\xa9 cret", &hash), 0);
        assert_int_equal(password_verify(buf_cstr(&hash), NULL, "s\xc3\xa9 cret"), 1);
        assert_int_equal(password_verify(buf_cstr(&hash), NULL, "s\xc3\xa9 cret "), 0);
        assert_int_equal(password_hash_like(buf_cstr(&hash), "new", &again), 0);
        assert_int_equal(strncmp(buf_cstr(&again), buf_cstr(&hash), 3), 0);
        assert_int_equal(password_verify(buf_cstr(&again), NULL, "new"), 1);
    }
    assert_int_equal(password_hash("rot13", "x", &hash), -1);
    buf_free(&hash);
    buf_free(&again);
}

static void
tickets(void **state)
{
    struct tickets *t = tickets_new();
    struct mailbox m = {7, 8, "a@b", "/h", "/h/M", ""}, got;
    char first[PROTO_TICKET + 1], second[PROTO_TICKET + 1];
    struct arena arena;

    (void)state;
    arena_init(&arena, 10000);
    ticket_issue(t, &m, 100., first);
    ticket_issue(t, &m, 100., second);
    assert_int_equal(strlen(first), PROTO_TICKET);
    assert_string_not_equal(first, second);
    assert_int_equal(tickets_open(t, 100.), 2);
    assert_int_equal(ticket_redeem(t, "", 100., &arena, &got), LOOKUP_NONE);
    assert_int_equal(ticket_redeem(t, first, 129., &arena, &got), LOOKUP_OK);
    assert_int_equal(got.uid, 7);
    assert_string_equal(got.maildir, "/h/M");
    assert_int_equal(ticket_redeem(t, first, 129., &arena, &got), LOOKUP_NONE);
    assert_int_equal(ticket_redeem(t, second, 131., &arena, &got), LOOKUP_NONE);
    assert_int_equal(ticket_redeem(t, second, 100., &arena, &got), LOOKUP_NONE);
    arena_free(&arena);
    tickets_free(t);
}

static void
string_table(void **state)
{
    struct strmap m;
    char key[16];
    size_t i, n;

    (void)state;
    strmap_init(&m, 1000, 100000);
    for (i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "k%u", (unsigned)i);
        assert_int_equal(strmap_put(&m, key, strlen(key), key, 2), 0);
    }
    assert_int_equal(strmap_put(&m, "more", 4, "", 0), -1);
    assert_int_equal(strmap_put(&m, "k7", 2, "", 0), 1);
    assert_string_equal(strmap_get(&m, "k7", 2, &n), "k7");
    assert_int_equal(n, 2);
    assert_null(strmap_get(&m, "k", 1, NULL));
    strmap_clear(&m);
    assert_null(strmap_get(&m, "k7", 2, NULL));
    strmap_free(&m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(map_files),    cmocka_unit_test(broken_map_files), cmocka_unit_test(changes),
        cmocka_unit_test(domain_lists), cmocka_unit_test(passwords),        cmocka_unit_test(tickets),
        cmocka_unit_test(string_table),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
