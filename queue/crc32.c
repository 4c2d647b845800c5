/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "crc32.h"

static uint32_t crc32_table[256];

static void
crc32_fill(void)
{
    uint32_t i, bit, c;

    for (i = 0; i < 256; i++) {
        c = i;
        for (bit = 0; bit < 8; bit++)
            c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        crc32_table[i] = c;
    }
}

uint32_t
crc32_sum(const void *p, size_t n)
{
    const unsigned char *at = p;
    uint32_t c = 0xffffffffu;

    if (crc32_table[1] == 0)
        crc32_fill();
    for (; n > 0; n--)
        c = crc32_table[(c ^ *at++) & 255] ^ (c >> 8);
    return c ^ 0xffffffffu;
}
