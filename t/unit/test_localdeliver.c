/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "batch.h"
#include "mem.h"
#include "message.h"
#include "path.h"

static void
paths(void **state)
{
    static const struct {
        const char *home, *maildir, *want; /* NULL: refused */
    } t[] = {
        {"/home/bob", "/home/bob/Maildir/", "/home/bob/Maildir"},
        {"/home/bob", "", "/home/bob/Maildir"},
        {"/home/bob/", "Mail/dir", "/home/bob/Mail/dir"},
        {"/home//bob/./", "./Maildir//", "/home/bob/Maildir"},
        {"/home/bob", "//x/./y/", "/x/y"},
        {"/home/bob", "/x/...", "/x/..."},
        {"/home/bob", "/x/.hidden", "/x/.hidden"},
        {"/home/bob", "/x/../y", NULL},
        {"/home/bob", "..", NULL},
        {"/home/../bob", "Maildir", NULL},
        {"/home/bob", "/x/..", NULL},
        {"/home/bob", "/", NULL},
        {"/", ".", NULL},
        {"home", "/x", NULL},
        {"", "/x", NULL},
        {"", "", NULL},
    };
    char path[PROTO_MAX_PATH + 1], name[PROTO_MAX_PATH + 1];
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        assert_int_equal(path_maildir(path, t[i].home, t[i].maildir), t[i].want ? 0 : -1);
        if (t[i].want)
            assert_string_equal(path, t[i].want);
    }
    memset(name, 'x', PROTO_MAX_PATH);
    name[0] = '/';
    name[PROTO_MAX_PATH] = '\0';
    assert_int_equal(path_maildir(path, "/", name), 0);
    assert_string_equal(path, name);
    assert_int_equal(path_maildir(path, "/a", name + 1), -1);
}

static void
headers(void **state)
{
    static const struct {
        const char *sender, *address, *want;
    } t[] = {
        {"a@b.test", "Bob@X.test", "Return-Path: <a@b.test>\nDelivered-To: bob@x.test\n"},
        {"", "bob@x.test", "Return-Path: <MAILER-DAEMON>\nDelivered-To: bob@x.test\n"},
        {"a b@c.test", "b ob@x.test", "Return-Path: <\"a b\"@c.test>\nDelivered-To: \"b ob\"@x.test\n"},
        {"A@B.test", "postmaster", "Return-Path: <A@B.test>\nDelivered-To: postmaster\n"},
    };
    struct buf address, header;
    size_t i;

    MR_UNUSED(state);
    buf_init(&address, 4096);
    buf_init(&header, 8192);
    for (i = 0; i < MR_NELEM(t); i++) {
        const char *to = message_delivered_to(&address, t[i].address);

        assert_non_null(to);
        assert_int_equal(message_header(&header, t[i].sender, to), 0);
        assert_string_equal(buf_cstr(&header), t[i].want);
    }
    buf_free(&address);
    buf_free(&header);
}

static void
loops(void **state)
{
    static const struct {
        const char *content;
        int want;
    } t[] = {
        {"Delivered-To: bob@x.test\n\nbody", 1},
        {"Subject: x\nDELIVERED-TO:\tBOB@X.test \r\n\r\nbody", 1},
        {"Delivered-To: a@x.test\nDelivered-To:bob@x.test\n", 1},
        {"Delivered-To: bob@x.test", 0}, /* no line */
        {"Subject: x\n\nDelivered-To: bob@x.test\n", 0},
        {"Subject: x\r\n\r\nDelivered-To: bob@x.test\n", 0},
        {"X-Delivered-To: bob@x.test\n\n", 0},
        {" Delivered-To: bob@x.test\n\n", 0},
        {"Delivered-To: bob@x.test.example\n\n", 0},
        {"Delivered-To: xbob@x.test\n\n", 0},
        {"Delivered-To:\nDelivered-To: \n", 0},
        {"\nDelivered-To: bob@x.test\n", 0},
        {"", 0},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        struct message m;

        memset(&m, 0, sizeof(m));
        buf_init(&m.delivered, 1000);
        m.held = strlen(t[i].content);
        m.content = mem_strdup(t[i].content);
        message_scan(&m);
        assert_int_equal(message_is_loop(&m, "bob@x.test"), t[i].want);
        mem_free(m.content);
        message_close(&m);
    }
}

static void
results(void **state)
{
    struct result r;
    size_t i;
    static const struct {
        int error;
        const char *dsn, *text;
    } t[] = {
        {ENOSPC, "4.3.1", "temporary failure. Command output: maildrop: write: No space left on device. "},
        {EACCES, "4.2.0", "temporary failure. Command output: maildrop: write: Permission denied. "},
        {EIO, "4.3.0", "temporary failure. Command output: maildrop: write: Input/output error. "},
    };

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        result_errno(&r, "write", t[i].error);
        assert_int_equal(r.outcome, DELIVER_DEFERRED);
        assert_string_equal(r.dsn, t[i].dsn);
        assert_string_equal(r.text, t[i].text);
    }
    result_unknown_user(&r);
    assert_string_equal(r.text, "user unknown. Command output: Invalid user specified. ");
    assert_string_equal(r.diagnostic, "x-unix; Invalid user specified.");
    result_sent(&r);
    assert_string_equal(r.text, "delivered via maildrop service");
    assert_string_equal(r.diagnostic, "");
}

