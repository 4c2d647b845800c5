/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <strings.h>

#include "headers.h"
#include "strutil.h"

enum header_bit {
    HEADER_MESSAGE_ID = 1,
    HEADER_DATE = 2,
    HEADER_FROM = 4,
    HEADER_RESENT = 8, /* any Resent- header: then those are what may be missing */
    HEADER_RESENT_MESSAGE_ID = 16,
    HEADER_RESENT_DATE = 32,
    HEADER_RESENT_FROM = 64
};

enum header_action { HEADER_KEEP, HEADER_DROP, HEADER_ID, HEADER_COUNT };

static const struct header_name {
    const char *name;
    unsigned bits;
    enum header_action action;
} header_names[] = {
    {"Bcc", 0, HEADER_DROP},
    {"Content-Length", 0, HEADER_DROP},
    {"Date", HEADER_DATE, HEADER_KEEP},
    {"From", HEADER_FROM, HEADER_KEEP},
    {"Message-Id", HEADER_MESSAGE_ID, HEADER_ID},
    {"Received", 0, HEADER_COUNT},
    {"Resent-Bcc", HEADER_RESENT, HEADER_DROP},
    {"Resent-Cc", HEADER_RESENT, HEADER_KEEP},
    {"Resent-Date", HEADER_RESENT | HEADER_RESENT_DATE, HEADER_KEEP},
    {"Resent-From", HEADER_RESENT | HEADER_RESENT_FROM, HEADER_KEEP},
    {"Resent-Message-Id", HEADER_RESENT | HEADER_RESENT_MESSAGE_ID, HEADER_KEEP},
    {"Resent-To", HEADER_RESENT, HEADER_KEEP},
    {"Return-Path", 0, HEADER_DROP},
};

void
headers_init(struct headers *h, size_t limit, int (*missing)(void *, struct headers_missing *), void *arg)
{
    memset(h, 0, sizeof(*h));
    buf_init(&h->line, HEADERS_LINE_MAX);
    buf_init(&h->message_id, HEADERS_MESSAGE_ID_MAX);
    h->limit = limit > HEADERS_LINE_MAX ? limit : HEADERS_LINE_MAX;
    h->missing = missing;
    h->arg = arg;
}

void
headers_free(struct headers *h)
{
    buf_free(&h->line);
    buf_free(&h->message_id);
}

size_t
headers_name_len(const char *line, size_t n)
{
    size_t i, len = 0;

    for (i = 0; i < n; i++) {
        unsigned char c = (unsigned char)line[i];

        if (c == ':')
            return len;
        if (c == ' ' || c == '\t') {
            if (len == 0)
                return 0;
        } else if (c < 33 || c > 126 || i != len) /* blanks before the colon only */
            return 0;
        else
            len++;
    }
    return 0;
}

/* ---- where the header ends -------------------------------------------------------- */

static void
headers_add_missing(struct headers *h, struct buf *out)
{
    struct headers_missing m;
    const char *resent = h->seen & HEADER_RESENT ? "Resent-" : "";
    unsigned shift = *resent ? 4 : 0; /* HEADER_x << 4 is HEADER_RESENT_x */
    char text[DATE_5322_SIZE], stamp[32];
    struct tm tm;

    if ((h->seen >> shift & 7) == 7 || !h->missing(h->arg, &m))
        return;
    if (!(h->seen >> shift & HEADER_MESSAGE_ID)) {
        gmtime_r(&m.now, &tm);
        strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
        buf_printf(out, "%sMessage-Id: <%s.%s@%s>\n", resent, stamp, m.queue_id, m.myhostname);
        if (!*resent) {
            buf_reset(&h->message_id);
            buf_printf(&h->message_id, "<%s.%s@%s>", stamp, m.queue_id, m.myhostname);
        }
    }
    if (!(h->seen >> shift & HEADER_DATE)) {
        date_5322(text, m.now);
        buf_printf(out, "%sDate: %s\n", resent, text);
    }
    if (!(h->seen >> shift & HEADER_FROM))
        buf_printf(out, "%sFrom: %s\n", resent, *m.from ? m.from : "MAILER-DAEMON");
}

void
headers_end(struct headers *h, struct buf *out)
{
    if (h->in_body)
        return;
    h->in_body = 1;
    headers_add_missing(h, out);
}

/* ---- lines ------------------------------------------------------------------------ */

