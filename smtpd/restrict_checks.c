/* SPDX-License-Identifier: ISC */
/* The restrictions themselves: one function and one row each. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "restrict_private.h"
#include "session.h"
#include "strutil.h"

static enum restrict_result MR_PRINTF(4, 5)
    restrict_refuse(struct restrict_check *c, unsigned code, const char *dsn, const char *fmt, ...)
{
    va_list ap;
    int n = snprintf(c->reply, sizeof(c->reply), "%u %u%s ", code, code / 100, dsn + 1);

    va_start(ap, fmt);
    vsnprintf(c->reply + n, sizeof(c->reply) - (size_t)n, fmt, ap);
    va_end(ap);
    return RESTRICT_REJECT;
}

static const struct smtpd_settings *
restrict_settings(const struct restrict_check *c)
{
    return c->session->set;
}

static enum restrict_result
check_permit(struct restrict_check *c)
{
    MR_UNUSED(c);
    return RESTRICT_OK;
}

static enum restrict_result
check_reject(struct restrict_check *c)
{
    return restrict_refuse(c, restrict_settings(c)->reject_code, "5.7.1", "<%s>: %s rejected: Access denied",
                           c->name, c->class_);
}

static enum restrict_result
check_defer(struct restrict_check *c)
{
    return restrict_refuse(c, restrict_settings(c)->defer_code, "4.3.2", "<%s>: %s rejected: Try again later",
                           c->name, c->class_);
}

static enum restrict_result
check_permit_mynetworks(struct restrict_check *c)
{
    return c->session->in_mynetworks ? RESTRICT_OK : RESTRICT_DUNNO;
}

/* The client has the address of this end of the connection: it is this host. */
static enum restrict_result
check_permit_inet_interfaces(struct restrict_check *c)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    struct netaddr own;

    if (getsockname(c->session->fd, (struct sockaddr *)&ss, &len) < 0 ||
        netaddr_from_sockaddr(&own, (struct sockaddr *)&ss) < 0)
        return RESTRICT_DUNNO;
    return own.family == c->session->addr.family &&
                   memcmp(own.bytes, c->session->addr.bytes, sizeof(own.bytes)) == 0
               ? RESTRICT_OK
               : RESTRICT_DUNNO;
}

static enum restrict_result
check_permit_sasl_authenticated(struct restrict_check *c)
{
    return c->session->sasl_username ? RESTRICT_OK : RESTRICT_DUNNO;
}

/* What authd says of the recipient is there and usable: DUNNO; else what to return. */
static enum restrict_result
restrict_lookup(struct restrict_check *c)
{
    const struct rcpt_lookup *l = &c->session->lookup;

    if (!c->recipient)
        return RESTRICT_OK;
    if (!l->known)
        return RESTRICT_ASK_RCPT;
    if (l->verdict == RCPT_TEMP)
        return restrict_refuse(c, 451, "4.3.0", "<%s>: Temporary lookup failure", c->recipient);
    return RESTRICT_DUNNO;
}

/* The recipient is in a domain of ours and names no other host behind it (user%other@ours, other!user@ours).
 */
static enum restrict_result
check_permit_auth_destination(struct restrict_check *c)
{
    const char *at;
    enum restrict_result r = restrict_lookup(c);

    if (r != RESTRICT_DUNNO)
        return r == RESTRICT_OK ? RESTRICT_DUNNO : r;
    if (c->session->lookup.class_ == CLASS_OTHER)
        return RESTRICT_DUNNO;
    at = strrchr(c->recipient, '@');
    return strcspn(c->recipient, "@%!") < (at ? (size_t)(at - c->recipient) : strlen(c->recipient))
               ? RESTRICT_DUNNO
               : RESTRICT_OK;
}

static enum restrict_result
restrict_unauth_destination(struct restrict_check *c, unsigned code)
{
    enum restrict_result r = check_permit_auth_destination(c);

    if (!c->recipient || r != RESTRICT_DUNNO)
        return r == RESTRICT_OK ? RESTRICT_DUNNO : r;
    return restrict_refuse(c, code, "5.7.1", "<%s>: Relay access denied", c->recipient);
}

static enum restrict_result
check_reject_unauth_destination(struct restrict_check *c)
{
    return restrict_unauth_destination(c, restrict_settings(c)->relay_code);
}

static enum restrict_result
check_defer_unauth_destination(struct restrict_check *c)
{
    return restrict_unauth_destination(c, 454);
}

