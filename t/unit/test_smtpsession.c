/* SPDX-License-Identifier: ISC */
/* Whole sessions against the fake authd and queue: what goes in, and every byte that comes out. */
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

#include "mem.h"
#include "smtpd_fake.h"

static const char main_cf[] =
    "myhostname = mail.pris.cn\n"
    "mail_name = Postfix - by zhouhao0925@126.com\n"
    "smtpd_banner = $myhostname, ESMTP, $mail_name\n"
    "mynetworks = 127.0.0.1\n"
    "message_size_limit = 100000\n"
    "smtpd_error_sleep_time = 0s\n"
    "show_user_unknown_table_name = no\n"
    "smtpd_sasl_auth_enable = yes\n"
    "broken_sasl_auth_clients = yes\n"
    "smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,\n"
    " reject_non_fqdn_hostname, reject_non_fqdn_sender, reject_non_fqdn_recipient,\n"
    " reject_unauth_destination, reject_unauth_pipelining, reject_invalid_hostname,\n";

#define BANNER "220 mail.pris.cn, ESMTP, Postfix - by zhouhao0925@126.com\r\n"
#define EHLO                                                                                                 \
    "250-mail.pris.cn\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-VRFY\r\n250-AUTH PLAIN LOGIN\r\n"          \
    "250-AUTH=PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n"
#define MAIL_RCPT "MAIL FROM:<a@x.example>\r\nRCPT TO:<alice@pris.cn>\r\n"
#define OK_OK "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
#define GO_ON "354 End data with <CR><LF>.<CR><LF>\r\n"
#define QUEUED_TEXT "250 2.0.0 Ok: queued as A2DADA9A15D12"
#define QUEUED QUEUED_TEXT "\r\n"
#define BYE "221 2.0.0 Bye\r\n"

/*
 * Feeds the text, a byte at a time up to `polite` (so that no command is sent out of turn), then in pieces
 * of `step` bytes; the whole output is in *out (to be freed).
 */
static void
play_from(struct smtpd *d, const char *ip, const char *in, size_t n, size_t polite, size_t step,
          struct buf *out)
{
    int rest;
    struct session *s = fake_session(d, ip, &rest);
    size_t at, len;
    char bytes[4096];
    ssize_t got;

    buf_init(out, 1u << 20);
    for (at = 0; s && at < n && d->sessions; at += len) {
        len = at < polite ? 1 : n - at < step ? n - at : step;
        session_feed(s, in + at, len);
        fake_run();
        while ((got = read(rest, bytes, sizeof(bytes))) > 0)
            buf_append(out, bytes, (size_t)got);
    }
    while ((got = read(rest, bytes, sizeof(bytes))) > 0)
        buf_append(out, bytes, (size_t)got);
    fake_end(d);
    close(rest);
}

static void
play(struct smtpd *d, const char *ip, const char *in, struct buf *out)
{
    play_from(d, ip, in, strlen(in), strlen(in), 1, out);
}

struct dialogue {
    const char *name, *ip;
    const char *in, *out;
};

