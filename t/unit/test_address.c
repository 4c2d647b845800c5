/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MAIL (ADDRESS_ALLOW_EMPTY | ADDRESS_ALLOW_BARE | ADDRESS_ALLOW_NO_ANGLE)
#define UTF8 (MAIL | ADDRESS_ALLOW_UTF8)

static void
paths(void **state)
{
    /* smtp: how it is written for SMTP, NULL where it is refused; rest: what is left of the text */
    static const struct {
        const char *text;
        unsigned flags;
        const char *local, *domain, *smtp, *rest;
    } t[] = {
        {"<alice@pris.cn>", 0, "alice", "pris.cn", "alice@pris.cn", ""},
        {" <alice@pris.cn> SIZE=1", 0, "alice", "pris.cn", "alice@pris.cn", " SIZE=1"},
        {"<alice@pris.cn>SIZE=1", 0, NULL, NULL, NULL, NULL},
        {"< alice@pris.cn\t>", 0, "alice", "pris.cn", "alice@pris.cn", ""},
        {"<alice@Pris.CN.>", 0, "alice", "Pris.CN", "alice@Pris.CN", ""},
        {"<\"bad user\"@pris.cn>", 0, "bad user", "pris.cn", "\"bad user\"@pris.cn", ""},
        {"<\"alice\"@pris.cn>", 0, "alice", "pris.cn", "alice@pris.cn", ""},
        {"<\"a\\\"\\\\\\b\"@x>", 0, "a\"\\b", "x", "\"a\\\"\\\\b\"@x", ""},
        {"<\"a@b> x\"@c.example> y", 0, "a@b> x", "c.example", "\"a@b> x\"@c.example", " y"},
        {"<a..b@docomo.example>", 0, "a..b", "docomo.example", "\"a..b\"@docomo.example", ""},
        {"<a.@docomo.example>", 0, "a.", "docomo.example", "\"a.\"@docomo.example", ""},
        {"<!#$%&'*+-/=?^_`{|}~@x>", 0, "!#$%&'*+-/=?^_`{|}~", "x", "!#$%&'*+-/=?^_`{|}~@x", ""},
        {"<a@b_c.example>", 0, "a", "b_c.example", "a@b_c.example", ""},
        {"<a%b.example@c>", 0, "a%b.example", "c", "a%b.example@c", ""},
        {"<@a.example,@b.example:u@c>", 0, "u", "c", "u@c", ""},
        {"<@[127.0.0.1]:u@c>", 0, "u", "c", "u@c", ""},
        {"<u@[127.0.0.1]>", 0, "u", "[127.0.0.1]", "u@[127.0.0.1]", ""},
        {"<u@[IPv6:2001:db8::1]>", 0, "u", "[IPv6:2001:db8::1]", "u@[IPv6:2001:db8::1]", ""},
        /* flags */
        {"<>", MAIL, "", "", "", ""},
        {"<> SIZE=1", MAIL, "", "", "", " SIZE=1"},
        {"< >", MAIL, "", "", "", ""},
        {"<>", 0, NULL, NULL, NULL, NULL},
        {"<postmaster>", MAIL, "postmaster", "", "postmaster", ""},
        {"<postmaster>", 0, NULL, NULL, NULL, NULL},
        {"<\"a b\">", MAIL, "a b", "", "\"a b\"", ""},
        {"<\"a@b\">", MAIL, NULL, NULL, NULL, NULL},
        {" a@x.example BODY=7BIT", MAIL, "a", "x.example", "a@x.example", " BODY=7BIT"},
        {"a@x.example", 0, NULL, NULL, NULL, NULL},
        {"a@x.example>", MAIL, NULL, NULL, NULL, NULL},
        {"", MAIL, NULL, NULL, NULL, NULL},
        {"  ", MAIL, NULL, NULL, NULL, NULL},
        {"<\xe4\xbd\xa0@\xc3\xbc.example>", UTF8, "\xe4\xbd\xa0", "\xc3\xbc.example",
         "\xe4\xbd\xa0@\xc3\xbc.example", ""},
        {"<\"\xf0\x9f\x98\x80 x\"@y>", UTF8, "\xf0\x9f\x98\x80 x", "y", "\"\xf0\x9f\x98\x80 x\"@y", ""},
        {"<\xe4\xbd\xa0@x>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@\xc3\xbc.example>", MAIL, NULL, NULL, NULL, NULL},
        /* UTF-8 that is none: cut off, overlong, surrogate, too large, Latin-1, C1 control */
        {"<\xe4\xbd@x>", UTF8, NULL, NULL, NULL, NULL},
        {"<a@x\xe4\xbd>", UTF8, NULL, NULL, NULL, NULL},
        {"<\"\xe4\xbd\"@x>", UTF8, NULL, NULL, NULL, NULL},
        {"<\xc0\xaf@x>", UTF8, NULL, NULL, NULL, NULL},
        {"<\xe0\x80\xaf@x>", UTF8, NULL, NULL, NULL, NULL},
        {"<\xed\xa0\x80@x>", UTF8, NULL, NULL, NULL, NULL},
        {"<\xf4\x90\x80\x80@x>", UTF8, NULL, NULL, NULL, NULL},
        {"<\xe4@x>", UTF8, NULL, NULL, NULL, NULL},
        {"<\xc2\x85@x>", UTF8, NULL, NULL, NULL, NULL},
        /* never */
        {"<bad user@pris.cn>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@x.example", MAIL, NULL, NULL, NULL, NULL},
        {"<;sleep 66;>", MAIL, NULL, NULL, NULL, NULL},
        {"<;x@y>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"\"@d>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"\">", MAIL, NULL, NULL, NULL, NULL},
        {"<@>", MAIL, NULL, NULL, NULL, NULL},
        {"<@d>", MAIL, NULL, NULL, NULL, NULL},
        {"<u@>", MAIL, NULL, NULL, NULL, NULL},
        {"<@a:>", MAIL, NULL, NULL, NULL, NULL},
        {"<@a>", MAIL, NULL, NULL, NULL, NULL},
        {"<@:u@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<@a,b:u@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<@a,:u@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@b@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a\"b\"@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"a\"b@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"a@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"a\\", MAIL, NULL, NULL, NULL, NULL},
        {"<\"", MAIL, NULL, NULL, NULL, NULL},
        {"<", MAIL, NULL, NULL, NULL, NULL},
        {"<\"a\r\nb\"@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"a\tb\"@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"a\\\x01\"@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a\x7f@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<\"\x7f\"@c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@.b>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@b..c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@.>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@b c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@b!c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@b/c>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@[127.0.0.1>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@[]>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@[127.0.0.1]x>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@[127.0.0.1.2]>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@[IPv6:]>", MAIL, NULL, NULL, NULL, NULL},
        {"<a@[::1]>", MAIL, NULL, NULL, NULL, NULL},
        {"<<a@b>>", MAIL, NULL, NULL, NULL, NULL},
    };
    struct address a;
    struct buf b;
    size_t i;

    MR_UNUSED(state);
    buf_init(&b, 4096);
    for (i = 0; i < MR_NELEM(t); i++) {
        const char *text = t[i].text;
        int rc = address_parse_path(&text, t[i].flags, &a);

        if (rc != (t[i].smtp ? 0 : -1))
            fail_msg("%s: %d", t[i].text, rc);
        if (t[i].smtp == NULL) {
            assert_ptr_equal(text, t[i].text);
            continue;
        }
        assert_string_equal(a.local, t[i].local);
        assert_string_equal(a.domain, t[i].domain);
        assert_string_equal(text, t[i].rest);
        buf_reset(&b);
        assert_int_equal(address_put_smtp(&b, &a), 0);
        assert_string_equal(buf_cstr(&b), t[i].smtp);
    }
    buf_free(&b);
}

