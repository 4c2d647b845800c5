/* SPDX-License-Identifier: ISC */
/* The content of DATA: its end, line ends and dots, and what its header goes through. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "data_decoder.h"
#include "headers.h"
#include "mem.h"

struct decode_case {
    const char *in;
    size_t n;
    const char *out;
    size_t left; /* bytes behind the end of data; (size_t)-1: it does not end */
};
#define OPEN ((size_t)-1)
#define IN(s) s, sizeof(s) - 1

/* Decodes it in two pieces, parted at `split`. */
static void
decode_split(const struct decode_case *c, int lf_client, size_t split)
{
    struct data_decoder d;
    struct buf out;
    size_t used, more;

    data_decoder_init(&d, lf_client);
    buf_init(&out, 4096);
    used = data_decode(&d, c->in, split, &out);
    if (!d.ended) {
        assert_int_equal(used, split);
        more = data_decode(&d, c->in + split, c->n - split, &out);
        used += more;
    }
    assert_int_equal(d.ended, c->left != OPEN);
    if (d.ended)
        assert_int_equal(c->n - used, c->left);
    assert_int_equal(buf_len(&out), strlen(c->out));
    assert_memory_equal(buf_data(&out), c->out, buf_len(&out));
    buf_free(&out);
}

static void
decode_everywhere(const struct decode_case *cases, size_t n, int lf_client)
{
    size_t i, split;

    for (i = 0; i < n; i++)
        for (split = 0; split <= cases[i].n; split++)
            decode_split(&cases[i], lf_client, split);
}

static void
test_decode(void **state)
{
    static const struct decode_case cases[] = {
        {IN("\r\n.\r\n"), "\n", 0},
        {IN(".\r\n"), "", 0},
        {IN("a\r\n.\r\nMAIL"), "a\n", 4},
        {IN("a\r\n..\r\n.\r\n"), "a\n.\n", 0},
        {IN("a\r\n.b\r\n.\r\n"), "a\nb\n", 0},
        {IN("a\nb\r\n.\r\n"), "a\nb\n", 0},
        {IN("a\r\r\nb\r\n.\r\n"), "a\nb\n", 0},
        {IN("a\rb\r\n.\r\n"), "a b\n", 0},
        {IN("\ra\r\r\r\n.\r\n"), " a\n", 0},
        {IN("no end\r\n.x"), "no end\nx", OPEN},
    };

    (void)state;
    decode_everywhere(cases, MR_NELEM(cases), 0);
}

/* No form but CR LF . CR LF ends the content: what follows is text (CVE-2023-51764). */
static void
test_smuggling(void **state)
{
    static const struct decode_case cases[] = {
        {IN("a\r\nb\n.\nMAIL FROM:<x>\r\n.\r\n"), "a\nb\n.\nMAIL FROM:<x>\n", 0},
        {IN("b\n.\r\nMAIL FROM:<x>\r\n.\r\n"), "b\n.\nMAIL FROM:<x>\n", 0},
        {IN("b\r\n.\nMAIL FROM:<x>\r\n.\r\n"), "b\n.\nMAIL FROM:<x>\n", 0},
        {IN("b\r.\rMAIL FROM:<x>\r\n.\r\n"), "b . MAIL FROM:<x>\n", 0},
        {IN("b\r\n.\rMAIL FROM:<x>\r\n.\r\n"), "b\n MAIL FROM:<x>\n", 0},
        {IN("b\r.\r\nMAIL FROM:<x>\r\n.\r\n"), "b .\nMAIL FROM:<x>\n", 0},
        {IN("b\n\n.\r\nMAIL FROM:<x>\r\n.\r\n"), "b\n\n.\nMAIL FROM:<x>\n", 0},
        {IN("b\r\n.\r\r\nMAIL FROM:<x>\r\n.\r\n"), "b\n.\nMAIL FROM:<x>\n", 0},
    };
    static const char nul[] = "b\r\n\0.\r\nMAIL\r\n.\r\n";
    struct data_decoder d;
    struct buf out;
    size_t split, used;

    (void)state;
    decode_everywhere(cases, MR_NELEM(cases), 0);
    for (split = 0; split < sizeof(nul); split++) { /* has a NUL: not a string */
        data_decoder_init(&d, 0);
        buf_init(&out, 4096);
        used = data_decode(&d, nul, split, &out);
        data_decode(&d, nul + used, sizeof(nul) - 1 - used, &out);
        assert_int_equal(d.ended, 1);
        assert_int_equal(buf_len(&out), 10);
        assert_memory_equal(buf_data(&out), "b\n\0.\nMAIL\n", 10);
        buf_free(&out);
    }
}

