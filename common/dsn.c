/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "dsn.h"

#define DSN_PART_DIGITS 3 /* RFC 3463 2: subject and detail have one to three digits */

static size_t
dsn_digits(const char *s)
{
    size_t n = 0;

    while (n <= DSN_PART_DIGITS && s[n] >= '0' && s[n] <= '9')
        n++;
    return n;
}

int
dsn_split(const char *text, char dsn[DSN_SIZE])
{
    size_t len = 1;
    unsigned part;

    if (*text != '2' && *text != '4' && *text != '5')
        return 0;
    for (part = 0; part < 2; part++) {
        size_t n;

        if (text[len] != '.')
            return 0;
        n = dsn_digits(text + len + 1);
        if (n == 0 || n > DSN_PART_DIGITS)
            return 0;
        len += 1 + n;
    }
    if (text[len] != '\0' && text[len] != ' ' && text[len] != '\t')
        return 0;
    memcpy(dsn, text, len);
    dsn[len] = '\0';
    return (int)len;
}

int
dsn_fits_code(const char *dsn, unsigned code)
{
    return (*dsn == '2' || *dsn == '4' || *dsn == '5') && code / 100 == (unsigned)(*dsn - '0');
}
