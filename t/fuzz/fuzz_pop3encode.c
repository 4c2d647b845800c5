/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(const char *p, size_t n, size_t part, int64_t lines, struct buf *out)
{
    struct encode e;

    encode_init(&e, lines);
    encode_add(&e, out, p, part);
    if (!e.done)
        encode_add(&e, out, p + part, n - part);
    buf_puts(out, encode_ending(&e));
}

/* However the file is divided, the same goes out; no line is a lone dot but the last; and LIST's size is what
 * RETR sends. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, parts;
    struct encode_size octets;
    const char *p = (const char *)data + 2, *dot;
    size_t n, stuffed = 0, i;
    int64_t lines;

    if (size < 2)
        return 0;
    n = size - 2;
    lines = (int64_t)data[0] - 1;
    buf_init(&whole, 4 * size + 64);
    buf_init(&parts, 4 * size + 64);
    run(p, n, n, lines, &whole);
    run(p, n, n ? data[1] % n : 0, lines, &parts);
    if (buf_len(&whole) != buf_len(&parts) ||
        memcmp(buf_data(&whole), buf_data(&parts), buf_len(&whole)) != 0)
        abort();
    dot = strstr(buf_cstr(&whole), "\r\n.\r\n");
    if (dot && strlen(buf_cstr(&whole)) == buf_len(&whole) && dot + 5 != buf_data(&whole) + buf_len(&whole))
        abort();
    encode_size_init(&octets);
    encode_size_add(&octets, p, n);
    for (i = 0; i < n; i++)
        stuffed += p[i] == '.' && (i == 0 || p[i - 1] == '\n');
    if (lines == ENCODE_ALL &&
        octets.octets + stuffed + (n > 0 && p[n - 1] != '\n' ? 2 : 0) + 3 != buf_len(&whole))
        abort();
    buf_free(&whole);
    buf_free(&parts);
    return 0;
}
