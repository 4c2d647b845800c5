/* SPDX-License-Identifier: ISC */
/* Lists of restrictions: made from main.cf, and evaluated in their order. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "log.h"
#include "mem.h"
#include "restrict_private.h"
#include "session.h"
#include "strutil.h"

const char *
restrict_list_name(enum restrict_list_id id)
{
    static const char *const names[RESTRICT_LISTS] = {
        "smtpd_client_restrictions",   "smtpd_helo_restrictions",      "smtpd_sender_restrictions",
        "smtpd_relay_restrictions",    "smtpd_recipient_restrictions", "smtpd_data_restrictions",
        "local_header_rewrite_clients"};

    return names[id];
}

/* ---- lists ------------------------------------------------------------------------ */

static void
restrict_add(struct restrict_list *l, const struct restriction *r)
{
    l->rows = mem_realloc(l->rows, (l->n + 1) * sizeof(*l->rows));
    l->rows[l->n++] = r;
}

/* Restrictions that we do not have and that an argument follows. */
static int
restrict_has_argument(const char *name)
{
    return str_istarts(name, "check_") || strstr(name, "rbl_") || strstr(name, "rhsbl_") ||
           strstr(name, "dnswl_") || strstr(name, "rhswl_") || str_ieq(name, "sleep");
}

void
restrict_compile(struct restrict_list *l, enum restrict_list_id id, const char *value, int warn)
{
    const struct restriction *r;
    const char *item, *pos = value;
    struct buf word;

    buf_init(&word, 4096);
    while ((item = conf_list_next(&pos, &word)) != NULL) {
        r = restrict_find(item);
        if (r) {
            restrict_add(l, r);
            continue;
        }
        if (warn)
            log_warning("%s: restriction \"%s\" is not supported by this version; ignored",
                        restrict_list_name(id), item);
        if (restrict_has_argument(item) && !strchr(item, ':'))
            conf_list_next(&pos, &word);
    }
    buf_free(&word);
}

void
restrict_free(struct restrict_list *l)
{
    mem_free(l->rows);
    l->rows = NULL;
    l->n = 0;
}

static int
restrict_has(const struct restrict_list *l, unsigned trait)
{
    size_t i;

    for (i = 0; i < l->n; i++)
        if (l->rows[i]->traits & trait)
            return 1;
    return 0;
}

int
restrict_closes_relay(const struct restrict_list *l)
{
    return restrict_has(l, RESTRICT_CLOSES_RELAY);
}

int
restrict_asks_owner(const struct restrict_list *l)
{
    return restrict_has(l, RESTRICT_ASKS_OWNER);
}

void
restrict_close_relay(struct restrict_list *l)
{
    restrict_add(l, restrict_find("defer_unauth_destination"));
}

/* The first row that has something to say decides. */
static enum restrict_result
restrict_run(struct restrict_check *c, enum restrict_list_id id, const char *name, const char *class_)
{
    const struct restrict_list *l = &c->session->set->lists[id];
    enum restrict_result r = RESTRICT_DUNNO;
    size_t i;

    c->name = name;
    c->class_ = class_;
    for (i = 0; name && i < l->n && r == RESTRICT_DUNNO; i++)
        r = l->rows[i]->check(c);
    return r;
}

enum restrict_result
restrict_recipient(struct restrict_check *c)
{
    const struct session *s = c->session;
    int relay_first = s->set->relay_before_recipient;
    const struct {
        enum restrict_list_id id;
        const char *name, *class_;
    } stages[] = {
        {RESTRICT_CLIENT, s->client, "Client host"},
        {RESTRICT_HELO, s->helo, "Helo command"},
        {RESTRICT_SENDER, s->tx ? s->tx->sender : NULL, "Sender address"},
        {relay_first ? RESTRICT_RELAY : RESTRICT_RECIPIENT, c->recipient, "Recipient address"},
        {relay_first ? RESTRICT_RECIPIENT : RESTRICT_RELAY, c->recipient, "Recipient address"},
    };
    enum restrict_result r;
    size_t i;

    if (str_ieq(c->recipient, "postmaster")) /* RFC 5321 4.5.1 */
        return RESTRICT_OK;
    for (i = 0; i < MR_NELEM(stages); i++) {
        r = restrict_run(c, stages[i].id, stages[i].name, stages[i].class_);
        if (r != RESTRICT_DUNNO && r != RESTRICT_OK)
            return r;
    }
    return s->set->reject_unlisted ? check_reject_unlisted_recipient(c) : RESTRICT_OK;
}

enum restrict_result
restrict_data(struct restrict_check *c)
{
    return restrict_run(c, RESTRICT_DATA, "DATA", "Data command");
}

int
restrict_rewrites(struct session *s)
{
    struct restrict_check c;

    memset(&c, 0, sizeof(c));
    c.session = s;
    return restrict_run(&c, RESTRICT_REWRITE, s->client, "Client host") == RESTRICT_OK;
}
