/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "directory.h"
#include "keys.h"
#include "log.h"
#include "mem.h"
#include "strutil.h"

/* ---- settings ------------------------------------------------------------------------------- */

static void
own_addresses(struct directory *d)
{
    struct ifaddrs *all, *i;

    if (getifaddrs(&all) < 0)
        return;
    for (i = all; i; i = i->ifa_next) {
        d->own = mem_realloc(d->own, (d->nown + 1) * sizeof(*d->own));
        if (i->ifa_addr && netaddr_from_sockaddr(&d->own[d->nown], i->ifa_addr) == 0)
            d->nown++;
    }
    freeifaddrs(all);
}

static int
read_classes(struct directory *d, struct conf *conf, struct conf_error *err)
{
    int parents = str_in_list(conf_str(conf, "parent_domain_matches_subdomains"), "relay_domains");

    d->local = domains_new(conf_str(conf, "mydestination"), 0, err);
    d->alias = d->local ? domains_new(conf_str(conf, "virtual_alias_domains"), 0, err) : NULL;
    d->mailbox = d->alias ? domains_new(conf_str(conf, "virtual_mailbox_domains"), 0, err) : NULL;
    d->relay = d->mailbox ? domains_new(conf_str(conf, "relay_domains"), parents, err) : NULL;
    return d->relay ? 0 : -1;
}

static int
read_maps(struct directory *d, struct conf *conf, struct conf_error *err)
{
    d->alias_maps = tables_new(conf_str(conf, "virtual_alias_maps"), err);
    d->mailbox_maps = d->alias_maps ? tables_new(conf_str(conf, "virtual_mailbox_maps"), err) : NULL;
    d->owner_maps = d->mailbox_maps ? tables_new(conf_str(conf, "smtpd_sender_login_maps"), err) : NULL;
    return d->owner_maps ? 0 : -1;
}

struct directory *
directory_new(struct conf *conf, struct accounts *accounts, int as_root, struct conf_error *err)
{
    struct directory *d = mem_alloc(sizeof(*d));

    d->accounts = accounts;
    d->as_root = as_root;
    d->myorigin = mem_strdup(conf_str(conf, "myorigin"));
    str_lower(d->myorigin);
    d->delimiter = mem_strdup(conf_str(conf, "recipient_delimiter"));
    d->show_table = conf_bool(conf, "show_user_unknown_table_name");
    d->propagate = str_in_list(conf_str(conf, "propagate_unmatched_extensions"), "virtual");
    d->expansion_limit = (size_t)conf_int(conf, "virtual_alias_expansion_limit");
    d->recursion_limit = (size_t)conf_int(conf, "virtual_alias_recursion_limit");
    d->length_limit = (size_t)conf_int(conf, "virtual_alias_address_length_limit");
    d->minimum_uid = (uint32_t)conf_int(conf, "virtual_minimum_uid");
    own_addresses(d);
    if (read_classes(d, conf, err) == 0 && read_maps(d, conf, err) == 0)
        return d;
    directory_free(d);
    return NULL;
}

void
directory_free(struct directory *d)
{
    if (!d)
        return;
    domains_free(d->local);
    domains_free(d->alias);
    domains_free(d->mailbox);
    domains_free(d->relay);
    tables_free(d->alias_maps);
    tables_free(d->mailbox_maps);
    tables_free(d->owner_maps);
    mem_free(d->own);
    mem_free(d->myorigin);
    mem_free(d->delimiter);
    mem_free(d);
}

/* ---- addresses ------------------------------------------------------------------------------ */

/* Where the extension of a local part begins (at its delimiter); its end when there is none. */
static size_t
extension_offset(const struct directory *d, const char *local)
{
    size_t n = strlen(local), at = *d->delimiter ? strcspn(local, d->delimiter) : n;

    return at == 0 ? n : at; /* "+x" is no extension of nobody */
}

int
directory_key_init(const struct directory *d, const char *address, struct directory_key *k)
{
    size_t at;

    if (!key_is_sane(address) || address_parse_plain(address, &k->address) < 0)
        return -1;
    if (!*k->address.domain)
        snprintf(k->address.domain, sizeof(k->address.domain), "%s", d->myorigin);
    snprintf(k->local, sizeof(k->local), "%s", k->address.local);
    snprintf(k->domain, sizeof(k->domain), "%s", k->address.domain);
    address_lower(k->local);
    address_lower(k->domain);
    snprintf(k->whole, sizeof(k->whole), "%s@%s", k->local, k->domain);
    at = extension_offset(d, k->address.local);
    k->extension = k->address.local + at;
    k->base[0] = '\0';
    if (*k->extension)
        snprintf(k->base, sizeof(k->base), "%.*s@%s", (int)at, k->local, k->domain);
    return 0;
}

