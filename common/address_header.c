/* SPDX-License-Identifier: ISC */
/* The address lists of header fields (RFC 5322 3.4), with the obsolete forms of 4.4. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "address_impl.h"

#define HEADER_FLAGS (ADDRESS_ALLOW_BARE | ADDRESS_ALLOW_UTF8)
#define HEADER_END (-1) /* of the value, as a character */

struct header_list {
    const char *p, *end;
    int in_group;
    size_t n, max;
    void (*cb)(void *, const char *);
    void *arg;
    struct address a; /* the one being read */
    struct address_part local, domain;
    unsigned words; /* words of local so far */
    int phrase;     /* two of them without a dot between: a display name */
};

/* Skips the comment at p, with those nested in it. 0, or -1: no end (p stays). */
static int
header_skip_comment(struct header_list *h)
{
    const char *p;
    size_t depth = 0;

    for (p = h->p; p < h->end; p++) {
        if (*p == '(') {
            depth++;
        } else if (*p == ')' && --depth == 0) {
            h->p = p + 1;
            return 0;
        } else if (*p == '\\' && p + 1 < h->end) {
            p++;
        }
    }
    return -1;
}

/* Skips blanks, folds and comments. The character that follows, HEADER_END, or a NUL (never legal) for a bad
 * comment. */
static int
header_next(struct header_list *h)
{
    while (h->p < h->end) {
        if (*h->p == '(') {
            if (header_skip_comment(h) < 0)
                return '\0';
        } else if (*h->p != '\0' && strchr(" \t\r\n", *h->p) != NULL) {
            h->p++;
        } else {
            return (unsigned char)*h->p;
        }
    }
    return HEADER_END;
}

/* Reads words and dots into local. The character that follows them, as header_next(). */
static int
header_words(struct header_list *h)
{
    int c, dotted = 1; /* a dot, or the beginning, stands before the next word */

    address_start(&h->a, &h->local, &h->domain);
    h->words = 0;
    h->phrase = 0;
    while ((c = header_next(h)) != HEADER_END) {
        if (c == '"') {
            h->phrase |= !dotted;
            h->p = address_scan_quoted(h->p, h->end, &h->local);
            if (h->p == NULL) {
                h->p = h->end;
                return '\0';
            }
            dotted = 0;
        } else if (c == '.' || address_is_atext((char)c)) {
            h->phrase |= !dotted && c != '.';
            h->p = address_scan_atoms(h->p, h->end, &h->local);
            dotted = h->p[-1] == '.';
        } else {
            break;
        }
        h->words = 1;
    }
    return c;
}

/* Reads the domain behind an '@', blanks and comments between its labels too. 0 or -1. */
static int
header_domain(struct header_list *h)
{
    int c, dotted = 1;

    h->p++;
    h->domain.len = 0;
    if (header_next(h) == '[') {
        h->p = address_scan_literal(h->p, h->end, &h->domain);
        return h->p == NULL ? -1 : 0;
    }
    while ((c = header_next(h)) == '.' || (c > 0 && address_is_atext((char)c))) {
        if (!dotted && c != '.')
            return -1;
        h->p = address_scan_atoms(h->p, h->end, &h->domain);
        dotted = h->p[-1] == '.';
    }
    return 0;
}

/* Checks and reports the address read. 0 or -1. */
static int
header_report(struct header_list *h, int has_domain)
{
    char text[2 * ADDRESS_MAX];

    if (h->phrase || address_finish(&h->a, &h->local, &h->domain, has_domain, HEADER_FLAGS) < 0)
        return -1;
    snprintf(text, sizeof(text), "%s%s%s", h->a.local, has_domain ? "@" : "", h->a.domain);
    h->n++;
    h->cb(h->arg, text);
    return 0;
}

/* Reads the rest of an addr-spec whose local part ended at the character c, and reports it. 0 or -1. */
static int
header_addr_spec(struct header_list *h, int c)
{
    if (c == '@')
        return header_domain(h) < 0 ? -1 : header_report(h, 1);
    if (c == '\0' || (c != HEADER_END && strchr(",;>", c) == NULL))
        return -1;
    return header_report(h, 0);
}

/* Reads "<...>", with a route if there is one; reports what is in it. 0 or -1. */
static int
header_angle(struct header_list *h)
{
    int c;

    h->p++;
    c = header_words(h);
    if (h->words == 0 && c == '@') {
        do {
            if (header_domain(h) < 0)
                return -1;
            c = header_next(h);
            while (c == ',') {
                h->p++;
                c = header_next(h);
            }
        } while (c == '@');
        if (c != ':')
            return -1;
        h->p++;
        c = header_words(h);
        if (h->words == 0)
            return -1;
    }
    /* "<>" is no address, and no mistake. */
    if (h->words > 0 && header_addr_spec(h, c) < 0)
        return -1;
    if (header_next(h) != '>')
        return -1;
    h->p++;
    return 0;
}

/* Reads up to the next separator, which stays. 0 or -1. */
static int
header_element(struct header_list *h)
{
    int c = header_words(h);

    if (c == ':' && h->words > 0 && !h->in_group) {
        h->in_group = 1;
        h->p++;
        return header_element(h);
    }
    if (c == '<')
        return header_angle(h);
    if (h->words > 0 || c == '@' || c == '\0')
        return header_addr_spec(h, c);
    return 0;
}

int
address_each_in_header(const char *value, size_t len, size_t max, void (*cb)(void *, const char *), void *arg)
{
    struct header_list h;
    int c;

    memset(&h, 0, sizeof(h));
    h.p = value;
    h.end = value + len;
    h.max = max;
    h.cb = cb;
    h.arg = arg;
    while (h.n < h.max) {
        if (header_element(&h) < 0)
            return -1;
        c = header_next(&h);
        if (c == ';' && h.in_group) {
            h.p++;
            h.in_group = 0;
            c = header_next(&h);
        }
        if (c == HEADER_END)
            return h.in_group ? -1 : (int)h.n;
        if (c != ',')
            return -1;
        h.p++;
    }
    return (int)h.n;
}
