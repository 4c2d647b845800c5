/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "mastercf.h"
#include "mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Everything of an entry as one line: fields, [options], arguments. */
static void
describe(const struct mastercf_entry *e, struct buf *to)
{
    size_t i;

    buf_reset(to);
    buf_printf(to, "%s %s %d%d%d %ld %ld %s", e->service, e->type, e->private_, e->unpriv, e->chroot,
               e->wakeup, e->maxproc, e->command);
    for (i = 0; i < e->noptions; i++)
        buf_printf(to, " [%s=%s]", e->options[i].name, e->options[i].value);
    for (i = 0; e->args[i]; i++)
        buf_printf(to, " <%s>", e->args[i]);
}

static void
test_good(void **state)
{
    static const struct {
        const char *text, *entry; /* the first one */
    } cases[] = {
        {"smtp inet n - n - - smtpd\n", "smtp inet 0-10 -1 -1 smtpd"},
        {"127.0.0.1:10025\tinet y y - 60? 5 smtpd -v", "127.0.0.1:10025 inet 11-1 60 5 smtpd <-v>"},
        {"[::1]:25 inet n - n 0 0 smtpd", "[::1]:25 inet 0-10 0 0 smtpd"},
        {"587 inet n - n - - smtpd -o a=b -oc=d -o { e = f g } -o { h=i }",
         "587 inet 0-10 -1 -1 smtpd [a=b] [c=d] [e=f g] [h=i]"},
        {"587 inet n - n - - smtpd\n  -o a=b\n# comment\n\n\t-o c=$d,e=f\n",
         "587 inet 0-10 -1 -1 smtpd [a=b] [c=$d,e=f]"},
        {"587 inet n - n - - smtpd -o a=", "587 inet 0-10 -1 -1 smtpd [a=]"},
        {"587 inet n - n - - smtpd -o { a = { b c } }", "587 inet 0-10 -1 -1 smtpd [a={ b c }]"},
        {"x unix - n n - - pipe flags=R argv=x -o y {a b} {}",
         "x unix -100 -1 -1 pipe <flags=R> <argv=x> <-o> <y> <a b> <>"},
        {"maildrop unix - n n - - pipe\n  flags=DRhu user=vuser argv=maildrop -w 90 -d ${user}@${nexthop} "
         "${recipient} ${user} ${extension} {nexthop}\n",
         "maildrop unix -100 -1 -1 pipe <flags=DRhu> <user=vuser> <argv=maildrop> <-w> <90> <-d> "
         "<${user}@${nexthop}> "
         "<${recipient}> <${user}> <${extension}> <nexthop>"},
    };
    struct conf_error err;
    struct buf b;
    size_t i;

    MR_UNUSED(state);
    buf_init(&b, 10000);
    for (i = 0; i < MR_NELEM(cases); i++) {
        struct mastercf *m = mastercf_parse("master.cf", cases[i].text, strlen(cases[i].text), &err);

        if (!m)
            fail_msg("%s", err.text);
        assert_int_equal(m->n, 1);
        describe(&m->entries[0], &b);
        assert_string_equal(buf_cstr(&b), cases[i].entry);
        mastercf_free(m);
    }
    buf_free(&b);
}

static void
expect_error(const char *text, size_t len, const char *at, const char *what)
{
    struct conf_error err;

    if (mastercf_parse("master.cf", text, len, &err))
        fail_msg("\"%s\": taken", text);
    if (strncmp(err.text, at, strlen(at)) != 0 || !strstr(err.text, what))
        fail_msg("\"%s\" does not begin with \"%s\" and contain \"%s\"", err.text, at, what);
}

