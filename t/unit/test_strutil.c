/* SPDX-License-Identifier: ISC */
/* strutil.h, and the small modules beside it: mem.h, arena.h, qid.h, dsn.h. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "arena.h"
#include "dsn.h"
#include "mem.h"
#include "qid.h"
#include "strutil.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void
numbers(void **state)
{
    static const struct {
        const char *text;
        uint64_t max, value;
        int rc;
    } t[] = {
        {"0", 0, 0, 0},
        {"1", 0, 0, -1},
        {"9", 5, 0, -1},
        {"00012", 12, 12, 0},
        {"65535", 65535, 65535, 0},
        {"65536", 65535, 0, -1},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, 0},
        {"18446744073709551616", UINT64_MAX, 0, -1},
        {"99999999999999999999999", UINT64_MAX, 0, -1},
        {"", 9, 0, -1},
        {"-1", 9, 0, -1},
        {"+1", 9, 0, -1},
        {" 1", 9, 0, -1},
        {"1 ", 9, 0, -1},
        {"0x1", 99, 0, -1},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        uint64_t value = 0;

        assert_int_equal(str_to_u64(t[i].text, t[i].max, &value), t[i].rc);
        assert_true(value == t[i].value);
    }
}

static void
durations(void **state)
{
    static const struct {
        const char *text;
        char unit;
        double value;
        int rc;
    } t[] = {
        {"300s", 'd', 300, 0},  {"5m", 's', 300, 0},
        {"1h", 's', 3600, 0},   {"2d", 's', 172800, 0},
        {"1w", 's', 604800, 0}, {"5", 'd', 432000, 0},
        {"0", 's', 0, 0},       {"0.25s", 's', 0.25, 0},
        {"", 's', 0, -1},       {"s", 's', 0, -1},
        {"5x", 's', 0, -1},     {"5ss", 's', 0, -1},
        {"-5s", 's', 0, -1},    {"5.", 's', 0, -1},
        {"9999w", 's', 0, -1},  {"99999999999999999999", 's', 0, -1},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        double value = 0;

        assert_int_equal(str_to_seconds(t[i].text, t[i].unit, &value), t[i].rc);
        assert_true(value == t[i].value);
    }
}

static void
hex_is_lower_case(void **state)
{
    char hex[9];

    MR_UNUSED(state);
    str_hex(hex, "\x00\x9f\xff\x10", 4);
    assert_string_equal(hex, "009fff10");
    str_hex(hex, "", 0);
    assert_string_equal(hex, "");
}

/* RFC 4648 10, and every byte. */
static void
base64_both_ways(void **state)
{
    static const char *const t[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    struct buf text, back;
    unsigned char all[256];
    size_t i;

    MR_UNUSED(state);
    buf_init(&text, 1024);
    buf_init(&back, 1024);
    for (i = 0; i < MR_NELEM(t); i++) {
        buf_reset(&text);
        buf_reset(&back);
        assert_int_equal(base64_encode(&text, t[i][0], strlen(t[i][0])), 0);
        assert_string_equal(buf_cstr(&text), t[i][1]);
        assert_int_equal(base64_decode(&back, t[i][1], strlen(t[i][1])), 0);
        assert_string_equal(buf_cstr(&back), t[i][0]);
    }
    for (i = 0; i < sizeof(all); i++)
        all[i] = (unsigned char)i;
    buf_reset(&text);
    buf_reset(&back);
    assert_int_equal(base64_encode(&text, all, sizeof(all)), 0);
    assert_int_equal(base64_decode(&back, buf_data(&text), buf_len(&text)), 0);
    assert_int_equal(buf_len(&back), sizeof(all));
    assert_memory_equal(buf_data(&back), all, sizeof(all));
    buf_free(&text);
    buf_free(&back);
}

static void
base64_bad(void **state)
{
    static const char *const t[] = {"Z",    "Zg",   "Zg=",     "Zg===", "=",        "==",
                                    "====", "Z===", "Zh==",    "Zm9=",  "Zg==Zg==", "Zm9v\n",
                                    "Zm 9", "Zm-_", "Zm9\x80", "*",     "Z=g="};
    struct buf b;
    size_t i;

    MR_UNUSED(state);
    buf_init(&b, 8);
    for (i = 0; i < MR_NELEM(t); i++) {
        assert_int_equal(base64_decode(&b, t[i], strlen(t[i])), -1);
        assert_int_equal(buf_len(&b), 0);
    }
    /* a NUL inside, and over the cap */
    assert_int_equal(base64_decode(&b, "Zm\0v", 4), -1);
    assert_int_equal(base64_decode(&b, "Zm9vYmFyZm9v", 12), -1);
    assert_int_equal(base64_encode(&b, "foobar!", 7), -1);
    assert_int_equal(buf_len(&b), 0);
    buf_free(&b);
}

static void
case_is_ascii(void **state)
{
    char s[] = "MiXeD \xc3\x84[@Z";

    MR_UNUSED(state);
    assert_true(str_ieq("Content-Type", "cONTENT-tYPE"));
    assert_true(str_ieq("", ""));
    assert_false(str_ieq("a", "ab"));
    assert_false(str_ieq("ab", "a"));
    assert_false(str_ieq("[", "{"));
    assert_true(str_istarts("ehlo x", "EHLO"));
    assert_true(str_istarts("x", ""));
    assert_false(str_istarts("EH", "EHLO"));
    str_lower(s);
    assert_string_equal(s, "mixed \xc3\x84[@z");
}

static void
lists_of_words(void **state)
{
    static const struct {
        const char *list, *item;
        int in;
    } t[] = {
        {"size, 8bitmime,DSN", "dsn", 1},
        {"size, 8bitmime,DSN", "SIZE", 1},
        {"size\t8bitmime", "8bitmime", 1},
        {"size", "siz", 0},
        {"siz", "size", 0},
        {" , ,", "", 0},
        {"", "x", 0},
        {"a,b", "a,b", 0},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++)
        assert_int_equal(str_in_list(t[i].list, t[i].item), t[i].in);
}

static void
dates(void **state)
{
    static const struct {
        const char *tz;
        time_t t;
        const char *text;
    } t[] = {
        {"UTC0", 1795328401, "Sun, 22 Nov 2026 06:20:01 +0000 (UTC)"},
        {"CST-8", 1795328401, "Sun, 22 Nov 2026 14:20:01 +0800 (CST)"},
        {"NST3:30NDT,M3.2.0,M11.1.0", 1795328401, "Sun, 22 Nov 2026 02:50:01 -0330 (NST)"},
        {"EST5EDT,M3.2.0,M11.1.0", 1782000000, "Sat, 20 Jun 2026 20:00:00 -0400 (EDT)"},
        {"EST5EDT,M3.2.0,M11.1.0", 1768000000, "Fri,  9 Jan 2026 18:06:40 -0500 (EST)"},
        {"<+0545>-5:45", 0, "Thu,  1 Jan 1970 05:45:00 +0545 (+0545)"},
        {"UTC0", -1, "Wed, 31 Dec 1969 23:59:59 +0000 (UTC)"},
    };
    char text[DATE_5322_SIZE];
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        setenv("TZ", t[i].tz, 1);
        tzset();
        date_5322(text, t[i].t + 1); /* the cached second is another one */
        date_5322(text, t[i].t);
        assert_string_equal(text, t[i].text);
        date_5322(text, t[i].t);
        assert_string_equal(text, t[i].text);
    }
    date_5322(text, (time_t)INT64_MAX); /* no year that a header can hold */
    assert_memory_equal(text, "Thu,  1 Jan 1970 00:00:00 +0000", 31);
}

