/* SPDX-License-Identifier: ISC */
/* Buffers and frames: what is put comes out, and everything malformed is refused. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame.h"

static void
test_buf_cap(void **state)
{
    struct buf b;

    MR_UNUSED(state);
    buf_init(&b, 5);
    assert_int_equal(buf_append(&b, "abc", 3), 0);
    assert_int_equal(buf_append(&b, "def", 3), -1);
    assert_int_equal(b.overflow, 1);
    assert_string_equal(buf_cstr(&b), "abc");
    buf_consume(&b, 2);
    assert_int_equal(buf_append(&b, "defg", 4), 0);
    assert_string_equal(buf_cstr(&b), "cdefg");
    assert_int_equal(buf_putc(&b, 'x'), -1);
    assert_null(buf_reserve(&b, SIZE_MAX));
    buf_reset(&b);
    assert_int_equal(b.overflow, 0);
    assert_int_equal(buf_printf(&b, "%d-%s", 12, "ab"), 0);
    assert_string_equal(buf_cstr(&b), "12-ab");
    buf_free(&b);
    assert_string_equal(buf_cstr(&b), "");
    buf_free(&b);
}

/* A queue that is filled and drained for long must not grow. */
static void
test_buf_stays_small(void **state)
{
    struct buf b;
    int i;

    MR_UNUSED(state);
    buf_init(&b, 1000);
    for (i = 0; i < 10000; i++) {
        assert_int_equal(buf_append(&b, "0123456789", 10), 0);
        if (i > 3)
            buf_consume(&b, 10);
    }
    assert_true(b.size <= 1024);
    assert_int_equal(buf_len(&b), 40);
    buf_free(&b);
}

static void
put_all(struct buf *to)
{
    struct frame_out f;

    frame_begin(&f, to, 0x321, 77);
    frame_put_u32(&f, 5);
    frame_put_u64(&f, UINT64_C(1) << 40);
    frame_put_str(&f, "text");
    frame_put_str(&f, NULL);
    frame_put_blob(&f, "a\0b", 3);
    assert_int_equal(frame_finish(&f), 0);
}

static int
get_all(struct frame *f)
{
    uint32_t u;
    uint64_t v;
    const char *s, *empty;
    const void *p;
    size_t n;

    if (frame_get_u32(f, &u) < 0 || frame_get_u64(f, &v) < 0 || frame_get_str(f, &s, 4) < 0 ||
        frame_get_str(f, &empty, 0) < 0 || frame_get_blob(f, &p, &n, 3) < 0 || frame_end(f) < 0)
        return -1;
    return u == 5 && v == UINT64_C(1) << 40 && strcmp(s, "text") == 0 && empty[0] == '\0' && n == 3 &&
                   memcmp(p, "a\0b", 3) == 0
               ? 0
               : -1;
}

static void
test_round_trip_at_every_split(void **state)
{
    struct buf whole, in;
    struct frame f;
    size_t i, size, len;
    int nfds = 0;

    MR_UNUSED(state);
    buf_init(&whole, FRAME_MAX);
    put_all(&whole);
    len = buf_len(&whole);
    for (i = 0; i <= len; i++) {
        buf_init(&in, FRAME_MAX);
        buf_append(&in, buf_data(&whole), i);
        if (i < len)
            assert_int_equal(frame_parse(&in, NULL, &nfds, &f, &size), 0);
        buf_append(&in, buf_data(&whole) + i, len - i);
        assert_int_equal(frame_parse(&in, NULL, &nfds, &f, &size), 1);
        assert_int_equal(size, len);
        assert_int_equal(f.type, 0x321);
        assert_int_equal(f.id, 77);
        assert_int_equal(get_all(&f), 0);
        buf_free(&in);
    }
    buf_free(&whole);
}

