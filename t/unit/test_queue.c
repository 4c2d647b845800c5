/* SPDX-License-Identifier: ISC */
/* The parts of queue that need no peer: ids, delays, backoff, schedule, duplicates, staging. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>
#include <cmocka.h>

#include "delays.h"
#include "envelope.h"
#include "idclock.h"
#include "schedule.h"
#include "staging.h"

static void
test_delay_format(void **state)
{
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0"},     {-3, "0"},    {0.004, "0"},  {0.006, "0.01"}, {0.04, "0.04"},
                 {0.1, "0.1"}, {0.999, "1"}, {1.24, "1.2"}, {1.96, "2"},     {9.94, "9.9"},
                 {9.97, "10"}, {10.4, "10"}, {76.03, "76"}, {76.76, "77"},   {86400, "86400"}};
    char text[DELAY_SIZE];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(delay_format(text, cases[i].seconds), cases[i].text);
}

static void
test_idclock(void **state)
{
    struct idclock c = {0};
    char a[QID_SIZE], b[QID_SIZE];
    uint32_t sec, usec;

    (void)state;
    idclock_next(&c, 1795328401999999ull, a);
    assert_string_equal(a, "F423F6B028991");
    idclock_next(&c, 1795328401999999ull, a); /* the clock stands still */
    assert_string_equal(a, "000006B028992");
    idclock_next(&c, 5, b); /* and is set back */
    assert_string_equal(b, "000016B028992");
    idclock_seen(&c, "000006B028992"); /* older: nothing changes */
    idclock_seen(&c, "no id");
    idclock_next(&c, 5, b);
    assert_string_equal(b, "000026B028992");
    idclock_seen(&c, "F423F7B028B12");
    idclock_next(&c, 5, b);
    assert_string_equal(b, "000007B028B13");
    assert_int_equal(qid_parse(b, &sec, &usec), 0);
}

static void
test_backoff(void **state)
{
    static const struct {
        double age, delay;
    } cases[] = {{0, 300}, {299, 300}, {300, 300}, {301, 301}, {3999, 3999}, {4000, 4000}, {1e6, 4000}};
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_true(backoff_delay(cases[i].age, 300, 4000) == cases[i].delay);
}

static void
test_schedule(void **state)
{
    struct schedule s = {0};
    char qid[QID_SIZE];
    uint32_t i, last = 0, n = 1000, x = 12345;
    int again;

    (void)state;
    assert_null(schedule_first(&s));
    for (i = 0; i < n; i++) {
        x = x * 1103515245u + 12345u;
        qid_format(qid, i, x % 1000000);
        schedule_add(&s, qid, x % 5000, (int)(i & 1));
    }
    for (i = 0; i < n / 2; i++) {
        assert_true(schedule_first(&s)->due >= last);
        last = schedule_first(&s)->due;
        schedule_take(&s, qid, &again);
    }
    schedule_all_due(&s, 1);
    for (last = 0; schedule_first(&s);) { /* all are due: oldest first */
        uint32_t sec, usec;
        assert_int_equal(schedule_first(&s)->due, 1);
        schedule_take(&s, qid, &again);
        assert_int_equal(qid_parse(qid, &sec, &usec), 0);
        assert_true(sec >= last);
        assert_int_equal(again, sec & 1);
        last = sec;
    }
    schedule_free(&s);
}

static void
test_unique(void **state)
{
    static const char *const names[] = {"b@x", "a@x", "B@x", "c@x", "a@X", "d@x", "b@x"};
    static const char *const kept[] = {"b@x", "a@x", "c@x", "d@x"};
    struct envelope e;
    struct recipient *r;
    size_t i;

    (void)state;
    envelope_init(&e);
    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        r = envelope_add(&e);
        r->address = envelope_text(&e, names[i]);
        r->transport = TRANSPORT_LOCAL;
    }
    envelope_unique(&e);
    assert_int_equal(e.nrcpt, 4);
    for (i = 0; i < 4; i++)
        assert_string_equal(e.rcpt[i].address, kept[i]);
    for (i = 4; i < ENVELOPE_MAX_RCPT; i++)
        assert_non_null(envelope_add(&e));
    assert_null(envelope_add(&e));
    envelope_free(&e);
}

static void
test_staging(void **state)
{
    struct staging_budget b = {1000, 600, 0, -1, 0};
    struct staging one, two, three;
    char dir[] = "/tmp/mr-staging-XXXXXX", got[8];

    (void)state;
    assert_non_null(mkdtemp(dir));
    b.dir = open(dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(staging_make(&one, &b, 600), 0);
    assert_int_equal(write(one.fd, "hello", 5), 5);
    assert_int_equal(staging_make(&two, &b, 600), 0); /* over the budget: on disk */
    assert_false(two.in_memory);
    assert_int_equal(rmdir(dir), 0); /* it has no name */
    if (one.in_memory) {
        assert_int_equal(b.used, 600);
        assert_int_equal(pwrite(one.fd, "x", 1, 600), -1); /* does not grow */
    }
    assert_int_equal(staging_freeze(&one, &b, 601), -1);
    assert_int_equal(staging_freeze(&one, &b, 5), 0);
    assert_int_equal(pwrite(one.reader, "x", 1, 0), -1);
    assert_int_equal(write(two.fd, "disk", 4), 4);
    assert_int_equal(staging_copy(&three, &b, 4, two.fd, 0, 4), 0);
    assert_int_equal(pread(three.reader, got, sizeof(got), 0), 4);
    staging_free(&three, &b);
    assert_int_equal(staging_copy(&three, &b, 5, two.fd, 0, 5), -1); /* it is shorter than that */
    assert_int_equal(three.fd, -1);
    staging_free(&one, &b);
    staging_free(&two, &b);
    assert_int_equal(b.used, 0);
    close(b.dir);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_delay_format), cmocka_unit_test(test_idclock),
                                       cmocka_unit_test(test_backoff),      cmocka_unit_test(test_schedule),
                                       cmocka_unit_test(test_unique),       cmocka_unit_test(test_staging)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