static enum restrict_result
check_reject_unauth_pipelining(struct restrict_check *c)
{
    if (!c->session->ill_pipelining)
        return RESTRICT_DUNNO;
    return restrict_refuse(c, 503, "5.5.0", "<%s>: %s rejected: Improper use of SMTP command pipelining",
                           c->name, c->class_);
}

/* A name without its last dot is what is checked. */
static void
restrict_undot(char *to, size_t size, const char *name)
{
    size_t n;

    snprintf(to, size, "%s", name);
    n = strlen(to);
    if (n > 1 && to[n - 1] == '.')
        to[n - 1] = '\0';
}

static int
restrict_fqdn(const char *name)
{
    char text[ADDRESS_MAX];

    restrict_undot(text, sizeof(text), name);
    return strchr(text, '.') && address_valid_hostname(text);
}

static enum restrict_result
check_reject_invalid_helo_hostname(struct restrict_check *c)
{
    const char *helo = c->session->helo;
    unsigned code = restrict_settings(c)->invalid_code;
    struct netaddr a;
    char text[ADDRESS_MAX];

    if (!helo)
        return RESTRICT_DUNNO;
    if (*helo == '[')
        return address_valid_literal(helo)
                   ? RESTRICT_DUNNO
                   : restrict_refuse(c, code, "5.5.2", "<%s>: Helo command rejected: invalid ip address",
                                     helo);
    restrict_undot(text, sizeof(text), helo);
    if (address_valid_hostname(text) || netaddr_parse(&a, text) == 0)
        return RESTRICT_DUNNO;
    return restrict_refuse(c, code, "5.5.2", "<%s>: Helo command rejected: Invalid name", helo);
}

static enum restrict_result
check_reject_non_fqdn_helo_hostname(struct restrict_check *c)
{
    const char *helo = c->session->helo;

    if (!helo || restrict_fqdn(helo))
        return RESTRICT_DUNNO;
    if (*helo == '[')
        return check_reject_invalid_helo_hostname(c);
    return restrict_refuse(c, restrict_settings(c)->non_fqdn_code, "5.5.2",
                           "<%s>: Helo command rejected: need fully-qualified hostname", helo);
}

static enum restrict_result
restrict_non_fqdn_address(struct restrict_check *c, const char *address, const char *class_)
{
    const char *at = strrchr(address, '@'), *domain = at ? at + 1 : "";

    if (*domain == '[' || restrict_fqdn(domain))
        return RESTRICT_DUNNO;
    return restrict_refuse(c, restrict_settings(c)->non_fqdn_code, "5.5.2",
                           "<%s>: %s rejected: need fully-qualified address", address, class_);
}

static enum restrict_result
check_reject_non_fqdn_sender(struct restrict_check *c)
{
    const struct tx *tx = c->session->tx;

    return tx && *tx->sender ? restrict_non_fqdn_address(c, tx->sender, "Sender address") : RESTRICT_DUNNO;
}

/* ---- who may use an address as sender ------------------------------------------------- */

/* Whom a mismatch of sender and login concerns. */
enum {
    MISMATCH_LOGGED_IN = 1,
    MISMATCH_STRANGER = 2,
    MISMATCH_OWNED_ONLY = 4 /* a login may use an address that nobody owns */
};

static enum restrict_result
restrict_mismatch(struct restrict_check *c, unsigned whom)
{
    const struct tx *tx = c->session->tx;
    const char *login = c->session->sasl_username;

    if (!tx || !*tx->sender || !restrict_settings(c)->ask_owner ||
        !(whom & (login ? MISMATCH_LOGGED_IN : MISMATCH_STRANGER)))
        return RESTRICT_DUNNO;
    if (!tx->owner.known)
        return RESTRICT_ASK_OWNER;
    if (tx->owner.status == LOOKUP_TEMP)
        return restrict_refuse(c, 451, "4.3.0", "<%s>: Temporary lookup failure", tx->sender);
    if (tx->owner.status == LOOKUP_NONE && (!login || whom & MISMATCH_OWNED_ONLY))
        return RESTRICT_DUNNO;
    if (!login)
        return restrict_refuse(c, 553, "5.7.1", "<%s>: Sender address rejected: not logged in", tx->sender);
    if (tx->owner.owned)
        return RESTRICT_DUNNO;
    return restrict_refuse(c, 553, "5.7.1", "<%s>: Sender address rejected: not owned by user %s", tx->sender,
                           login);
}

