/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf.h"
#include "mem.h"
#include "params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct conf *
parsed(const char *text)
{
    struct conf *c = conf_new();
    struct conf_error err;

    if (conf_parse(c, "main.cf", text, strlen(text), &err) < 0)
        fail_msg("%s", err.text);
    return c;
}

static void
expect(struct conf *c, const char *text, const char *result)
{
    struct buf b;

    buf_init(&b, 100000);
    if (conf_expand(c, text, &b) < 0)
        fail_msg("%s: refused", text);
    assert_string_equal(buf_cstr(&b), result);
    buf_free(&b);
}

/* The error of reading and checking text names line, and what. */
static void
expect_error(const char *text, size_t len, const char *at, const char *what)
{
    struct conf *c = conf_new();
    struct conf_error err;

    memset(&err, 0, sizeof(err));
    assert_int_equal(conf_parse(c, "main.cf", text, len, &err) < 0 || conf_check(c, &err) < 0, 1);
    if (strncmp(err.text, at, strlen(at)) != 0 || !strstr(err.text, what))
        fail_msg("\"%s\" does not begin with \"%s\" and contain \"%s\"", err.text, at, what);
    conf_free(c);
}

static void
test_lines(void **state)
{
    static const struct {
        const char *text, *value; /* of relay_domains */
    } cases[] = {
        {"relay_domains = a", "a"},
        {"relay_domains=a\n", "a"},
        {"relay_domains\t =\t a b \t\n", "a b"},
        {"relay_domains = a\r\n", "a"},
        {"relay_domains =\n", ""},
        {"relay_domains =", ""},
        {"relay_domains = a=b\n", "a=b"},
        {"relay_domains = a # b\n", "a # b"},
        {"relay_domains = a,\n b\n", "a, b"},
        {"relay_domains =\n\ta\n\tb\n", "a b"},
        {"relay_domains = a\n# comment\n b\n", "a b"},
        {"relay_domains = a\n   # comment\n\n \n\tb\nmyorigin = c\n", "a b"},
        {"# relay_domains = z\n\nrelay_domains = a\n#relay_domains = b\n", "a"},
        {"relay_domains = a\nrelay_domains = b\n", "b"},
        {"\n\n  \n  # x\nrelay_domains = a", "a"},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(cases); i++) {
        struct conf *c = parsed(cases[i].text);

        assert_string_equal(conf_str(c, "relay_domains"), cases[i].value);
        conf_free(c);
    }
}

static void
test_expansion(void **state)
{
    static const struct {
        const char *text, *result;
    } cases[] = {
        {"", ""},
        {"plain", "plain"},
        {"$a", "A"},
        {"${a}", "A"},
        {"$(a)", "A"},
        {"${ a }", "A"},
        {"$a.$b", "A.x A y"},
        {"${a}b", "Ab"},
        {"$nothing|", "|"},
        {"$empty|${empty}|$(empty)", "||"},
        {"$$a $$", "$a $"},
        {"${a?yes}${a:no}", "yes"},
        {"${empty?yes}${empty:no}", "no"},
        {"${nothing?yes}${nothing:no}", "no"},
        {"${a?{yes}}", "yes"},
        {"${empty:{no}}", "no"},
        {"${a?{yes}:{no}}", "yes"},
        {"${empty?{yes}:{no}}", "no"},
        {"${a ? {yes} : {no}}", "yes"},
        {"${empty?{yes}:no}", "no"},
        {"$(a?yes)", "yes"},
        {"${a?x:y}", "x:y"},
        {"${a?$b}", "x A y"},
        {"${a?${b?${empty:deep}}}", "deep"},
        {"${a?{${empty?{1}:{${b?{2}:{3}}}}}:{4}}", "2"},
        {"${empty?{${a}}:{{$a} and {b}}}", "{A} and {b}"},
        {"${empty?${a}}", ""},
        {"${relay_domains?set}${relay_domains:unset}", "unset"},
        {"${mail_name?{$mail_name}}", "Postfix"},
        {"regexp:{{/^[^A-Z]/ Bogus}}", "regexp:{{/^[^A-Z]/ Bogus}}"},
    };
    struct conf *c = parsed("a = A\nb = x $a y\nempty =\n");
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(cases); i++)
        expect(c, cases[i].text, cases[i].result);
    conf_free(c);
}