static void
test_bad(void **state)
{
    static const struct {
        const char *text, *at, *what;
    } cases[] = {
        {"smtp\n", "master.cf:1: ", "type is missing"},
        {"# x\n\nsmtp inet n - n - -\n", "master.cf:3: ", "command is missing"},
        {"smtp tcp n - n - - smtpd\n", "master.cf:1: ", "inet, unix"},
        {"smtp inet x - n - - smtpd\n", "master.cf:1: ", "private"},
        {"smtp inet n yes n - - smtpd\n", "master.cf:1: ", "unprivileged"},
        {"smtp inet n - n 1x - smtpd\n", "master.cf:1: ", "wakeup"},
        {"smtp inet n - n - 5? smtpd\n", "master.cf:1: ", "maxproc"},
        {"smtp inet n - n - 99999999999 smtpd\n", "master.cf:1: ", "maxproc"},
        {"smtp inet n - n - - smtpd -o\n", "master.cf:1: ", "follows -o"},
        {"smtp inet n - n - - smtpd -o a\n", "master.cf:1: ", "name=value"},
        {"smtp inet n - n - - smtpd -o =a\n", "master.cf:1: ", "name=value"},
        {"smtp inet n - n - - smtpd -o a b=c\n", "master.cf:1: ", "name=value"},
        {"smtp inet n - n - - smtpd -o { a b = c }\n", "master.cf:1: ", "name=value"},
        {"smtp inet n - n - - smtpd -o { a = c\n", "master.cf:1: ", "'}'"},
        {"smtp inet n - n - - smtpd -o {a = c}d\n", "master.cf:1: ", "behind '}'"},
        {" smtp inet n - n - - smtpd\n", "master.cf:1: ", "first column"},
        {"smtp inet n - n - - smtpd\npickup\n", "master.cf:2: ", "missing"},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(cases); i++)
        expect_error(cases[i].text, strlen(cases[i].text), cases[i].at, cases[i].what);
    expect_error("smtp inet n - n - - smtpd \0\n", 28, "master.cf:1: ", "NUL");
}

static void
test_transport(void **state)
{
    static const char text[] =
        "maildrop inet n - n - - smtpd\nmaildrop unix - n n - - pipe\nx unix - n n - - y\n";
    struct conf_error err;
    struct mastercf *m = mastercf_parse("master.cf", text, strlen(text), &err);

    MR_UNUSED(state);
    assert_non_null(m);
    assert_int_equal(m->n, 3);
    assert_ptr_equal(mastercf_transport(m, "maildrop"), &m->entries[1]);
    assert_int_equal(m->entries[1].line, 2);
    assert_null(mastercf_transport(m, "mail"));
    mastercf_free(m);
}

static void
test_pack(void **state)
{
    static const char text[] = "587 inet n y - 60 5 smtpd -o a=b -o { c = d e } -v {x y}\n";
    struct conf_error err;
    struct mastercf *m = mastercf_parse("master.cf", text, strlen(text), &err);
    struct mastercf_entry *e;
    struct buf packed, before, after;
    char *bytes;
    size_t i;

    MR_UNUSED(state);
    assert_non_null(m);
    buf_init(&packed, 10000);
    buf_init(&before, 10000);
    buf_init(&after, 10000);
    mastercf_entry_pack(&m->entries[0], &packed);
    e = mastercf_entry_unpack(buf_data(&packed), buf_len(&packed));
    assert_non_null(e);
    describe(&m->entries[0], &before);
    describe(e, &after);
    assert_string_equal(buf_cstr(&before), buf_cstr(&after));
    assert_int_equal(e->line, 1);
    mastercf_entry_free(e);
    for (i = 0; i < buf_len(&packed); i++) {
        bytes = mem_alloc(i);
        memcpy(bytes, buf_data(&packed), i);
        assert_null(mastercf_entry_unpack(bytes, i));
        mem_free(bytes);
    }
    buf_putc(&packed, 'x');
    assert_null(mastercf_entry_unpack(buf_data(&packed), buf_len(&packed)));
    buf_free(&packed);
    buf_free(&before);
    buf_free(&after);
    mastercf_free(m);
}

static void
test_long(void **state)
{
    enum { N = 1024 * 1024 };
    static const char head[] = "smtp inet n - n - - smtpd ";
    char *text = mem_alloc(sizeof(head) + N);
    struct conf_error err;
    struct mastercf *m;

    MR_UNUSED(state);
    memcpy(text, head, sizeof(head));
    memset(text + sizeof(head) - 1, 'x', N);
    m = mastercf_parse("master.cf", text, sizeof(head) - 1 + N, &err);
    assert_non_null(m);
    assert_int_equal(strlen(m->entries[0].args[0]), N);
    mastercf_free(m);
    memset(text + sizeof(head) - 1, '{', N);
    assert_null(mastercf_parse("master.cf", text, sizeof(head) - 1 + N, &err));
    mem_free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good), cmocka_unit_test(test_bad),  cmocka_unit_test(test_transport),
        cmocka_unit_test(test_pack), cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