static void
test_dialogues(void **state)
{
    static const struct dialogue cases[] = {
        {"greeting", "127.0.0.2", "QUIT\r\n", BANNER BYE},
        {"ehlo", "127.0.0.2", "ehlo x.example\r\nquit\r\n", BANNER EHLO BYE},
        {"helo", "127.0.0.2", "HELO x.example\r\nQUIT foo\r\n", BANNER "250 mail.pris.cn\r\n" BYE},
        {"no name", "127.0.0.2", "EHLO\r\nHELO\r\n",
         BANNER "501 Syntax: EHLO hostname\r\n501 Syntax: HELO hostname\r\n"},
        {"one message", "127.0.0.2",
         "EHLO x.example\r\n" MAIL_RCPT "DATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n",
         BANNER EHLO OK_OK GO_ON QUEUED BYE},
        {"unknown, relay, bad", "127.0.0.2",
         "EHLO x.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<nobody@pris.cn>\r\nRCPT "
         "TO:<u@remote.example>\r\n"
         "RCPT TO:<postmaster>\r\nRCPT TO:<bad user@pris.cn>\r\nRCPT TO:<\"bad user\"@pris.cn>\r\n"
         "RCPT TO:<@a.example,@b.example:postmaster@pris.cn>\r\nRCPT "
         "TO:<postmaster%remote.example@pris.cn>\r\n"
         "RCPT TO:<remote.example!u@pris.cn>\r\n",
         BANNER EHLO
         "250 2.1.0 Ok\r\n550 5.1.1 <nobody@pris.cn>: Recipient address rejected: User unknown\r\n"
         "554 5.7.1 <u@remote.example>: Relay access denied\r\n250 2.1.5 Ok\r\n"
         "501 5.1.3 Bad recipient address syntax\r\n"
         "550 5.1.1 <bad user@pris.cn>: Recipient address rejected: User unknown\r\n250 2.1.5 Ok\r\n"
         "554 5.7.1 <postmaster%remote.example@pris.cn>: Relay access denied\r\n"
         "554 5.7.1 <remote.example!u@pris.cn>: Relay access denied\r\n"},
        {"mynetworks", "127.0.0.1",
         "MAIL FROM:<a@x.example>\r\nRCPT TO:<u@remote.example>\r\nRCPT TO:<no@pris.cn>\r\n",
         BANNER OK_OK "550 5.1.1 <no@pris.cn>: Recipient address rejected: User unknown\r\n"},
        {"size", "127.0.0.2",
         "MAIL FROM:<a@x> SIZE=100001\r\nMAIL FROM:<a@x> SIZE=99999999999999999999\r\nMAIL FROM:<a@x> "
         "SIZE=abc\r\n"
         "MAIL FROM:<a@x> SIZE=\r\nMAIL FROM:<a@x> BODY=FOO\r\nMAIL FROM:<a@x> SMTPUTF8\r\nMAIL FROM:<a@x> "
         "AUTH=<>\r\n",
         BANNER
         "552 5.3.4 Message size exceeds fixed limit\r\n"
         "552 5.3.4 Message size exceeds file system imposed limit\r\n501 5.5.4 Bad message size syntax\r\n"
         "501 5.5.4 Bad message size syntax\r\n555 5.5.4 Unsupported option: BODY=FOO\r\n"
         "555 5.5.4 Unsupported option: SMTPUTF8\r\n250 2.1.0 Ok\r\n"},
        {"order", "127.0.0.2",
         "MAIL\r\nMAIL FROM\r\nMAIL FROM:\r\nMAIL FROM:<a@x.example\r\nRCPT TO:<alice@pris.cn>\r\nDATA\r\n"
         "MAIL FROM: a@x.example\r\nMAIL FROM:<b@x.example>\r\nRCPT TO:<>\r\nDATA\r\nRSET "
         "x\r\nRSET\r\nDATA\r\n",
         BANNER "501 5.5.4 Syntax: MAIL FROM:<address>\r\n501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
                "501 5.5.4 Syntax: MAIL FROM:<address>\r\n501 5.1.7 Bad sender address syntax\r\n"
                "503 5.5.1 Error: need MAIL command\r\n503 5.5.1 Error: need RCPT command\r\n250 2.1.0 Ok\r\n"
                "503 5.5.1 Error: nested MAIL command\r\n501 5.1.3 Bad recipient address syntax\r\n"
                "554 5.5.1 Error: no valid recipients\r\n501 5.5.4 Syntax: RSET\r\n250 2.0.0 Ok\r\n"
                "503 5.5.1 Error: need RCPT command\r\n"},
        {"unknown commands", "127.0.0.2",
         "\r\n   NOOP\r\nEXPN x\r\nSTARTTLS\r\nXCLIENT NAME=x\r\nGET / HTTP/1.0\r\n",
         BANNER "500 5.5.2 Error: bad syntax\r\n250 2.0.0 Ok\r\n500 5.5.2 Error: command not recognized\r\n"
                "502 5.5.1 Error: command not implemented\r\n550 5.7.0 Error: insufficient authorization\r\n"
                "221 2.7.0 Error: I can break rules, too. Goodbye.\r\n"},
        {"vrfy", "127.0.0.2",
         "EHLO x.example\r\nVRFY postmaster@pris.cn\r\nVRFY <postmaster@pris.cn>\r\nVRFY "
         "nobody@pris.cn\r\nVRFY postmaster\r\n"
         "VRFY\r\n",
         BANNER EHLO
         "252 2.0.0 postmaster@pris.cn\r\n252 2.0.0 <postmaster@pris.cn>\r\n"
         "550 5.1.1 <nobody@pris.cn>: Recipient address rejected: User unknown\r\n252 2.0.0 postmaster\r\n"
         "501 5.5.4 Syntax: VRFY address\r\n"},
        {"auth login", "127.0.0.2",
         "EHLO x.example\r\nauth login\r\ncG9zdG1hc3RlckBwcmlzLmNu\r\nZXh0bWFpbA==\r\nAUTH LOGIN\r\n",
         BANNER EHLO "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 Authentication successful\r\n"
                     "503 5.5.1 Error: already authenticated\r\n"},
        {"auth plain", "127.0.0.2",
         "EHLO x.example\r\nAUTH PLAIN AHBvc3RtYXN0ZXJAcHJpcy5jbgBub3Bl\r\nAUTH PLAIN\r\n"
         "AHBvc3RtYXN0ZXJAcHJpcy5jbgBleHRtYWls\r\n",
         BANNER EHLO "535 5.7.8 Error: authentication failed: authentication failure\r\n334 \r\n"
                     "235 2.7.0 Authentication successful\r\n"},
        {"auth wrong", "127.0.0.2",
         "AUTH\r\nAUTH LOGIN a b\r\nAUTH LOGIN =\r\nAUTH FOO bar\r\nAUTH LOGIN\r\n###notb64\r\nAUTH "
         "LOGIN\r\n*\r\n"
         "AUTH LOGIN\r\ncG9zdG1hc3RlckBwcmlzLmNu\r\n%%%\r\n",
         BANNER
         "501 5.5.4 Syntax: AUTH mechanism\r\n501 5.5.4 Syntax: AUTH mechanism\r\n"
         "535 5.7.8 Error: authentication failed: another step is needed in authentication\r\n"
         "535 5.7.8 Error: authentication failed: another step is needed in authentication\r\n"
         "334 VXNlcm5hbWU6\r\n535 5.7.8 Error: authentication failed: bad protocol / cancel\r\n"
         "334 VXNlcm5hbWU6\r\n501 5.7.0 Authentication aborted\r\n334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"
         "535 5.7.8 Error: authentication failed: another step is needed in authentication\r\n"},
        {"dsn", "127.0.0.2",
         "EHLO x.example\r\nMAIL FROM:<a@x.example> RET=BOTH\r\nMAIL FROM:<a@x.example> ENVID=bad+1\r\n"
         "MAIL FROM:<a@x.example> RET=FULL RET=HDRS\r\nMAIL FROM:<a@x.example> RET=HDRS ENVID=QQ314159\r\n"
         "RCPT TO:<alice@pris.cn> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Alice+40pris.cn\r\n"
         "RCPT TO:<bob@pris.cn> NOTIFY=NEVER,SUCCESS\r\nRCPT TO:<bob@pris.cn> NOTIFY=\r\nRCPT "
         "TO:<bob@pris.cn> ORCPT=foo\r\n"
         "RCPT TO:<bob@pris.cn> ORCPT=rfc822;\r\nRCPT TO:<bob@pris.cn> ORCPT=rfc822;a+zz\r\nRCPT "
         "TO:<bob@pris.cn> BAR=1\r\n",
         BANNER EHLO
         "501 5.5.4 Bad RET parameter syntax\r\n501 5.5.4 Bad ENVID parameter syntax\r\n"
         "501 5.5.4 Bad RET parameter syntax\r\n250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
         "501 5.5.4 Error: Bad NOTIFY parameter syntax\r\n501 5.5.4 Error: Bad NOTIFY parameter syntax\r\n"
         "501 5.5.4 Error: Bad ORCPT parameter syntax\r\n250 2.1.5 Ok\r\n"
         "501 5.5.4 Error: Bad ORCPT parameter syntax\r\n555 5.5.4 Unsupported option: BAR=1\r\n"},
    };
    struct smtpd *d = fake_smtpd(main_cf);
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(cases); i++) {
        struct buf out;
        const char *in = cases[i].in;

        play(d, cases[i].ip, in, &out);
        if (strcmp(buf_cstr(&out), cases[i].out) != 0)
            print_message("dialogue \"%s\":\n", cases[i].name);
        assert_string_equal(buf_cstr(&out), cases[i].out);
        buf_free(&out);
    }
}

