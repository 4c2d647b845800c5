/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>
#include <strings.h>

#include "command.h"

void
command_init(struct command *c)
{
    memset(c, 0, sizeof(*c));
    buf_init(&c->text, COMMAND_LINE_MAX + 2 * COMMAND_MAX_ARGS);
}

static int
command_is_space(char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

/* The end of what p opens: behind the sign that closes it. */
static const char *
command_quoted(struct command *c, const char *p, const char *end)
{
    char open = *p, close = open == '<' ? '>' : open == '[' ? ']' : '"';
    int in_quotes = 0;

    for (p++; p < end; p++) {
        if (*p == '\\' && p + 1 < end)
            p++;
        else if (*p == close && !in_quotes)
            return p + 1;
        else if (*p == '"')
            in_quotes = !in_quotes;
    }
    c->unbalanced = 1;
    return end;
}

/* The end of the word at p. */
static const char *
command_word_end(struct command *c, const char *p, const char *end)
{
    const char *start = p;

    while (p < end && !command_is_space(*p)) {
        if (*p == '<' || *p == '[' || *p == '"') {
            p = command_quoted(c, p, end);
            continue;
        }
        if (*p == '\\' && p + 1 < end)
            p++;
        p++;
        if (p[-1] == ':' && ((p - start == 3 && strncasecmp(start, "to:", 3) == 0) ||
                             (p - start == 5 && strncasecmp(start, "from:", 5) == 0)))
            break;
    }
    return p;
}

int
command_split(struct command *c, const char *line, size_t n)
{
    const char *p, *next, *end;
    char *to;

    c->argc = 0;
    c->unbalanced = 0;
    buf_reset(&c->text);
    to = buf_reserve(&c->text, n + COMMAND_MAX_ARGS);
    if (!to || memchr(line, '\0', n))
        return -1;
    p = line;
    end = line + n;
    while (p < end && c->argc < COMMAND_MAX_ARGS) {
        while (p < end && command_is_space(*p))
            p++;
        if (p == end)
            break;
        next = c->argc == COMMAND_MAX_ARGS - 1 ? end : command_word_end(c, p, end);
        c->argv[c->argc++] = to;
        memcpy(to, p, (size_t)(next - p));
        to += next - p;
        *to++ = '\0';
        p = next;
    }
    return c->argc > 0 ? 0 : -1;
}

void
command_join(struct command *c, int from)
{
    int i;

    for (i = from + 1; i < c->argc; i++)
        c->argv[i][-1] = ' '; /* words stand behind each other in text */
    if (c->argc > from)
        c->argc = from + 1;
}

int
command_address(const char *word, unsigned flags, struct address *a)
{
    if (address_parse_path(&word, flags, a) < 0)
        return -1;
    while (*word == ' ')
        word++;
    return *word == '\0' ? 0 : -1;
}