static enum restrict_result
check_reject_sender_login_mismatch(struct restrict_check *c)
{
    return restrict_mismatch(c, MISMATCH_LOGGED_IN | MISMATCH_STRANGER);
}

static enum restrict_result
check_reject_authenticated_sender_login_mismatch(struct restrict_check *c)
{
    return restrict_mismatch(c, MISMATCH_LOGGED_IN);
}

static enum restrict_result
check_reject_unauthenticated_sender_login_mismatch(struct restrict_check *c)
{
    return restrict_mismatch(c, MISMATCH_STRANGER);
}

static enum restrict_result
check_reject_known_sender_login_mismatch(struct restrict_check *c)
{
    return restrict_mismatch(c, MISMATCH_LOGGED_IN | MISMATCH_STRANGER | MISMATCH_OWNED_ONLY);
}

/* ---- recipients -------------------------------------------------------------------------- */

static enum restrict_result
check_reject_non_fqdn_recipient(struct restrict_check *c)
{
    return c->recipient ? restrict_non_fqdn_address(c, c->recipient, "Recipient address") : RESTRICT_DUNNO;
}

enum restrict_result
check_reject_unlisted_recipient(struct restrict_check *c)
{
    const struct rcpt_lookup *l = &c->session->lookup;
    enum restrict_result r = restrict_lookup(c);
    const char *reason;
    unsigned class_;

    if (r != RESTRICT_DUNNO || l->verdict == RCPT_OK)
        return r == RESTRICT_OK ? RESTRICT_DUNNO : r;
    reason = restrict_settings(c)->show_table_name && *l->reason ? l->reason : "User unknown";
    class_ = l->class_ >= CLASS_LOCAL && l->class_ <= CLASS_RELAY ? l->class_ : CLASS_LOCAL;
    return restrict_refuse(c, restrict_settings(c)->unknown_codes[class_], "5.1.1",
                           "<%s>: Recipient address rejected: %s", c->recipient, reason);
}

static const struct restriction restrictions[] = {
    {"defer", check_defer, RESTRICT_CLOSES_RELAY},
    {"defer_unauth_destination", check_defer_unauth_destination, RESTRICT_CLOSES_RELAY},
    {"permit", check_permit, 0},
    {"permit_auth_destination", check_permit_auth_destination, 0},
    {"permit_inet_interfaces", check_permit_inet_interfaces, 0},
    {"permit_mynetworks", check_permit_mynetworks, 0},
    {"permit_sasl_authenticated", check_permit_sasl_authenticated, 0},
    {"reject", check_reject, RESTRICT_CLOSES_RELAY},
    {"reject_authenticated_sender_login_mismatch", check_reject_authenticated_sender_login_mismatch,
     RESTRICT_ASKS_OWNER},
    {"reject_invalid_helo_hostname", check_reject_invalid_helo_hostname, 0},
    {"reject_invalid_hostname", check_reject_invalid_helo_hostname, 0},
    {"reject_known_sender_login_mismatch", check_reject_known_sender_login_mismatch, RESTRICT_ASKS_OWNER},
    {"reject_non_fqdn_helo_hostname", check_reject_non_fqdn_helo_hostname, 0},
    {"reject_non_fqdn_hostname", check_reject_non_fqdn_helo_hostname, 0},
    {"reject_non_fqdn_recipient", check_reject_non_fqdn_recipient, 0},
    {"reject_non_fqdn_sender", check_reject_non_fqdn_sender, 0},
    {"reject_sender_login_mismatch", check_reject_sender_login_mismatch, RESTRICT_ASKS_OWNER},
    {"reject_unauth_destination", check_reject_unauth_destination, RESTRICT_CLOSES_RELAY},
    {"reject_unauth_pipelining", check_reject_unauth_pipelining, 0},
    {"reject_unauthenticated_sender_login_mismatch", check_reject_unauthenticated_sender_login_mismatch,
     RESTRICT_ASKS_OWNER},
    {"reject_unlisted_recipient", check_reject_unlisted_recipient, 0},
};

const struct restriction *
restrict_find(const char *name)
{
    size_t i;

    for (i = 0; i < MR_NELEM(restrictions); i++)
        if (str_ieq(restrictions[i].name, name))
            return &restrictions[i];
    return NULL;
}