/* ---- what queue gets ------------------------------------------------------------------------- */

/* One message; the reply to its end of data is the last line of what is returned. */
static const char *
deliver(struct smtpd *d, const char *ip, const char *head, const char *content, size_t step)
{
    static struct buf in, out;
    const char *p;

    buf_free(&in);
    buf_free(&out);
    buf_init(&in, 1u << 20);
    buf_puts(&in, head);
    buf_puts(&in, "DATA\r\n");
    buf_puts(&in, content);
    buf_puts(&in, ".\r\n");
    play_from(d, ip, buf_data(&in), buf_len(&in), strlen(head) + 6, step, &out);
    buf_cstr(&out);
    out.end -= 2; /* the last CR LF */
    p = buf_cstr(&out);
    return strrchr(p, '\n') ? strrchr(p, '\n') + 1 : p;
}

/* The stored content without the date, which is its third line's end or a line of its own. */
static void
assert_content(const char *before_date, const char *after_date)
{
    const char *p = buf_cstr(&fake.content);

    assert_int_equal(strncmp(p, before_date, strlen(before_date)), 0);
    p += strlen(before_date);
    assert_string_equal(strchr(p, '\n'), after_date);
}

static void
test_content(void **state)
{
    struct smtpd *d = fake_smtpd(main_cf);
    static const size_t steps[] = {1, 7, 100000};
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(steps); i++) {
        deliver(d, "127.0.0.2", "EHLO x.example\r\n" MAIL_RCPT, "Subject: x\r\n\r\n..dot\r\n", steps[i]);
        assert_content("Received: from x.example (unknown [127.0.0.2])\n"
                       "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id A2DADA9A15D12\n"
                       "\tfor <alice@pris.cn>; ",
                       "\nSubject: x\n\n.dot\n");
        assert_string_equal(buf_cstr(&fake.envelope), "a@x.example>, alice@pris.cn()0");
        deliver(d, "::1",
                "MAIL FROM:<> RET=HDRS ENVID=e\r\nRCPT TO:<postmaster> NOTIFY=NEVER\r\n"
                "RCPT TO:<bob@pris.cn> ORCPT=rfc822;b+40x\r\n",
                "\r\n", steps[i]);
        assert_content("Received: from localhost (localhost [IPv6:::1])\n"
                       "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with SMTP id A2DADA9A15D12;\n\t",
                       "\n\n");
        assert_string_equal(buf_cstr(&fake.envelope),
                            ">HDRS,e postmaster@mail.pris.cn()1 bob@pris.cn(rfc822;b@x)0");
        deliver(d, "127.0.0.2", "EHLO a\r\nAUTH PLAIN AHBvc3RtYXN0ZXJAcHJpcy5jbgBleHRtYWls\r\n" MAIL_RCPT,
                "x\r\n", steps[i]);
        assert_content("Received: from a (unknown [127.0.0.2])\n"
                       "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTPA id A2DADA9A15D12\n"
                       "\tfor <alice@pris.cn>; ",
                       "\n\nx\n");
    }
}

