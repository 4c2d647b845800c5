/* SPDX-License-Identifier: ISC */
/* The ESMTP parameters of MAIL and RCPT. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "strutil.h"

/*
 * xtext (RFC 3461 4): +XX stands for a character. Decodes into to (size bytes). What it stands for must be
 * printable: these texts go into envelopes and bounces. 0 or -1.
 */
static int
params_xtext(char *to, size_t size, const char *s)
{
    static const char hex[] = "0123456789ABCDEF";
    const char *hi, *lo;
    size_t n = 0;

    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;

        if (ch == '+') {
            hi = s[1] ? strchr(hex, s[1]) : NULL;
            lo = hi && s[2] ? strchr(hex, s[2]) : NULL;
            if (!lo)
                return -1;
            ch = (unsigned char)((hi - hex) << 4 | (lo - hex));
            s += 2;
        }
        if (ch < ' ' || ch > '~' || n + 1 >= size)
            return -1;
        to[n++] = (char)ch;
    }
    to[n] = '\0';
    return 0;
}

static const char *
params_size(const char *value, struct mail_params *p)
{
    if (!*value || strspn(value, "0123456789") != strlen(value))
        return "501 5.5.4 Bad message size syntax";
    if (str_to_u64(value, INT64_MAX, &p->size) < 0)
        return "552 5.3.4 Message size exceeds file system imposed limit";
    return NULL;
}

static const char *
params_ret(const char *value, struct mail_params *p)
{
    if (!*p->ret && str_ieq(value, "FULL"))
        p->ret = "FULL";
    else if (!*p->ret && str_ieq(value, "HDRS"))
        p->ret = "HDRS";
    else
        return "501 5.5.4 Bad RET parameter syntax";
    return NULL;
}

static const char *
params_unknown(const char *arg, char err[600])
{
    snprintf(err, 600, "555 5.5.4 Unsupported option: %s", arg);
    return err;
}

const char *
command_mail_params(const struct command *c, int from, int sasl, struct mail_params *p, char err[600])
{
    const char *arg, *error;
    int i;

    memset(p, 0, sizeof(*p));
    p->ret = "";
    for (i = from, error = NULL; i < c->argc && !error; i++) {
        arg = c->argv[i];
        if (str_ieq(arg, "BODY=8BITMIME"))
            p->body_8bit = 1;
        else if (str_ieq(arg, "BODY=7BIT"))
            p->body_8bit = 0;
        else if (str_istarts(arg, "SIZE="))
            error = params_size(arg + 5, p);
        else if (str_istarts(arg, "AUTH=")) {
            if (!sasl)
                error = "503 5.5.4 Error: authentication disabled";
            else if (p->has_auth++)
                error = "503 5.5.4 Error: multiple AUTH= options";
        } else if (str_istarts(arg, "RET="))
            error = params_ret(arg + 4, p);
        else if (str_istarts(arg, "ENVID=")) {
            if (*p->envid || params_xtext(p->envid, sizeof(p->envid), arg + 6) < 0 || !*p->envid)
                error = "501 5.5.4 Bad ENVID parameter syntax";
        } else
            error = params_unknown(arg, err);
    }
    return error;
}

/* NOTIFY=: NEVER, or any of the others (RFC 3461 4.1). The bits, 0 when it is wrong. */
static unsigned
params_notify(const char *value)
{
    static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    unsigned bits = 0, i;
    char word[16];
    size_t n;

    do {
        n = strcspn(value, ",");
        if (n >= sizeof(word))
            return 0;
        memcpy(word, value, n);
        word[n] = '\0';
        for (i = 0; i < MR_NELEM(words) && !str_ieq(word, words[i]); i++)
            ;
        if (i == MR_NELEM(words))
            return 0;
        bits |= 1u << i;
        value += n;
    } while (*value++ == ',');
    return bits & 1 && bits != 1 ? 0 : bits;
}

/* ORCPT=type;xtext (RFC 3461 4.2). 0 or -1. */
static int
params_orcpt(const char *value, struct rcpt_params *p)
{
    size_t n = strcspn(value, ";"), i;

    if (p->has_orcpt++ || n == 0 || value[n] != ';' || n + 1 >= sizeof(p->orcpt))
        return -1;
    for (i = 0; i < n; i++)
        if (value[i] <= ' ' || value[i] > '~')
            return -1;
    memcpy(p->orcpt, value, n + 1);
    if (params_xtext(p->orcpt + n + 1, sizeof(p->orcpt) - n - 1, value + n + 1) < 0)
        return -1;
    if (!p->orcpt[n + 1]) /* no address in it */
        p->orcpt[0] = '\0';
    return 0;
}

const char *
command_rcpt_params(const struct command *c, int from, struct rcpt_params *p, char err[600])
{
    const char *arg;
    int i;

    memset(p, 0, sizeof(*p));
    for (i = from; i < c->argc; i++) {
        arg = c->argv[i];
        if (str_istarts(arg, "NOTIFY=")) {
            if (p->notify || (p->notify = params_notify(arg + 7)) == 0)
                return "501 5.5.4 Error: Bad NOTIFY parameter syntax";
        } else if (str_istarts(arg, "ORCPT=")) {
            if (params_orcpt(arg + 6, p) < 0)
                return "501 5.5.4 Error: Bad ORCPT parameter syntax";
        } else
            return params_unknown(arg, err);
    }
    return NULL;
}