/* local@domain up to ADDRESS_MAX bytes, whatever the quoting adds. */
static void
path_lengths(void **state)
{
    static const struct {
        size_t local, domain;
        int rc;
    } t[] = {
        {64, 255, 0},
        {1, ADDRESS_MAX - 2, 0},
        {1, ADDRESS_MAX - 1, -1},
        {ADDRESS_MAX - 2, 1, 0},
        {ADDRESS_MAX - 1, 1, -1},
        {100000, 1, -1},
        {1, 100000, -1},
        {100000, 0, -1},
        {ADDRESS_MAX - 1, 0, 0},
    };
    static char text[200010];
    struct address a;
    struct buf b;
    size_t i, n;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        const char *p = text;
        char *to = text;

        to += sprintf(to, "<\"");
        for (n = 0; n < t[i].local; n++)
            to += sprintf(to, "\\\"");
        to += sprintf(to, "\"%s", t[i].domain ? "@" : "");
        for (n = 0; n < t[i].domain; n++)
            *to++ = 'd';
        strcpy(to, ">");
        assert_int_equal(address_parse_path(&p, MAIL, &a), t[i].rc);
        if (t[i].rc < 0)
            continue;
        assert_int_equal(strlen(a.local), t[i].local);
        buf_init(&b, 4096);
        assert_int_equal(address_put_smtp(&b, &a), 0);
        assert_memory_equal(buf_data(&b), text + 1, buf_len(&b));
        buf_free(&b);
        buf_init(&b, t[i].local);
        assert_int_equal(address_put_smtp(&b, &a), -1);
        assert_int_equal(buf_len(&b), 0);
        buf_free(&b);
    }
}