/* Content at, under and over a limit, and more than one staging file holds. */
static void
test_limits(void **state)
{
    struct smtpd *d = fake_smtpd(main_cf);
    static const char line[] = ".23456789012345678901234567890123456789012345678\r\n"; /* 50 */
    struct buf big;
    size_t i;

    (void)state;
    buf_init(&big, 200000);
    for (i = 0; i < 2000; i++) {
        if (*line == '.')
            buf_putc(&big, '.'); /* the stuffed dot does not count (RFC 1870 3) */
        buf_puts(&big, line);
    }
    assert_string_equal(deliver(d, "127.0.0.2", MAIL_RCPT, buf_cstr(&big), 5000),
                        "250 2.0.0 Ok: queued as A2DADA9A15D12");
    fake.room = 3000;
    fake.spilled = 0;
    assert_string_equal(deliver(d, "127.0.0.2", MAIL_RCPT, buf_cstr(&big), 999),
                        "250 2.0.0 Ok: queued as A2DADA9A15D12");
    assert_int_equal(fake.spilled, 1);
    assert_true(buf_len(&fake.content) > 2000 * 49);
    fake.room = UINT64_MAX / 2;
    buf_puts(&big, "\r\n");
    fake.committed = 0;
    assert_string_equal(deliver(d, "127.0.0.2", MAIL_RCPT, buf_cstr(&big), 5000),
                        "552 5.3.4 Error: message file too big");
    buf_reset(&big);
    for (i = 0; i < 50; i++)
        buf_puts(&big, "Received: x\r\n");
    assert_string_equal(deliver(d, "127.0.0.2", MAIL_RCPT, buf_cstr(&big), 100),
                        "554 5.4.0 Error: too many hops");
    assert_int_equal(fake.committed, 0);
    buf_free(&big);
}

/* A byte at a time. */
static void
feed(struct session *s, const char *text)
{
    for (; *text; text++) {
        session_feed(s, text, 1);
        fake_run();
    }
}

/* Trouble behind us is a 4xx, and leaves nothing. */
static void
test_trouble(void **state)
{
    static const char queue_451[] = "451 4.3.0 Error: queue file write error\r\n";
    struct smtpd *d = fake_smtpd(main_cf);
    struct session *s;
    struct buf out;
    int rest;

    (void)state;
    fake.authd = FAKE_SILENT;
    play(d, "127.0.0.2", MAIL_RCPT "AUTH PLAIN AAA=\r\n", &out);
    assert_string_equal(buf_cstr(&out),
                        BANNER "250 2.1.0 Ok\r\n451 4.3.0 <alice@pris.cn>: Temporary lookup failure\r\n"
                               "503 5.5.1 Error: MAIL transaction in progress\r\n");
    buf_free(&out);
    play(d, "127.0.0.2", "EHLO x\r\nAUTH PLAIN AAA=\r\n", &out);
    assert_non_null(
        strstr(buf_cstr(&out), "454 4.7.0 Temporary authentication failure: generic failure\r\n"));
    assert_null(strstr(buf_cstr(&out), "250-AUTH"));
    buf_free(&out);
    fake.authd = FAKE_TEMP;
    play(d, "127.0.0.2", MAIL_RCPT, &out);
    assert_non_null(strstr(buf_cstr(&out), "451 4.3.0 <alice@pris.cn>: Temporary lookup failure\r\n"));
    buf_free(&out);
    fake.authd = FAKE_WELL;

    fake.queue = FAKE_SILENT;
    play(d, "127.0.0.2", MAIL_RCPT, &out);
    assert_non_null(strstr(buf_cstr(&out), queue_451));
    buf_free(&out);
    fake.queue = FAKE_WELL;
    s = fake_session(d, "127.0.0.2", &rest);
    feed(s, MAIL_RCPT "DATA\r\nx\r\n");
    assert_int_equal(s->mode, SESSION_DATA);
    fake.queue = FAKE_SILENT;
    feed(s, ".\r\nNOOP\r\n");
    assert_int_equal(s->mode, SESSION_COMMAND);
    assert_null(s->tx);
    fake.queue = FAKE_WELL;
    fake_end(d);
    close(rest);
}

/* ---- every command in every state -------------------------------------------------------------- */

/* What there is before and after a command: no transaction, one, one with an accepted recipient, with a
 * refused one. */
enum stage { NONE, MAIL, RCPT, REFUSED };

static enum stage
stage_of(const struct session *s)
{
    return !s->tx ? NONE : s->tx->nrcpts > 0 ? RCPT : s->total[SMTP_RCPT] > 0 ? REFUSED : MAIL;
}