/* A client of ours that ends every line, DATA too, in a bare LF may end the content so; one CR LF and it may
 * not. */
static void
test_lf_client(void **state)
{
    static const struct decode_case cases[] = {
        {IN("a\n.\nQUIT\n"), "a\n", 5},
        {IN(".\n"), "", 0},
        {IN("a\n..\n.\n"), "a\n.\n", 0},
        {IN("a\r\nb\n.\nc\r\n.\r\n"), "a\nb\n.\nc\n", 0},
        {IN("a\n.\r\nb\r\n.\r\n"), "a\n.\nb\n", 0},
    };

    (void)state;
    decode_everywhere(cases, MR_NELEM(cases), 1);
}

/* ---- the header ------------------------------------------------------------------------------- */

static int asked, give;

static int
missing(void *arg, struct headers_missing *m)
{
    (void)arg;
    asked++;
    m->queue_id = "QID";
    m->myhostname = "host.example";
    m->from = "a@x.example";
    m->now = 1795338014;
    return give;
}

#define ADDED_ID "Message-Id: <20261122090014.QID@host.example>\n"

static void
test_headers(void **state)
{
    static const struct {
        const char *in, *out, *id;
        unsigned received;
        int give;
    } cases[] = {
        {"Subject: x\n\nbody\n", "Subject: x\n\nbody\n", "", 0, 0},
        {"From: a\nDate: d\n\nb\n", "From: a\nDate: d\n" ADDED_ID "\nb\n",
         "<20261122090014.QID@host.example>", 0, 1},
        {"From: a\nDate: d\nMessage-ID: <i@d>\n\n", "From: a\nDate: d\nMessage-ID: <i@d>\n\n", "<i@d>", 0, 1},
        {"from: a\ndate: d\n", "from: a\ndate: d\n" ADDED_ID, "<20261122090014.QID@host.example>", 0, 1},
        {"Message-Id:\n\t<i@d>\n\nx\n", "Message-Id:\n\t<i@d>\n\nx\n", "<i@d>", 0, 0},
        {"Message-Id: <i@d> \nMessage-Id: <second>\n\n", "Message-Id: <i@d> \nMessage-Id: <second>\n\n",
         "<i@d>", 0, 0},
        {"Bcc: secret,\n more\nReturn-Path: <x>\nTo: y\n\n", "To: y\n\n", "", 0, 0},
        {"Received: a\n\tb\nreceived : c\nX-Received: d\n\n",
         "Received: a\n\tb\nreceived : c\nX-Received: d\n\n", "", 2, 0},
        {"no header\nx\n", "\nno header\nx\n", "", 0, 0},
        {" begins with a blank\n", "\n begins with a blank\n", "", 0, 0},
        {"\nbody\n", "\nbody\n", "", 0, 0},
        {">From x y\nFrom z\nTo: a\n\n", "X-Mailbox-Line: >From x y\nX-Mailbox-Line: From z\nTo: a\n\n", "",
         0, 0},
        {"To: a\nX\n: b\n", "To: a\n\nX\n: b\n", "", 0, 0},
        {"Resent-To: a\nResent-From: b\nResent-Date: c\nResent-Message-Id: d\n\n",
         "Resent-To: a\nResent-From: b\nResent-Date: c\nResent-Message-Id: d\n\n", "", 0, 1},
    };
    size_t i, split, n, used;

    (void)state;
    for (i = 0; i < MR_NELEM(cases); i++)
        for (n = strlen(cases[i].in), split = 0; split <= n; split++) {
            struct headers h;
            struct buf out;

            give = cases[i].give;
            headers_init(&h, 102400, missing, NULL);
            buf_init(&out, 65536);
            used = headers_feed(&h, cases[i].in, split, &out);
            if (!h.in_body)
                used += headers_feed(&h, cases[i].in + split, n - split, &out);
            buf_append(&out, cases[i].in + used, n - used);
            headers_end(&h, &out);
            assert_string_equal(buf_cstr(&out), cases[i].out);
            assert_string_equal(buf_cstr(&h.message_id), cases[i].id);
            assert_int_equal(h.received, cases[i].received);
            headers_free(&h);
            buf_free(&out);
        }
}