static void
test_bad_expansion(void **state)
{
    static const char *const cases[] = {
        "$",       "a$ b",          "${",         "${a", "$(a}", "${}",   "${a!b}",
        "${a?{b}", "${a?{b}:{c}d}", "${a?{b} c}", "$-",  "$(",   "${?x}", "${{a} == {b} ? {c} : {d}}",
        "$a$"};
    struct conf *c = parsed("a = A\n");
    struct buf b;
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(cases); i++) {
        buf_init(&b, 1000);
        if (conf_expand(c, cases[i], &b) == 0)
            fail_msg("%s: taken", cases[i]);
        buf_free(&b);
    }
    buf_init(&b, 3);
    assert_int_equal(conf_expand(c, "$a$a$a$a", &b), -1); /* over the cap */
    buf_free(&b);
    conf_free(c);
}

static void
test_errors(void **state)
{
    static const struct {
        const char *text, *at, *what;
    } cases[] = {
        {"a = b\nrelay_domains\n", "main.cf:2: ", "no '='"},
        {" relay_domains = a\n", "main.cf:1: ", "white space"},
        {"re lay_domains = a\n", "main.cf:1: ", "no parameter name"},
        {"= a\n", "main.cf:1: ", "no parameter name"},
        {"# x\nrelay_domains = $relay_domains\n", "main.cf:2: ", "refers to itself"},
        {"a = $b\nb = ${c}\nc = x$(a)\n", "main.cf:1: ", "refers to itself"},
        {"a = ${a?b}\nb = ${a?$b}\n", "main.cf:2: ", "refers to itself"},
        {"\n\nrelay_domains = $-\n", "main.cf:3: ", "$$"},
        {"relay_domains = ${a\n", "main.cf:1: ", "closing bracket"},
        {"hopcount_limit = many\n", "main.cf:1: ", "number from 1 to 10000"},
        {"hopcount_limit = 0\n", "main.cf:1: ", "number from 1"},
        {"hopcount_limit = -1\n", "main.cf:1: ", "number from 1"},
        {"hopcount_limit = 99999999999999999999\n", "main.cf:1: ", "number from 1"},
        {"hopcount_limit =\n", "main.cf:1: ", "number from 1"},
        {"smtpd_helo_required = maybe\n", "main.cf:1: ", "yes or no"},
        {"smtpd_timeout = 5 minutes\n", "main.cf:1: ", "time"},
        {"smtpd_timeout = 0\n", "main.cf:1: ", "time"},
        {"smtpd_recipient_restrictions = {a b\n", "main.cf:1: ", "'{' and '}'"},
        {"smtpd_recipient_restrictions = a}\n", "main.cf:1: ", "'{' and '}'"},
        {"x = ten\nhopcount_limit =\n  $x\n", "main.cf:2: ", "hopcount_limit = ten"},
        {"maildrop_destination_recipient_limit = x\n", "main.cf:1: ", "number"},
        {"relay_domains = $local_transport_x ${b?{c}\n", "main.cf:1: ", "closing bracket"},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(cases); i++)
        expect_error(cases[i].text, strlen(cases[i].text), cases[i].at, cases[i].what);
    expect_error("a = b\nc = \0d\n", 12, "main.cf:2: ", "NUL");
    expect_error("\0", 1, "main.cf:1: ", "NUL");
}

