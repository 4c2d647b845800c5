/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "mem.h"
#include "strutil.h"

#include "command.h"

enum command_line
command_take(struct buf *in, int *skipping, char *line, size_t *len_r, size_t *size_r)
{
    char *data;
    const char *lf;
    size_t have, n, len;

    if (*skipping) {
        data = buf_data(in);
        have = buf_len(in);
        lf = memchr(data, '\n', have);
        buf_consume(in, lf ? (size_t)(lf - data) + 1 : have);
        *skipping = !lf;
    }
    data = buf_data(in);
    have = buf_len(in);
    lf = memchr(data, '\n', have < COMMAND_MAX ? have : COMMAND_MAX);
    if (!lf && have < COMMAND_MAX)
        return COMMAND_NONE;
    n = lf ? (size_t)(lf - data) + 1 : COMMAND_MAX;
    len = lf ? n - 1 : n;
    if (len > 0 && data[len - 1] == '\r')
        len--;
    memcpy(line, data, len);
    line[len] = '\0';
    mem_wipe(data, n); /* it may have been a password */
    buf_consume(in, n);
    *skipping = !lf;
    *len_r = len;
    *size_r = n;
    return lf ? COMMAND_LINE : COMMAND_CUT;
}

static int
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

void
command_split(struct command *c, char *line, size_t len)
{
    size_t n = 0;
    char *p = line;

    c->verb[0] = '\0';
    c->rest = line + len;
    if (memchr(line, '\0', len))
        return;
    while (is_blank(*p))
        p++;
    while (p[n] && !is_blank(p[n]))
        n++;
    if (n < sizeof(c->verb)) {
        size_t i;

        for (i = 0; i < n; i++)
            c->verb[i] = p[i] >= 'a' && p[i] <= 'z' ? (char)(p[i] - 'a' + 'A') : p[i];
        c->verb[n] = '\0';
    }
    if (p[n])
        c->rest = p + n + 1;
}

char *
command_word(char **rest)
{
    char *p = *rest, *word;

    while (is_blank(*p))
        p++;
    if (!*p)
        return NULL;
    for (word = p; *p && !is_blank(*p); p++)
        ;
    if (*p)
        *p++ = '\0';
    *rest = p;
    return word;
}

int
command_number(const char *word, uint32_t *n_r)
{
    uint64_t n;

    if (str_to_u64(word, COMMAND_NUMBER_MAX, &n) < 0)
        return -1;
    *n_r = (uint32_t)n;
    return 0;
}
