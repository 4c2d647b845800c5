/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "maildir.h"
#include "qid.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 128 /* bytes of the escaped host in a name */

/* The host with the characters that a Maildir name cannot hold in octal. */
static void
host_escape(char out[HOST_MAX], const char *host)
{
    size_t n = 0;

    for (; *host && n + 5 <= HOST_MAX; host++) {
        if (*host == '/' || *host == ':')
            n += (size_t)snprintf(out + n, HOST_MAX - n, "\\%03o", (unsigned)*host);
        else
            out[n++] = *host;
    }
    out[n] = '\0';
}

static int
name_build(char name[MAILDIR_NAME_MAX + 1], uint32_t sec, uint32_t usec, const char *where, const char *tag,
           const char *host, uint64_t size)
{
    static long pid; /* names are made where mail is delivered, and that process does not fork */
    char escaped[HOST_MAX];
    int n;

    if (pid == 0)
        pid = (long)getpid();
    host_escape(escaped, host);
    n = snprintf(name, MAILDIR_NAME_MAX + 1, "%lu.M%luP%ld%s_%s.%s,S=%llu", (unsigned long)sec,
                 (unsigned long)usec, pid, where, tag, escaped, (unsigned long long)size);
    return n < 0 || n > MAILDIR_NAME_MAX ? -1 : 0;
}

int
maildir_tmp_name(char name[MAILDIR_NAME_MAX + 1], const char *queue_id, unsigned n, const char *host,
                 uint64_t size)
{
    char tag[16];
    uint32_t sec, usec;

    if (qid_parse(queue_id, &sec, &usec) != 0)
        return -1;
    snprintf(tag, sizeof tag, "%u", n);
    return name_build(name, sec, usec, "", tag, host, size);
}

int
maildir_new_name(char name[MAILDIR_NAME_MAX + 1], const char *queue_id, unsigned n, const char *host,
                 uint64_t size, dev_t dev, ino_t ino)
{
    char tag[16];
    uint32_t sec, usec;

    if (qid_parse(queue_id, &sec, &usec) != 0)
        return -1;
    snprintf(tag, sizeof tag, "%u", n);
    return maildir_own_name(name, sec, usec, tag, host, size, dev, ino);
}

int
maildir_own_name(char name[MAILDIR_NAME_MAX + 1], uint32_t sec, uint32_t usec, const char *tag,
                 const char *host, uint64_t size, dev_t dev, ino_t ino)
{
    char where[40];

    snprintf(where, sizeof where, "V%016llXI%016llX", (unsigned long long)dev, (unsigned long long)ino);
    return name_build(name, sec, usec, where, tag, host, size);
}

/* Takes a decimal number (at most 20 digits, no sign) from *s. 0 or -1. */
static int
take_number(const char **s, uint64_t *v_r)
{
    const char *p = *s;
    uint64_t v = 0;

    if (!isdigit((unsigned char)*p))
        return -1;
    for (; isdigit((unsigned char)*p); p++) {
        unsigned digit = (unsigned)(*p - '0');

        if (v > (UINT64_MAX - digit) / 10)
            return -1;
        v = v * 10 + digit;
    }
    *s = p;
    *v_r = v;
    return 0;
}

/* Takes `letter` and the number behind it. */
static int
take_field(const char **s, char letter, uint64_t *v_r)
{
    if (**s != letter)
        return -1;
    ++*s;
    return take_number(s, v_r);
}

static int
take_hex_field(const char **s, char letter)
{
    if (**s != letter)
        return -1;
    ++*s;
    *s += strspn(*s, "0123456789ABCDEFabcdef");
    return 0;
}

int
maildir_name_matches(const char *name, const char *queue_id, unsigned n)
{
    uint32_t sec, usec;
    uint64_t v;

    if (qid_parse(queue_id, &sec, &usec) != 0)
        return 0;
    if (take_number(&name, &v) != 0 || v != sec || *name++ != '.')
        return 0;
    if (take_field(&name, 'M', &v) != 0 || v != usec || take_field(&name, 'P', &v) != 0)
        return 0;
    if (*name == 'V' && (take_hex_field(&name, 'V') != 0 || take_hex_field(&name, 'I') != 0))
        return 0;
    return take_field(&name, '_', &v) == 0 && v == n && *name == '.';
}

int64_t
maildir_name_size(const char *name)
{
    size_t end = strcspn(name, ":");
    uint64_t v;

    /* The last one counts: a host may hold the same letters. */
    while (end-- > 0) {
        const char *p = name + end;

        if (strncmp(p, ",S=", 3) != 0)
            continue;
        p += 3;
        return take_number(&p, &v) == 0 && v <= INT64_MAX ? (int64_t)v : -1;
    }
    return -1;
}

uint64_t
maildir_name_time(const char *name)
{
    uint64_t v;

    return take_number(&name, &v) == 0 ? v : 0;
}

int
maildir_name_flag(const char *name, char flag)
{
    const char *info = strstr(name, ":2,");

    return info != NULL && flag != '\0' && strchr(info + 3, flag) != NULL;
}
