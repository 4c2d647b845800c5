/* SPDX-License-Identifier: ISC */
/* Checking and writing addresses, and reading them as tables hold them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <arpa/inet.h>
#include <string.h>

#include "address_impl.h"
#include "strutil.h"

#define HOSTNAME_MAX 255 /* RFC 1035 2.3.4 */
#define LABEL_MAX 63

static int
address_is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Length of the UTF-8 character at s (RFC 3629 4), 0 when it is none. Stops at a NUL. */
static size_t
address_utf8_length(const unsigned char *s)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t i, n;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    /* Overlong forms, surrogates, and what lies above U+10FFFF. */
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (i = 2; i < n; i++)
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    return n;
}

/* No control characters; other than ASCII only as UTF-8, and only where that is allowed. */
static int
address_text_ok(const char *text, unsigned flags)
{
    const unsigned char *s = (const unsigned char *)text;

    while (*s != '\0') {
        size_t n = address_utf8_length(s);

        if (n == 0 || *s < ' ' || *s == 0x7f || (n > 1 && !(flags & ADDRESS_ALLOW_UTF8)))
            return 0;
        /* U+0080 to U+009F are control characters too. */
        if (s[0] == 0xc2 && s[1] < 0xa0)
            return 0;
        s += n;
    }
    return 1;
}

/* A literal, or labels of letters, digits, '-' and '_' (in real use, though no host name) between single
 * dots. */
static int
address_domain_ok(const char *domain)
{
    char before = '.';

    if (*domain == '[')
        return address_valid_literal(domain);
    for (; *domain != '\0'; before = *domain++)
        if (*domain == '.' ? before == '.'
                           : !address_is_alnum(*domain) && strchr("-_", *domain) == NULL &&
                                 (unsigned char)*domain < 0x80)
            return 0;
    return before != '.';
}

/* The local part is no Dot-string (RFC 5321 4.1.2). */
static int
address_needs_quotes(const char *local)
{
    char before = '.';

    for (; *local != '\0'; before = *local++)
        if (*local == '.' ? before == '.' : !address_is_atext(*local))
            return 1;
    return before == '.';
}

int
address_is_atext(char c)
{
    return address_is_alnum(c) || (unsigned char)c >= 0x80 || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

void
address_start(struct address *a, struct address_part *local, struct address_part *domain)
{
    local->to = a->local;
    domain->to = a->domain;
    local->len = domain->len = 0;
    local->overflow = domain->overflow = 0;
}

void
address_put(struct address_part *part, char c)
{
    if (part->len + 1 < ADDRESS_MAX)
        part->to[part->len++] = c;
    else
        part->overflow = 1;
}

int
address_finish(struct address *a, struct address_part *local, struct address_part *domain, int has_domain,
               unsigned flags)
{
    a->local[local->len] = '\0';
    a->domain[domain->len] = '\0';
    if (local->overflow || domain->overflow || local->len + has_domain + domain->len > ADDRESS_MAX)
        return -1;
    /* A NUL that was read ends the text early. */
    if (local->len == 0 || strlen(a->local) != local->len || strlen(a->domain) != domain->len)
        return -1;
    if (has_domain) {
        /* "example.com." names the same domain. */
        if (domain->len > 1 && a->domain[domain->len - 1] == '.')
            a->domain[--domain->len] = '\0';
        if (!address_domain_ok(a->domain) || !address_text_ok(a->domain, flags))
            return -1;
    } else if (!(flags & ADDRESS_ALLOW_BARE) || strchr(a->local, '@') != NULL) {
        /* Written out, <"a@b"> without a domain could not be told from <a@b>. */
        return -1;
    }
    a->quoted = address_needs_quotes(a->local);
    return address_text_ok(a->local, flags) ? 0 : -1;
}

int
address_parse_plain(const char *text, struct address *a)
{
    const char *at = strrchr(text, '@'), *p;
    struct address_part local, domain;

    address_start(a, &local, &domain);
    for (p = text; *p != '\0' && p != at; p++)
        address_put(&local, *p);
    if (at != NULL)
        for (p = at + 1; *p != '\0'; p++)
            address_put(&domain, *p);
    return address_finish(a, &local, &domain, at != NULL, ADDRESS_ALLOW_BARE | ADDRESS_ALLOW_UTF8);
}

int
address_put_plain(struct buf *to, const struct address *a)
{
    return buf_printf(to, "%s%s%s", a->local, *a->domain ? "@" : "", a->domain);
}

int
address_put_smtp(struct buf *to, const struct address *a)
{
    char quoted[2 * ADDRESS_MAX + 2], *p = quoted;
    const char *s;

    if (!a->quoted)
        return address_put_plain(to, a);
    *p++ = '"';
    for (s = a->local; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            *p++ = '\\';
        *p++ = *s;
    }
    *p++ = '"';
    *p = '\0';
    return buf_printf(to, "%s%s%s", quoted, *a->domain ? "@" : "", a->domain);
}

int
address_valid_hostname(const char *domain)
{
    size_t label = 0, len;
    int numeric = 1;

    for (len = 0; domain[len] != '\0'; len++) {
        char c = domain[len];

        if (c == '.') {
            if (label == 0 || domain[len - 1] == '-')
                return 0;
            label = 0;
            continue;
        }
        if ((!address_is_alnum(c) && c != '-' && c != '_') || (c == '-' && label == 0) || ++label > LABEL_MAX)
            return 0;
        numeric = numeric && c >= '0' && c <= '9';
    }
    /* All digits and dots is an address that lacks its brackets. */
    return label > 0 && domain[len - 1] != '-' && len <= HOSTNAME_MAX && !numeric;
}

int
address_valid_literal(const char *domain)
{
    static const char v6[] = "IPv6:";
    size_t len = strlen(domain);
    unsigned char bytes[16];
    char text[64];

    if (len < 2 || len - 2 >= sizeof(text) || domain[0] != '[' || domain[len - 1] != ']')
        return 0;
    memcpy(text, domain + 1, len - 2);
    text[len - 2] = '\0';
    if (str_istarts(text, v6))
        return inet_pton(AF_INET6, text + sizeof(v6) - 1, bytes) == 1;
    return inet_pton(AF_INET, text, bytes) == 1;
}

void
address_lower(char *s)
{
    str_lower(s);
}