static void
random_is_not_constant(void **state)
{
    unsigned char a[300], b[300];

    MR_UNUSED(state);
    memset(a, 0, sizeof(a));
    memset(b, 0, sizeof(b));
    random_init();
    random_bytes(a, sizeof(a));
    random_bytes(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 268, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
    random_bytes(NULL, 0);
}

static void
files(void **state)
{
    char path[] = "/tmp/test_strutil-XXXXXX";
    int fd = mkstemp(path);
    struct buf b;
    char bytes[8];

    MR_UNUSED(state);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, "0123456789", 10), 0);
    assert_int_equal(fd_pwrite_all(fd, "AB", 2, 4), 0);
    buf_init(&b, 10);
    assert_int_equal(file_read(path, &b), 0);
    assert_string_equal(buf_cstr(&b), "0123AB6789");
    buf_free(&b);
    buf_init(&b, 9);
    assert_int_equal(file_read(path, &b), -1);
    assert_int_equal(errno, EFBIG);
    buf_free(&b);
    buf_init(&b, 100000);
    assert_int_equal(file_read("/tmp/no/such/file", &b), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(file_read("/tmp", &b), -1);
    assert_int_equal(errno, EISDIR);
    assert_int_equal(file_read("/dev/zero", &b), -1);
    assert_int_equal(errno, EFBIG);
    buf_free(&b);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(fd_pread_all(fd, bytes, 6, 4), 0);
    assert_string_equal(bytes, "AB6789");
    assert_int_equal(fd_pread_all(fd, bytes, 7, 4), -1);
    assert_int_equal(errno, EBADMSG);
    assert_int_equal(fd_set_flags(fd), 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    errno = ENOSPC;
    assert_int_equal(fd_close(fd, 5), 5);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    errno = ENOSPC;
    assert_int_equal(fd_close(-1, -1), -1);
    assert_int_equal(errno, ENOSPC);
    unlink(path);
    assert_int_equal(fd_write_all(-1, "x", 1), -1);
    assert_int_equal(errno, EBADF);
}

static void
memory(void **state)
{
    char *s = mem_strndup("secret text", 6), *p = mem_alloc(0);

    MR_UNUSED(state);
    assert_string_equal(s, "secret");
    assert_int_equal(mem_equal_secret(s, "secret", 7), 1);
    assert_int_equal(mem_equal_secret(s, "secreT", 6), 0);
    assert_int_equal(mem_equal_secret(s, "xxxxxx", 0), 1);
    mem_wipe(s, 6);
    assert_memory_equal(s, "\0\0\0\0\0\0", 6);
    assert_non_null(p);
    MEM_FREE(p);
    assert_null(p);
    MEM_FREE(s);
}

static void
arenas(void **state)
{
    struct arena a;
    char *first, *s, *t;
    size_t i;

    MR_UNUSED(state);
    arena_init(&a, 100000);
    first = arena_strdup(&a, "hello");
    for (i = 0; i < 200; i++) {
        s = arena_alloc(&a, 1 + i);
        assert_non_null(s);
        assert_int_equal((uintptr_t)s % sizeof(long double), 0);
        for (t = s; t < s + 1 + i; t++)
            assert_int_equal(*t, 0);
        memset(s, 0xa5, 1 + i);
    }
    assert_string_equal(first, "hello");
    assert_non_null(arena_alloc(&a, 70000));
    assert_null(arena_alloc(&a, 40000));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_strndup(&a, "", SIZE_MAX));
    assert_non_null(arena_alloc(&a, 1));
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_ptr_equal(arena_alloc(&a, 10), first);
    arena_reset(&a);
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    assert_null(arena_alloc(&a, 100001));
    arena_free(&a);
    arena_free(&a);
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 99000)); /* a large first block is not kept */
    arena_reset(&a);
    assert_null(a.head);
    arena_free(&a);
}