static void
test_matrix(void **state)
{
    static const char *const prefixes[] = {
        "EHLO x.example\r\n", "EHLO x.example\r\nMAIL FROM:<a@x.example> RET=FULL ENVID=e SIZE=9\r\n",
        "EHLO x.example\r\nMAIL FROM:<a@x.example> RET=FULL ENVID=e SIZE=9\r\nRCPT TO:<alice@pris.cn>\r\n",
        "EHLO x.example\r\nMAIL FROM:<a@x.example> RET=FULL ENVID=e SIZE=9\r\nRCPT TO:<no@pris.cn>\r\n"};
    static const struct {
        const char *line;
        unsigned code[4];
        enum stage after[4];
    } rows[] = {
        {"HELO y.example", {250, 250, 250, 250}, {NONE, NONE, NONE, NONE}},
        {"EHLO y.example", {250, 250, 250, 250}, {NONE, NONE, NONE, NONE}},
        {"EHLO", {501, 501, 501, 501}, {NONE, MAIL, RCPT, REFUSED}},
        {"RSET", {250, 250, 250, 250}, {NONE, NONE, NONE, NONE}},
        {"RSET x", {501, 501, 501, 501}, {NONE, MAIL, RCPT, REFUSED}},
        {"NOOP", {250, 250, 250, 250}, {NONE, MAIL, RCPT, REFUSED}},
        {"VRFY alice@pris.cn", {252, 252, 252, 252}, {NONE, MAIL, RCPT, REFUSED}},
        {"VRFY no@pris.cn", {550, 550, 550, 550}, {NONE, MAIL, RCPT, REFUSED}},
        {"VRFY \xc3\xa9@x.example", {501, 501, 501, 501}, {NONE, MAIL, RCPT, REFUSED}},
        {"MAIL FROM:<b@x.example>", {250, 503, 503, 503}, {MAIL, MAIL, RCPT, REFUSED}},
        {"MAIL FROM:<b@x.example> SIZE=999999", {552, 503, 503, 503}, {NONE, MAIL, RCPT, REFUSED}},
        {"MAIL FROM:<b@x.example> X=1", {555, 503, 503, 503}, {NONE, MAIL, RCPT, REFUSED}},
        {"RCPT TO:<bob@pris.cn>", {503, 250, 250, 250}, {NONE, RCPT, RCPT, RCPT}},
        {"RCPT TO:<no@pris.cn>", {503, 550, 550, 550}, {NONE, REFUSED, RCPT, REFUSED}},
        {"RCPT TO:<u@remote.example>", {503, 554, 554, 554}, {NONE, REFUSED, RCPT, REFUSED}},
        {"RCPT TO:<bob@pris.cn> X", {503, 555, 555, 555}, {NONE, REFUSED, RCPT, REFUSED}},
        {"DATA", {503, 554, 354, 554}, {NONE, MAIL, RCPT, REFUSED}},
        {"DATA x", {503, 554, 501, 554}, {NONE, MAIL, RCPT, REFUSED}},
        {"DATA\r\nhi\r\n.", {503, 554, 250, 554}, {NONE, MAIL, NONE, REFUSED}},
        {"AUTH PLAIN AAA=", {535, 503, 503, 503}, {NONE, MAIL, RCPT, REFUSED}},
        {"STARTTLS", {502, 502, 502, 502}, {NONE, MAIL, RCPT, REFUSED}},
        {"XYZZY", {500, 500, 500, 500}, {NONE, MAIL, RCPT, REFUSED}},
    };
    struct smtpd *d = fake_smtpd(main_cf);
    char out[4096], *last;
    size_t i, k;
    ssize_t n;
    int rest;

    (void)state;
    for (i = 0; i < MR_NELEM(rows); i++)
        for (k = 0; k < MR_NELEM(prefixes); k++) {
            struct session *s = fake_session(d, "127.0.0.2", &rest);

            feed(s, prefixes[k]);
            n = read(rest, out, sizeof(out));
            session_feed(s, rows[i].line, strlen(rows[i].line));
            session_feed(s, "\r\n", 2);
            fake_run();
            n = read(rest, out, sizeof(out) - 1);
            assert_true(n > 2);
            out[n] = '\0';
            /* The code of the last line; DATA refused lets "hi" and "." through as commands: its own is the
             * first. */
            last = strstr(rows[i].line, "hi") && k != RCPT ? NULL : strrchr((out[n - 2] = '\0', out), '\n');
            if (atoi(last ? last + 1 : out) != (int)rows[i].code[k] ||
                (d->sessions && stage_of(s) != rows[i].after[k]))
                print_message("%s, state %u: %s\n", rows[i].line, (unsigned)k, out);
            assert_int_equal(atoi(last ? last + 1 : out), rows[i].code[k]);
            if (d->sessions)
                assert_int_equal(stage_of(s), rows[i].after[k]);
            fake_end(d);
            close(rest);
        }
    assert_string_equal(buf_cstr(&fake.envelope), "a@x.example>FULL,e alice@pris.cn()0");
}

/* ---- limits of a session ----------------------------------------------------------------------- */

