/* SPDX-License-Identifier: ISC */
/* The content of DATA in pieces of any size gives what it gives in one. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "data_decoder.h"
#include "headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
missing(void *arg, struct headers_missing *m)
{
    (void)arg;
    memset(m, 0, sizeof(*m));
    m->queue_id = m->myhostname = m->from = "x";
    return 1;
}

static size_t
decode(const char *p, size_t n, size_t step, int lf, struct buf *out, struct headers *h)
{
    struct data_decoder d;
    struct buf text;
    size_t at = 0, used, len;

    data_decoder_init(&d, lf);
    headers_init(h, 2000, missing, NULL);
    buf_init(&text, 1u << 20);
    buf_init(out, 8u << 20);
    while (at < n && !d.ended) {
        len = n - at < step ? n - at : step;
        buf_reset(&text);
        at += data_decode(&d, p + at, len, &text);
        used = headers_feed(h, buf_data(&text), buf_len(&text), out);
        buf_append(out, buf_data(&text) + used, buf_len(&text) - used);
    }
    headers_end(h, out);
    buf_free(&text);
    return d.ended ? at : 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, parts;
    struct headers h1, h2;
    size_t step, e1, e2;

    if (size < 2 || size > 100000)
        return 0;
    step = data[0] % 64 + 1;
    e1 = decode((const char *)data + 2, size - 2, size, data[1] & 1, &whole, &h1);
    e2 = decode((const char *)data + 2, size - 2, step, data[1] & 1, &parts, &h2);
    if (e1 != e2 ||
        (e1 && (buf_len(&whole) != buf_len(&parts) ||
                memcmp(buf_data(&whole), buf_data(&parts), buf_len(&whole)) != 0)) ||
        h1.received != h2.received)
        abort();
    if (e1 && !(data[1] & 1) && e1 > 5 && memcmp(data + 2 + e1 - 5, "\r\n.\r\n", 5) != 0)
        abort();
    headers_free(&h1);
    headers_free(&h2);
    buf_free(&whole);
    buf_free(&parts);
    return 0;
}
