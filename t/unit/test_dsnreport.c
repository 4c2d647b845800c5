/* SPDX-License-Identifier: ISC */
/* Delivery status notifications, byte for byte as Postfix 3.7 wrote them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "dsnreport.h"

struct dsn_case {
    enum bounce_kind kind;
    const char *about;
    long now;
    const char *qid, *envid;
    struct {
        const char *address, *orig_to, *orcpt;
        uint8_t transport, mark;
        const char *dsn, *text, *diagnostic;
    } rcpt;
    const char *content, *expected;
};
/* clang-format off */
static const struct dsn_case cases[] = {
    {BOUNCE_FAILURE, "52D08A9A169", 1795328401, "57DBFA9A16C", "",
     {"loop@pris.cn", "loop@pris.cn", "", TRANSPORT_LOCAL, MARK_BOUNCE, "5.1.1", "user unknown. Command output: Invalid user specified. ", "x-unix; Invalid user specified."},
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 52D08A9A169\n"
    "\tfor <loop@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: loop@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.52D08A9A169@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    "Received: by mail.pris.cn (Postfix - by zhouhao0925@126.com)\n"
    "\tid 57DBFA9A16C; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: Mail Delivery System <MAILER-DAEMON@mail.pris.cn>\n"
    "Subject: Undelivered Mail Returned to Sender\n"
    "To: alice@pris.cn\n"
    "Auto-Submitted: auto-replied\n"
    "MIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=delivery-status;\n"
    "\tboundary=\"52D08A9A169.1795328401/mail.pris.cn\"\n"
    "Message-Id: <20261122062001.57DBFA9A16C@mail.pris.cn>\n"
    "\n"
    "This is a MIME-encapsulated message.\n"
    "\n"
    "--52D08A9A169.1795328401/mail.pris.cn\n"
    "Content-Description: Notification\n"
    "Content-Type: text/plain; charset=us-ascii\n"
    "\n"
    "This is the mail system at host mail.pris.cn.\n"
    "\n"
    "I'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients. It's attached below.\n"
    "\n"
    "For further assistance, please send mail to postmaster.\n"
    "\n"
    "If you do so, please include this problem report. You can\n"
    "delete your own text from the attached returned message.\n"
    "\n"
    "                   The mail system\n"
    "\n"
    "<loop@pris.cn>: user unknown. Command output: Invalid user specified.\n"
    "\n"
    "--52D08A9A169.1795328401/mail.pris.cn\n"
    "Content-Description: Delivery report\n"
    "Content-Type: message/delivery-status\n"
    "\n"
    "Reporting-MTA: dns; mail.pris.cn\n"
    "X-Postfix---by-zhouhao0925-126-com-Queue-ID: 52D08A9A169\n"
    "X-Postfix---by-zhouhao0925-126-com-Sender: rfc822; alice@pris.cn\n"
    "Arrival-Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "Final-Recipient: rfc822; loop@pris.cn\n"
    "Original-Recipient: rfc822;loop@pris.cn\n"
    "Action: failed\n"
    "Status: 5.1.1\n"
    "Diagnostic-Code: x-unix; Invalid user specified.\n"
    "\n"
    "--52D08A9A169.1795328401/mail.pris.cn\n"
    "Content-Description: Undelivered Message\n"
    "Content-Type: message/rfc822\n"
    "\n"
    "Return-Path: <alice@pris.cn>\n"
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 52D08A9A169\n"
    "\tfor <loop@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: loop@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.52D08A9A169@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "\n"
    "--52D08A9A169.1795328401/mail.pris.cn--\n"},
    {BOUNCE_FAILURE, "708A8A9A16B", 1795328401, "73EE5A9A16E", "",
     {"someone@remote.example", "ext@pris.cn", "", TRANSPORT_SMTP, MARK_BOUNCE, "5.4.4", "Host or domain name not found. Name service error for name=remote.example type=A: Host not found", ""},
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 708A8A9A16B\n"
    "\tfor <ext@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: ext@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.708A8A9A16B@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    "Received: by mail.pris.cn (Postfix - by zhouhao0925@126.com)\n"
    "\tid 73EE5A9A16E; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: Mail Delivery System <MAILER-DAEMON@mail.pris.cn>\n"
    "Subject: Undelivered Mail Returned to Sender\n"
    "To: alice@pris.cn\n"
    "Auto-Submitted: auto-replied\n"
    "MIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=delivery-status;\n"
    "\tboundary=\"708A8A9A16B.1795328401/mail.pris.cn\"\n"
    "Message-Id: <20261122062001.73EE5A9A16E@mail.pris.cn>\n"
    "\n"
    "This is a MIME-encapsulated message.\n"
    "\n"
    "--708A8A9A16B.1795328401/mail.pris.cn\n"
    "Content-Description: Notification\n"
    "Content-Type: text/plain; charset=us-ascii\n"
    "\n"
    "This is the mail system at host mail.pris.cn.\n"
    "\n"
    "I'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients. It's attached below.\n"
    "\n"
    "For further assistance, please send mail to postmaster.\n"
    "\n"
    "If you do so, please include this problem report. You can\n"
    "delete your own text from the attached returned message.\n"
    "\n"
    "                   The mail system\n"
    "\n"
    "<someone@remote.example> (expanded from <ext@pris.cn>): Host or domain name not\n"
    "    found. Name service error for name=remote.example type=A: Host not found\n"
    "\n"
    "--708A8A9A16B.1795328401/mail.pris.cn\n"
    "Content-Description: Delivery report\n"
    "Content-Type: message/delivery-status\n"
    "\n"
    "Reporting-MTA: dns; mail.pris.cn\n"
    "X-Postfix---by-zhouhao0925-126-com-Queue-ID: 708A8A9A16B\n"
    "X-Postfix---by-zhouhao0925-126-com-Sender: rfc822; alice@pris.cn\n"
    "Arrival-Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "Final-Recipient: rfc822; someone@remote.example\n"
    "Original-Recipient: rfc822;ext@pris.cn\n"
    "Action: failed\n"
    "Status: 5.4.4\n"
    "Diagnostic-Code: X-Postfix---by-zhouhao0925-126-com; Host or domain name not\n"
    "    found. Name service error for name=remote.example type=A: Host not found\n"
    "\n"
    "--708A8A9A16B.1795328401/mail.pris.cn\n"
    "Content-Description: Undelivered Message\n"
    "Content-Type: message/rfc822\n"
    "\n"
    "Return-Path: <alice@pris.cn>\n"
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 708A8A9A16B\n"
    "\tfor <ext@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: ext@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.708A8A9A16B@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "\n"
    "--708A8A9A16B.1795328401/mail.pris.cn--\n"},
    {BOUNCE_SUCCESS, "8E32AA9A16D", 1795328401, "91776A9A7A2", "QQ314159",
     {"bob@pris.cn", "bob@pris.cn", "rfc822;Orig+name@pris.cn", TRANSPORT_LOCAL, MARK_NOTICE, "2.0.0", "delivered via maildrop service", ""},
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 8E32AA9A16D\n"
    "\tfor <bob@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: bob@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.8E32AA9A16D@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxx\n",
    "Received: by mail.pris.cn (Postfix - by zhouhao0925@126.com)\n"
    "\tid 91776A9A7A2; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: Mail Delivery System <MAILER-DAEMON@mail.pris.cn>\n"
    "Subject: Successful Mail Delivery Report\n"
    "To: alice@pris.cn\n"
    "Auto-Submitted: auto-replied\n"
    "MIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=delivery-status;\n"
    "\tboundary=\"8E32AA9A16D.1795328401/mail.pris.cn\"\n"
    "Message-Id: <20261122062001.91776A9A7A2@mail.pris.cn>\n"
    "\n"
    "This is a MIME-encapsulated message.\n"
    "\n"
    "--8E32AA9A16D.1795328401/mail.pris.cn\n"
    "Content-Description: Notification\n"
    "Content-Type: text/plain; charset=us-ascii\n"
    "\n"
    "This is the mail system at host mail.pris.cn.\n"
    "\n"
    "Your message was successfully delivered to the destination(s)\n"
    "listed below. If the message was delivered to mailbox you will\n"
    "receive no further notifications. Otherwise you may still receive\n"
    "notifications of mail delivery errors from other systems.\n"
    "\n"
    "                   The mail system\n"
    "\n"
    "<bob@pris.cn>: delivery via maildrop: delivered via maildrop service\n"
    "\n"
    "--8E32AA9A16D.1795328401/mail.pris.cn\n"
    "Content-Description: Delivery report\n"
    "Content-Type: message/delivery-status\n"
    "\n"
    "Reporting-MTA: dns; mail.pris.cn\n"
    "Original-Envelope-Id: QQ314159\n"
    "X-Postfix---by-zhouhao0925-126-com-Queue-ID: 8E32AA9A16D\n"
    "X-Postfix---by-zhouhao0925-126-com-Sender: rfc822; alice@pris.cn\n"
    "Arrival-Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "Final-Recipient: rfc822; bob@pris.cn\n"
    "Original-Recipient: rfc822;Orig+name@pris.cn\n"
    "Action: relayed\n"
    "Status: 2.0.0\n"
    "Diagnostic-Code: X-Postfix---by-zhouhao0925-126-com; delivery via maildrop:\n"
    "    delivered via maildrop service\n"
    "\n"
    "--8E32AA9A16D.1795328401/mail.pris.cn\n"
    "Content-Description: Message Headers\n"
    "Content-Type: text/rfc822-headers\n"
    "\n"
    "Return-Path: <alice@pris.cn>\n"
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 8E32AA9A16D\n"
    "\tfor <bob@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: bob@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.8E32AA9A16D@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "--8E32AA9A16D.1795328401/mail.pris.cn--\n"},
    {BOUNCE_FAILURE, "362B0A9A165", 1795328477, "029FAA9A162", "",
     {"nohome@pris.cn", "nohome@pris.cn", "", TRANSPORT_LOCAL, MARK_BOUNCE, "4.3.0", "temporary failure. Command output: /usr/bin/maildrop: Unable to change to home directory. ", "x-unix; /usr/bin/maildrop: Unable to change to home directory."},
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 362B0A9A165\n"
    "\tfor <nohome@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: nohome@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.362B0A9A165@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    "Received: by mail.pris.cn (Postfix - by zhouhao0925@126.com)\n"
    "\tid 029FAA9A162; Sun, 22 Nov 2026 06:21:17 +0000 (UTC)\n"
    "Date: Sun, 22 Nov 2026 06:21:17 +0000 (UTC)\n"
    "From: Mail Delivery System <MAILER-DAEMON@mail.pris.cn>\n"
    "Subject: Undelivered Mail Returned to Sender\n"
    "To: alice@pris.cn\n"
    "Auto-Submitted: auto-replied\n"
    "MIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=delivery-status;\n"
    "\tboundary=\"362B0A9A165.1795328477/mail.pris.cn\"\n"
    "Message-Id: <20261122062117.029FAA9A162@mail.pris.cn>\n"
    "\n"
    "This is a MIME-encapsulated message.\n"
    "\n"
    "--362B0A9A165.1795328477/mail.pris.cn\n"
    "Content-Description: Notification\n"
    "Content-Type: text/plain; charset=us-ascii\n"
    "\n"
    "This is the mail system at host mail.pris.cn.\n"
    "\n"
    "I'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients. It's attached below.\n"
    "\n"
    "For further assistance, please send mail to postmaster.\n"
    "\n"
    "If you do so, please include this problem report. You can\n"
    "delete your own text from the attached returned message.\n"
    "\n"
    "                   The mail system\n"
    "\n"
    "<nohome@pris.cn>: temporary failure. Command output: /usr/bin/maildrop: Unable\n"
    "    to change to home directory.\n"
    "\n"
    "--362B0A9A165.1795328477/mail.pris.cn\n"
    "Content-Description: Delivery report\n"
    "Content-Type: message/delivery-status\n"
    "\n"
    "Reporting-MTA: dns; mail.pris.cn\n"
    "X-Postfix---by-zhouhao0925-126-com-Queue-ID: 362B0A9A165\n"
    "X-Postfix---by-zhouhao0925-126-com-Sender: rfc822; alice@pris.cn\n"
    "Arrival-Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "Final-Recipient: rfc822; nohome@pris.cn\n"
    "Original-Recipient: rfc822;nohome@pris.cn\n"
    "Action: failed\n"
    "Status: 4.3.0\n"
    "Diagnostic-Code: x-unix; /usr/bin/maildrop: Unable to change to home directory.\n"
    "\n"
    "--362B0A9A165.1795328477/mail.pris.cn\n"
    "Content-Description: Undelivered Message\n"
    "Content-Type: message/rfc822\n"
    "\n"
    "Return-Path: <alice@pris.cn>\n"
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id 362B0A9A165\n"
    "\tfor <nohome@pris.cn>; Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: nohome@pris.cn\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.362B0A9A165@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "\n"
    "--362B0A9A165.1795328477/mail.pris.cn--\n"},
    {BOUNCE_FAILURE, "E7671A9A7A4", 1795328477, "01049A9A163", "",
     {"later@remote3.example", "later@remote3.example", "", TRANSPORT_SMTP, MARK_BOUNCE, "4.4.1", "connect to 127.0.0.1[127.0.0.1]:10098: Connection refused", ""},
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id E7671A9A7A4;\n"
    "\tSun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: later@remote3.example, someone@remote.example\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.E7671A9A7A4@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
    "Received: by mail.pris.cn (Postfix - by zhouhao0925@126.com)\n"
    "\tid 01049A9A163; Sun, 22 Nov 2026 06:21:17 +0000 (UTC)\n"
    "Date: Sun, 22 Nov 2026 06:21:17 +0000 (UTC)\n"
    "From: Mail Delivery System <MAILER-DAEMON@mail.pris.cn>\n"
    "Subject: Undelivered Mail Returned to Sender\n"
    "To: alice@pris.cn\n"
    "Auto-Submitted: auto-replied\n"
    "MIME-Version: 1.0\n"
    "Content-Type: multipart/report; report-type=delivery-status;\n"
    "\tboundary=\"E7671A9A7A4.1795328477/mail.pris.cn\"\n"
    "Message-Id: <20261122062117.01049A9A163@mail.pris.cn>\n"
    "\n"
    "This is a MIME-encapsulated message.\n"
    "\n"
    "--E7671A9A7A4.1795328477/mail.pris.cn\n"
    "Content-Description: Notification\n"
    "Content-Type: text/plain; charset=us-ascii\n"
    "\n"
    "This is the mail system at host mail.pris.cn.\n"
    "\n"
    "I'm sorry to have to inform you that your message could not\n"
    "be delivered to one or more recipients. It's attached below.\n"
    "\n"
    "For further assistance, please send mail to postmaster.\n"
    "\n"
    "If you do so, please include this problem report. You can\n"
    "delete your own text from the attached returned message.\n"
    "\n"
    "                   The mail system\n"
    "\n"
    "<later@remote3.example>: connect to 127.0.0.1[127.0.0.1]:10098: Connection\n"
    "    refused\n"
    "\n"
    "--E7671A9A7A4.1795328477/mail.pris.cn\n"
    "Content-Description: Delivery report\n"
    "Content-Type: message/delivery-status\n"
    "\n"
    "Reporting-MTA: dns; mail.pris.cn\n"
    "X-Postfix---by-zhouhao0925-126-com-Queue-ID: E7671A9A7A4\n"
    "X-Postfix---by-zhouhao0925-126-com-Sender: rfc822; alice@pris.cn\n"
    "Arrival-Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "Final-Recipient: rfc822; later@remote3.example\n"
    "Original-Recipient: rfc822;later@remote3.example\n"
    "Action: failed\n"
    "Status: 4.4.1\n"
    "Diagnostic-Code: X-Postfix---by-zhouhao0925-126-com; connect to\n"
    "    127.0.0.1[127.0.0.1]:10098: Connection refused\n"
    "\n"
    "--E7671A9A7A4.1795328477/mail.pris.cn\n"
    "Content-Description: Undelivered Message\n"
    "Content-Type: message/rfc822\n"
    "\n"
    "Return-Path: <alice@pris.cn>\n"
    "Received: from client.example (localhost [127.0.0.1])\n"
    "\tby mail.pris.cn (Postfix - by zhouhao0925@126.com) with ESMTP id E7671A9A7A4;\n"
    "\tSun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "From: alice@pris.cn\n"
    "To: later@remote3.example, someone@remote.example\n"
    "Subject: test 0\n"
    "Message-Id: <20261122062001.E7671A9A7A4@mail.pris.cn>\n"
    "Date: Sun, 22 Nov 2026 06:20:01 +0000 (UTC)\n"
    "\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
    "\n"
    "--E7671A9A7A4.1795328477/mail.pris.cn--\n"},};
/* clang-format on */

static int
content_file(const char *content)
{
    char path[] = "/tmp/mr-content-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    return fd;
}

static void
fill(struct envelope *e, struct dsnreport *d, const struct dsn_case *c)
{
    struct recipient *r;

    envelope_init(e);
    strcpy(e->qid, c->about);
    e->arrival = 1795328401000000ull;
    e->size = strlen(c->content);
    e->sender = "alice@pris.cn";
    e->envid = c->envid;
    r = envelope_add(e);
    r->address = c->rcpt.address;
    r->orig_to = c->rcpt.orig_to;
    r->orcpt = c->rcpt.orcpt;
    r->transport = c->rcpt.transport;
    r->mark = c->rcpt.mark;
    r->notify = c->kind == BOUNCE_SUCCESS ? NOTIFY_SUCCESS : 0;
    recipient_set_reason(r, c->rcpt.dsn, c->rcpt.text, c->rcpt.diagnostic);
    memset(d, 0, sizeof(*d));
    d->kind = c->kind;
    d->myhostname = d->myorigin = "mail.pris.cn";
    d->mail_name = "Postfix - by zhouhao0925@126.com";
    d->relay = "maildrop";
    d->qid = c->qid;
    d->now = c->now;
    d->size_limit = 50000;
    d->warning_time = 4 * 3600;
    d->lifetime = 5 * 86400;
    d->env = e;
    d->content = content_file(c->content);
}

static void
test_samples(void **state)
{
    struct envelope e;
    struct dsnreport d;
    struct buf text;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(cases); i++) {
        fill(&e, &d, &cases[i]);
        buf_init(&text, 1 << 20);
        assert_int_equal(dsnreport_build(&text, &d), 0);
        assert_string_equal(buf_cstr(&text), cases[i].expected);
        buf_free(&text);
        close(d.content);
        envelope_free(&e);
    }
}