static void
queue_ids(void **state)
{
    static const char *const bad[] = {"",
                                      "0116D6A01A3D",
                                      "0116D6A01A3D50",
                                      "0116d6a01a3d5",
                                      "0116D6A01A3DG",
                                      "F42406A01A3D5", /* 1000000 microseconds */
                                      "../../../etc/",
                                      " 116D6A01A3D5"};
    char qid[QID_SIZE];
    uint32_t sec = 0, usec = 0;
    size_t i;

    MR_UNUSED(state);
    qid_format(qid, 1795328437, 71475);
    assert_string_equal(qid, "117336B0289B5");
    assert_int_equal(qid_parse(qid, &sec, &usec), 0);
    assert_int_equal(sec, 1795328437);
    assert_int_equal(usec, 71475);
    qid_format(qid, UINT32_MAX, 999999);
    assert_string_equal(qid, "F423FFFFFFFFF");
    assert_int_equal(qid_parse(qid, &sec, &usec), 0);
    assert_true(sec == UINT32_MAX && usec == 999999);
    for (i = 0; i < MR_NELEM(bad); i++)
        assert_int_equal(qid_parse(bad[i], &sec, &usec), -1);
}

static void
status_codes(void **state)
{
    static const struct {
        const char *text, *dsn;
    } t[] = {
        {"5.7.2", "5.7.2"},
        {"5.1.1 User unknown", "5.1.1"},
        {"4.3.0\tx", "4.3.0"},
        {"2.100.999 y", "2.100.999"},
        {"", ""},
        {"5", ""},
        {"5.", ""},
        {"5.7", ""},
        {"5.7.", ""},
        {"5.7.2x", ""},
        {"5.7.2.1 x", ""},
        {"3.0.0 x", ""},
        {"5.1000.1 x", ""},
        {"5.1.1000 x", ""},
        {"15.1.1", ""},
        {" 5.1.1", ""},
        {"5..1 x", ""},
        {"5.1.\x80", ""},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        char dsn[DSN_SIZE] = "";

        assert_int_equal(dsn_split(t[i].text, dsn), strlen(t[i].dsn));
        assert_string_equal(dsn, t[i].dsn);
    }
    assert_int_equal(dsn_fits_code("5.1.1", 550), 1);
    assert_int_equal(dsn_fits_code("4.1.1", 550), 0);
    assert_int_equal(dsn_fits_code("2.0.0", 250), 1);
    assert_int_equal(dsn_fits_code("3.0.0", 354), 0);
    assert_int_equal(dsn_fits_code("", 0), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(durations),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(base64_both_ways),
        cmocka_unit_test(base64_bad),
        cmocka_unit_test(case_is_ascii),
        cmocka_unit_test(lists_of_words),
        cmocka_unit_test(dates),
        cmocka_unit_test(random_is_not_constant),
        cmocka_unit_test(files),
        cmocka_unit_test(memory),
        cmocka_unit_test(arenas),
        cmocka_unit_test(queue_ids),
        cmocka_unit_test(status_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