static int
is_own_literal(const struct directory *d, const char *domain)
{
    struct netaddr a;
    size_t i;

    if (*domain != '[' || netaddr_parse(&a, domain) < 0)
        return 0;
    for (i = 0; i < d->nown; i++)
        if (d->own[i].family == a.family &&
            memcmp(d->own[i].bytes, a.bytes, a.family == AF_INET ? 4 : 16) == 0)
            return 1;
    return 0;
}

enum lookup_status
directory_class(const struct directory *d, const char *domain, enum address_class *class_r)
{
    const struct {
        enum address_class class;
        const struct domains *domains;
    } order[] = {{CLASS_LOCAL, d->local},
                 {CLASS_VIRTUAL_ALIAS, d->alias},
                 {CLASS_VIRTUAL_MAILBOX, d->mailbox},
                 {CLASS_RELAY, d->relay}};
    enum lookup_status st;
    size_t i;

    *class_r = CLASS_OTHER;
    if (is_own_literal(d, domain)) {
        *class_r = CLASS_LOCAL;
        return LOOKUP_OK;
    }
    for (i = 0; i < MR_NELEM(order); i++) {
        st = domains_find(order[i].domains, domain);
        if (st == LOOKUP_TEMP)
            return st;
        if (st == LOOKUP_OK) {
            *class_r = order[i].class;
            break;
        }
    }
    return LOOKUP_OK;
}

/* A table may have a bare user name as its key where the domain is this host's own. */
static int
bare_key_allowed(const struct directory *d, const struct directory_key *k, enum address_class class)
{
    return class == CLASS_LOCAL || strcmp(k->domain, d->myorigin) == 0;
}

static enum lookup_status
find_catch_all(const struct tables *t, const struct directory_key *k, struct buf *value)
{
    char key[ADDRESS_MAX + 2];

    snprintf(key, sizeof(key), "@%s", k->domain);
    return tables_find(t, key, value);
}

enum lookup_status
directory_alias(const struct directory *d, const struct directory_key *k, enum address_class class,
                struct buf *value, const char **extension_r)
{
    enum lookup_status st;

    *extension_r = "";
    if (tables_empty(d->alias_maps))
        return LOOKUP_NONE;
    st = tables_find(d->alias_maps, k->whole, value);
    if (st == LOOKUP_NONE && *k->base) {
        st = tables_find(d->alias_maps, k->base, value);
        *extension_r = st == LOOKUP_OK && d->propagate ? k->extension : "";
    }
    if (st == LOOKUP_NONE && bare_key_allowed(d, k, class))
        st = tables_find(d->alias_maps, k->local, value);
    if (st != LOOKUP_NONE)
        return st;
    st = directory_mailbox(d, k, 0);
    if (st != LOOKUP_NONE)
        return st == LOOKUP_OK ? LOOKUP_NONE : st;
    return find_catch_all(d->alias_maps, k, value);
}

enum lookup_status
directory_mailbox(const struct directory *d, const struct directory_key *k, int catch_all)
{
    enum lookup_status st;
    struct buf value;

    buf_init(&value, 65536);
    st = tables_find(d->mailbox_maps, k->whole, &value);
    if (st == LOOKUP_NONE && *k->base)
        st = tables_find(d->mailbox_maps, k->base, &value);
    if (st == LOOKUP_NONE && catch_all)
        st = find_catch_all(d->mailbox_maps, k, &value);
    buf_free(&value);
    return st;
}

const char *
directory_unknown_text(const struct directory *d, enum address_class class)
{
    if (!d->show_table)
        return "User unknown";
    switch (class) {
    case CLASS_LOCAL:
        return "User unknown in local recipient table";
    case CLASS_VIRTUAL_ALIAS:
        return "User unknown in virtual alias table";
    case CLASS_VIRTUAL_MAILBOX:
        return "User unknown in virtual mailbox table";
    default:
        return "User unknown";
    }
}

/* ---- AUTHD_RCPT ------------------------------------------------------------------------------- */

/* Is there anything for this address of ours? */
static enum lookup_status
address_exists(const struct directory *d, const struct directory_key *k, enum address_class class)
{
    enum lookup_status st;
    struct buf value;
    const char *extension;

    if (class == CLASS_RELAY || class == CLASS_OTHER)
        return LOOKUP_OK;
    if (class == CLASS_LOCAL && strcmp(k->local, "postmaster") == 0)
        return LOOKUP_OK; /* RFC 5321 4.5.1 */
    buf_init(&value, 1024 * 1024);
    st = directory_alias(d, k, class, &value, &extension);
    buf_free(&value);
    if (st == LOOKUP_NONE && class != CLASS_VIRTUAL_ALIAS)
        st = directory_mailbox(d, k, 1);
    return st;
}

