/* SPDX-License-Identifier: ISC */
/* DATA (RFC 5321 4.1.1.4): the trace header, the content, and its end. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "log.h"
#include "mem.h"
#include "session.h"
#include "strutil.h"

#define DATA_CHUNK 16384 /* bytes that are decoded at once */

/* ---- Received: (RFC 5321 4.4) ------------------------------------------------------------- */

/* A login in a comment: nothing in it may end the comment or the line. */
static void
trace_login(struct buf *b, const char *login)
{
    buf_puts(b, "\t(Authenticated sender: ");
    for (; *login; login++)
        buf_putc(b, (unsigned char)*login < ' ' || *login == 127 || strchr("()\\", *login) ? '?' : *login);
    buf_puts(b, ")\n");
}

static void
trace_received(struct session *s, struct buf *b)
{
    struct tx *tx = s->tx;
    const char *name = session_client_name(&s->addr);
    char date[DATE_5322_SIZE];

    date_5322(date, tx->arrival);
    buf_printf(b, "Received: from %s (%s [%s%s])\n", s->helo ? s->helo : name, name,
               s->addr.family == AF_INET6 ? "IPv6:" : "", s->ip);
    if (s->sasl_username && s->set->sasl_header)
        trace_login(b, s->sasl_username);
    buf_printf(b, "\tby %s (%s) with %s%s id %s", s->set->myhostname, s->set->mail_name, session_protocol(s),
               s->esmtp && s->sasl_username ? "A" : "", tx->queue_id);
    if (tx->nrcpts == 1)
        buf_printf(b, "\n\tfor <%s>; %s\n", tx->rcpt_smtp, date);
    else
        buf_printf(b, ";\n\t%s\n", date);
}

/* ---- the beginning --------------------------------------------------------------------------- */

static void data_resume(struct session *s);

/* Is the content welcome? May be called again when authd has answered. */
static int
data_check(struct session *s)
{
    struct restrict_check check;
    struct tx *tx = s->tx;
    enum restrict_result r;

    memset(&check, 0, sizeof(check));
    check.session = s;
    r = restrict_data(&check);
    if (r == RESTRICT_ASK_OWNER)
        return owner_ask(s, data_resume);
    if (r == RESTRICT_REJECT)
        return session_reject(s, tx->rcpts->address, check.reply);
    if (tx->failed)
        return session_reject(s, tx->rcpts->address, "451 4.3.0 Error: queue file write error");
    session_reply(s, "354 End data with <CR><LF>.<CR><LF>");
    s->mode = SESSION_DATA;
    s->where = "DATA content";
    tx->state = TX_CONTENT;
    data_decoder_init(&tx->decoder, s->lf_line && (s->may_send_lf || s->set->bare_lf == BARE_LF_NO));
    trace_received(s, &tx->out);
    return COMMAND_WAIT;
}

static void
data_resume(struct session *s)
{
    int result = data_check(s);

    if (result == COMMAND_WAIT)
        session_resume(s);
    else
        session_done(s, result);
}

int
data_command(struct session *s, struct command *c)
{
    struct tx *tx = s->tx;

    if (!tx || tx->nrcpts == 0) {
        session_reply(s, tx ? "554 5.5.1 Error: no valid recipients" : "503 5.5.1 Error: need RCPT command");
        return COMMAND_ERROR;
    }
    if (c->argc != 1) {
        session_reply(s, "501 5.5.4 Syntax: DATA");
        return COMMAND_ERROR;
    }
    owner_retry(s);
    return data_check(s);
}

/* ---- the end ----------------------------------------------------------------------------------- */

/* Replies, and ends the transaction. */
static void
data_end(struct session *s, int result)
{
    if (result == COMMAND_OK)
        s->errors = s->junk = 0;
    s->mode = SESSION_COMMAND;
    tx_reset(s);
    session_done(s, result);
}

static void
data_refuse(struct session *s, const char *text)
{
    session_reject(s, s->tx->rcpts->address, text);
    data_end(s, COMMAND_ERROR);
}

static void
data_committed(struct session *s, unsigned code, const char *text)
{
    char reply[PROTO_MAX_TEXT + 8];

    snprintf(reply, sizeof(reply), "%u %s", code, text);
    if (code != 250) {
        data_refuse(s, reply);
        return;
    }
    session_reply(s, "%s", reply);
    data_end(s, COMMAND_OK);
}

/* The content is complete: hands it over, or says why not. */
static void
data_finish(struct session *s, int ok)
{
    struct tx *tx = s->tx;
    int written;

    s->waiting = 1;
    if (tx->too_big)
        data_refuse(s, "552 5.3.4 Error: message file too big");
    else if (tx->headers.received + 1 > s->set->hopcount_limit)
        data_refuse(s, "554 5.4.0 Error: too many hops");
    else if (!ok || (written = tx_write(s, 1, data_finish)) < 0)
        data_refuse(s, "451 4.3.0 Error: queue file write error");
    else if (written > 0) {
        log_as("cleanup", "%s: message-id=%s", tx->queue_id,
               buf_len(&tx->headers.message_id) > 0 ? buf_cstr(&tx->headers.message_id) : "<>");
        tx_commit(s, data_committed);
    }
}

/* ---- the content --------------------------------------------------------------------------------- */

/* Decodes a piece into tx->out, through the header while that lasts. */
static size_t
data_decode_piece(struct tx *tx, const char *p, size_t n)
{
    static struct buf header;
    size_t used, taken;

    if (tx->headers.in_body)
        return data_decode(&tx->decoder, p, n, &tx->out);
    header.cap = 4 * DATA_CHUNK;
    buf_reset(&header);
    used = data_decode(&tx->decoder, p, n, &header);
    taken = headers_feed(&tx->headers, buf_data(&header), buf_len(&header), &tx->out);
    buf_append(&tx->out, buf_data(&header) + taken, buf_len(&header) - taken);
    return used;
}

/* More room was given, or not. */
static void
data_go_on(struct session *s, int ok)
{
    MR_UNUSED(ok); /* tx->failed says it; the rest of the content is read all the same */
    if (tx_write(s, TX_WRITE_SIZE, data_go_on) != 0)
        session_resume(s);
}

size_t
data_feed(struct session *s, const char *p, size_t n)
{
    struct tx *tx = s->tx;
    uint64_t limit = s->set->message_size_limit;
    size_t used = data_decode_piece(tx, p, n < DATA_CHUNK ? n : DATA_CHUNK);

    session_touch(s);
    tx->size += used - tx->decoder.dots;
    tx->decoder.dots = 0;
    if (tx->decoder.ended) {
        tx->size -= tx->decoder.after_crlf ? 3 : 2; /* the dot and its line end */
        tx->too_big = limit > 0 && tx->size > limit;
        headers_end(&tx->headers, &tx->out);
        s->where = "END-OF-MESSAGE";
        data_finish(s, !tx->failed);
        return used;
    }
    tx->too_big = limit > 0 && tx->size > limit + 3;
    if (tx_write(s, TX_WRITE_SIZE, data_go_on) == 0)
        s->waiting = 1;
    return used;
}
