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
        size_t len;
        const char *verb, *rest;
    } cases[] = {
        {"STAT", 4, "STAT", ""},  {"stat extra", 10, "STAT", "extra"}, {"PASS  x ", 8, "PASS", " x "},
        {"PASS ", 5, "PASS", ""}, {" \tuser\ta b", 10, "USER", "a b"}, {"", 0, "", ""},
        {"   ", 3, "", ""},       {"TOOLONGVERB 1", 13, "", "1"},      {"STAT\0x", 6, "", ""},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[64];
        struct command c;

        memcpy(line, cases[i].line, cases[i].len);
        line[cases[i].len] = '\0';
        command_split(&c, line, cases[i].len);
        assert_string_equal(c.verb, cases[i].verb);
        assert_string_equal(c.rest, cases[i].rest);
    }
}

static void
test_words(void **state)
{
    char text[] = "  1\t-2 \r", *rest = text;

    (void)state;
    assert_string_equal(command_word(&rest), "1");
    assert_string_equal(command_word(&rest), "-2");
    assert_null(command_word(&rest));
    assert_null(command_word(&rest));
}

static void
test_numbers(void **state)
{
    static const struct {
        const char *word;
        int result;
        uint32_t n;
    } cases[] = {
        {"0", 0, 0},
        {"1", 0, 1},
        {"0007", 0, 7},
        {"2147483647", 0, 2147483647u},
        {"2147483648", -1, 0},
        {"4294967297", -1, 0},
        {"18446744073709551617", -1, 0},
        {"-1", -1, 0},
        {"+1", -1, 0},
        {"1x", -1, 0},
        {"", -1, 0},
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t n = 0;

        assert_int_equal(command_number(cases[i].word, &n), cases[i].result);
        assert_int_equal(n, cases[i].n);
    }
}

/* A long line among others, handed in pieces of every size. */
static void
test_take(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 1000, COMMAND_MAX - 1, COMMAND_MAX, COMMAND_MAX + 1, 40000};
    char *text = mem_alloc(40000), *line = mem_alloc(COMMAND_MAX + 1);
    size_t total, i;

    (void)state;
    strcpy(text, "one\r\ntwo\nNOOP ");
    memset(text + 14, 'a', 10000);
    strcpy(text + 10014, "\r\nthree\r\n\r\nunfinished");
    total = strlen(text);
    for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct buf in;
        int skipping = 0;
        size_t at, len, size, n = 0, expect[] = {3, 3, COMMAND_MAX, 5, 0},
                              sizes[] = {5, 4, COMMAND_MAX, 7, 2};

        buf_init(&in, 100000);
        for (at = 0; at < total; at += pieces[i]) {
            enum command_line got;

            buf_append(&in, text + at, total - at < pieces[i] ? total - at : pieces[i]);
            while ((got = command_take(&in, &skipping, line, &len, &size)) != COMMAND_NONE) {
                assert_true(n < 5);
                assert_int_equal(got, n == 2 ? COMMAND_CUT : COMMAND_LINE);
                assert_int_equal(len, expect[n]);
                assert_int_equal(size, sizes[n]);
                n++;
            }
        }
        assert_int_equal(n, 5);
        buf_free(&in);
    }
    mem_free(text);
    mem_free(line);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
