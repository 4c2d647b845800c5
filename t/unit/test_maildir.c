/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "maildir.h"
#include "qid.h"
#include "strutil.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>
#include <cmocka.h>

/* ---- names ---- */

static void
names_are_built(void **state)
{
    char qid[QID_SIZE], name[MAILDIR_NAME_MAX + 1], want[MAILDIR_NAME_MAX + 1], host[300];

    MR_UNUSED(state);
    qid_format(qid, 1795328437, 71475);
    assert_int_equal(maildir_tmp_name(name, qid, 0, "vm", 9280), 0);
    snprintf(want, sizeof want, "1795328437.M71475P%ld_0.vm,S=9280", (long)getpid());
    assert_string_equal(name, want);
    assert_int_equal(maildir_new_name(name, qid, 7, "a/b:c", 9280, 0xfe00, 0xa9a7a9), 0);
    snprintf(want, sizeof want,
             "1795328437.M71475P%ldV000000000000FE00I0000000000A9A7A9_7.a\\057b\\072c,S=9280",
             (long)getpid());
    assert_string_equal(name, want);
    assert_int_equal(maildir_own_name(name, 5, 6, "warn", "vm", 351, 1, 2), 0);
    snprintf(want, sizeof want, "5.M6P%ldV0000000000000001I0000000000000002_warn.vm,S=351", (long)getpid());
    assert_string_equal(name, want);
    memset(host, ':', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    assert_int_equal(maildir_new_name(name, qid, 4294967295u, host, UINT64_MAX, 1, 2), 0);
    assert_int_equal(maildir_tmp_name(name, "not a queue id", 0, "vm", 1), -1);
    assert_int_equal(maildir_new_name(name, "", 0, "vm", 1, 1, 2), -1);
}

static void
names_are_matched(void **state)
{
    static const struct {
        const char *name;
        unsigned n;
        int want;
    } t[] = {
        {"1795328437.M71475P1V000000000000FE00I0000000000A9A7A9_0.vm,S=9280", 0, 1},
        {"1795328437.M71475P99_0.vm,S=9280:2,ST", 0, 1},
        {"1795328437.M71475P99_12.vm,S=9280:2,", 12, 1},
        {"1795328437.M71475P99_12.vm,S=9280:2,", 1, 0},
        {"1795328437.M71475P99_1.vm", 12, 0},
        {"1795328437.M71475P99.vm,S=9280", 0, 0},
        {"1795328437.M714750P99_0.vm", 0, 0},
        {"1795328437.M7147P99_0.vm", 0, 0},
        {"17953284370.M71475P99_0.vm", 0, 0},
        {"1795328437.M71475P99V_0", 0, 0},
        {"1795328437.M71475P_0.vm", 0, 0},
        {"1795328437.M71475P99Vfe00I12_0.vm", 0, 1},
        {"1795328437.M71475P99Vfe00_0.vm", 0, 0},
        {"99999999999999999999999.M71475P99_0.vm", 0, 0},
        {"", 0, 0},
        {".", 0, 0},
    };
    char qid[QID_SIZE];
    size_t i;

    MR_UNUSED(state);
    qid_format(qid, 1795328437, 71475);
    for (i = 0; i < MR_NELEM(t); i++)
        assert_int_equal(maildir_name_matches(t[i].name, qid, t[i].n), t[i].want);
    assert_int_equal(maildir_name_matches(t[0].name, "junk", 0), 0);
}

static void
names_are_read(void **state)
{
    static const struct {
        const char *name;
        int64_t size;
        uint64_t sec;
        int trashed;
    } t[] = {
        {"1795328437.M1P2V3I4_0.vm,S=9280", 9280, 1795328437, 0},
        {"1795328437.M1P2_0.vm,S=9280:2,ST", 9280, 1795328437, 1},
        {"1795328437.M1P2_0.vm,S=9280,W=9400:2,S", 9280, 1795328437, 0},
        {"1.vm,S=1,S=2:2,", 2, 1, 0},
        {"1.vm:2,T,S=5", -1, 1, 1},
        {"1.vm,S=", -1, 1, 0},
        {"1.vm,S=-5", -1, 1, 0},
        {"1.vm,S=9223372036854775807", INT64_MAX, 1, 0},
        {"1.vm,S=9223372036854775808", -1, 1, 0},
        {"1.vm,S=99999999999999999999999", -1, 1, 0},
        {"T.vm:1,T", -1, 0, 0},
        {"", -1, 0, 0},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        assert_int_equal(maildir_name_size(t[i].name), t[i].size);
        assert_int_equal(maildir_name_time(t[i].name), t[i].sec);
        assert_int_equal(maildir_name_flag(t[i].name, 'T'), t[i].trashed);
    }
}

/* ---- quota ---- */

static void
quotas_are_parsed(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes, count;
        int odd;
    } t[] = {
        {"104857600S", 104857600, 0, 0},
        {"104857600S,1000C", 104857600, 1000, 0},
        {"5C", 0, 5, 0},
        {"", 0, 0, 0},
        {"0", 0, 0, 1},
        {"0S", 0, 0, 0},
        {"NOQUOTA", 0, 0, 0},
        {"1000", 0, 0, 1},
        {"1000,5C", 0, 5, 1},
        {"10S 20S", 20, 0, 0},
        {"99999999999999999999999999S", INT64_MAX, 0, 0},
        {"S,C", 0, 0, 0},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        struct maildir_quota q;
        int odd;

        maildir_quota_parse(t[i].text, &q, &odd);
        assert_int_equal(q.bytes, t[i].bytes);
        assert_int_equal(q.count, t[i].count);
        assert_int_equal(odd, t[i].odd);
    }
}