static unsigned
count_of(const char *text, const char *what)
{
    unsigned n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void
test_session_limits(void **state)
{
    struct smtpd *d = fake_smtpd(main_cf);
    struct buf in, out;
    const char *p;
    size_t i;

    (void)state;
    buf_init(&in, 1u << 20);
    for (i = 0; i < 10000; i++)
        buf_puts(&in, "NOOP\r\n");
    play_from(d, "127.0.0.2", buf_data(&in), buf_len(&in), 0, 60000, &out); /* all in one packet */
    p = buf_cstr(&out);
    assert_int_equal(count_of(p, "250 2.0.0 Ok\r\n"), 121); /* the 102nd is the first error; no EHLO before */
    assert_non_null(strstr(p, "421 4.7.0 mail.pris.cn Error: too many errors\r\n"));
    buf_free(&out);

    buf_reset(&in);
    for (i = 0; i < 30; i++)
        buf_puts(&in, "BOGUS\r\n");
    play_from(d, "127.0.0.2", buf_data(&in), buf_len(&in), 0, 3, &out);
    assert_int_equal(count_of(buf_cstr(&out), "500 5.5.2 Error: command not recognized\r\n"), 20);
    buf_free(&out);

    buf_reset(&in);
    buf_puts(&in, "NOOP ");
    for (i = 0; i < 102400; i++)
        buf_putc(&in, 'a');
    buf_puts(&in, "\r\nQUIT\r\n");
    play_from(d, "127.0.0.2", buf_data(&in), buf_len(&in), 0, 4096, &out);
    assert_string_equal(buf_cstr(&out), BANNER "250 2.0.0 Ok\r\n" BYE);
    buf_free(&out);

    buf_reset(&in);
    for (i = 0; i < 600000; i++)
        buf_putc(&in, 'a');
    buf_puts(&in, "\r\nNOOP\r\nNOOP\r\n");
    play_from(d, "127.0.0.2", buf_data(&in), buf_len(&in), 0, 4096, &out);
    assert_string_equal(buf_cstr(&out),
                        BANNER "500 5.5.2 Error: line too long\r\n250 2.0.0 Ok\r\n250 2.0.0 Ok\r\n");
    buf_free(&out);
    buf_free(&in);
}

/* ---- restrictions ------------------------------------------------------------------------------ */

/* Each list of restrictions by itself, with a client out of mynetworks. */
static void
test_restrictions(void **state)
{
#define CONF "myhostname = mail.pris.cn\nmynetworks = 127.0.0.1\nsmtpd_error_sleep_time = 0s\n"
    static const struct {
        const char *conf, *helo, *from, *to, *reply;
    } cases[] = {
        {"", "x", "a@x", "alice@pris.cn", "250 2.1.5 Ok"},
        {"", "x", "a@x", "u@remote.example", "454 4.7.1 <u@remote.example>: Relay access denied"},
        {"", "x", "a@x", "no@pris.cn",
         "550 5.1.1 <no@pris.cn>: Recipient address rejected: User unknown in virtual mailbox table"},
        {"smtpd_reject_unlisted_recipient = no", "x", "a@x", "no@pris.cn", "250 2.1.5 Ok"},
        {"unknown_virtual_mailbox_reject_code = 450", "x", "a@x", "no@pris.cn",
         "450 4.1.1 <no@pris.cn>: Recipient address rejected: User unknown in virtual mailbox table"},
        {"smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = check_sender_access hash:/x, permit",
         "x", "a@x", "u@remote.example", "454 4.7.1 <u@remote.example>: Relay access denied"},
        {"smtpd_relay_restrictions = permit\nsmtpd_recipient_restrictions = reject", "x", "a@x",
         "alice@pris.cn", "554 5.7.1 <alice@pris.cn>: Recipient address rejected: Access denied"},
        {"smtpd_client_restrictions = reject", "x", "a@x", "alice@pris.cn",
         "554 5.7.1 <unknown[127.0.0.2]>: Client host rejected: Access denied"},
        {"smtpd_client_restrictions = reject", "x", "a@x", "postmaster", "250 2.1.5 Ok"},
        {"smtpd_helo_restrictions = defer", "x", "a@x", "alice@pris.cn",
         "450 4.3.2 <x>: Helo command rejected: Try again later"},
        {"smtpd_sender_restrictions = reject", "x", "a@x", "alice@pris.cn",
         "554 5.7.1 <a@x>: Sender address rejected: Access denied"},
        {"smtpd_sender_restrictions = permit, reject", "x", "a@x", "alice@pris.cn", "250 2.1.5 Ok"},
        {"smtpd_recipient_restrictions = reject_non_fqdn_sender", "x", "a@x", "alice@pris.cn",
         "504 5.5.2 <a@x>: Sender address rejected: need fully-qualified address"},
        {"smtpd_recipient_restrictions = reject_non_fqdn_sender", "x", "", "alice@pris.cn", "250 2.1.5 Ok"},
        {"smtpd_recipient_restrictions = reject_non_fqdn_sender", "x", "a@[1.2.3.4]", "alice@pris.cn",
         "250 2.1.5 Ok"},
        {"smtpd_recipient_restrictions = reject_non_fqdn_recipient", "x", "a@x", "alice",
         "504 5.5.2 <alice>: Recipient address rejected: need fully-qualified address"},
        {"smtpd_helo_restrictions = reject_non_fqdn_helo_hostname", "short", "a@x", "alice@pris.cn",
         "504 5.5.2 <short>: Helo command rejected: need fully-qualified hostname"},
        {"smtpd_helo_restrictions = reject_non_fqdn_helo_hostname", "a.b.", "a@x", "alice@pris.cn",
         "250 2.1.5 Ok"},
        {"smtpd_helo_restrictions = reject_non_fqdn_helo_hostname", "[127.0.0.1]", "a@x", "alice@pris.cn",
         "250 2.1.5 Ok"},
        {"smtpd_helo_restrictions = reject_invalid_helo_hostname", "[1.2.3]", "a@x", "alice@pris.cn",
         "501 5.5.2 <[1.2.3]>: Helo command rejected: invalid ip address"},
        {"smtpd_helo_restrictions = reject_invalid_helo_hostname", "a..b", "a@x", "alice@pris.cn",
         "501 5.5.2 <a..b>: Helo command rejected: Invalid name"},
        {"smtpd_helo_restrictions = reject_invalid_helo_hostname", "1.2.3.4", "a@x", "alice@pris.cn",
         "250 2.1.5 Ok"},
        {"mynetworks = 127.0.0.0/8", "x", "a@x", "u@remote.example", "250 2.1.5 Ok"},
        {"smtpd_recipient_limit = 1", "x", "a@x> X=Y\r\nMAIL FROM:<a@x>\r\nRCPT TO:<bob@pris.cn",
         "alice@pris.cn", "452 4.5.3 Error: too many recipients"},
    };
    struct buf conf, in, out;
    char *last;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(cases); i++) {
        buf_init(&conf, 4096);
        buf_init(&in, 4096);
        buf_printf(&conf, "%s%s\n", CONF, cases[i].conf);
        buf_printf(&in, "EHLO %s\r\nMAIL FROM:<%s>\r\nRCPT TO:<%s>\r\n", cases[i].helo, cases[i].from,
                   cases[i].to);
        play(fake_smtpd(buf_cstr(&conf)), "127.0.0.2", buf_cstr(&in), &out);
        buf_cstr(&out);
        out.end -= 2;
        last = strrchr(buf_cstr(&out), '\n');
        assert_non_null(last);
        assert_string_equal(last + 1, cases[i].reply);
        buf_free(&conf);
        buf_free(&in);
        buf_free(&out);
    }
}