/* The value of Message-Id:, without line ends and the blanks around it. */
static void
headers_keep_id(struct headers *h, const char *p, size_t n)
{
    for (; n > 0 && buf_len(&h->message_id) < HEADERS_MESSAGE_ID_MAX; p++, n--) {
        unsigned char c = (unsigned char)*p;

        if (c == '\t')
            c = ' ';
        if (c < ' ' || c > '~' || (c == ' ' && buf_len(&h->message_id) == 0))
            continue;
        buf_putc(&h->message_id, (char)c);
    }
    while (buf_len(&h->message_id) > 0 && buf_data(&h->message_id)[buf_len(&h->message_id) - 1] == ' ')
        h->message_id.end--;
}

static enum header_action
headers_named(struct headers *h, const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < MR_NELEM(header_names); i++) {
        const struct header_name *k = &header_names[i];

        if (strlen(k->name) != len || strncasecmp(k->name, name, len) != 0)
            continue;
        if (k->action == HEADER_ID && h->seen & HEADER_MESSAGE_ID)
            return HEADER_KEEP; /* the first one counts */
        h->seen |= k->bits;
        h->received += k->action == HEADER_COUNT;
        return k->action;
    }
    return HEADER_KEEP;
}

/* Text of a header line, or more of it. */
static void
headers_text(struct headers *h, const char *p, size_t n, size_t value_at, struct buf *out)
{
    if (h->current == HEADER_DROP)
        return;
    if (h->current == HEADER_ID)
        headers_keep_id(h, p + value_at, n - value_at);
    if (n < h->room || (n == h->room && p[n - 1] == '\n')) {
        buf_append(out, p, n);
        h->room -= n;
    } else if (h->room > 0) {
        buf_append(out, p, h->room);
        buf_putc(out, '\n');
        h->room = 0;
    }
}

/* The header ended without an empty line: one is put there. */
static void
headers_force_body(struct headers *h, const char *p, size_t n, struct buf *out)
{
    headers_end(h, out);
    buf_putc(out, '\n');
    buf_append(out, p, n);
}

/* A line with its LF, or the first HEADERS_LINE_MAX bytes of a longer one. */
static void
headers_line(struct headers *h, const char *p, size_t n, struct buf *out)
{
    int first = !h->started;
    size_t name, gt = 0;

    h->started = 1;
    if (n == 1 && *p == '\n') {
        headers_end(h, out);
        buf_putc(out, '\n');
        return;
    }
    while (first && gt < n && p[gt] == '>')
        gt++;
    if (first && n - gt > 5 && memcmp(p + gt, "From ", 5) == 0) {
        h->current = HEADER_KEEP;
        h->started = 0; /* more of them may follow */
        h->room = h->limit;
        buf_puts(out, "X-Mailbox-Line: ");
        headers_text(h, p, n, 0, out);
    } else if (*p == ' ' || *p == '\t') {
        if (first)
            headers_force_body(h, p, n, out);
        else
            headers_text(h, p, n, 0, out);
    } else if ((name = headers_name_len(p, n)) > 0) {
        h->current = headers_named(h, p, name);
        h->room = h->limit;
        headers_text(h, p, n, (size_t)((const char *)memchr(p, ':', n) - p) + 1, out);
    } else
        headers_force_body(h, p, n, out);
}

/* The rest of a line that was longer than HEADERS_LINE_MAX, up to its LF. */
static size_t
headers_pass(struct headers *h, const char *p, size_t n, struct buf *out)
{
    const char *lf = memchr(p, '\n', n);
    size_t len = lf ? (size_t)(lf - p) + 1 : n;

    headers_text(h, p, len, 0, out);
    h->passing = !lf;
    return len;
}

size_t
headers_feed(struct headers *h, const char *p, size_t n, struct buf *out)
{
    const char *start = p, *end = p + n, *lf;
    size_t room, len;

    while (p < end && !h->in_body) {
        if (h->passing) {
            p += headers_pass(h, p, (size_t)(end - p), out);
            continue;
        }
        room = HEADERS_LINE_MAX - buf_len(&h->line);
        len = (size_t)(end - p) < room ? (size_t)(end - p) : room;
        lf = memchr(p, '\n', len);
        if (lf)
            len = (size_t)(lf - p) + 1;
        if (buf_len(&h->line) == 0 && (lf || len == HEADERS_LINE_MAX)) {
            headers_line(h, p, len, out); /* the common case: a whole line, where it is */
            h->passing = !lf;
        } else {
            buf_append(&h->line, p, len);
            if (lf || buf_len(&h->line) == HEADERS_LINE_MAX) {
                headers_line(h, buf_data(&h->line), buf_len(&h->line), out);
                h->passing = !lf;
                buf_reset(&h->line);
            }
        }
        p += len;
    }
    return (size_t)(p - start);
}
