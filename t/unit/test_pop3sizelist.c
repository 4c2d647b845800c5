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

#include "sizelist.h"

#define COURIER                                                                                              \
    "/3 4 1795328532\n"                                                                                      \
    "1000000001.M1P1.vm,S=86:2, 93 1:1795328532:0\n"                                                         \
    "1000000002.M2P1.vm,S=115:2, 118 2:1795328532:0\n"                                                       \
    "1000000003.M3P1.vm:2, 31 3:1795328532:0\n"

static const struct {
    const char *text;
    int result;
    const char *again; /* as written again */
} cases[] = {
    {COURIER, 0, COURIER},
    {"/3 4 200\nmsg2:2,S 69 2:200:0\n", 0, "/3 4 200\nmsg2:2,S 69 2:200:0\n"},
    {"/2 4 200\n1.a:2, 69 2:200\n", 0, "/3 4 200\n1.a:2, 69 2:200:0\n"},
    {"/1 7\n1.a 69 2\n2.b 70 3\n", 0, "/3 7 0\n1.a 69 2:0:0\n2.b 70 3:0:0\n"},
    {"/3 1 5\n", 0, "/3 1 5\n"},
    /* The order is that of the messages; names may have blanks. */
    {"/3 4 9\n20.a 1 2:9:1\n3.b c 2 3:9:0\n", 0, "/3 4 9\n3.b c 2 3:9:0\n20.a 1 2:9:1\n"},
    /* An id must not be given twice. */
    {"/3 1 9\n1.a 1 5:9:0\n", 0, "/3 6 9\n1.a 1 5:9:0\n"},
    /* Lines that are none. */
    {"/3 9 9\n\n \n1.a\n1.a 1\n1.a x 1:9:0\n1.a 1 x\n1.a 1 0:9:0\n../x 1 1:9:0\n.x 1 1:9:0\n1.b 1 1:9:2\n"
     "1.c 1 1:9:0:0\n1.d 99999999999999999999 1:9:0\n1.e 1 4294967296:9:0\n1.f 5 1:9:0\n",
     0, "/3 9 9\n1.f 5 1:9:0\n"},
    {"/3 4 200\n1.a 69 2:200:0\n2.b 70 3:20", 0, "/3 4 200\n1.a 69 2:200:0\n"},
    {"", -1, ""},
    {"\n", -1, ""},
    {"/3", -1, ""},
    {"/3 4", -1, ""},
    {"/3 4 \n", -1, ""},
    {"/3 4\n", -1, ""},
    {"/4 4 200\n", -1, ""},
    {"/0 4 200\n", -1, ""},
    {"/3 99999999999 200\n", -1, ""},
    {"/3 4 200 x\n", -1, ""},
    {"3 4 200\n", -1, ""},
};

static void
test_parse(void **state)
{
    size_t i, k;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sizelist l;
        struct buf text, again;

        buf_init(&text, SIZELIST_MAX);
        buf_init(&again, SIZELIST_MAX);
        buf_puts(&text, cases[i].text);
        assert_int_equal(sizelist_parse(&l, buf_data(&text), buf_len(&text)), cases[i].result);
        if (cases[i].result == 0) {
            sizelist_put_head(&again, l.next_uid, l.uidv);
            for (k = 0; k < l.n; k++)
                sizelist_put(&again, &l.entries[k]);
        } else {
            assert_int_equal(l.n, 0);
            assert_int_equal(l.next_uid, 1);
        }
        assert_string_equal(buf_cstr(&again), cases[i].again);
        sizelist_free(&l);
        buf_free(&text);
        buf_free(&again);
    }
}

static void
test_compare(void **state)
{
    static const struct {
        const char *a, *b;
        int sign;
    } cmp[] = {
        {"9.a", "10.a", -1},
        {"10.a:2,S", "10.a:2,", 0},
        {"10.a:2,S", "10.a", 0},
        {"10.a", "10.b:2,", -1},
        {"10.a", "10.ab", -1},
        {"x", "1.a", -1},
        {"99999999999999999999999.a", "1.a", -1},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cmp) / sizeof(cmp[0]); i++) {
        int ab = sizelist_compare(cmp[i].a, cmp[i].b), ba = sizelist_compare(cmp[i].b, cmp[i].a);

        assert_int_equal(ab < 0 ? -1 : ab > 0, cmp[i].sign);
        assert_int_equal(ba < 0 ? -1 : ba > 0, -cmp[i].sign);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parse), cmocka_unit_test(test_compare)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