static void
percents(void **state)
{
    static const struct {
        struct maildir_quota q;
        struct maildir_usage u;
        unsigned want;
    } t[] = {
        {{40000, 0}, {37120, 4}, 92},   {{40000, 0}, {27840, 3}, 69}, {{1000000, 3}, {2067, 3}, 100},
        {{0, 0}, {2067, 3}, 0},         {{10, 0}, {100000, 3}, 1000}, {{INT64_MAX, 0}, {INT64_MAX, 0}, 100},
        {{1, 0}, {INT64_MAX, 0}, 1000}, {{10, 10}, {-5, -5}, 0},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++)
        assert_int_equal(maildir_quota_percent(&t[i].q, &t[i].u), t[i].want);
}

static void
maildirsize_is_parsed(void **state)
{
    static const struct {
        const char *text;
        int want;
        int64_t bytes, count;
        unsigned lines;
    } t[] = {
        {"40000S\n           0            0\n        9280            1\n", 0, 9280, 1, 2},
        {"40000S\n", 0, 0, 0, 0},
        {"40000S\n100 2\n-50 -1\n", 0, 50, 1, 2},
        {"40000S", -1, 0, 0, 0},
        {"40000S,3C\n0 0\n", -1, 0, 0, 0},
        {"40000\n0 0\n", -1, 0, 0, 0},
        {"", -1, 0, 0, 0},
        {"40000S\n100 2\n-150 -1\n", -1, 0, 0, 0},
        {"40000S\n100 2\n-100 -3\n", -1, 0, 0, 0},
        {"40000S\n100 2\n100", -1, 0, 0, 0},
        {"40000S\n100 2\n\n", -1, 0, 0, 0},
        {"40000S\n1002\n", -1, 0, 0, 0},
        {"40000S\n100 2 3\n", -1, 0, 0, 0},
        {"40000S\n100 2 \n", -1, 0, 0, 0},
        {"40000S\nabc 2\n", -1, 0, 0, 0},
        {"40000S\n100-2\n", -1, 0, 0, 0},
        {"40000S\n9223372036854775807 1\n1 1\n", -1, 0, 0, 0},
        {"40000S\n99999999999999999999 1\n", -1, 0, 0, 0},
        {"40000S\n-9223372036854775807 1\n-9223372036854775807 1\n", -1, 0, 0, 0},
    };
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        struct maildir_usage u;
        unsigned lines;

        assert_int_equal(maildir_size_parse(t[i].text, strlen(t[i].text), "40000S", &u, &lines), t[i].want);
        if (t[i].want != 0)
            continue;
        assert_int_equal(u.bytes, t[i].bytes);
        assert_int_equal(u.count, t[i].count);
        assert_int_equal(lines, t[i].lines);
    }
}

