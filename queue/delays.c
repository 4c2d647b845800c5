/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "delays.h"

#include <stdio.h>
#include <string.h>

char *
delay_format(char text[DELAY_SIZE], double seconds)
{
    size_t n;

    if (seconds < 0)
        seconds = 0;
    if (seconds > 1e12)
        seconds = 1e12;
    n = (size_t)snprintf(text, DELAY_SIZE, "%.*f", seconds >= 9.95 ? 0 : seconds >= 0.995 ? 1 : 2, seconds);
    if (!strchr(text, '.'))
        return text;
    while (text[n - 1] == '0')
        text[--n] = '\0';
    if (text[n - 1] == '.')
        text[--n] = '\0';
    return text;
}