void
directory_rcpt(const struct directory *d, const char *address, struct rcpt_answer *r)
{
    struct directory_key k;
    const char *at = strrchr(address, '@');
    enum lookup_status st;
    int parsed = directory_key_init(d, address, &k) == 0;

    r->reason = "";
    r->verdict = RCPT_OK;
    r->class = CLASS_LOCAL;
    if (str_ieq(address, "postmaster"))
        return;
    if (!parsed) {
        snprintf(k.domain, sizeof(k.domain), "%s", at ? at + 1 : "");
        address_lower(k.domain);
    }
    st = directory_class(d, k.domain, &r->class);
    if (st == LOOKUP_OK)
        st = parsed ? address_exists(d, &k, r->class) : LOOKUP_NONE;
    if (st == LOOKUP_TEMP) {
        r->verdict = RCPT_TEMP;
        r->reason = "Temporary lookup failure";
    } else if (st == LOOKUP_NONE) {
        r->verdict = RCPT_UNKNOWN;
        r->reason = directory_unknown_text(d, r->class);
    }
    /* user%elsewhere@here and elsewhere!user@here ask us to relay, whatever we would do with them. */
    if (parsed && strpbrk(k.local, "%!@"))
        r->class = CLASS_OTHER;
}

/* ---- AUTHD_OWNER ------------------------------------------------------------------------------ */

/* A bare user name, which a table may have where the domain is this host's own. */
static enum lookup_status
find_bare_owners(const struct directory *d, const struct directory_key *k, struct buf *value)
{
    char base[ADDRESS_MAX];
    enum lookup_status st = LOOKUP_OK;

    if (strcmp(k->domain, d->myorigin) != 0 && !is_own_literal(d, k->domain))
        st = domains_find(d->local, k->domain);
    if (st != LOOKUP_OK)
        return st;
    st = tables_find(d->owner_maps, k->local, value);
    if (st == LOOKUP_NONE && *k->base) {
        snprintf(base, sizeof(base), "%.*s", (int)(strrchr(k->base, '@') - k->base), k->base);
        st = tables_find(d->owner_maps, base, value);
    }
    return st;
}

enum lookup_status
directory_owner(const struct directory *d, const char *sender, const char *login, int *owned_r)
{
    struct directory_key k;
    enum lookup_status st;
    struct buf owners;

    *owned_r = 0;
    if (tables_empty(d->owner_maps) || directory_key_init(d, sender, &k) < 0)
        return LOOKUP_NONE;
    buf_init(&owners, 1024 * 1024);
    st = tables_find(d->owner_maps, k.whole, &owners);
    if (st == LOOKUP_NONE && *k.base)
        st = tables_find(d->owner_maps, k.base, &owners);
    if (st == LOOKUP_NONE)
        st = find_bare_owners(d, &k, &owners);
    if (st == LOOKUP_NONE)
        st = find_catch_all(d->owner_maps, &k, &owners);
    if (st == LOOKUP_OK)
        *owned_r = str_in_list(buf_cstr(&owners), login);
    buf_free(&owners);
    return st;
}

/* ---- AUTHD_MAILBOX ---------------------------------------------------------------------------- */

enum lookup_status
directory_mailbox_of(const struct directory *d, const struct account *acct, struct arena *arena,
                     struct mailbox *m)
{
    m->address = acct->address;
    m->uid = d->as_root ? acct->uid : (uint32_t)geteuid();
    m->gid = d->as_root ? acct->gid : (uint32_t)getegid();
    m->home = acct->home;
    m->quota = acct->quota;
    m->maildir = account_maildir(acct, arena);
    if (d->as_root && m->uid < d->minimum_uid) {
        log_warning("account %s: uid %lu is below virtual_minimum_uid", acct->address, (unsigned long)m->uid);
        return LOOKUP_TEMP;
    }
    if (!m->maildir || *m->maildir != '/' || *m->home != '/' || strlen(m->maildir) > PROTO_MAX_PATH) {
        log_warning("account %s: home and maildir make no absolute path", acct->address);
        return LOOKUP_TEMP;
    }
    return LOOKUP_OK;
}

enum lookup_status
directory_find_mailbox(const struct directory *d, const char *address, struct arena *arena, struct mailbox *m)
{
    struct directory_key k;
    struct account acct;
    enum lookup_status st;

    if (directory_key_init(d, address, &k) < 0)
        return LOOKUP_NONE;
    st = account_find(d->accounts, "login", k.whole, arena, &acct);
    if (st == LOOKUP_NONE && *k.base)
        st = account_find(d->accounts, "login", k.base, arena, &acct);
    return st == LOOKUP_OK ? directory_mailbox_of(d, &acct, arena, m) : st;
}