static void
test_types(void **state)
{
    struct conf *c = parsed("smtpd_timeout = 5m\nmaximal_queue_lifetime = 1\nbounce_queue_lifetime = 1d\n"
                            "message_size_limit = 5242880\nsmtpd_sasl_auth_enable = YES\n"
                            "maildrop_destination_recipient_limit = 1\ndelay_warning_time = 4\n");

    MR_UNUSED(state);
    assert_true(conf_time(c, "smtpd_timeout") == 300.0);
    assert_true(conf_time(c, "maximal_queue_lifetime") == 86400.0);
    assert_true(conf_time(c, "bounce_queue_lifetime") == 86400.0);
    assert_true(conf_time(c, "delay_warning_time") == 4 * 3600.0);
    assert_true(conf_time(c, "smtpd_error_sleep_time") == 1.0);
    assert_int_equal(conf_int(c, "message_size_limit"), 5242880);
    assert_int_equal(conf_int(c, "smtpd_hard_error_limit"), 20);
    assert_int_equal(conf_bool(c, "smtpd_sasl_auth_enable"), 1);
    assert_int_equal(conf_bool(c, "smtpd_helo_required"), 0);
    assert_int_equal(conf_int(c, "maildrop_destination_recipient_limit"), 1);
    assert_int_equal(conf_int(c, "other_destination_recipient_limit"), 50);
    assert_string_equal(conf_raw(c, "smtpd_timeout"), "5m");
    assert_null(conf_raw(c, "smtpd_hard_error_limit"));
    assert_int_equal(conf_set(c, "stress", "yes", "master.cf", 3), 0);
    assert_int_equal(conf_int(c, "smtpd_hard_error_limit"), 1);
    assert_true(conf_time(c, "smtpd_timeout") == 300.0);
    assert_int_equal(conf_set(c, "bad name", "x", "master.cf", 3), -1);
    assert_int_equal(conf_set(c, "", "x", "master.cf", 3), -1);
    conf_free(c);
}

static void
test_defaults(void **state)
{
    struct conf *c = conf_new();
    struct conf_error err;

    MR_UNUSED(state);
    if (conf_check(c, &err) < 0)
        fail_msg("%s", err.text);
    assert_non_null(strchr(conf_str(c, "myhostname"), '.'));
    assert_non_null(strstr(conf_str(c, "myhostname"), conf_str(c, "mydomain")));
    assert_string_equal(conf_str(c, "myorigin"), conf_str(c, "myhostname"));
    assert_non_null(strstr(conf_str(c, "mynetworks"), "127.0.0.1/32"));
    assert_int_equal(conf_set(c, "myhostname", "mail.pris.cn", "main.cf", 1), 0);
    assert_string_equal(conf_str(c, "mydomain"), "pris.cn");
    assert_string_equal(conf_str(c, "mydestination"), "mail.pris.cn, localhost.pris.cn, localhost");
    assert_string_equal(conf_str(c, "smtpd_banner"), "mail.pris.cn ESMTP Postfix");
    conf_free(c);
}

/* The table is in order, or names would not be found; every default is good (test_defaults). */
static void
test_table(void **state)
{
    size_t i, n;
    const struct param *p = params_all(&n);

    MR_UNUSED(state);
    for (i = 0; i < n; i++) {
        if (param_find(p[i].name) != &p[i])
            fail_msg("%s is not found: out of order?", p[i].name);
        assert_int_equal(param_is_postfix_only(p[i].name), 0);
        assert_true(p[i].help[0] != '\0' && !strchr(p[i].help, '\n'));
    }
    assert_int_equal(param_is_postfix_only("biff"), 1);
    assert_int_equal(param_is_postfix_only("2bounce_notice_recipient"), 1);
    assert_int_equal(param_is_postfix_only("virtual_uid_maps"), 1);
    assert_int_equal(param_is_postfix_only("maildrop_time_limit"), 1);
    assert_int_equal(param_is_postfix_only("maildrop_destination_recipient_limit"), 0);
    assert_int_equal(param_is_postfix_only("my_own"), 0);
}

static void
test_clone(void **state)
{
    struct conf *c = parsed("relay_domains = a$x\nx = 1\n"), *copy;

    MR_UNUSED(state);
    assert_string_equal(conf_str(c, "relay_domains"), "a1");
    copy = conf_clone(c);
    assert_int_equal(conf_set(copy, "x", "2", "master.cf", 7), 0);
    assert_int_equal(conf_set(copy, "relay_domains", conf_raw(copy, "relay_domains"), "master.cf", 7), 0);
    assert_string_equal(conf_str(copy, "relay_domains"), "a2");
    assert_string_equal(conf_str(c, "relay_domains"), "a1");
    conf_free(c);
    assert_string_equal(conf_str(copy, "relay_domains"), "a2");
    conf_free(copy);
}