/* Each byte of a good frame, changed to each value: never more than a refusal or another valid value. */
static void
test_damaged(void **state)
{
    struct buf whole, in;
    struct frame f;
    size_t i, size;
    int v, nfds = 0;

    MR_UNUSED(state);
    buf_init(&whole, FRAME_MAX);
    put_all(&whole);
    for (i = 0; i < buf_len(&whole); i++)
        for (v = 0; v < 256; v++) {
            buf_init(&in, FRAME_MAX);
            buf_append(&in, buf_data(&whole), buf_len(&whole));
            buf_data(&in)[i] = (char)v;
            if (frame_parse(&in, NULL, &nfds, &f, &size) == 1 && get_all(&f) == 0 &&
                buf_data(&whole)[i] != (char)v)
                assert_in_range(i, 4, FRAME_HEADER - 1); /* only type and id may differ and still pass */
            buf_free(&in);
        }
    buf_free(&whole);
}

static void
test_refused(void **state)
{
    static const struct {
        const char *name, *text;
        size_t len, max;
    } cases[] = {
        {"NUL", "a\0b", 3, 10},   {"CR", "a\rb", 3, 10},  {"LF", "a\nb", 3, 10},
        {"DEL", "a\177b", 3, 10}, {"long", "abcd", 4, 3},
    };
    struct buf b;
    struct frame f;
    struct frame_out out;
    size_t i, size;
    const char *s;
    int nfds = 0;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(cases); i++) {
        buf_init(&b, FRAME_MAX);
        frame_begin(&out, &b, 1, 1);
        frame_put_blob(&out, cases[i].text, cases[i].len);
        assert_int_equal(buf_append(&b, "", 1), 0);
        assert_int_equal(frame_finish(&out), 0);
        buf_data(&b)[FRAME_HEADER] = 's';
        assert_int_equal(frame_parse(&b, NULL, &nfds, &f, &size), 1);
        if (frame_get_str(&f, &s, cases[i].max) == 0)
            fail_msg("%s was accepted", cases[i].name);
        buf_free(&b);
    }
}

static void
test_descriptors(void **state)
{
    struct buf b;
    struct frame f;
    struct frame_out out;
    size_t size;
    int queue[8], n, fd, pair[2];

    MR_UNUSED(state);
    assert_int_equal(pipe(pair), 0);
    buf_init(&b, FRAME_MAX);
    frame_begin(&out, &b, 1, 1);
    frame_put_fd(&out, pair[0]);
    assert_int_equal(frame_finish(&out), 0);
    n = 0; /* the frame says one, none came */
    assert_int_equal(frame_parse(&b, queue, &n, &f, &size), -1);
    queue[0] = pair[0];
    queue[1] = pair[1];
    n = 2;
    assert_int_equal(frame_parse(&b, queue, &n, &f, &size), 1);
    assert_int_equal(n, 1);
    assert_int_equal(queue[0], pair[1]);
    assert_int_equal(frame_end(&f), -1); /* one is left over */
    assert_int_equal(frame_get_fd(&f, &fd), 0);
    assert_int_equal(fd, pair[0]);
    assert_int_equal(frame_get_fd(&f, &fd), -1);
    assert_int_equal(frame_end(&f), 0);
    close(pair[0]);
    close(pair[1]);
    buf_free(&b);
}

static void
test_too_big(void **state)
{
    struct buf b;
    struct frame_out out;
    char *big = calloc(1, FRAME_MAX);

    MR_UNUSED(state);
    buf_init(&b, FRAME_MAX * 2);
    put_all(&b);
    frame_begin(&out, &b, 1, 1);
    frame_put_blob(&out, big, FRAME_MAX);
    assert_int_equal(frame_finish(&out), -1);
    assert_true(buf_len(&b) < 100); /* what stood before it still stands */
    buf_free(&b);
    free(big);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_cap),
        cmocka_unit_test(test_buf_stays_small),
        cmocka_unit_test(test_round_trip_at_every_split),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_too_big),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