/* What differs in the other cases: headers only, a delay, a message that is too large. */
static void
test_variants(void **state)
{
    static const struct {
        enum bounce_kind kind;
        uint8_t mark;
        const char *ret;
        uint64_t limit;
        const char *has, *has_not;
    } variants[] = {
        {BOUNCE_FAILURE, MARK_BOUNCE, "HDRS", 50000,
         "Undelivered Message Headers\nContent-Type: text/rfc822-headers\n", "xxxx"},
        {BOUNCE_FAILURE, MARK_BOUNCE, "FULL", 50000, "Undelivered Message\nContent-Type: message/rfc822\n",
         "Headers"},
        {BOUNCE_FAILURE, MARK_BOUNCE, "", 400, "Undelivered Message Headers\n", "xxxx\nxxxx"},
        {BOUNCE_DELAY, MARK_OPEN, "", 50000,
         "Your message could not be delivered for more than 4 hour(s).\nIt will be retried until it is 5 "
         "day(s) old.\n",
         "xxxx"},
        {BOUNCE_DELAY, MARK_OPEN, "", 50000, "\nWill-Retry-Until: Fri, 27 Nov 2026 06:20:01 +0000 (UTC)\n",
         "Action: failed"},
    };
    struct envelope e;
    struct dsnreport d;
    struct buf text;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(variants); i++) {
        fill(&e, &d, &cases[0]);
        d.kind = variants[i].kind;
        e.ret = variants[i].ret;
        e.rcpt[0].mark = variants[i].mark;
        d.size_limit = variants[i].limit;
        buf_init(&text, 1 << 20);
        assert_int_equal(dsnreport_build(&text, &d), 0);
        assert_non_null(strstr(buf_cstr(&text), variants[i].has));
        assert_null(strstr(buf_cstr(&text), variants[i].has_not));
        buf_free(&text);
        buf_init(&text, 500); /* over the cap: said, not cut */
        assert_int_equal(dsnreport_build(&text, &d), -1);
        buf_free(&text);
        close(d.content);
        envelope_free(&e);
    }
}

