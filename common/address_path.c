/* SPDX-License-Identifier: ISC */
/* The Path of RFC 5321 4.1.2, and the scanners that both parsers use. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "address_impl.h"

const char *
address_scan_atoms(const char *p, const char *end, struct address_part *to)
{
    for (; p < end && (*p == '.' || address_is_atext(*p)); p++)
        address_put(to, *p);
    return p;
}

const char *
address_scan_quoted(const char *p, const char *end, struct address_part *to)
{
    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\' && ++p == end)
            return NULL;
        address_put(to, *p);
    }
    return p < end ? p + 1 : NULL;
}

const char *
address_scan_literal(const char *p, const char *end, struct address_part *to)
{
    const char *close = memchr(p, ']', (size_t)(end - p));

    if (close == NULL)
        return NULL;
    for (; p <= close; p++)
        address_put(to, *p);
    return p;
}

/* A domain or literal. Returns what follows, NULL: no end. */
static const char *
path_domain(const char *p, const char *end, struct address_part *domain)
{
    return *p == '[' ? address_scan_literal(p, end, domain) : address_scan_atoms(p, end, domain);
}

/* Skips "@a,@b:" (RFC 5321 4.1.1.3: accepted and ignored). Returns what follows, NULL: not one. */
static const char *
path_skip_route(const char *p, const char *end)
{
    while (*p == '@') {
        struct address hop;
        struct address_part local, domain;

        address_start(&hop, &local, &domain);
        address_put(&local, 'x');
        p = path_domain(p + 1, end, &domain);
        if (p == NULL || address_finish(&hop, &local, &domain, 1, ADDRESS_ALLOW_UTF8) < 0)
            return NULL;
        if (*p == ':')
            return p + 1;
        if (*p++ != ',')
            return NULL;
    }
    return NULL;
}

static const char *
path_skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* The mailbox at p, behind a route if any. Returns what follows, NULL: not one. */
static const char *
path_mailbox(const char *p, const char *end, unsigned flags, struct address *a)
{
    struct address_part local, domain;
    int has_domain;

    address_start(a, &local, &domain);
    if (*p == '@' && (p = path_skip_route(p, end)) == NULL)
        return NULL;
    p = *p == '"' ? address_scan_quoted(p, end, &local) : address_scan_atoms(p, end, &local);
    if (p == NULL)
        return NULL;
    has_domain = *p == '@';
    if (has_domain && (p = path_domain(p + 1, end, &domain)) == NULL)
        return NULL;
    return address_finish(a, &local, &domain, has_domain, flags) < 0 ? NULL : p;
}

int
address_parse_path(const char **text, unsigned flags, struct address *a)
{
    const char *p = path_skip_blanks(*text);
    const char *end = p + strlen(p);
    int angle = *p == '<';

    if (!angle && !(flags & ADDRESS_ALLOW_NO_ANGLE))
        return -1;
    if (angle)
        p = path_skip_blanks(p + 1);
    if (angle && *p == '>' && (flags & ADDRESS_ALLOW_EMPTY)) {
        a->local[0] = a->domain[0] = '\0';
        a->quoted = 0;
    } else if ((p = path_mailbox(p, end, flags, a)) == NULL) {
        return -1;
    }
    if (angle && *(p = path_skip_blanks(p)) != '>')
        return -1;
    p += angle;
    if (*p != '\0' && *p != ' ' && *p != '\t')
        return -1;
    *text = p;
    return 0;
}
