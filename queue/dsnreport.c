/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "dsnreport.h"
#include "strutil.h"

#define WRAP_WIDTH 79
#define WRAP_INDENT 4

static const struct {
    const char *subject;
    const char *body;
} texts[] = {
    {"Undelivered Mail Returned to Sender", "I'm sorry to have to inform you that your message could not\n"
                                            "be delivered to one or more recipients. It's attached below.\n"},
    {"Successful Mail Delivery Report", "Your message was successfully delivered to the destination(s)\n"
                                        "listed below. If the message was delivered to mailbox you will\n"
                                        "receive no further notifications. Otherwise you may still receive\n"
                                        "notifications of mail delivery errors from other systems.\n"},
    {"Delayed Mail (still being retried)",
     "####################################################################\n"
     "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n"
     "####################################################################\n"},
};
static const char text_help[] = "For further assistance, please send mail to postmaster.\n"
                                "\n"
                                "If you do so, please include this problem report. You can\n"
                                "delete your own text from the attached returned message.\n";

/* ---- pieces ------------------------------------------------------------------------------------------- */

int
dsnreport_names(enum bounce_kind kind, const struct recipient *r)
{
    static const struct {
        uint8_t mark;
        uint32_t notify;
        int by_default;
    } rules[] = {
        {MARK_BOUNCE, NOTIFY_FAILURE, 1}, {MARK_NOTICE, NOTIFY_SUCCESS, 0}, {MARK_OPEN, NOTIFY_DELAY, 1}};

    return r->mark == rules[kind].mark &&
           (r->notify ? (r->notify & rules[kind].notify) != 0 : rules[kind].by_default);
}

void
dsnreport_put_mangled(struct buf *to, const char *mail_name)
{
    for (; *mail_name; mail_name++)
        buf_putc(to, *mail_name <= ' ' || *mail_name > '~' || strchr("()<>@,;:\\\".[]", *mail_name)
                         ? '-'
                         : *mail_name);
}

static size_t
trim(const char *from, size_t n)
{
    while (n > 0 && (from[n - 1] == ' ' || from[n - 1] == '\t'))
        n--;
    return n;
}

void
dsnreport_put_wrapped(struct buf *to, const char *text)
{
    const char *line = text, *word = text, *end;
    size_t width = WRAP_WIDTH;

    for (;; word = end + 1) {
        end = word + strcspn(word, " \t");
        if (word > line && (size_t)(end - line) > width) {
            buf_append(to, line, trim(line, (size_t)(word - line)));
            buf_printf(to, "\n%*s", WRAP_INDENT, "");
            line = word += strspn(word, " \t");
            end = word + strcspn(word, " \t");
            width = WRAP_WIDTH - WRAP_INDENT;
        }
        if (*end == '\0')
            break;
    }
    buf_append(to, line, trim(line, strlen(line)));
    buf_putc(to, '\n');
}

/* An address as headers need it, local part quoted where it must be. */
static void
put_address(struct buf *to, const char *plain)
{
    struct address a;

    if (address_parse_plain(plain, &a) < 0 || address_put_smtp(to, &a) < 0)
        buf_puts(to, plain);
}

static void
put_date(struct buf *to, const char *name, time_t t)
{
    char date[DATE_5322_SIZE];

    date_5322(date, t);
    buf_printf(to, "%s: %s\n", name, date);
}

static void
put_boundary(struct buf *to, const struct dsnreport *d)
{
    buf_printf(to, "%s.%ld/%s", d->env->qid, (long)d->now, d->myhostname);
}

static void
put_part(struct buf *to, const struct dsnreport *d, const char *description, const char *type)
{
    buf_puts(to, "\n--");
    put_boundary(to, d);
    buf_printf(to, "\nContent-Description: %s\nContent-Type: %s\n", description, type);
}

/* "delivery via maildrop: delivered via maildrop service" in success reports, else the reason itself. */
static void
put_reason(struct buf *to, const struct dsnreport *d, const struct recipient *r)
{
    if (d->kind == BOUNCE_SUCCESS)
        buf_printf(to, "delivery via %s: ", r->transport == TRANSPORT_LOCAL ? d->relay : "none");
    buf_puts(to, r->text ? r->text : "");
}