static void
plain(void **state)
{
    static const struct {
        const char *text, *local, *domain;
        int quoted;
    } t[] = {
        {"alice@pris.cn", "alice", "pris.cn", 0},
        {"postmaster", "postmaster", "", 0},
        {"bad user@pris.cn", "bad user", "pris.cn", 1},
        {"a@b@c", "a@b", "c", 1},
        {"\"x\"@c", "\"x\"", "c", 1},
        {"\xe4\xbd\xa0@x", "\xe4\xbd\xa0", "x", 0},
        {"@pris.cn", NULL, NULL, 0},
        {"a@", NULL, NULL, 0},
        {"", NULL, NULL, 0},
        {"a\nb@c", NULL, NULL, 0},
        {"\xe4\xbd@x", NULL, NULL, 0},
        {"a@b c", NULL, NULL, 0},
    };
    struct address a;
    struct buf b;
    size_t i;

    MR_UNUSED(state);
    buf_init(&b, 4096);
    for (i = 0; i < MR_NELEM(t); i++) {
        if (address_parse_plain(t[i].text, &a) != (t[i].local ? 0 : -1))
            fail_msg("%s", t[i].text);
        if (t[i].local == NULL)
            continue;
        assert_string_equal(a.local, t[i].local);
        assert_string_equal(a.domain, t[i].domain);
        assert_int_equal(a.quoted, t[i].quoted);
        buf_reset(&b);
        assert_int_equal(address_put_plain(&b, &a), 0);
        assert_string_equal(buf_cstr(&b), t[i].text);
    }
    buf_free(&b);
}

static void
hostnames(void **state)
{
    static const struct {
        const char *name;
        int ok;
    } t[] = {
        {"mail.pris.cn", 1},
        {"localhost", 1},
        {"a_b.example", 1},
        {"1.example", 1},
        {"xn--a.example", 1},
        {"-a.example", 0},
        {"a-.example", 0},
        {"a.example-", 0},
        {"a..b", 0},
        {".a", 0},
        {"a.", 0},
        {"", 0},
        {"127.0.0.1", 0},
        {"123", 0},
        {"a b", 0},
        {"x.example?y", 0},
        {"\xc3\xbc.example", 0},
        {"[127.0.0.1]", 0},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", 1},  /* 63 */
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b", 0}, /* 64 */
    };
    static const struct {
        const char *literal;
        int ok;
    } l[] = {
        {"[127.0.0.1]", 1},
        {"[IPv6:::1]", 1},
        {"[ipv6:2001:db8::1]", 1},
        {"[IPv6:::ffff:1.2.3.4]", 1},
        {"127.0.0.1", 0},
        {"[127.0.0.1", 0},
        {"[127.0.0]", 0},
        {"[256.0.0.1]", 0},
        {"[::1]", 0},
        {"[IPv6:1.2.3.4]", 0},
        {"[[127.0.0.1]]", 0},
        {"[]", 0},
        {"[", 0},
        {"]", 0},
        {"", 0},
        {"[x]", 0},
    };
    char name[300];
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++)
        if (address_valid_hostname(t[i].name) != t[i].ok)
            fail_msg("%s", t[i].name);
    for (i = 0; i < MR_NELEM(l); i++)
        if (address_valid_literal(l[i].literal) != l[i].ok)
            fail_msg("%s", l[i].literal);
    for (i = 0; i < 256; i++)
        name[i] = i % 2 ? '.' : 'a';
    name[255] = '\0';
    assert_true(address_valid_hostname(name));
    name[255] = 'a';
    name[256] = '\0';
    name[1] = 'a';
    assert_false(address_valid_hostname(name));
}

static void
collect(void *arg, const char *address)
{
    struct buf *b = arg;

    assert_int_equal(buf_printf(b, "%s|", address), 0);
}