/* Who may use which sender. login: postmaster@pris.cn logs in first. */
static void
test_owners(void **state)
{
#define LOGINS CONF "smtpd_sasl_auth_enable = yes\nsmtpd_sender_login_maps = static:x\n"
#define NOT_LOGGED_IN(a) "553 5.7.1 <" a ">: Sender address rejected: not logged in"
#define NOT_OWNED(a) "553 5.7.1 <" a ">: Sender address rejected: not owned by user postmaster@pris.cn"
#define RCPT_OK_REPLY "250 2.1.5 Ok"
    static const struct {
        const char *restriction;
        int login;
        const char *from, *reply;
    } cases[] = {
        {"reject_sender_login_mismatch", 0, "alice@pris.cn", NOT_LOGGED_IN("alice@pris.cn")},
        {"reject_sender_login_mismatch", 0, "Support@Pris.cn", NOT_LOGGED_IN("Support@Pris.cn")},
        {"reject_sender_login_mismatch", 0, "nobody@pris.cn", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch", 0, "a@x.example", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch", 0, "", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch", 1, "alice@pris.cn", NOT_OWNED("alice@pris.cn")},
        {"reject_sender_login_mismatch", 1, "PostMaster@PRIS.cn", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch", 1, "\"postmaster\"@pris.cn.", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch", 1, "support@pris.cn", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch", 1, "a@x.example", NOT_OWNED("a@x.example")},
        {"reject_sender_login_mismatch", 1, "", RCPT_OK_REPLY},
        {"reject_known_sender_login_mismatch", 0, "alice@pris.cn", NOT_LOGGED_IN("alice@pris.cn")},
        {"reject_known_sender_login_mismatch", 0, "a@x.example", RCPT_OK_REPLY},
        {"reject_known_sender_login_mismatch", 1, "alice@pris.cn", NOT_OWNED("alice@pris.cn")},
        {"reject_known_sender_login_mismatch", 1, "a@x.example", RCPT_OK_REPLY},
        {"reject_authenticated_sender_login_mismatch", 0, "alice@pris.cn", RCPT_OK_REPLY},
        {"reject_authenticated_sender_login_mismatch", 1, "alice@pris.cn", NOT_OWNED("alice@pris.cn")},
        {"reject_authenticated_sender_login_mismatch", 1, "a@x.example", NOT_OWNED("a@x.example")},
        {"reject_unauthenticated_sender_login_mismatch", 0, "alice@pris.cn", NOT_LOGGED_IN("alice@pris.cn")},
        {"reject_unauthenticated_sender_login_mismatch", 1, "alice@pris.cn", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch\nsmtpd_sasl_auth_enable = no", 0, "alice@pris.cn", RCPT_OK_REPLY},
        {"reject_sender_login_mismatch\nsmtpd_sender_login_maps =", 0, "alice@pris.cn", RCPT_OK_REPLY},
    };
    struct buf conf, in, out;
    char *last;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(cases); i++) {
        buf_init(&conf, 4096);
        buf_init(&in, 4096);
        buf_printf(&conf, LOGINS "smtpd_sender_restrictions = %s\n", cases[i].restriction);
        buf_printf(&in, "EHLO x\r\n%sMAIL FROM:<%s>\r\nRCPT TO:<bob@pris.cn>\r\n",
                   cases[i].login ? "AUTH PLAIN AHBvc3RtYXN0ZXJAcHJpcy5jbgBleHRtYWls\r\n" : "",
                   cases[i].from);
        play(fake_smtpd(buf_cstr(&conf)), "127.0.0.2", buf_cstr(&in), &out);
        buf_cstr(&out);
        out.end -= 2;
        last = strrchr(buf_cstr(&out), '\n');
        assert_non_null(last);
        if (strcmp(last + 1, cases[i].reply) != 0)
            print_message("%s: %s\n", cases[i].restriction, cases[i].from);
        assert_string_equal(last + 1, cases[i].reply);
        buf_free(&conf);
        buf_free(&in);
        buf_free(&out);
    }
}

/* The owners are asked for once in a transaction, again after trouble, and wherever the restriction stands.
 */
static void
test_owners_asked(void **state)
{
    static const char mail[] =
        "MAIL FROM:<a@x.example>\r\nRCPT TO:<bob@pris.cn>\r\nRCPT TO:<alice@pris.cn>\r\n";
    struct smtpd *d = fake_smtpd(LOGINS "smtpd_sender_restrictions = reject_sender_login_mismatch\n");
    static const char two_commands[] = "MAIL FROM:<a@x.example>\r\nRCPT TO:<bob@pris.cn>\r\n";
    struct session *s;
    struct buf out;
    int rest;

    (void)state;
    fake.owner_asked = 0;
    play(d, "127.0.0.2", mail, &out);
    assert_int_equal(fake.owner_asked, 1);
    buf_free(&out);
    fake.authd = FAKE_TEMP;
    play(d, "127.0.0.2", mail, &out);
    assert_int_equal(fake.owner_asked, 3);
    assert_int_equal(count_of(buf_cstr(&out), "451 4.3.0 <a@x.example>: Temporary lookup failure\r\n"), 2);
    buf_free(&out);
    fake.authd = FAKE_SILENT;
    play(d, "127.0.0.2", mail, &out);
    assert_int_equal(count_of(buf_cstr(&out), "451 4.3.0 <a@x.example>: Temporary lookup failure\r\n"), 2);
    buf_free(&out);
    fake.authd = FAKE_WELL;

    s = fake_session(d, "127.0.0.2", &rest);
    session_feed(s, two_commands, sizeof(two_commands) - 1);
    assert_non_null(s->request); /* the end of a session that waits */
    fake_end(d);
    close(rest);

    d = fake_smtpd(LOGINS "smtpd_data_restrictions = reject_sender_login_mismatch\n");
    assert_string_equal(deliver(d, "127.0.0.2", MAIL_RCPT, "hi\r\n", 1), QUEUED_TEXT);
    assert_string_equal(deliver(d, "127.0.0.2", MAIL_RCPT, "hi\r\n", 1000), QUEUED_TEXT);
    play(d, "127.0.0.2", "MAIL FROM:<bob@pris.cn>\r\nRCPT TO:<bob@pris.cn>\r\nDATA\r\nNOOP\r\n", &out);
    assert_non_null(strstr(buf_cstr(&out), "\r\n" NOT_LOGGED_IN("bob@pris.cn") "\r\n250 2.0.0 Ok\r\n"));
    buf_free(&out);
}

/* One client, and how many connections it may have; others, and mynetworks, do not count. */
static void
test_connections(void **state)
{
    struct smtpd *d = fake_smtpd(CONF "smtpd_client_connection_count_limit = 2\n");
    char text[200];
    int rest[6];

    (void)state;
    assert_non_null(fake_session(d, "192.0.2.1", &rest[0]));
    assert_non_null(fake_session(d, "192.0.2.1", &rest[1]));
    assert_null(fake_session(d, "192.0.2.1", &rest[2]));
    text[read(rest[2], text, sizeof(text) - 1)] = '\0';
    assert_string_equal(text, "421 4.7.0 mail.pris.cn Error: too many connections from 192.0.2.1\r\n");
    assert_non_null(fake_session(d, "192.0.2.2", &rest[3]));
    session_free(d->sessions->next);
    assert_non_null(fake_session(d, "192.0.2.1", &rest[4]));
    assert_null(fake_session(d, "192.0.2.1", &rest[5]));
    fake_end(d);
}

/* A client that asks and never reads: its input waits, its output is bounded, its time runs. */
static void
test_no_reader(void **state)
{
    struct smtpd *d = fake_smtpd(main_cf);
    int rest, i;
    struct session *s = fake_session(d, "127.0.0.2", &rest), *same = s;

    (void)state;
    session_feed(s, "EHLO x.example\r\n", 16);
    fake_run();
    s->set->junk_command_limit = 1000000;
    for (i = 0; i < 100000 && d->sessions && !s->write_blocked; i++)
        session_feed(s, "EHLO x.example\r\nEHLO x.example\r\nEHLO x.example\r\n", 48);
    assert_int_equal(s->write_blocked, 1);
    assert_true(buf_len(&s->out) <= 17000);
    for (i = 0; i < 10; i++)
        session_feed(s, "NOOP\r\n", 6);
    assert_int_equal(buf_len(&s->in), 60);
    session_timeout(s);
    assert_ptr_not_equal(d->sessions, same);
    assert_int_equal(d->nsessions, 0);
    close(rest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogues),    cmocka_unit_test(test_content),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_matrix),       cmocka_unit_test(test_session_limits),
        cmocka_unit_test(test_no_reader),    cmocka_unit_test(test_restrictions),
        cmocka_unit_test(test_connections),  cmocka_unit_test(test_owners),
        cmocka_unit_test(test_owners_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