static void
test_names(void **state)
{
    static const struct {
        enum bounce_kind kind;
        uint8_t mark;
        uint32_t notify;
        int named;
    } rules[] = {
        {BOUNCE_FAILURE, MARK_BOUNCE, 0, 1},
        {BOUNCE_FAILURE, MARK_BOUNCE, NOTIFY_NEVER, 0},
        {BOUNCE_FAILURE, MARK_BOUNCE, NOTIFY_SUCCESS | NOTIFY_DELAY, 0},
        {BOUNCE_FAILURE, MARK_BOUNCE, NOTIFY_FAILURE, 1},
        {BOUNCE_FAILURE, MARK_OPEN, 0, 0},
        {BOUNCE_FAILURE, MARK_DONE, 0, 0},
        {BOUNCE_SUCCESS, MARK_NOTICE, NOTIFY_SUCCESS, 1},
        {BOUNCE_SUCCESS, MARK_SENT, NOTIFY_SUCCESS, 0},
        {BOUNCE_DELAY, MARK_OPEN, 0, 1},
        {BOUNCE_DELAY, MARK_OPEN, NOTIFY_FAILURE, 0},
        {BOUNCE_DELAY, MARK_OPEN, NOTIFY_DELAY, 1},
    };
    struct recipient r;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(rules); i++) {
        memset(&r, 0, sizeof(r));
        r.mark = rules[i].mark;
        r.notify = rules[i].notify;
        assert_int_equal(dsnreport_names(rules[i].kind, &r), rules[i].named);
    }
}

static void
test_wrap(void **state)
{
    static const char *const lines[][2] = {
        {"", "\n"},
        {"short  ", "short\n"},
        {"a line that is far too long for one line, because it has more than seventy-nine characters in it",
         "a line that is far too long for one line, because it has more than seventy-nine\n"
         "    characters in it\n"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n  "
         "  b\n"},
    };
    struct buf b;
    size_t i;

    (void)state;
    for (i = 0; i < MR_NELEM(lines); i++) {
        buf_init(&b, 1000);
        dsnreport_put_wrapped(&b, lines[i][0]);
        assert_string_equal(buf_cstr(&b), lines[i][1]);
        buf_free(&b);
    }
    buf_init(&b, 1000);
    dsnreport_put_mangled(&b, "Postfix - by zhouhao0925@126.com");
    assert_string_equal(buf_cstr(&b), "Postfix---by-zhouhao0925-126-com");
    buf_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples), cmocka_unit_test(test_variants),
                                       cmocka_unit_test(test_names), cmocka_unit_test(test_wrap)};

    setenv("TZ", "UTC", 1);
    tzset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
