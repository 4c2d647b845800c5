/* SPDX-License-Identifier: ISC */
/* The texts that authd reads: requests on the authdaemon socket, settings files, SQL with placeholders, keys.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "authreq.h"
#include "keys.h"
#include "mem.h"
#include "rcfile.h"
#include "sqltext.h"

static void
requests(void **state)
{
    static const struct {
        const char *text;
        int eof;
        enum authreq_kind kind;
        const char *user, *password;
    } t[] = {
        {"AUTH 39\nlogin\nlogin\npostmaster@pris.cn\nextmail\n", 0, AUTHREQ_AUTH, "postmaster@pris.cn",
         "extmail"},
        {"AUTH 38\nlogin\nlogin\npostmaster@pris.cn\nextmail", 0, AUTHREQ_AUTH, "postmaster@pris.cn",
         "extmail"},
        {"A=b\nTCPREMOTEIP=::1\nPRE . s u\n", 0, AUTHREQ_PRE, "u", NULL},
        {"AUTH 39\nlogin\n", 0, AUTHREQ_MORE, NULL, NULL},
        {"AUTH 39\nlogin\n", 1, AUTHREQ_BAD, NULL, NULL},
        {"AUTH 8193\n", 0, AUTHREQ_BAD, NULL, NULL},
        {"AUTH 1x\n", 0, AUTHREQ_BAD, NULL, NULL},
        {"AUTH\n", 0, AUTHREQ_BAD, NULL, NULL},
        {"AUTH 13\nlogin\nlogin\nu\n", 0, AUTHREQ_FAIL, NULL, NULL},
        {"AUTH 5\nlogin", 0, AUTHREQ_BAD, NULL, NULL},
        {"PRE . s a b\n", 0, AUTHREQ_PRE, "a b", NULL},
        {"PRE . s \n", 0, AUTHREQ_BAD, NULL, NULL},
        {"PRE . s", 0, AUTHREQ_MORE, NULL, NULL},
        {"PRE . s u\r\n", 0, AUTHREQ_FAIL, NULL, NULL},
        {"PASSWD s\tu\told\tnew\n", 0, AUTHREQ_PASSWD, "u", "old"},
        {"PASSWD s\tu\told\n", 0, AUTHREQ_BAD, NULL, NULL},
        {"PASSWD s\tu\told\tn\x01w\n", 0, AUTHREQ_FAIL, NULL, NULL},
        {"PASSWD s\tu\told\t\n", 0, AUTHREQ_FAIL, NULL, NULL},
        {"ENUMERATE\n", 0, AUTHREQ_ENUMERATE, NULL, NULL},
        {"ENUMERATE x\n", 0, AUTHREQ_BAD, NULL, NULL},
        {"=x\n", 0, AUTHREQ_BAD, NULL, NULL},
        {"", 0, AUTHREQ_MORE, NULL, NULL},
        {"", 1, AUTHREQ_BAD, NULL, NULL},
    };
    struct authreq r;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(t); i++) {
        char *copy = mem_strdup(t[i].text);

        assert_int_equal(authreq_parse(copy, strlen(copy), t[i].eof, &r), t[i].kind);
        if (t[i].user)
            assert_string_equal(r.user, t[i].user);
        if (t[i].password)
            assert_string_equal(r.password, t[i].password);
        mem_free(copy);
    }
}

/* Fed one byte at a time, a request is complete with its last byte and not before. */
static void
requests_in_bytes(void **state)
{
    static const char text[] = "X=y\nAUTH 39\nlogin\nlogin\npostmaster@pris.cn\nextmail\n";
    struct authreq r;
    size_t n;

    (void)state;
    for (n = 0; n < sizeof(text); n++) {
        char *copy = mem_strndup(text, n);

        assert_int_equal(authreq_parse(copy, n, 0, &r), n < sizeof(text) - 1 ? AUTHREQ_MORE : AUTHREQ_AUTH);
        mem_free(copy);
    }
}

static void
settings(void **state)
{
    static const struct {
        enum rcfile_syntax syntax;
        const char *text, *name, *value; /* value NULL: the file is broken */
    } t[] = {
        {RCFILE_SHELL, "a=\"b c\"\n", "a", "b c"},
        {RCFILE_SHELL, "#a=x\n\n a = 5 \n", "a", "5"},
        {RCFILE_SHELL, "a=1\na='2'\n", "a", "2"},
        {RCFILE_SHELL, "a=\"b\n", "a", NULL},
        {RCFILE_SHELL, "just words\n", "a", NULL},
        {RCFILE_COURIER, "A\t x y \nB z\n", "A", "x y"},
        {RCFILE_COURIER, "A x\\\n  y \\ \nz\nB q\n", "A", "x   y  z"},
        {RCFILE_COURIER, "##NAME: MARKER:0\nA\n", "A", ""},
        {RCFILE_COURIER, "A x\\", "A", "x"},
        {RCFILE_POSTFIX, "a = b\n  c\n# no\nd=e", "a", "b   c"},
        {RCFILE_POSTFIX, "a=\nq=1", "a", ""},
        {RCFILE_POSTFIX, "a b\n", "a", NULL},
        {RCFILE_POSTFIX, "= b\n", "a", NULL},
    };
    struct conf_error err;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(t); i++) {
        struct rcfile *rc = rcfile_parse(t[i].syntax, "f", t[i].text, strlen(t[i].text), &err);

        assert_int_equal(rc != NULL, t[i].value != NULL);
        if (rc)
            assert_string_equal(rcfile_get(rc, t[i].name, "none"), t[i].value);
        rcfile_free(rc);
    }
}

