/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "log.h"
#include "mem.h"

static void
mem_exhausted(size_t n)
{
    log_fatal(EX_TEMPFAIL, "out of memory (%lu bytes wanted)", (unsigned long)n);
}

void *
mem_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (p == NULL)
        mem_exhausted(n);
    return p;
}

void *
mem_realloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);

    if (q == NULL)
        mem_exhausted(n);
    return q;
}

char *
mem_strndup(const char *s, size_t n)
{
    char *p = mem_realloc(NULL, n + 1);

    memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

char *
mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

void
mem_free(void *p)
{
    free(p);
}

void
mem_wipe(void *p, size_t n)
{
#ifdef HAVE_EXPLICIT_BZERO
    explicit_bzero(p, n);
#else
    volatile unsigned char *byte = p;

    while (n-- > 0)
        *byte++ = 0;
#endif
}

int
mem_equal_secret(const void *a, const void *b, size_t n)
{
    const volatile unsigned char *x = a, *y = b;
    unsigned char diff = 0;

    while (n-- > 0)
        diff |= (unsigned char)(*x++ ^ *y++);
    return diff == 0;
}