/* ---- header and part 1: for people ------------------------------------------------------------------- */

static void
put_header(struct buf *to, const struct dsnreport *d)
{
    char date[DATE_5322_SIZE], stamp[32];
    struct tm tm;

    date_5322(date, d->now);
    gmtime_r(&d->now, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
    buf_printf(to, "Received: by %s (%s)\n\tid %s; %s\nDate: %s\n", d->myhostname, d->mail_name, d->qid, date,
               date);
    buf_printf(to, "From: Mail Delivery System <MAILER-DAEMON@%s>\nSubject: %s\nTo: ", d->myorigin,
               texts[d->kind].subject);
    put_address(to, d->env->sender);
    buf_puts(to, "\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
                 "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"");
    put_boundary(to, d);
    buf_puts(to, "\"\n");
    if (d->env->sender_flags & SENDER_8BITMIME)
        buf_puts(to, "Content-Transfer-Encoding: 8bit\n");
    buf_printf(to, "Message-Id: <%s.%s@%s>\n\nThis is a MIME-encapsulated message.\n", stamp, d->qid,
               d->myhostname);
}

static void
put_notification(struct buf *to, const struct dsnreport *d)
{
    put_part(to, d, "Notification", "text/plain; charset=us-ascii");
    buf_printf(to, "\nThis is the mail system at host %s.\n\n%s", d->myhostname, texts[d->kind].body);
    if (d->kind == BOUNCE_DELAY)
        buf_printf(to,
                   "\nYour message could not be delivered for more than %.0f hour(s).\n"
                   "It will be retried until it is %.0f day(s) old.\n",
                   d->warning_time / 3600, d->lifetime / 86400);
    if (d->kind != BOUNCE_SUCCESS)
        buf_printf(to, "\n%s", text_help);
    buf_puts(to, "\n                   The mail system\n");
}

static int
put_recipient_text(struct buf *to, const struct dsnreport *d, const struct recipient *r)
{
    struct buf line;
    int failed;

    buf_init(&line, 4096);
    buf_putc(&line, '<');
    put_address(&line, r->address);
    buf_putc(&line, '>');
    if (*r->orig_to && !str_ieq(r->orig_to, r->address)) {
        buf_puts(&line, " (expanded from <");
        put_address(&line, r->orig_to);
        buf_puts(&line, ">)");
    }
    buf_puts(&line, ": ");
    put_reason(&line, d, r);
    buf_putc(to, '\n');
    dsnreport_put_wrapped(to, buf_cstr(&line));
    failed = line.overflow;
    buf_free(&line);
    return failed ? -1 : 0;
}

/* ---- part 2: for programs ---------------------------------------------------------------------- */

static void
put_report_header(struct buf *to, const struct dsnreport *d)
{
    put_part(to, d, "Delivery report", "message/delivery-status");
    buf_printf(to, "\nReporting-MTA: dns; %s\n", d->myhostname);
    if (*d->env->envid)
        buf_printf(to, "Original-Envelope-Id: %s\n", d->env->envid);
    buf_puts(to, "X-");
    dsnreport_put_mangled(to, d->mail_name);
    buf_printf(to, "-Queue-ID: %s\nX-", d->env->qid);
    dsnreport_put_mangled(to, d->mail_name);
    buf_puts(to, "-Sender: rfc822; ");
    put_address(to, d->env->sender);
    buf_putc(to, '\n');
    put_date(to, "Arrival-Date", (time_t)(d->env->arrival / 1000000));
}

static int
put_diagnostic(struct buf *to, const struct dsnreport *d, const struct recipient *r)
{
    struct buf line;
    int failed;

    buf_init(&line, 4096);
    buf_puts(&line, "Diagnostic-Code: ");
    if (r->diagnostic && d->kind != BOUNCE_SUCCESS)
        buf_puts(&line, r->diagnostic);
    else {
        buf_puts(&line, "X-");
        dsnreport_put_mangled(&line, d->mail_name);
        buf_puts(&line, "; ");
        put_reason(&line, d, r);
    }
    dsnreport_put_wrapped(to, buf_cstr(&line));
    failed = line.overflow;
    buf_free(&line);
    return failed ? -1 : 0;
}

static int
put_recipient_report(struct buf *to, const struct dsnreport *d, const struct recipient *r)
{
    static const char *const actions[] = {"failed", NULL, "delayed"};
    const char *action = actions[d->kind];

    if (!action)
        action = strcmp(d->relay, "virtual") == 0 ? "delivered" : "relayed";
    buf_puts(to, "\nFinal-Recipient: rfc822; ");
    put_address(to, r->address);
    buf_puts(to, "\nOriginal-Recipient: ");
    if (*r->orcpt)
        buf_puts(to, r->orcpt);
    else {
        buf_puts(to, "rfc822;");
        put_address(to, r->orig_to);
    }
    buf_printf(to, "\nAction: %s\nStatus: %s\n", action, r->dsn);
    if (put_diagnostic(to, d, r) < 0)
        return -1;
    if (d->kind == BOUNCE_DELAY)
        put_date(to, "Will-Retry-Until", (time_t)(d->env->arrival / 1000000 + (uint64_t)d->lifetime));
    return 0;
}

/* ---- part 3: the message ----------------------------------------------------------------------- */

static int
put_content(struct buf *to, int fd, uint64_t n)
{
    char chunk[16384];
    uint64_t at;
    size_t part;

    for (at = 0; at < n; at += part) {
        part = n - at < sizeof(chunk) ? (size_t)(n - at) : sizeof(chunk);
        if (fd_pread_all(fd, chunk, part, at) < 0 || buf_append(to, chunk, part) < 0)
            return -1;
    }
    return 0;
}

/* Cuts what was appended behind `from` to its header lines. */
static void
keep_headers(struct buf *to, size_t from)
{
    const char *p = buf_data(to) + from;
    size_t n = buf_len(to) - from, i;

    for (i = 0; i < n; i++)
        if (p[i] == '\n' && (i == 0 || p[i - 1] == '\n'))
            break;
    to->end -= n - i;
}

static int
put_original(struct buf *to, const struct dsnreport *d)
{
    int headers = d->kind != BOUNCE_FAILURE || d->env->size > d->size_limit || str_ieq(d->env->ret, "HDRS");
    const char *descriptions[] = {"Undelivered Message", "Undelivered Message Headers", "Message",
                                  "Message Headers"};
    size_t from;

    put_part(to, d, descriptions[(d->kind == BOUNCE_SUCCESS ? 2 : 0) + headers],
             headers ? "text/rfc822-headers" : "message/rfc822");
    if (d->env->sender_flags & SENDER_8BITMIME)
        buf_puts(to, "Content-Transfer-Encoding: 8bit\n");
    buf_puts(to, "\nReturn-Path: <");
    put_address(to, d->env->sender);
    buf_puts(to, ">\n");
    from = buf_len(to);
    if (put_content(to, d->content, d->env->size < d->size_limit ? d->env->size : d->size_limit) < 0)
        return -1;
    if (headers)
        keep_headers(to, from);
    if (buf_len(to) > from && buf_data(to)[buf_len(to) - 1] != '\n')
        buf_putc(to, '\n');
    buf_puts(to, "\n--");
    put_boundary(to, d);
    return buf_puts(to, "--\n");
}

int
dsnreport_build(struct buf *to, const struct dsnreport *d)
{
    uint32_t i;

    put_header(to, d);
    put_notification(to, d);
    for (i = 0; i < d->env->nrcpt; i++)
        if (dsnreport_names(d->kind, &d->env->rcpt[i]) && put_recipient_text(to, d, &d->env->rcpt[i]) < 0)
            return -1;
    put_report_header(to, d);
    for (i = 0; i < d->env->nrcpt; i++)
        if (dsnreport_names(d->kind, &d->env->rcpt[i]) && put_recipient_report(to, d, &d->env->rcpt[i]) < 0)
            return -1;
    if (put_original(to, d) < 0)
        return -1;
    return to->overflow ? -1 : 0;
}
