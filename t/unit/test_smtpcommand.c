/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "mem.h"

static void
test_split(void **state)
{
    static const struct {
        const char *line;
        int argc, unbalanced;
        const char *argv[4];
    } cases[] = {
        {"NOOP", 1, 0, {"NOOP"}},
        {"  noop\tx ", 2, 0, {"noop", "x"}},
        {"MAIL FROM:<a@x> SIZE=1", 4, 0, {"MAIL", "FROM:", "<a@x>", "SIZE=1"}},
        {"MAIL FROM: a@x", 3, 0, {"MAIL", "FROM:", "a@x"}},
        {"RCPT to:<a b@x>", 3, 0, {"RCPT", "to:", "<a b@x>"}},
        {"RCPT TO:<\"a>b\"@x>", 3, 0, {"RCPT", "TO:", "<\"a>b\"@x>"}},
        {"RCPT TO:<a\\>b@x>", 3, 0, {"RCPT", "TO:", "<a\\>b@x>"}},
        {"MAIL FROM:<a@x", 3, 1, {"MAIL", "FROM:", "<a@x"}},
        {"EHLO [1.2 3]", 2, 0, {"EHLO", "[1.2 3]"}},
        {"Subject: x", 2, 0, {"Subject:", "x"}},
        {"   ", 0, 0, {NULL}},
        {"", 0, 0, {NULL}},
    };
    struct command c;
    size_t i;
    int k;

    (void)state;
    command_init(&c);
    for (i = 0; i < MR_NELEM(cases); i++) {
        assert_int_equal(command_split(&c, cases[i].line, strlen(cases[i].line)), cases[i].argc ? 0 : -1);
        assert_int_equal(c.argc, cases[i].argc);
        assert_int_equal(c.unbalanced, cases[i].unbalanced);
        for (k = 0; k < c.argc; k++)
            assert_string_equal(c.argv[k], cases[i].argv[k]);
    }
    assert_int_equal(command_split(&c, "NO\0P", 4), -1);
    assert_int_equal(command_split(&c, "VRFY a  b <c d>", 15), 0);
    command_join(&c, 1);
    assert_int_equal(c.argc, 2);
    assert_string_equal(c.argv[1], "a b <c d>");
    buf_free(&c.text);
}

static void
test_many_words(void **state)
{
    char line[1000];
    struct command c;

    (void)state;
    command_init(&c);
    memset(line, 'x', sizeof(line));
    for (size_t i = 1; i < sizeof(line); i += 2)
        line[i] = ' ';
    assert_int_equal(command_split(&c, line, sizeof(line)), 0);
    assert_int_equal(c.argc, COMMAND_MAX_ARGS);
    assert_int_equal(strlen(c.argv[COMMAND_MAX_ARGS - 1]), sizeof(line) - 2 * (COMMAND_MAX_ARGS - 1));
    buf_free(&c.text);
}

