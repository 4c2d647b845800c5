/* SPDX-License-Identifier: ISC */
/*
 * The part of cmocka's interface that our unit tests use, for systems that have no cmocka: t/floor.t
 * runs the tests of common/ with it against another C library. The first failure ends a test.
 */
#ifndef MR_FLOOR_CMOCKA_H
#define MR_FLOOR_CMOCKA_H

#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
};

#define cmocka_unit_test(f)                                                                                  \
    {                                                                                                        \
#f, f, NULL, NULL                                                                                    \
    }
#define cmocka_unit_test_setup_teardown(f, setup, teardown)                                                  \
    {                                                                                                        \
#f, f, setup, teardown                                                                               \
    }

static jmp_buf floor_failed;

#define floor_fail() (printf("# %s:%d: failed\n", __FILE__, __LINE__), longjmp(floor_failed, 1))
#define floor_check(ok) ((ok) ? (void)0 : floor_fail())
#define fail_msg(...) (printf(__VA_ARGS__), printf("\n"), floor_fail())
#define assert_true(c) floor_check(c)
#define assert_false(c) floor_check(!(c))
#define assert_null(p) floor_check((p) == NULL)
#define assert_non_null(p) floor_check((p) != NULL)
#define assert_ptr_equal(a, b) floor_check((const void *)(a) == (const void *)(b))
#define assert_int_equal(a, b) floor_check((uintmax_t)(a) == (uintmax_t)(b))
#define assert_int_not_equal(a, b) floor_check((uintmax_t)(a) != (uintmax_t)(b))
#define assert_in_range(v, low, high) floor_check((uintmax_t)(v) >= (low) && (uintmax_t)(v) <= (high))
#define assert_string_equal(a, b) floor_check(strcmp(a, b) == 0)
#define assert_string_not_equal(a, b) floor_check(strcmp(a, b) != 0)
#define assert_memory_equal(a, b, n) floor_check(memcmp(a, b, n) == 0)
#define assert_memory_not_equal(a, b, n) floor_check(memcmp(a, b, n) != 0)

static int
floor_run_one(const struct CMUnitTest *t)
{
    void *state = NULL;
    int bad = 1;

    if (setjmp(floor_failed) == 0) {
        if (t->setup != NULL)
            floor_check(t->setup(&state) == 0);
        t->test(&state);
        if (t->teardown != NULL)
            floor_check(t->teardown(&state) == 0);
        bad = 0;
    } else {
        printf("# in %s\n", t->name);
    }
    return bad;
}

static int
floor_run(const struct CMUnitTest *tests, size_t n)
{
    int failed = 0;

    while (n-- > 0)
        failed += floor_run_one(tests++);
    return failed;
}

/* Group fixtures are not used by the tests of common/. */
#define cmocka_run_group_tests(tests, setup, teardown) floor_run(tests, sizeof(tests) / sizeof((tests)[0]))

#endif