static void
test_pack(void **state)
{
    struct conf *c = parsed("relay_domains = a$x\n\nx = 1\nhopcount_limit = bad\n"), *copy;
    struct conf_error err;
    struct buf b;
    char *bytes;
    size_t i, n;

    MR_UNUSED(state);
    buf_init(&b, 100000);
    conf_pack(c, &b);
    copy = conf_unpack(buf_data(&b), buf_len(&b));
    assert_non_null(copy);
    assert_string_equal(conf_str(copy, "relay_domains"), "a1");
    assert_string_equal(conf_str(copy, "mynetworks"), conf_str(c, "mynetworks"));
    assert_null(conf_raw(copy, "mynetworks"));
    assert_int_equal(conf_check(copy, &err), -1); /* file and line have come along */
    assert_non_null(strstr(err.text, "main.cf:4: "));
    conf_free(copy);
    n = buf_len(&b);
    for (i = 0; i < n; i++) { /* every truncation, each in memory of its own for the sanitizer */
        bytes = mem_alloc(i);
        memcpy(bytes, buf_data(&b), i);
        assert_null(conf_unpack(bytes, i));
        mem_free(bytes);
    }
    buf_putc(&b, 'x');
    assert_null(conf_unpack(buf_data(&b), buf_len(&b)));
    buf_free(&b);
    conf_free(c);
}

static void
test_long(void **state)
{
    enum { N = 1024 * 1024 };
    char *text = mem_alloc(N + 100), doubling[4000];
    struct conf *c = conf_new();
    struct conf_error err;
    size_t n, i;

    MR_UNUSED(state);
    n = (size_t)sprintf(text, "relay_domains = ");
    memset(text + n, 'x', N);
    assert_int_equal(conf_parse(c, "main.cf", text, n + N, &err), 0);
    assert_int_equal(strlen(conf_str(c, "relay_domains")), N);
    conf_free(c);
    mem_free(text);
    for (n = i = 0; i < 60; i++) /* 2 to the 60th bytes */
        n += (size_t)sprintf(doubling + n, "a%lu = $a%lu$a%lu\n", (unsigned long)i, (unsigned long)i + 1,
                             (unsigned long)i + 1);
    n += (size_t)sprintf(doubling + n, "a60 = xx\n");
    expect_error(doubling, n, "main.cf:", "too long");
    for (n = i = 0; i < 100; i++)
        n += (size_t)sprintf(doubling + n, "a%lu = $a%lu\n", (unsigned long)i, (unsigned long)i + 1);
    expect_error(doubling, n, "main.cf:", "deep");
}

struct each {
    int n, bad;
    char last[100];
};

static void
count(void *arg, const char *name, const char *raw)
{
    struct each *e = arg;

    e->n++;
    e->bad |= strcmp(e->last, name) >= 0 || !raw;
    snprintf(e->last, sizeof(e->last), "%s", name);
}

static void
test_each(void **state)
{
    struct conf *c = parsed("relay_domains = a$x\nx = 1\nmyorigin = b\n");
    struct each e = {0, 0, ""};
    size_t n;

    MR_UNUSED(state);
    conf_str(c, "mydomain"); /* asked for is not set */
    conf_each(c, 1, count, &e);
    assert_int_equal(e.n, 3);
    assert_string_equal(e.last, "x");
    assert_int_equal(e.bad, 0);
    memset(&e, 0, sizeof(e));
    conf_each(c, 0, count, &e);
    params_all(&n);
    assert_int_equal(e.n, (int)n + 1);
    assert_int_equal(e.bad, 0);
    conf_free(c);
}

static void
test_list(void **state)
{
    static const struct {
        const char *list, *items; /* each followed by | */
    } cases[] = {
        {"", ""},
        {" , ,\t\n", ""},
        {"a", "a|"},
        {"a, b c,d\te\n f", "a|b|c|d|e|f|"},
        {"{a, b} c", "a, b|c|"},
        {"{ a } {} {{b c}}", "a||{b c}|"},
        {"check { a, b },c", "check|a, b|c|"},
        {"CONNECT regexp:{{/^[^A-Z]/ Bogus}} x", "CONNECT|regexp:{{/^[^A-Z]/ Bogus}}|x|"},
        {"{a}b {c", "{a}b|{c|"},
        {"a}b c", "a}b|c|"},
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee f", "|f|"}, /* over the cap */
    };
    struct buf item, got;
    size_t i;

    MR_UNUSED(state);
    buf_init(&item, 40);
    buf_init(&got, 1000);
    for (i = 0; i < MR_NELEM(cases); i++) {
        const char *pos = cases[i].list, *s;

        buf_reset(&got);
        while ((s = conf_list_next(&pos, &item)) != NULL)
            buf_printf(&got, "%s|", s);
        assert_string_equal(buf_cstr(&got), cases[i].items);
    }
    buf_free(&item);
    buf_free(&got);
}