static void
test_mail_params(void **state)
{
    static const struct {
        const char *line;
        const char *error; /* NULL: none */
        uint64_t size;
        const char *ret, *envid;
    } cases[] = {
        {"", NULL, 0, "", ""},
        {"SIZE=5242880 BODY=8bitmime", NULL, 5242880, "", ""},
        {"size=0", NULL, 0, "", ""},
        {"SIZE=9223372036854775807", NULL, INT64_MAX, "", ""},
        {"SIZE=9223372036854775808", "552 5.3.4 Message size exceeds file system imposed limit", 0, "", ""},
        {"SIZE=1x", "501 5.5.4 Bad message size syntax", 0, "", ""},
        {"SIZE", "555 5.5.4 Unsupported option: SIZE", 0, "", ""},
        {"RET=full ENVID=QQ+2B1", NULL, 0, "FULL", "QQ+1"},
        {"ENVID=a+00b", "501 5.5.4 Bad ENVID parameter syntax", 0, "", ""},
        {"ENVID=a+0A", "501 5.5.4 Bad ENVID parameter syntax", 0, "", ""},
        {"ENVID=a+2", "501 5.5.4 Bad ENVID parameter syntax", 0, "", ""},
        {"ENVID=a+", "501 5.5.4 Bad ENVID parameter syntax", 0, "", ""},
        {"ENVID=a+2b", "501 5.5.4 Bad ENVID parameter syntax", 0, "", ""},
        {"AUTH=<> AUTH=<>", "503 5.5.4 Error: multiple AUTH= options", 0, "", ""},
    };
    struct command c;
    struct mail_params p;
    char err[600];
    const char *error;
    size_t i;

    (void)state;
    command_init(&c);
    for (i = 0; i < MR_NELEM(cases); i++) {
        c.argc = 0;
        command_split(&c, cases[i].line, strlen(cases[i].line));
        error = command_mail_params(&c, 0, 1, &p, err);
        if (cases[i].error) {
            assert_non_null(error);
            assert_string_equal(error, cases[i].error);
            continue;
        }
        assert_null(error);
        assert_true(p.size == cases[i].size);
        assert_string_equal(p.ret, cases[i].ret);
        assert_string_equal(p.envid, cases[i].envid);
    }
    buf_free(&c.text);
}

static void
test_rcpt_params(void **state)
{
#define BAD_NOTIFY "501 5.5.4 Error: Bad NOTIFY parameter syntax"
#define BAD_ORCPT "501 5.5.4 Error: Bad ORCPT parameter syntax"
    static const struct {
        const char *line, *error;
        unsigned notify;
        const char *orcpt;
    } cases[] = {
        {"", NULL, 0, ""},
        {"NOTIFY=NEVER", NULL, 1, ""},
        {"notify=success,Failure,DELAY", NULL, 14, ""},
        {"NOTIFY=NEVER,SUCCESS", BAD_NOTIFY, 0, ""},
        {"NOTIFY=SUCCESS,", BAD_NOTIFY, 0, ""},
        {"NOTIFY=SUCCESSFULLYTOOLONG", BAD_NOTIFY, 0, ""},
        {"NOTIFY=DELAY NOTIFY=DELAY", BAD_NOTIFY, 0, ""},
        {"ORCPT=rfc822;Alice+40pris.cn", NULL, 0, "rfc822;Alice@pris.cn"},
        {"ORCPT=rfc822;", NULL, 0, ""},
        {"ORCPT=;x", BAD_ORCPT, 0, ""},
        {"ORCPT=rfc822;+00", BAD_ORCPT, 0, ""},
        {"ORCPT=rfc822;+09", BAD_ORCPT, 0, ""},
        {"ORCPT=rfc822;\xc3\xa9", BAD_ORCPT, 0, ""},
        {"ORCPT=a;b ORCPT=a;b", BAD_ORCPT, 0, ""},
    };
    struct command c;
    struct rcpt_params p;
    char err[600], longest[700];
    const char *error;
    size_t i;

    (void)state;
    command_init(&c);
    for (i = 0; i < MR_NELEM(cases); i++) {
        c.argc = 0;
        command_split(&c, cases[i].line, strlen(cases[i].line));
        error = command_rcpt_params(&c, 0, &p, err);
        if (cases[i].error) {
            assert_non_null(error);
            assert_string_equal(error, cases[i].error);
            continue;
        }
        assert_null(error);
        assert_int_equal(p.notify, cases[i].notify);
        assert_string_equal(p.orcpt, cases[i].orcpt);
    }
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "ORCPT=rfc822;", 13);
    command_split(&c, longest, sizeof(longest));
    assert_string_equal(command_rcpt_params(&c, 0, &p, err), BAD_ORCPT);
    buf_free(&c.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_many_words),
        cmocka_unit_test(test_mail_params),
        cmocka_unit_test(test_rcpt_params),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
