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

static const char main_cf[] = "myhostname = mail.pris.cn\n"
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
#define EHLO                                                                                                  \
    "250-mail.pris.cn\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-VRFY\r\n250-AUTH PLAIN LOGIN\r\n"           \
    "250-AUTH=PLAIN LOGIN\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 DSN\r\n"
#define MAIL_RCPT "MAIL FROM:<a@x.example>\r\nRCPT TO:<alice@pris.cn>\r\n"
#define OK_OK "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n"
#define GO_ON "354 End data with <CR><LF>.<CR><LF>\r\n"
#define QUEUED "250 2.0.0 Ok: queued as A2DADA9A15D12\r\n"
#define BYE "221 2.0.0 Bye\r\n"

/* Feeds the text in pieces of `step` bytes; the whole output is in *out_r (to be freed). */
static void
play(struct smtpd *d, const char *ip, const char *in, size_t n, size_t step, struct buf *out)
{
    int rest;
    struct session *s = fake_session(d, ip, &rest);
    size_t at, len;
    char bytes[4096];
    ssize_t got;

    buf_init(out, 1u << 20);
    for (at = 0; s && at < n && d->sessions; at += len) {
        len = n - at < step ? n - at : step;
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
         "EHLO x.example\r\n" MAIL_RCPT "DATA\r\nSubject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n", BANNER EHLO OK_OK GO_ON QUEUED BYE},
        {"unknown, relay, bad", "127.0.0.2",
         "EHLO x.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<nobody@pris.cn>\r\nRCPT TO:<u@remote.example>\r\n"
         "RCPT TO:<postmaster>\r\nRCPT TO:<bad user@pris.cn>\r\nRCPT TO:<\"bad user\"@pris.cn>\r\n"
         "RCPT TO:<@a.example,@b.example:postmaster@pris.cn>\r\nRCPT TO:<postmaster%remote.example@pris.cn>\r\n"
         "RCPT TO:<remote.example!u@pris.cn>\r\n",
         BANNER EHLO "250 2.1.0 Ok\r\n550 5.1.1 <nobody@pris.cn>: Recipient address rejected: User unknown\r\n"
                     "554 5.7.1 <u@remote.example>: Relay access denied\r\n250 2.1.5 Ok\r\n"
                     "501 5.1.3 Bad recipient address syntax\r\n"
                     "550 5.1.1 <bad user@pris.cn>: Recipient address rejected: User unknown\r\n250 2.1.5 Ok\r\n"
                     "554 5.7.1 <postmaster%remote.example@pris.cn>: Relay access denied\r\n"
                     "554 5.7.1 <remote.example!u@pris.cn>: Relay access denied\r\n"},
        {"mynetworks", "127.0.0.1", "MAIL FROM:<a@x.example>\r\nRCPT TO:<u@remote.example>\r\nRCPT TO:<no@pris.cn>\r\n",
         BANNER OK_OK "550 5.1.1 <no@pris.cn>: Recipient address rejected: User unknown\r\n"},
        {"size", "127.0.0.2",
         "MAIL FROM:<a@x> SIZE=100001\r\nMAIL FROM:<a@x> SIZE=99999999999999999999\r\nMAIL FROM:<a@x> SIZE=abc\r\n"
         "MAIL FROM:<a@x> SIZE=\r\nMAIL FROM:<a@x> BODY=FOO\r\nMAIL FROM:<a@x> SMTPUTF8\r\nMAIL FROM:<a@x> AUTH=<>\r\n",
         BANNER "552 5.3.4 Message size exceeds fixed limit\r\n"
                "552 5.3.4 Message size exceeds file system imposed limit\r\n501 5.5.4 Bad message size syntax\r\n"
                "501 5.5.4 Bad message size syntax\r\n555 5.5.4 Unsupported option: BODY=FOO\r\n"
                "555 5.5.4 Unsupported option: SMTPUTF8\r\n250 2.1.0 Ok\r\n"},
        {"order", "127.0.0.2",
         "MAIL\r\nMAIL FROM\r\nMAIL FROM:\r\nMAIL FROM:<a@x.example\r\nRCPT TO:<alice@pris.cn>\r\nDATA\r\n"
         "MAIL FROM: a@x.example\r\nMAIL FROM:<b@x.example>\r\nRCPT TO:<>\r\nDATA\r\nRSET x\r\nRSET\r\nDATA\r\n",
         BANNER "501 5.5.4 Syntax: MAIL FROM:<address>\r\n501 5.5.4 Syntax: MAIL FROM:<address>\r\n"
                "501 5.5.4 Syntax: MAIL FROM:<address>\r\n501 5.1.7 Bad sender address syntax\r\n"
                "503 5.5.1 Error: need MAIL command\r\n503 5.5.1 Error: need RCPT command\r\n250 2.1.0 Ok\r\n"
                "503 5.5.1 Error: nested MAIL command\r\n501 5.1.3 Bad recipient address syntax\r\n"
                "554 5.5.1 Error: no valid recipients\r\n501 5.5.4 Syntax: RSET\r\n250 2.0.0 Ok\r\n"
                "503 5.5.1 Error: need RCPT command\r\n"},
        {"unknown commands", "127.0.0.2", "\r\n   NOOP\r\nEXPN x\r\nSTARTTLS\r\nXCLIENT NAME=x\r\nGET / HTTP/1.0\r\n",
         BANNER "500 5.5.2 Error: bad syntax\r\n250 2.0.0 Ok\r\n500 5.5.2 Error: command not recognized\r\n"
                "502 5.5.1 Error: command not implemented\r\n550 5.7.0 Error: insufficient authorization\r\n"
                "221 2.7.0 Error: I can break rules, too. Goodbye.\r\n"},
        {"vrfy", "127.0.0.2",
         "EHLO x.example\r\nVRFY postmaster@pris.cn\r\nVRFY <postmaster@pris.cn>\r\nVRFY nobody@pris.cn\r\nVRFY postmaster\r\n"
         "VRFY\r\n",
         BANNER EHLO "252 2.0.0 postmaster@pris.cn\r\n252 2.0.0 <postmaster@pris.cn>\r\n"
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
         "AUTH\r\nAUTH LOGIN a b\r\nAUTH LOGIN =\r\nAUTH FOO bar\r\nAUTH LOGIN\r\n###notb64\r\nAUTH LOGIN\r\n*\r\n"
         "AUTH LOGIN\r\ncG9zdG1hc3RlckBwcmlzLmNu\r\n%%%\r\n",
         BANNER "501 5.5.4 Syntax: AUTH mechanism\r\n501 5.5.4 Syntax: AUTH mechanism\r\n"
                "535 5.7.8 Error: authentication failed: another step is needed in authentication\r\n"
                "535 5.7.8 Error: authentication failed: another step is needed in authentication\r\n"
                "334 VXNlcm5hbWU6\r\n535 5.7.8 Error: authentication failed: bad protocol / cancel\r\n"
                "334 VXNlcm5hbWU6\r\n501 5.7.0 Authentication aborted\r\n334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n"
                "535 5.7.8 Error: authentication failed: another step is needed in authentication\r\n"},
        {"dsn", "127.0.0.2",
         "EHLO x.example\r\nMAIL FROM:<a@x.example> RET=BOTH\r\nMAIL FROM:<a@x.example> ENVID=bad+1\r\n"
         "MAIL FROM:<a@x.example> RET=FULL RET=HDRS\r\nMAIL FROM:<a@x.example> RET=HDRS ENVID=QQ314159\r\n"
         "RCPT TO:<alice@pris.cn> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Alice+40pris.cn\r\n"
         "RCPT TO:<bob@pris.cn> NOTIFY=NEVER,SUCCESS\r\nRCPT TO:<bob@pris.cn> NOTIFY=\r\nRCPT TO:<bob@pris.cn> ORCPT=foo\r\n"
         "RCPT TO:<bob@pris.cn> ORCPT=rfc822;\r\nRCPT TO:<bob@pris.cn> ORCPT=rfc822;a+zz\r\nRCPT TO:<bob@pris.cn> BAR=1\r\n",
         BANNER EHLO "501 5.5.4 Bad RET parameter syntax\r\n501 5.5.4 Bad ENVID parameter syntax\r\n"
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
        const char *in = cases[i].in, *lf;

        /* A line at a time, as a polite client sends; then, where nothing is out of turn, a byte at a time. */
        (void)lf;
        play(d, cases[i].ip, in, strlen(in), 1, &out);
        if (strcmp(buf_cstr(&out), cases[i].out) != 0)
            print_message("dialogue \"%s\":\n", cases[i].name);
        assert_string_equal(buf_cstr(&out), cases[i].out);
        buf_free(&out);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dialogues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
