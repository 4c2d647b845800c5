/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <string.h>

#include "strutil.h"

int
str_to_u64(const char *s, uint64_t max, uint64_t *v_r)
{
    uint64_t v = 0;

    if (*s == '\0')
        return -1;
    for (; *s != '\0'; s++) {
        unsigned digit;

        if (*s < '0' || *s > '9')
            return -1;
        digit = (unsigned)(*s - '0');
        if (digit > max || v > (max - digit) / 10)
            return -1;
        v = v * 10 + digit;
    }
    *v_r = v;
    return 0;
}

/* Seconds in a unit, 0: no such unit. */
static double
str_unit_seconds(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 60 * 60;
    case 'd':
        return 24 * 60 * 60;
    case 'w':
        return 7 * 24 * 60 * 60;
    default:
        return 0;
    }
}

int
str_to_seconds(const char *s, char unit, double *v_r)
{
    double v = 0, place = 1;
    const char *start = s;

    for (; *s >= '0' && *s <= '9'; s++)
        v = v * 10 + (*s - '0');
    if (s == start)
        return -1;
    if (*s == '.') {
        for (start = ++s; *s >= '0' && *s <= '9'; s++)
            v += (*s - '0') * (place /= 10);
        if (s == start)
            return -1;
    }
    if (*s != '\0')
        unit = *s++;
    v *= str_unit_seconds(unit);
    /* Postfix keeps times in an int; more (or infinity, after very many digits) is a mistake. */
    if (*s != '\0' || str_unit_seconds(unit) < 1 || v > INT_MAX)
        return -1;
    *v_r = v;
    return 0;
}

void
str_hex(char *hex, const void *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *byte = p;

    for (; n > 0; n--, byte++) {
        *hex++ = digits[*byte >> 4];
        *hex++ = digits[*byte & 15];
    }
    *hex = '\0';
}

static char
str_fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int
str_ieq(const char *a, const char *b)
{
    while (*a != '\0' && str_fold(*a) == str_fold(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

int
str_istarts(const char *s, const char *prefix)
{
    for (; *prefix != '\0'; s++, prefix++)
        if (str_fold(*s) != str_fold(*prefix))
            return 0;
    return 1;
}

void
str_lower(char *s)
{
    for (; *s != '\0'; s++)
        *s = str_fold(*s);
}

int
str_in_list(const char *list, const char *item)
{
    static const char separators[] = ", \t\r\n";
    size_t len = strlen(item);

    while (*(list += strspn(list, separators)) != '\0') {
        size_t n = strcspn(list, separators);

        if (n == len && str_istarts(list, item))
            return 1;
        list += n;
    }
    return 0;
}
