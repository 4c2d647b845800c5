/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "keys.h"

#include <string.h>

/* How many bytes of continuation follow c, and the smallest code point they may make; -1: no first byte. */
static int
utf8_follow(unsigned char c, unsigned long *code, unsigned long *least)
{
    static const struct {
        unsigned char mask, mark;
        int follow;
        unsigned long least;
    } form[] = {{0x80, 0x00, 0, 0}, {0xe0, 0xc0, 1, 0x80}, {0xf0, 0xe0, 2, 0x800}, {0xf8, 0xf0, 3, 0x10000}};
    size_t i;

    for (i = 0; i < sizeof(form) / sizeof(form[0]); i++)
        if ((c & form[i].mask) == form[i].mark) {
            *code = c & (unsigned char)~form[i].mask;
            *least = form[i].least;
            return form[i].follow;
        }
    return -1;
}

int
text_is_sane(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + n;
    unsigned long code, least;
    int follow;

    while (p < end) {
        follow = utf8_follow(*p++, &code, &least);
        if (follow < 0 || follow > end - p)
            return 0;
        for (; follow > 0; follow--, p++) {
            if ((*p & 0xc0) != 0x80)
                return 0;
            code = code << 6 | (*p & 0x3f);
        }
        if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
            return 0;
        if (code < 0x20 || (code >= 0x7f && code < 0xa0))
            return 0;
    }
    return 1;
}

int
key_is_sane(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= KEY_MAX_LEN && text_is_sane(s, n);
}
