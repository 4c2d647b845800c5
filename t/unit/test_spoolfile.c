/* SPDX-License-Identifier: ISC */
/* The spool file: round trip, truncation at every byte, every bit flipped. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "spooldir.h"
#include "spoolfile.h"

static const char content[] = "Subject: x\n\nbody\n";

static void
fill(struct envelope *e)
{
    struct recipient *r;

    envelope_init(e);
    qid_format(e->qid, 1795328401, 401365);
    e->arrival = 1795328401401365ull;
    e->size = sizeof(content) - 1;
    e->sender = "alice@pris.cn";
    e->sender_flags = SENDER_8BITMIME;
    e->envid = "QQ314159";
    e->client = "h[127.0.0.1]";
    r = envelope_add(e);
    r->address = "bob@pris.cn";
    r->orig_to = "team@pris.cn";
    r->orcpt = "rfc822;Team@pris.cn";
    r->notify = NOTIFY_SUCCESS | NOTIFY_FAILURE;
    r->transport = TRANSPORT_LOCAL;
    r = envelope_add(e);
    r->address = r->orig_to = "x@other.example";
    r->nexthop = "5.1.1 no";
    r->transport = TRANSPORT_ERROR;
    r->mark = MARK_BOUNCE;
    recipient_set_reason(r, "5.1.1", "no", "x-unix; really not");
}

static void
check_same(const struct envelope *a, const struct envelope *b)
{
    uint32_t i;

    assert_string_equal(a->qid, b->qid);
    assert_true(a->arrival == b->arrival && a->size == b->size && a->sender_flags == b->sender_flags);
    assert_string_equal(a->sender, b->sender);
    assert_string_equal(a->envid, b->envid);
    assert_string_equal(a->client, b->client);
    assert_int_equal(a->warned, b->warned);
    assert_int_equal(a->nrcpt, b->nrcpt);
    for (i = 0; i < a->nrcpt; i++) {
        const struct recipient *x = &a->rcpt[i], *y = &b->rcpt[i];
        assert_string_equal(x->address, y->address);
        assert_string_equal(x->orig_to, y->orig_to);
        assert_string_equal(x->orcpt, y->orcpt);
        assert_string_equal(x->nexthop, y->nexthop);
        assert_string_equal(x->dsn, y->dsn);
        assert_string_equal(x->text ? x->text : "", y->text ? y->text : "");
        assert_string_equal(x->diagnostic ? x->diagnostic : "", y->diagnostic ? y->diagnostic : "");
        assert_true(x->notify == y->notify && x->transport == y->transport && x->mark == y->mark);
    }
}

static int
decodes(const void *p, size_t n)
{
    struct envelope e;
    int r;
    char *copy = malloc(n ? n : 1); /* exact size, so that a reader beyond it is found */

    memcpy(copy, p, n);
    envelope_init(&e);
    r = spoolfile_decode(copy, n, &e);
    envelope_free(&e);
    free(copy);
    return r == 0;
}

static void
test_codec(void **state)
{
    struct envelope e, back;
    struct spool_layout l;
    struct buf b;
    size_t i;
    int bit;

    (void)state;
    fill(&e);
    buf_init(&b, SPOOL_MAX_FRONT);
    assert_int_equal(spoolfile_encode(&b, &e, &l), 0);
    assert_true(buf_len(&b) == l.content_at);
    envelope_init(&back);
    assert_int_equal(spoolfile_decode(buf_data(&b), buf_len(&b), &back), 0);
    check_same(&e, &back);
    envelope_free(&back);
    for (i = 0; i < buf_len(&b); i++)
        assert_false(decodes(buf_data(&b), i));
    for (i = 0; i < buf_len(&b); i++)
        for (bit = 0; bit < 8; bit++) {
            buf_data(&b)[i] ^= (char)(1 << bit);
            /* what is in a checksum is found out; the rest is read as something legal */
            assert_int_equal(decodes(buf_data(&b), buf_len(&b)), i >= l.state_at);
            buf_data(&b)[i] ^= (char)(1 << bit);
        }
    buf_free(&b);
    envelope_free(&e);
}

static char *
make_dir(struct spooldir *d)
{
    static char path[] = "/tmp/mr-spool-XXXXXX";

    strcpy(path + sizeof(path) - 7, "XXXXXX");
    assert_non_null(mkdtemp(path));
    assert_int_equal(spooldir_open(d, path, (uid_t)-1, (gid_t)-1), 0);
    return path;
}

static void
remove_dir(const char *path)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", path);
    assert_int_equal(system(command), 0);
}

static int
content_file(void)
{
    char path[] = "/tmp/mr-content-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, content, sizeof(content) - 1), sizeof(content) - 1);
    return fd;
}

static void
count(void *arg, const char *qid)
{
    (void)qid;
    ++*(int *)arg;
}

static int
read_errno(struct spooldir *d, const char *qid)
{
    struct envelope e;
    uint64_t at;
    int fd, r;

    envelope_init(&e);
    errno = 0;
    r = spooldir_read(d, qid, &e, &fd, &at);
    if (r == 0)
        close(fd);
    envelope_free(&e);
    return r == 0 ? 0 : errno;
}

static void
test_files(void **state)
{
    struct spooldir d;
    struct envelope e, back;
    char *path = make_dir(&d), got[64];
    int from = content_file(), fd, n = 0;
    uint64_t at;
    time_t due;

    (void)state;
    fill(&e);
    assert_int_equal(spooldir_write(&d, &e, from), 0);
    spooldir_each(&d, count, &n);
    assert_int_equal(n, 1);
    e.rcpt[0].mark = MARK_NOTICE;
    e.rcpt[0].unsaved = 1;
    recipient_set_reason(&e.rcpt[0], "2.0.0", "delivered", "");
    e.warned = 1;
    assert_int_equal(spooldir_save_marks(&d, &e), 0);
    envelope_init(&back);
    assert_int_equal(spooldir_read(&d, e.qid, &back, &fd, &at), 0);
    check_same(&e, &back);
    assert_int_equal(pread(fd, got, sizeof(got), (off_t)at), sizeof(content) - 1);
    assert_memory_equal(got, content, sizeof(content) - 1);
    close(fd);
    envelope_free(&back);
    assert_int_equal(spooldir_set_due(&d, e.qid, 1234567890), 0);
    assert_int_equal(spooldir_get_due(&d, e.qid, &due), 0);
    assert_true(due == 1234567890);

    fd = openat(spooldir_hash(&d, e.qid), e.qid, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "x", 1), 1); /* longer than it says */
    close(fd);
    assert_int_equal(read_errno(&d, e.qid), EBADMSG);
    assert_int_equal(spooldir_set_aside(&d, e.qid), 0);
    assert_int_equal(read_errno(&d, e.qid), ENOENT);
    e.size++; /* the content is shorter than the envelope says: nothing is left */
    assert_int_equal(spooldir_write(&d, &e, from), -1);
    assert_int_equal(read_errno(&d, e.qid), ENOENT);
    e.size--;
    assert_int_equal(spooldir_write(&d, &e, from), 0);
    assert_int_equal(spooldir_remove(&d, e.qid), 0);
    spooldir_clean(&d);
    close(from);
    envelope_free(&e);
    spooldir_close(&d);
    remove_dir(path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_codec), cmocka_unit_test(test_files)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