static const char *
letter(void *arg, char var)
{
    static char text[2];

    (void)arg;
    text[0] = var;
    return var == 'd' ? NULL : text;
}

static void
placeholders(void **state)
{
    static const struct sqltext_name names[] = {{"local_part", 'l'}, {"domain", 'D'}, {NULL, 0}};
    static const struct {
        enum sqltext_syntax syntax;
        const char *text, *sql, *first; /* sql NULL: broken; first parameter's value, NULL: there is none */
    } t[] = {
        {SQLTEXT_PERCENT, "SELECT a FROM t WHERE k = '%s'", "SELECT a FROM t WHERE k = ?1", "s"},
        {SQLTEXT_PERCENT, "k = '%u@x' AND j LIKE '%%y'", "k = ?1 AND j LIKE '%y'", "u@x"},
        {SQLTEXT_PERCENT, "k = %s", "k = ?1", "s"},
        {SQLTEXT_PERCENT, "k = 'it''s %1%%'", "k = ?1", "it's 1%"},
        {SQLTEXT_PERCENT, "k = \"%s\"", "k = ?1", "s"},
        {SQLTEXT_PERCENT, "k = 'it''s'", "k = 'it''s'", NULL},
        {SQLTEXT_PERCENT, "k = '%s", NULL, NULL},
        {SQLTEXT_PERCENT, "k = '%x'", NULL, NULL},
        {SQLTEXT_PERCENT, "k = 5%", NULL, NULL},
        {SQLTEXT_DOLLAR, "u = '$(local_part)@$(domain)' AND 1", "u = ?1 AND 1", "l@D"},
        {SQLTEXT_DOLLAR, "u = '$(what)'", "u = ?1", ""},
        {SQLTEXT_DOLLAR, "u = '$(what'", NULL, NULL},
        {SQLTEXT_DOLLAR, "u = '$x %s'", "u = '$x %s'", NULL},
    };
    const char *why;
    struct buf value;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(t); i++) {
        struct sqltext *s = sqltext_compile(t[i].syntax, names, t[i].text, &why);

        assert_int_equal(s != NULL, t[i].sql != NULL);
        if (!s)
            continue;
        assert_string_equal(s->sql, t[i].sql);
        assert_int_equal(s->nparams, t[i].first ? 1 : 0);
        buf_init(&value, 100);
        if (t[i].first) {
            assert_int_equal(sqltext_value(&s->params[0], letter, NULL, &value), 0);
            assert_string_equal(buf_cstr(&value), t[i].first);
        }
        buf_free(&value);
        sqltext_free(s);
    }
}

/* A part that the key does not have: there is nothing to look up. */
static void
absent_parts(void **state)
{
    struct sqltext_param p;
    struct buf value;

    (void)state;
    buf_init(&value, 8);
    assert_int_equal(sqltext_compile_value("x%d", &p), 0);
    assert_int_equal(sqltext_value(&p, letter, NULL, &value), 1);
    sqltext_param_free(&p);
    assert_int_equal(sqltext_compile_value("much too long %s", &p), 0);
    assert_int_equal(sqltext_value(&p, letter, NULL, &value), -1);
    sqltext_param_free(&p);
    assert_int_equal(sqltext_compile_value("x%", &p), -1);
    buf_free(&value);
}

static void
keys(void **state)
{
    static const struct {
        const char *text;
        int sane;
    } t[] = {
        {"a@b", 1},
        {"", 0},
        {"a\nb", 0},
        {"a\x7f", 0},
        {"\xc3\xa9", 1},
        {"\xe9", 0},
        {"\xc0\xaf", 0},
        {"\xed\xa0\x80", 0},
        {"\xf0\x9f\x98\x80", 1},
        {"\xf4\x90\x80\x80", 0},
        {"\xe2\x82", 0},
        {"\xc2\x85", 0},
    };
    char longest[KEY_MAX_LEN + 2];
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(t); i++)
        assert_int_equal(key_is_sane(t[i].text), t[i].sane);
    memset(longest, 'a', sizeof(longest));
    longest[KEY_MAX_LEN + 1] = '\0';
    assert_int_equal(key_is_sane(longest), 0);
    longest[KEY_MAX_LEN] = '\0';
    assert_int_equal(key_is_sane(longest), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),     cmocka_unit_test(requests_in_bytes), cmocka_unit_test(settings),
        cmocka_unit_test(placeholders), cmocka_unit_test(absent_parts),      cmocka_unit_test(keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