/* A line of any length costs no memory and is not changed. */
static void
test_long_line(void **state)
{
    struct headers h;
    struct buf in, out;
    size_t i, at, used, kept;

    (void)state;
    give = 0;
    for (i = 1; i < 6000; i += 997) {
        headers_init(&h, 102400, missing, NULL);
        buf_init(&in, 100000);
        buf_init(&out, 100000);
        buf_puts(&in, "To: a\nX-Long: ");
        while (buf_len(&in) < 5000)
            buf_puts(&in, "long ");
        kept = buf_len(&in);
        buf_puts(&in, "\nBcc: ");
        while (buf_len(&in) < 9000)
            buf_puts(&in, "gone ");
        buf_puts(&in, "\nDate: x\n\n");
        for (at = 0; at < buf_len(&in) && !h.in_body; at += used)
            used = headers_feed(&h, buf_data(&in) + at, buf_len(&in) - at < i ? buf_len(&in) - at : i, &out);
        assert_int_equal(h.in_body, 1);
        assert_int_equal(buf_len(&out), kept + 10);
        assert_memory_equal(buf_data(&out), buf_data(&in), kept);
        assert_string_equal(buf_cstr(&out) + kept, "\nDate: x\n\n");
        headers_free(&h);
        buf_free(&in);
        buf_free(&out);
    }
}

/* A header over the limit is cut there, in pieces of any size; its continuation lines go, the next header
 * stays. */
static void
test_long_header(void **state)
{
    static const size_t steps[] = {1, 7, 1024, 1999, 100000};
    struct headers h;
    struct buf in, out;
    size_t i, k, at, len, header, kept;

    (void)state;
    give = 0;
    for (k = 1990; k < 2010; k++)
        for (i = 0; i < MR_NELEM(steps); i++) {
            headers_init(&h, 2000, missing, NULL);
            buf_init(&in, 100000);
            buf_init(&out, 100000);
            buf_puts(&in, "X-Long:\n ");
            while (buf_len(&in) < k)
                buf_putc(&in, 'x');
            buf_puts(&in, "\n more\nTo: a\n\n");
            for (at = 0; at < buf_len(&in) && !h.in_body; at += len) {
                len = buf_len(&in) - at < steps[i] ? buf_len(&in) - at : steps[i];
                headers_feed(&h, buf_data(&in) + at, len, &out);
            }
            header = k + strlen("\n more\n");
            kept = header < 2000 ? header : 2000;
            assert_memory_equal(buf_data(&out), buf_data(&in), kept);
            assert_string_equal(buf_cstr(&out) + kept, &"\nTo: a\n\n"[buf_data(&in)[kept - 1] == '\n']);
            headers_free(&h);
            buf_free(&in);
            buf_free(&out);
        }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),  cmocka_unit_test(test_smuggling), cmocka_unit_test(test_lf_client),
        cmocka_unit_test(test_headers), cmocka_unit_test(test_long_line), cmocka_unit_test(test_long_header),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