/* ---- frames ---- */

/* What one MDA_DELIVER may get wrong. */
enum wrong { RIGHT, BAD_ID, BAD_SIZE, NO_RCPT, TOO_MANY, RELATIVE_PATH, NO_FD, LEFT_OVER, CUT };

static void
put_job(struct buf *to, enum wrong wrong, const char *queue_id, uint32_t again, uint32_t n, int fd)
{
    struct frame_out f;
    uint32_t i;

    buf_reset(to);
    frame_begin(&f, to, MDA_DELIVER, 7);
    frame_put_str(&f, wrong == BAD_ID ? "../../etc" : queue_id);
    frame_put_str(&f, "a@b.test");
    frame_put_u64(&f, wrong == BAD_SIZE ? UINT64_MAX : 5);
    frame_put_u32(&f, again);
    frame_put_u32(&f, wrong == NO_RCPT ? 0 : wrong == TOO_MANY ? BATCH_MAX_RCPTS + 1 : n);
    for (i = 0; i < n; i++) {
        frame_put_u32(&f, i);
        frame_put_str(&f, "bob@x.test");
        frame_put_str(&f, "");
        frame_put_str(&f, "/home/bob");
        frame_put_str(&f, wrong == RELATIVE_PATH ? "Maildir" : "/home/bob/Maildir");
        if (wrong != CUT)
            frame_put_str(&f, "1000S");
    }
    if (wrong == LEFT_OVER)
        frame_put_u32(&f, 1);
    if (wrong != NO_FD)
        frame_put_fd(&f, fd);
    assert_int_equal(frame_finish(&f), 0);
}

static int
take_job(struct batch *b, enum wrong wrong, const char *queue_id, uint32_t again, uint32_t n)
{
    struct buf bytes;
    struct frame f;
    size_t size;
    int fd = open("/dev/null", O_RDONLY), nfds = wrong == NO_FD ? 0 : 1, r;

    buf_init(&bytes, FRAME_MAX);
    put_job(&bytes, wrong, queue_id, again, n, fd);
    assert_int_equal(frame_parse(&bytes, &fd, &nfds, &f, &size), 1);
    r = batch_take(b, &f);
    if (r == 0)
        assert_int_equal(*f.pos, 's'); /* unread */
    frame_close_fds(&f);
    if (wrong == NO_FD)
        close(fd);
    buf_free(&bytes);
    return r;
}

static void
frames(void **state)
{
    static const struct {
        enum wrong wrong;
        uint32_t n;
        int want;
    } t[] = {
        {RIGHT, 1, 1},
        {RIGHT, 3, 1},
        {BAD_ID, 1, -1},
        {BAD_SIZE, 1, -1},
        {NO_RCPT, 0, -1},
        {TOO_MANY, 1, -1},
        {RELATIVE_PATH, 1, -1},
        {NO_FD, 1, -1},
        {LEFT_OVER, 1, -1},
        {CUT, 2, -1},
        {RIGHT, BATCH_MAX_RCPTS, 1},
    };
    struct batch *b = batch_new("host");
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        assert_int_equal(take_job(b, t[i].wrong, "0000A6C000001", 0, t[i].n), t[i].want);
        assert_int_equal(b->n, t[i].want == 1 ? t[i].n : 0);
        batch_clear(b);
    }
    batch_free(b);
}

static void
batches_are_bounded(void **state)
{
    struct batch *b = batch_new("host");
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < BATCH_MAX_JOBS; i++)
        assert_int_equal(take_job(b, RIGHT, "0000A6C000001", 0, 1), 1);
    assert_int_equal(take_job(b, RIGHT, "0000A6C000001", 0, 1), 0);
    batch_clear(b);
    assert_int_equal(take_job(b, RIGHT, "0000A6C000001", 0, BATCH_MAX_RCPTS - 1), 1);
    assert_int_equal(take_job(b, RIGHT, "0000A6C000002", 0, 2), 0);
    assert_int_equal(take_job(b, RIGHT, "0000A6C000001", 1, 1), 0); /* must see what the first did */
    assert_int_equal(take_job(b, RIGHT, "0000A6C000002", 1, 1), 1);
    batch_clear(b);
    batch_free(b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),   cmocka_unit_test(headers), cmocka_unit_test(loops),
        cmocka_unit_test(results), cmocka_unit_test(frames),  cmocka_unit_test(batches_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
