/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "strutil.h"

#define DATE_ZONE_MAX 16

/* The zone's name goes into a comment of a header: only characters that mean nothing there. */
static void
date_zone(char zone[DATE_ZONE_MAX], const char *name)
{
    size_t n = 0;

    for (; name != NULL && *name != '\0' && n + 1 < DATE_ZONE_MAX; name++)
        if ((*name >= '0' && *name <= '9') || (*name >= 'A' && *name <= 'Z') ||
            (*name >= 'a' && *name <= 'z') || *name == '+' || *name == '-')
            zone[n++] = *name;
    zone[n] = '\0';
}

/* The programs never call setlocale(3), so strftime's names are English. The day is padded with a blank. */
static void
date_format(char text[DATE_5322_SIZE], time_t t)
{
    char zone[DATE_ZONE_MAX];
    time_t epoch = 0;
    struct tm tm;
    size_t n;

    /* localtime_r, not localtime: glibc's localtime looks for /etc/localtime again, also in a chroot. */
    if (localtime_r(&t, &tm) == NULL || tm.tm_year > 9999 - 1900)
        gmtime_r(&epoch, &tm);
    n = strftime(text, DATE_5322_SIZE, "%a, %e %b %Y %H:%M:%S %z", &tm);
    date_zone(zone, tm.tm_zone);
    if (*zone != '\0' && n + strlen(zone) + sizeof(" ()") <= DATE_5322_SIZE)
        sprintf(text + n, " (%s)", zone);
}

void
date_5322(char text[DATE_5322_SIZE], time_t t)
{
    static char last_text[DATE_5322_SIZE];
    static time_t last;

    if (*last_text == '\0' || t != last) {
        date_format(last_text, t);
        last = t;
    }
    memcpy(text, last_text, DATE_5322_SIZE);
}