static void
test_guide(void **state)
{
    struct conf *c =
        parsed("mynetworks = 127.0.0.1, 10.103.12.0/22\nmyhostname = mail.pris.cn\n"
               "mydestination = $mynetworks, $myhostname\n\n"
               "mail_name = Postfix - by zhouhao0925@126.com\nsmtpd_banner = $myhostname, ESMTP, $mail_name\n"
               "smtpd_error_sleep_time = 0s\nmessage_size_limit = 5242880\nmailbox_size_limit = 5242880\n"
               "show_user_unknown_table_name = no\nbounce_queue_lifetime = 1d\nmaximal_queue_lifetime = 1d\n"
               "# maildrop\n"
               "virtual_alias_maps = mysql:/etc/postfix/mysql_virtual_alias_maps.cf\n"
               "virtual_mailbox_domains = mysql:/etc/postfix/mysql_virtual_domains_maps.cf\n"
               "virtual_mailbox_maps = mysql:/etc/postfix/mysql_virtual_mailbox_maps.cf\n"
               "virtual_transport = maildrop:\nmaildrop_destination_recipient_limit = 1\n"
               "smtpd_recipient_restrictions =\n\tpermit_mynetworks,\n\tpermit_sasl_authenticated,\n"
               "\treject_non_fqdn_hostname,\n\treject_unauth_destination\n"
               "smtpd_sender_login_maps =\n\tmysql:/etc/postfix/mysql_virtual_sender_maps.cf,\n"
               "\tmysql:/etc/postfix/mysql_virtual_alias_maps.cf\n"
               "broken_sasl_auth_clients = yes\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_local_domain = "
               "$myhostname\n"
               "smtpd_sasl_security_options = noanonymous\n");
    struct conf_error err;

    MR_UNUSED(state);
    if (conf_check(c, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(conf_str(c, "smtpd_banner"), "mail.pris.cn, ESMTP, Postfix - by zhouhao0925@126.com");
    assert_string_equal(conf_str(c, "mydestination"), "127.0.0.1, 10.103.12.0/22, mail.pris.cn");
    assert_string_equal(conf_str(c, "smtpd_client_event_limit_exceptions"), "127.0.0.1, 10.103.12.0/22");
    assert_string_equal(conf_str(c, "smtpd_recipient_restrictions"),
                        "permit_mynetworks, permit_sasl_authenticated, reject_non_fqdn_hostname, "
                        "reject_unauth_destination");
    assert_string_equal(conf_str(c, "virtual_alias_domains"),
                        "mysql:/etc/postfix/mysql_virtual_alias_maps.cf");
    assert_true(conf_time(c, "smtpd_error_sleep_time") == 0.0);
    conf_free(c);
}

static void
test_read(void **state)
{
    char dir[] = "/tmp/test_conf.XXXXXX", path[100];
    struct conf_error err;
    struct conf *c;
    FILE *f;

    MR_UNUSED(state);
    assert_non_null(mkdtemp(dir));
    assert_null(conf_read(dir, &err));
    assert_non_null(strstr(err.text, "main.cf"));
    snprintf(path, sizeof(path), "%s/main.cf", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("relay_domains = a\nbiff = no\nmine = $relay_domains\n", f);
    fclose(f);
    c = conf_read(dir, &err);
    assert_non_null(c);
    assert_string_equal(conf_str(c, "relay_domains"), "a");
    assert_string_equal(conf_str(c, "config_directory"), dir);
    conf_free(c);
    unlink(path);
    rmdir(dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),  cmocka_unit_test(test_expansion), cmocka_unit_test(test_bad_expansion),
        cmocka_unit_test(test_errors), cmocka_unit_test(test_types),     cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_table),  cmocka_unit_test(test_clone),     cmocka_unit_test(test_pack),
        cmocka_unit_test(test_long),   cmocka_unit_test(test_each),      cmocka_unit_test(test_list),
        cmocka_unit_test(test_guide),  cmocka_unit_test(test_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
