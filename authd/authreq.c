/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "authreq.h"
#include "keys.h"
#include "strutil.h"

/* Cuts the text at *pos behind the next `c`: what is before it; NULL when there is none. */
static char *
cut(char **pos, char c)
{
    char *start = *pos, *end = strchr(start, c);

    if (!end)
        return NULL;
    *end = '\0';
    *pos = end + 1;
    return start;
}

/* NAME=value, told before the request; nothing in it concerns us. */
static int
is_metadata(const char *line, const char *end)
{
    const char *p = line;

    while (p < end && (*p == '_' || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9')))
        p++;
    return p > line && p < end && *p == '=';
}

static int
has_control(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            return 1;
    return 0;
}

/* "AUTH n": then n bytes at data of which `avail` are there. */
static enum authreq_kind
parse_auth(const char *length, char *data, size_t avail, struct authreq *r)
{
    uint64_t n;
    char *type;

    if (str_to_u64(length, AUTHREQ_MAX, &n) < 0)
        return AUTHREQ_BAD;
    if (avail < n)
        return AUTHREQ_MORE;
    data[n] = '\0';
    if (strlen(data) != n) /* a NUL: no name or password of ours */
        return AUTHREQ_FAIL;
    if (!(r->service = cut(&data, '\n')) || !(type = cut(&data, '\n')))
        return AUTHREQ_BAD;
    if (strcmp(type, "login") != 0 || !(r->user = cut(&data, '\n')))
        return AUTHREQ_FAIL;
    r->password = data;
    data[strcspn(data, "\n")] = '\0';
    if (!*r->user || !*r->password || has_control(r->service) || has_control(r->user))
        return AUTHREQ_FAIL;
    return AUTHREQ_AUTH;
}

static enum authreq_kind
parse_pre(char *args, struct authreq *r)
{
    if (!(r->module = cut(&args, ' ')) || !(r->service = cut(&args, ' ')) || !*args)
        return AUTHREQ_BAD;
    r->user = args;
    return key_is_sane(args) && !has_control(r->service) ? AUTHREQ_PRE : AUTHREQ_FAIL;
}

static enum authreq_kind
parse_passwd(char *args, struct authreq *r)
{
    if (!(r->service = cut(&args, '\t')) || !(r->user = cut(&args, '\t')) ||
        !(r->password = cut(&args, '\t')))
        return AUTHREQ_BAD;
    r->newpassword = args;
    if (has_control(r->service) || has_control(r->user) || has_control(r->password) || has_control(args) ||
        !*args)
        return AUTHREQ_FAIL;
    return AUTHREQ_PASSWD;
}

enum authreq_kind
authreq_parse(char *p, size_t n, int eof, struct authreq *r)
{
    enum authreq_kind kind = AUTHREQ_BAD;
    char *end = p + n, *nl;

    memset(r, 0, sizeof(*r));
    for (;;) {
        nl = memchr(p, '\n', (size_t)(end - p));
        if (!nl || nl - p >= AUTHREQ_MAX)
            return nl || eof || end - p >= AUTHREQ_MAX ? AUTHREQ_BAD : AUTHREQ_MORE;
        if (!is_metadata(p, nl))
            break;
        p = nl + 1;
    }
    if (strncmp(p, "AUTH ", 5) == 0) {
        *nl = '\0';
        kind = parse_auth(p + 5, nl + 1, (size_t)(end - nl - 1), r);
        *nl = '\n';
        return kind == AUTHREQ_MORE && eof ? AUTHREQ_BAD : kind;
    }
    *nl = '\0';
    if (strlen(p) != (size_t)(nl - p))
        return AUTHREQ_BAD;
    if (strncmp(p, "PRE ", 4) == 0)
        return parse_pre(p + 4, r);
    if (strncmp(p, "PASSWD ", 7) == 0)
        return parse_passwd(p + 7, r);
    return strcmp(p, "ENUMERATE") == 0 ? AUTHREQ_ENUMERATE : AUTHREQ_BAD;
}

int
authreq_put_account(struct buf *to, const struct account *a, const char *cleartext)
{
    const struct {
        const char *label, *value;
        int always;
    } lines[] = {{"HOME", a->home, 1},
                 {"ADDRESS", a->address, 1},
                 {"NAME", a->name, 0},
                 {"MAILDIR", a->maildir, 0},
                 {"QUOTA", a->quota, 0},
                 {"PASSWD", a->crypt, 0},
                 {"PASSWD2", cleartext ? cleartext : a->clear, 0},
                 {"OPTIONS", a->options, 0}};
    size_t i;

    buf_printf(to, "UID=%lu\nGID=%lu\n", (unsigned long)a->uid, (unsigned long)a->gid);
    for (i = 0; i < MR_NELEM(lines); i++)
        if (lines[i].always || *lines[i].value)
            buf_printf(to, "%s=%s\n", lines[i].label, lines[i].value);
    return buf_puts(to, ".\n");
}
