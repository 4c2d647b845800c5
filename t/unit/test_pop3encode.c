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

#include "encode.h"

static const struct {
    const char *file;
    int64_t lines;
    const char *sent;
    size_t used; /* bytes of the file that count as sent */
    uint64_t octets;
    int utf8;
} cases[] = {
    {"", ENCODE_ALL, ".\r\n", 0, 0, 0},
    {"\n", ENCODE_ALL, "\r\n.\r\n", 1, 2, 0},
    {".", ENCODE_ALL, "..\r\n.\r\n", 1, 1, 0},
    {".\n", ENCODE_ALL, "..\r\n.\r\n", 2, 3, 0},
    {"A: 1\n\nx", ENCODE_ALL, "A: 1\r\n\r\nx\r\n.\r\n", 7, 9, 0},
    {"A: 1\n\n.x\n..y\n.z", ENCODE_ALL, "A: 1\r\n\r\n..x\r\n...y\r\n..z\r\n.\r\n", 15, 19, 0},
    {"A: 1\r\n\r\nx\r\n", ENCODE_ALL, "A: 1\r\r\n\r\r\nx\r\r\n.\r\n", 11, 14, 0},
    {"A: 1\n\na\nb\nc\n", 0, "A: 1\r\n\r\n.\r\n", 6, 17, 0},
    {"A: 1\n\na\nb\nc\n", 1, "A: 1\r\n\r\na\r\n.\r\n", 8, 17, 0},
    {"A: 1\n\na\nb\nc\n", 3, "A: 1\r\n\r\na\r\nb\r\nc\r\n.\r\n", 12, 17, 0},
    {"A: 1\n\na\nb\nc\n", 2147483647, "A: 1\r\n\r\na\r\nb\r\nc\r\n.\r\n", 12, 17, 0},
    {"A: 1\n\na", 1, "A: 1\r\n\r\na\r\n.\r\n", 7, 9, 0},
    {"A: 1\r\n\r\na\r\nb\r\n", 1, "A: 1\r\r\n\r\r\na\r\r\n.\r\n", 11, 18, 0},
    {"A: 1\nB: 2\n", 0, "A: 1\r\nB: 2\r\n.\r\n", 10, 12, 0},
    {"\nbody\n", 0, "\r\n.\r\n", 1, 8, 0},
    {"A: \xe4\n\nx\n", ENCODE_ALL, "A: \xe4\r\n\r\nx\r\n.\r\n", 8, 11, 1},
    {"A: 1\n\n\xe4\n", ENCODE_ALL, "A: 1\r\n\r\n\xe4\r\n.\r\n", 8, 11, 0},
};

/* The file in two parts, divided at each byte; and one byte at a time (part 0). */
static void
check(size_t i, size_t part)
{
    size_t len = strlen(cases[i].file), at, n, used = 0;
    struct encode e;
    struct encode_size size;
    struct buf out;

    buf_init(&out, 4096);
    encode_init(&e, cases[i].lines);
    encode_size_init(&size);
    for (at = 0; at < len; at += n) {
        n = part == 0 ? 1 : at == 0 ? part : len - part;
        encode_size_add(&size, cases[i].file + at, n);
        if (!e.done)
            used += encode_add(&e, &out, cases[i].file + at, n);
    }
    buf_puts(&out, encode_ending(&e));
    assert_string_equal(buf_cstr(&out), cases[i].sent);
    assert_int_equal(used, cases[i].used);
    assert_int_equal(size.octets, cases[i].octets);
    assert_int_equal(size.utf8, cases[i].utf8);
    buf_free(&out);
}

static void
test_split_anywhere(void **state)
{
    size_t i, part;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (part = 0; part == 0 || part <= strlen(cases[i].file); part++)
            check(i, part);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_split_anywhere)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
