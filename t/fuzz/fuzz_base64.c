/* SPDX-License-Identifier: ISC */
/* base64 has one text for each value: decoded and encoded again it is the same text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "strutil.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int
fuzz_same(const struct buf *b, const uint8_t *data, size_t n)
{
    return buf_len(b) == n && (n == 0 || memcmp(buf_data(b), data, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct buf a, b;

    buf_init(&a, 2 * n + 4);
    buf_init(&b, 2 * n + 4);
    if (base64_decode(&a, (const char *)data, n) == 0) {
        if (base64_encode(&b, buf_data(&a), buf_len(&a)) < 0 || !fuzz_same(&b, data, n))
            abort();
    } else if (buf_len(&a) > 0) {
        abort();
    }
    buf_reset(&a);
    buf_reset(&b);
    if (base64_encode(&a, data, n) < 0 || base64_decode(&b, buf_data(&a), buf_len(&a)) < 0 ||
        !fuzz_same(&b, data, n))
        abort();
    buf_free(&a);
    buf_free(&b);
    return 0;
}
