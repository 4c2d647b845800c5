/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "crc32.h"
#include "proto.h"
#include "spoolfile.h"

static const char spool_magic[8] = {'m', 'r', 's', 'p', 'o', 'o', 'l', '\n'};
#define SPOOL_VERSION 1
#define SPOOL_TEXT_MAX ((SPOOL_SLOT - 16) / 2)

/* The records, and where their values are. */
enum spool_kind { KIND_TEXT, KIND_U8, KIND_U32, KIND_U64 };
struct spool_field {
    char tag;
    enum spool_kind kind;
    size_t at;    /* offset in the struct */
    uint32_t max; /* most bytes of a text */
};
static const struct spool_field envelope_fields[] = {
    {'t', KIND_U64, offsetof(struct envelope, arrival), 0},
    {'f', KIND_U32, offsetof(struct envelope, sender_flags), 0},
    {'s', KIND_TEXT, offsetof(struct envelope, sender), PROTO_MAX_ADDRESS},
    {'r', KIND_TEXT, offsetof(struct envelope, ret), PROTO_MAX_NAME},
    {'e', KIND_TEXT, offsetof(struct envelope, envid), PROTO_MAX_NAME},
    {'m', KIND_TEXT, offsetof(struct envelope, message_id), PROTO_MAX_TEXT},
    {'c', KIND_TEXT, offsetof(struct envelope, client), PROTO_MAX_TEXT},
};
static const struct spool_field rcpt_fields[] = {
    {'A', KIND_TEXT, offsetof(struct recipient, address), PROTO_MAX_ADDRESS},
    {'O', KIND_TEXT, offsetof(struct recipient, orig_to), PROTO_MAX_ADDRESS},
    {'C', KIND_TEXT, offsetof(struct recipient, orcpt), PROTO_MAX_ADDRESS},
    {'H', KIND_TEXT, offsetof(struct recipient, nexthop), PROTO_MAX_TEXT},
    {'N', KIND_U32, offsetof(struct recipient, notify), 0},
    {'T', KIND_U8, offsetof(struct recipient, transport), 0},
};

/* ---- numbers ---------------------------------------------------------------------------- */

static void
put_be(unsigned char *p, unsigned n, uint64_t v)
{
    while (n-- > 0) {
        p[n] = (unsigned char)v;
        v >>= 8;
    }
}

