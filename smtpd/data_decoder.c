/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "data_decoder.h"

void
data_decoder_init(struct data_decoder *d, int lf_client)
{
    memset(d, 0, sizeof(*d));
    d->at = DATA_LINE_START;
    d->lf_client = lf_client;
    d->after_crlf = !lf_client;
}

size_t
data_decode_room(const struct data_decoder *d, size_t n)
{
    return n + d->n_cr + 2;
}

/* CRs that turned out to stand alone. */
static char *
decode_stray(struct data_decoder *d, char *to)
{
    memset(to, ' ', d->n_cr);
    to += d->n_cr;
    d->n_cr = 0;
    return to;
}

/* The LF at the end of a line. */
static char *
decode_line_end(struct data_decoder *d, char *to)
{
    int crlf = d->n_cr > 0;

    if (d->at == DATA_DOT) {
        d->ended = d->after_crlf ? d->n_cr == 1 : d->lf_client && !crlf;
        if (d->ended)
            return to;
        *to++ = '.';
    }
    *to++ = '\n';
    d->after_crlf = crlf;
    d->lf_client &= !crlf;
    d->n_cr = 0;
    d->at = DATA_LINE_START;
    return to;
}

/* Copies text up to the next CR or LF: where that is. */
static const char *
decode_text(const char *p, const char *end, char **to)
{
    const char *lf = memchr(p, '\n', (size_t)(end - p)), *cr;
    size_t n;

    if (!lf)
        lf = end;
    cr = memchr(p, '\r', (size_t)(lf - p));
    n = (size_t)((cr ? cr : lf) - p);
    memcpy(*to, p, n);
    *to += n;
    return p + n;
}

size_t
data_decode(struct data_decoder *d, const char *p, size_t n, struct buf *out)
{
    const char *start = p, *end = p + n;
    char *to = buf_reserve(out, data_decode_room(d, n)), *to_start = to;

    if (!to)
        return 0;
    while (p < end && !d->ended) {
        if (*p == '\n') {
            to = decode_line_end(d, to);
            p++;
        } else if (*p == '\r') {
            if (d->at == DATA_LINE_START)
                d->at = DATA_TEXT;
            d->n_cr++;
            p++;
        } else if (*p == '.' && d->at == DATA_LINE_START) {
            d->at = DATA_DOT;
            p++;
        } else {
            d->dots += d->at == DATA_DOT; /* the dot that was held is the stuffed one: it goes */
            d->at = DATA_TEXT;
            to = decode_stray(d, to);
            p = decode_text(p, end, &to);
        }
    }
    buf_added(out, (size_t)(to - to_start));
    return (size_t)(p - start);
}