static void
headers(void **state)
{
    static const struct {
        const char *value, *addresses;
        int n;
    } t[] = {
        {"", "", 0},
        {" \r\n\t", "", 0},
        {"a@x", "a@x|", 1},
        {"a@x, b@y", "a@x|b@y|", 2},
        {", a@x,,b@y ,", "a@x|b@y|", 2},
        {"Alice <a@x>", "a@x|", 1},
        {"\"Alice, A.\" <a@x>, John Q. Public <b@y>", "a@x|b@y|", 2},
        {"=?utf-8?B?5L2g?= <a@x>", "a@x|", 1},
        {"\xe4\xbd\xa0\xff <a@x>", "a@x|", 1}, /* a name in any charset */
        {"Alice\r\n <a@x>,\r\n\tb@y", "a@x|b@y|", 2},
        {"a@x (Alice (in (Wonder) land\\)) )", "a@x|", 1},
        {"(c) a (c) . (c) b (c) @ (c) x (c) . (c) y", "a.b@x.y|", 1},
        {"\"bad user\"@x", "bad user@x|", 1},
        {"a.\"b c\".d@x", "a.b c.d@x|", 1},
        {"<@r,@s:a@x>", "a@x|", 1},
        {"Route <@r:a@x>", "a@x|", 1},
        {"a@[127.0.0.1]", "a@[127.0.0.1]|", 1},
        {"postmaster", "postmaster|", 1},
        {"<>", "", 0},
        {"MAILER-DAEMON <>", "", 0},
        {"undisclosed-recipients:;", "", 0},
        {"A group: a@x, Bob <b@y>; , c@z", "a@x|b@y|c@z|", 3},
        {"g:a@x;,h:;", "a@x|", 1},
        {"\xe4\xbd\xa0@x", "\xe4\xbd\xa0@x|", 1},
        /* wrong from some place on */
        {"a@x b@y", "", -1},
        {"a@x; b@y", "a@x|", -1},
        {"a@x, John Public", "a@x|", -1},
        {"a@x, <b@y", "a@x|b@y|", -1},
        {"a@x, <b@y> c", "a@x|b@y|", -1},
        {"a@x, <b@y> <c@z>", "a@x|b@y|", -1},
        {"a@x (unclosed", "a@x|", -1},
        {"a (unclosed (", "", -1},
        {"\"unclosed <a@x>", "", -1},
        {"a@x, b@", "a@x|", -1},
        {"@x", "", -1},
        {"@", "", -1},
        {"<@>", "", -1},
        {"<@r:>", "", -1},
        {"<@r a@x>", "", -1},
        {"<a b@x>", "", -1},
        {"a@x y", "", -1},
        {"a@[127.0.0.1", "", -1},
        {":", "", -1},
        {"g:h:a@x;;", "", -1},
        {"g:a@x", "a@x|", -1},
        {"a@x,)", "a@x|", -1},
        {"a@x,\\", "a@x|", -1},
        {"\"\"@x", "", -1},
        {"\xe4\xbd@x", "", -1},
        {"\"a@b\"", "", -1},
    };
    struct buf b;
    size_t i;

    MR_UNUSED(state);
    buf_init(&b, 4096);
    for (i = 0; i < MR_NELEM(t); i++) {
        int n;

        buf_reset(&b);
        n = address_each_in_header(t[i].value, strlen(t[i].value), 10, collect, &b);
        if (n != t[i].n || strcmp(buf_cstr(&b), t[i].addresses) != 0)
            fail_msg("%s: %d %s", t[i].value, n, buf_cstr(&b));
    }
    buf_reset(&b);
    assert_int_equal(address_each_in_header("a@x\0,b@y", 8, 10, collect, &b), -1);
    buf_reset(&b);
    assert_int_equal(address_each_in_header("a@x,b@y,c@z)", 12, 2, collect, &b), 2);
    assert_string_equal(buf_cstr(&b), "a@x|b@y|");
    assert_int_equal(address_each_in_header("a@x", 3, 0, collect, &b), 0);
    buf_free(&b);
}

static void
count(void *arg, const char *address)
{
    MR_UNUSED(address);
    ++*(size_t *)arg;
}

/* Long values: what nests is not recursion, names may be of any length, addresses may not. */
static void
large_headers(void **state)
{
    static char value[3000001];
    size_t i, n = 0, len = sizeof(value) - 1;

    MR_UNUSED(state);
    for (i = 0; i + 4 <= len; i += 4)
        memcpy(value + i, "a@b,", 4);
    assert_int_equal(address_each_in_header(value, i, 1000000, count, &n), i / 4);
    assert_int_equal(n, i / 4);
    memset(value, '(', len);
    memset(value + len / 2, ')', len / 2);
    memcpy(value + len - 3, "a@b", 3);
    assert_int_equal(address_each_in_header(value + 3, len - 3, 10, count, &n), 1);
    memset(value, 'x', len);
    memcpy(value + len - 5, "<a@b>", 5);
    assert_int_equal(address_each_in_header(value, len, 10, count, &n), 1);
    memcpy(value + len - 5, "xx@xb", 5);
    assert_int_equal(address_each_in_header(value, len, 10, count, &n), -1);
    memset(value, ',', len);
    assert_int_equal(address_each_in_header(value, len, 10, count, &n), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),     cmocka_unit_test(path_lengths), cmocka_unit_test(plain),
        cmocka_unit_test(hostnames), cmocka_unit_test(headers),      cmocka_unit_test(large_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