static uint64_t
get_be(const unsigned char *p, unsigned n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

static unsigned
kind_size(enum spool_kind kind)
{
    return kind == KIND_U8 ? 1 : kind == KIND_U32 ? 4 : 8;
}

static uint64_t
field_number(const struct spool_field *f, const char *base)
{
    if (f->kind == KIND_U8)
        return *(const uint8_t *)(base + f->at);
    if (f->kind == KIND_U32)
        return *(const uint32_t *)(const void *)(base + f->at);
    return *(const uint64_t *)(const void *)(base + f->at);
}

/* ---- writing ---------------------------------------------------------------------------- */

static void
encode_record(struct buf *to, char tag, const void *p, uint32_t n)
{
    unsigned char head[5];

    head[0] = (unsigned char)tag;
    put_be(head + 1, 4, n);
    buf_append(to, head, sizeof(head));
    buf_append(to, p, n);
}

static void
encode_fields(struct buf *to, const struct spool_field *f, size_t n, const void *base)
{
    unsigned char number[8];
    const char *text;

    for (; n > 0; n--, f++) {
        if (f->kind == KIND_TEXT) {
            text = *(const char *const *)(const void *)((const char *)base + f->at);
            encode_record(to, f->tag, text, (uint32_t)strlen(text));
        } else {
            put_be(number, kind_size(f->kind), field_number(f, base));
            encode_record(to, f->tag, number, kind_size(f->kind));
        }
    }
}

void
spoolfile_encode_slot(unsigned char slot[SPOOL_SLOT], const struct recipient *r)
{
    size_t text = r->text ? strnlen(r->text, SPOOL_TEXT_MAX) : 0;
    size_t diag = r->diagnostic ? strnlen(r->diagnostic, SPOOL_TEXT_MAX) : 0;

    memset(slot, 0, SPOOL_SLOT);
    slot[0] = r->mark;
    memcpy(slot + 1, r->dsn, DSN_SIZE - 1);
    put_be(slot + 12, 2, text);
    put_be(slot + 14, 2, diag);
    if (text)
        memcpy(slot + 16, r->text, text);
    if (diag)
        memcpy(slot + 16 + text, r->diagnostic, diag);
}

static void
layout_compute(struct spool_layout *l)
{
    l->state_at = SPOOL_HEADER + (uint64_t)l->envelope_len;
    l->slots_at = l->state_at + SPOOL_STATE;
    l->content_at = l->slots_at + (uint64_t)l->nrcpt * SPOOL_SLOT;
    l->file_size = l->content_at + l->content_len;
}

static void
encode_header(unsigned char *h, const struct spool_layout *l)
{
    memcpy(h, spool_magic, sizeof(spool_magic));
    put_be(h + 8, 4, SPOOL_VERSION);
    put_be(h + 12, 4, l->envelope_len);
    put_be(h + 16, 4, l->nrcpt);
    put_be(h + 20, 8, l->content_len);
    put_be(h + 28, 4, l->envelope_crc);
    put_be(h + 32, 4, crc32_sum(h, 32));
}

int
spoolfile_encode(struct buf *to, const struct envelope *e, struct spool_layout *l_r)
{
    unsigned char slot[SPOOL_SLOT], state[SPOOL_STATE], header[SPOOL_HEADER] = {0};
    size_t start = buf_len(to);
    uint32_t i;

    buf_append(to, header, sizeof(header));
    encode_record(to, 'q', e->qid, QID_LEN);
    encode_fields(to, envelope_fields, MR_NELEM(envelope_fields), e);
    for (i = 0; i < e->nrcpt; i++)
        encode_fields(to, rcpt_fields, MR_NELEM(rcpt_fields), &e->rcpt[i]);
    if (to->overflow)
        return -1;
    l_r->envelope_len = (uint32_t)(buf_len(to) - start - SPOOL_HEADER);
    l_r->envelope_crc = crc32_sum(buf_data(to) + start + SPOOL_HEADER, l_r->envelope_len);
    l_r->nrcpt = e->nrcpt;
    l_r->content_len = e->size;
    layout_compute(l_r);
    memset(state, 0, sizeof(state));
    state[0] = e->warned ? 'W' : '-';
    buf_append(to, state, sizeof(state));
    for (i = 0; i < e->nrcpt; i++) {
        spoolfile_encode_slot(slot, &e->rcpt[i]);
        buf_append(to, slot, sizeof(slot));
    }
    encode_header((unsigned char *)buf_data(to) + start, l_r);
    return to->overflow ? -1 : 0;
}

/* ---- reading ---------------------------------------------------------------------------- */

struct spool_reader {
    const unsigned char *pos, *end;
};

/* The value of the next record, which must have that tag, *n_r bytes long; NULL: it is not there. */
static const unsigned char *
decode_record(struct spool_reader *r, char tag, uint32_t *n_r)
{
    const unsigned char *at;

    if (r->end - r->pos < 5 || *r->pos != (unsigned char)tag)
        return NULL;
    *n_r = (uint32_t)get_be(r->pos + 1, 4);
    at = r->pos + 5;
    if ((uint64_t)(r->end - at) < *n_r)
        return NULL;
    r->pos = at + *n_r;
    return at;
}

/* Strings of the suite hold no NUL and no control character but TAB (frame.h). */
static int
text_is_clean(const unsigned char *p, size_t n)
{
    for (; n > 0; n--, p++)
        if ((*p < ' ' && *p != '\t') || *p == 0x7f)
            return 0;
    return 1;
}

static int
decode_field(struct spool_reader *r, const struct spool_field *f, struct envelope *e, char *base)
{
    uint32_t n;
    const unsigned char *p = decode_record(r, f->tag, &n);
    const char *text;

    if (!p)
        return -1;
    if (f->kind == KIND_TEXT) {
        if (n > f->max || !text_is_clean(p, n) || !(text = arena_strndup(&e->arena, (const char *)p, n)))
            return -1;
        *(const char **)(void *)(base + f->at) = text;
        return 0;
    }
    if (n != kind_size(f->kind))
        return -1;
    if (f->kind == KIND_U8)
        *(uint8_t *)(base + f->at) = p[0];
    else if (f->kind == KIND_U32)
        *(uint32_t *)(void *)(base + f->at) = (uint32_t)get_be(p, 4);
    else
        *(uint64_t *)(void *)(base + f->at) = get_be(p, 8);
    return 0;
}

static int
decode_fields(struct spool_reader *r, const struct spool_field *f, size_t n, struct envelope *e, void *base)
{
    for (; n > 0; n--, f++)
        if (decode_field(r, f, e, base) < 0)
            return -1;
    return 0;
}

/* At most n bytes as a text; what is no text becomes '?'. */
static char *
slot_text(const unsigned char *p, size_t n, char *to)
{
    size_t i;

    for (i = 0; i < n && p[i] != '\0'; i++)
        to[i] = text_is_clean(p + i, 1) ? (char)p[i] : '?';
    to[i] = '\0';
    return to;
}

static void
decode_slot(const unsigned char *slot, struct recipient *r)
{
    static const char marks[] = {MARK_OPEN, MARK_SENT, MARK_NOTICE, MARK_BOUNCE, MARK_DONE};
    char dsn[DSN_SIZE], text[SPOOL_SLOT], diag[SPOOL_SLOT];
    size_t ntext = (size_t)get_be(slot + 12, 2), ndiag = (size_t)get_be(slot + 14, 2);

    if (ntext > SPOOL_TEXT_MAX)
        ntext = SPOOL_TEXT_MAX;
    if (ndiag > SPOOL_TEXT_MAX)
        ndiag = SPOOL_TEXT_MAX;
    r->mark = memchr(marks, slot[0], sizeof(marks)) ? slot[0] : MARK_OPEN;
    recipient_set_reason(r, slot_text(slot + 1, DSN_SIZE - 1, dsn), slot_text(slot + 16, ntext, text),
                         slot_text(slot + 16 + ntext, ndiag, diag));
}

int
spoolfile_decode_header(const void *p, struct spool_layout *l_r)
{
    const unsigned char *h = p;

    memset(l_r, 0, sizeof(*l_r));
    if (memcmp(h, spool_magic, sizeof(spool_magic)) != 0 || get_be(h + 8, 4) != SPOOL_VERSION ||
        get_be(h + 32, 4) != crc32_sum(h, 32))
        return -1;
    l_r->envelope_len = (uint32_t)get_be(h + 12, 4);
    l_r->nrcpt = (uint32_t)get_be(h + 16, 4);
    l_r->content_len = get_be(h + 20, 8);
    l_r->envelope_crc = (uint32_t)get_be(h + 28, 4);
    if (l_r->envelope_len > ENVELOPE_MAX_BYTES || l_r->nrcpt == 0 || l_r->nrcpt > ENVELOPE_MAX_RCPT ||
        l_r->content_len > INT64_MAX / 2)
        return -1;
    layout_compute(l_r);
    return 0;
}

static int
decode_envelope(struct spool_reader *r, const struct spool_layout *l, struct envelope *e)
{
    uint32_t i, n, sec, usec;
    const unsigned char *qid = decode_record(r, 'q', &n);
    struct recipient *rcpt;

    if (!qid || n != QID_LEN)
        return -1;
    memcpy(e->qid, qid, QID_LEN);
    e->qid[QID_LEN] = '\0';
    if (qid_parse(e->qid, &sec, &usec) < 0 ||
        decode_fields(r, envelope_fields, MR_NELEM(envelope_fields), e, e) < 0)
        return -1;
    for (i = 0; i < l->nrcpt; i++) {
        rcpt = envelope_add(e);
        if (!rcpt || decode_fields(r, rcpt_fields, MR_NELEM(rcpt_fields), e, rcpt) < 0 ||
            rcpt->transport < TRANSPORT_LOCAL || rcpt->transport > TRANSPORT_SMTP)
            return -1;
    }
    e->size = l->content_len;
    return r->pos == r->end ? 0 : -1;
}

int
spoolfile_decode(const void *p, size_t n, struct envelope *e)
{
    const unsigned char *front = p;
    struct spool_layout l;
    struct spool_reader r;
    uint32_t i;

    if (n < SPOOL_HEADER || spoolfile_decode_header(front, &l) < 0 || n != l.content_at)
        return -1;
    r.pos = front + SPOOL_HEADER;
    r.end = r.pos + l.envelope_len;
    if (crc32_sum(r.pos, l.envelope_len) != l.envelope_crc || decode_envelope(&r, &l, e) < 0)
        return -1;
    e->warned = front[l.state_at] == 'W';
    for (i = 0; i < l.nrcpt; i++)
        decode_slot(front + l.slots_at + (uint64_t)i * SPOOL_SLOT, &e->rcpt[i]);
    return 0;
}
