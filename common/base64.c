/* SPDX-License-Identifier: ISC */
/* RFC 4648 4, as SASL exchanges use it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "strutil.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_encode(struct buf *to, const void *p, size_t n)
{
    const unsigned char *in = p;
    size_t groups = n / 3 + (n % 3 != 0);
    char *out;

    if (n == 0)
        return 0;
    out = groups > SIZE_MAX / 4 ? NULL : buf_reserve(to, groups * 4);
    if (out == NULL)
        return -1;
    for (; n > 0; in += 3, out += 4) {
        unsigned long v = (unsigned long)in[0] << 16;

        if (n > 1)
            v |= (unsigned long)in[1] << 8;
        if (n > 2)
            v |= in[2];
        out[0] = base64_digits[v >> 18];
        out[1] = base64_digits[v >> 12 & 63];
        out[2] = n > 1 ? base64_digits[v >> 6 & 63] : '=';
        out[3] = n > 2 ? base64_digits[v & 63] : '=';
        n -= n > 3 ? 3 : n;
    }
    buf_added(to, groups * 4);
    return 0;
}

static int
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group of four digits, `pad` of them '='. The bits that a padded group leaves over must be zero. */
static int
base64_group(const char *s, unsigned pad, unsigned char out[3])
{
    unsigned long v = 0;
    unsigned i;

    for (i = 0; i < 4; i++) {
        int digit = i < 4 - pad ? base64_value(s[i]) : 0;

        if (digit < 0)
            return -1;
        v = v << 6 | (unsigned)digit;
    }
    if ((v & ((1ul << 8 * pad) - 1)) != 0)
        return -1;
    out[0] = (unsigned char)(v >> 16);
    out[1] = (unsigned char)(v >> 8);
    out[2] = (unsigned char)v;
    return 0;
}

int
base64_decode(struct buf *to, const char *s, size_t n)
{
    unsigned pad = 0;
    size_t i, len = n / 4 * 3;
    char *out;

    if (n == 0)
        return 0;
    if (n % 4 != 0)
        return -1;
    while (pad < 2 && pad < n && s[n - 1 - pad] == '=')
        pad++;
    out = buf_reserve(to, len - pad);
    if (out == NULL)
        return -1;
    for (i = 0; i < n; i += 4) {
        unsigned char group[3];
        unsigned last = i + 4 == n ? pad : 0, k;

        if (base64_group(s + i, last, group) < 0)
            return -1;
        for (k = 0; k < 3 - last; k++)
            *out++ = (char)group[k];
    }
    buf_added(to, len - pad);
    return 0;
}