/* ---- a mailbox on disk ---- */

static char dir[] = "/tmp/test_maildir.XXXXXX";
static int mailbox = -1;

static void
put(const char *name, const char *text)
{
    int fd = openat(mailbox, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    close(fd);
}

static void
size_file_is(const char *want)
{
    char path[100];
    struct buf b;
    struct stat st;

    snprintf(path, sizeof path, "%s/maildirsize", dir);
    buf_init(&b, 10000);
    assert_int_equal(file_read(path, &b), 0);
    assert_string_equal(buf_cstr(&b), want);
    buf_free(&b);
    assert_int_equal(lstat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

/* Asks for one message of `size` bytes, adds it when it fits. */
static int
deliver(const char *quota, int64_t size)
{
    struct maildir_usage u;
    int fd = -1;
    int r = (int)maildir_quota_check(mailbox, quota, size, 1, time(NULL), &u, &fd);

    assert_true((r == MAILDIR_FITS) == (fd >= 0));
    if (fd >= 0)
        assert_int_equal(maildir_quota_add(fd, size, 1), 0);
    return r;
}

static int
make_mailbox(void **state)
{
    MR_UNUSED(state);
    strcpy(strrchr(dir, '.'), ".XXXXXX");
    if (mkdtemp(dir) == NULL || maildir_make(dir, (uid_t)-1, (gid_t)-1) != 0)
        return -1;
    mailbox = open(dir, O_RDONLY | O_DIRECTORY);
    return mailbox < 0 ? -1 : 0;
}

static int
remove_mailbox(void **state)
{
    char command[100];

    MR_UNUSED(state);
    close(mailbox);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static void
the_mailbox_is_made(void **state)
{
    struct stat st;

    MR_UNUSED(state);
    assert_int_equal(fstatat(mailbox, "cur", &st, 0), 0);
    assert_int_equal(st.st_mode, S_IFDIR | 0700);
    assert_int_equal(maildir_make(dir, (uid_t)-1, (gid_t)-1), 0);
    assert_int_equal(maildir_make("/nonexistent/a", (uid_t)-1, (gid_t)-1), -1);
    assert_int_equal(errno, ENOENT);
}

static void
the_scan_counts(void **state)
{
    struct maildir_usage u;

    MR_UNUSED(state);
    put("new/1.a,S=100", "x");
    put("cur/2.a,S=200:2,S", "x");
    put("cur/3.a,S=400:2,ST", "x");
    put("cur/4.a:2,S", "12345");
    put("cur/.hidden", "12345");
    mkdirat(mailbox, "new/directory", 0700);
    mkdirat(mailbox, ".Sent", 0700);
    mkdirat(mailbox, ".Sent/cur", 0700);
    put(".Sent/cur/5.a,S=1000:2,S", "x");
    mkdirat(mailbox, ".Trash", 0700);
    mkdirat(mailbox, ".Trash/cur", 0700);
    put(".Trash/cur/6.a,S=2000:2,S", "x");
    assert_int_equal(symlinkat(".Sent", mailbox, ".Link"), 0);
    put(".file", "x");
    assert_int_equal(maildir_scan(mailbox, &u), 0);
    assert_int_equal(u.bytes, 1305);
    assert_int_equal(u.count, 4);
}

static void
the_quota_is_kept(void **state)
{
    MR_UNUSED(state);
    assert_int_equal(deliver("10S", 11), MAILDIR_OVER);
    assert_int_equal(deliver("20000S", 9280), MAILDIR_FITS);
    put("new/1.a,S=9280", "");
    size_file_is("20000S\n           0            0\n        9280            1\n");
    assert_int_equal(deliver("20000S", 10720), MAILDIR_FITS); /* exactly full */
    put("new/2.a,S=10720", "");
    assert_int_equal(deliver("20000S", 1), MAILDIR_OVER);
    size_file_is("20000S\n       20000            2\n");
    assert_int_equal(deliver("20000S,3C", 0), MAILDIR_FITS);
    put("new/3.a,S=0", "");
    assert_int_equal(deliver("20000S,3C", 0), MAILDIR_OVER);
    size_file_is("20000S,3C\n       20000            3\n");
    assert_int_equal(maildir_quota_adjust(mailbox, -9280, -1), 0);
    assert_int_equal(deliver("20000S,3C", 0), MAILDIR_FITS);
    size_file_is(
        "20000S,3C\n       20000            3\n       -9280           -1\n           0            1\n");
}

static void
a_stale_file_is_not_believed(void **state)
{
    char path[100];
    struct utimbuf then = {time(NULL) - 16 * 60, time(NULL) - 16 * 60};

    MR_UNUSED(state);
    put("maildirsize", "100S\n         100            1\n");
    assert_int_equal(deliver("100S", 1), MAILDIR_OVER); /* young, one line: believed */
    snprintf(path, sizeof path, "%s/maildirsize", dir);
    assert_int_equal(utime(path, &then), 0);
    assert_int_equal(deliver("100S", 1), MAILDIR_FITS);
    size_file_is("100S\n           0            0\n           1            1\n");
}

static void
odd_files_are_replaced(void **state)
{
    char *big = malloc(6001);
    char path[100];

    MR_UNUSED(state);
    memset(big, '0', 6000);
    memcpy(big, "100S\n1 ", 7);
    big[5999] = '\n';
    big[6000] = '\0';
    put("maildirsize", big);
    free(big);
    assert_int_equal(deliver("100S", 1), MAILDIR_FITS);
    size_file_is("100S\n           0            0\n           1            1\n");
    assert_int_equal(unlinkat(mailbox, "maildirsize", 0), 0);
    snprintf(path, sizeof path, "%s/maildirsize", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(deliver("100S", 1), MAILDIR_FITS);
    assert_int_equal(unlinkat(mailbox, "maildirsize", 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", mailbox, "maildirsize"), 0);
    assert_int_equal(deliver("100S", 1), MAILDIR_FITS);
    size_file_is("100S\n           0            0\n           1            1\n");
    assert_int_equal(unlinkat(mailbox, "maildirsize", 0), 0);
    assert_int_equal(mkdirat(mailbox, "maildirsize", 0700), 0);
    assert_int_equal(deliver("100S", 1), MAILDIR_QUOTA_ERROR);
    assert_int_equal(unlinkat(mailbox, "maildirsize", AT_REMOVEDIR), 0);
    assert_int_equal(maildir_quota_adjust(mailbox, -1, -1), 0);
    assert_int_equal(faccessat(mailbox, "maildirsize", F_OK, 0), -1);
}

static void
no_quota_no_file(void **state)
{
    struct maildir_usage u;
    int fd = 5;

    MR_UNUSED(state);
    assert_int_equal(maildir_quota_check(mailbox, "NOQUOTA", 1, 1, 0, &u, &fd), MAILDIR_FITS);
    assert_int_equal(fd, -1);
    assert_int_equal(maildir_quota_add(fd, 1, 1), 0);
    assert_int_equal(faccessat(mailbox, "maildirsize", F_OK, 0), -1);
    assert_int_equal(maildir_quota_check(mailbox, "1S\n2S", 1, 1, 0, &u, &fd), MAILDIR_QUOTA_ERROR);
}

#define IN_MAILBOX(f) cmocka_unit_test_setup_teardown(f, make_mailbox, remove_mailbox)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_built),  cmocka_unit_test(names_are_matched),
        cmocka_unit_test(names_are_read),   cmocka_unit_test(quotas_are_parsed),
        cmocka_unit_test(percents),         cmocka_unit_test(maildirsize_is_parsed),
        IN_MAILBOX(the_mailbox_is_made),    IN_MAILBOX(the_scan_counts),
        IN_MAILBOX(the_quota_is_kept),      IN_MAILBOX(a_stale_file_is_not_believed),
        IN_MAILBOX(odd_files_are_replaced), IN_MAILBOX(no_quota_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
