/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "log.h"
#include "mem.h"
#include "settings.h"
#include "strutil.h"

static struct netlist *
settings_netlist(struct conf *c, const char *name)
{
    char bad[NETADDR_TEXT];
    struct netlist *l = netlist_new(conf_str(c, name), bad);

    if (!l)
        log_error("%s: \"%s\" is no network address; give addresses and networks such as 10.0.0.0/8", name,
                  bad);
    return l;
}

static int
settings_networks(struct smtpd_settings *s, struct conf *c)
{
    s->mynetworks = settings_netlist(c, "mynetworks");
    s->limit_exceptions = settings_netlist(c, "smtpd_client_event_limit_exceptions");
    s->bare_lf_exclusions = settings_netlist(c, "smtpd_forbid_bare_newline_exclusions");
    return s->mynetworks && s->limit_exceptions && s->bare_lf_exclusions ? 0 : -1;
}

static void
settings_texts(struct smtpd_settings *s, struct conf *c)
{
    s->myhostname = mem_strdup(conf_str(c, "myhostname"));
    s->myorigin = mem_strdup(conf_str(c, "myorigin"));
    s->mail_name = mem_strdup(conf_str(c, "mail_name"));
    s->banner = mem_strdup(conf_str(c, "smtpd_banner"));
    s->forbidden_commands = mem_strdup(conf_str(c, "smtpd_forbidden_commands"));
    s->discard_keywords = mem_strdup(conf_str(c, "smtpd_discard_ehlo_keywords"));
}

static void
settings_limits(struct smtpd_settings *s, struct conf *c)
{
    s->message_size_limit = (uint64_t)conf_int(c, "message_size_limit");
    s->header_size_limit = (size_t)conf_int(c, "header_size_limit");
    s->hopcount_limit = (unsigned)conf_int(c, "hopcount_limit");
    s->recipient_limit = (unsigned)conf_int(c, "smtpd_recipient_limit");
    if (s->recipient_limit > PROTO_MAX_RCPT)
        s->recipient_limit = PROTO_MAX_RCPT;
    s->soft_error_limit = (unsigned)conf_int(c, "smtpd_soft_error_limit");
    s->hard_error_limit = (unsigned)conf_int(c, "smtpd_hard_error_limit");
    s->junk_command_limit = (unsigned)conf_int(c, "smtpd_junk_command_limit");
    s->connection_limit = (unsigned)conf_int(c, "smtpd_client_connection_count_limit");
    s->timeout = conf_time(c, "smtpd_timeout");
    s->error_sleep = conf_time(c, "smtpd_error_sleep_time");
}

static void
settings_codes(struct smtpd_settings *s, struct conf *c)
{
    s->reject_code = (unsigned)conf_int(c, "reject_code");
    s->defer_code = (unsigned)conf_int(c, "defer_code");
    s->relay_code = (unsigned)conf_int(c, "relay_domains_reject_code");
    s->non_fqdn_code = (unsigned)conf_int(c, "non_fqdn_reject_code");
    s->invalid_code = (unsigned)conf_int(c, "invalid_hostname_reject_code");
    s->unknown_codes[CLASS_LOCAL] = (unsigned)conf_int(c, "unknown_local_recipient_reject_code");
    s->unknown_codes[CLASS_VIRTUAL_ALIAS] = (unsigned)conf_int(c, "unknown_virtual_alias_reject_code");
    s->unknown_codes[CLASS_VIRTUAL_MAILBOX] = (unsigned)conf_int(c, "unknown_virtual_mailbox_reject_code");
    s->unknown_codes[CLASS_RELAY] = (unsigned)conf_int(c, "unknown_relay_recipient_reject_code");
    s->bare_lf_code = (unsigned)conf_int(c, "smtpd_forbid_bare_newline_reject_code");
}

static void
settings_switches(struct smtpd_settings *s, struct conf *c)
{
    const char *lf = conf_str(c, "smtpd_forbid_bare_newline");

    s->bare_lf = str_ieq(lf, "no") || str_ieq(lf, "note") ? BARE_LF_NO
                 : str_ieq(lf, "reject")                  ? BARE_LF_REJECT
                                                          : BARE_LF_NORMALIZE;
    s->helo_required = conf_bool(c, "smtpd_helo_required");
    s->disable_vrfy = conf_bool(c, "disable_vrfy_command");
    s->sasl_enable = conf_bool(c, "smtpd_sasl_auth_enable");
    s->ask_owner = s->sasl_enable && *conf_str(c, "smtpd_sender_login_maps");
    s->sasl_broken_clients = conf_bool(c, "broken_sasl_auth_clients");
    s->sasl_header = conf_bool(c, "smtpd_sasl_authenticated_header");
    s->forbid_unauth_pipelining = conf_bool(c, "smtpd_forbid_unauth_pipelining");
    s->reject_unlisted = conf_bool(c, "smtpd_reject_unlisted_recipient");
    s->show_table_name = conf_bool(c, "show_user_unknown_table_name");
    s->relay_before_recipient = conf_bool(c, "smtpd_relay_before_recipient_restrictions");
    s->add_missing_always = conf_bool(c, "always_add_missing_headers");
}

/* What libsasl2 offers never includes ANONYMOUS; nothing else is taken away. */
static void
settings_warn_sasl_options(struct conf *c)
{
    const char *item, *pos = conf_str(c, "smtpd_sasl_security_options");
    struct buf word;

    buf_init(&word, 4096);
    while ((item = conf_list_next(&pos, &word)) != NULL)
        if (!str_ieq(item, "noanonymous"))
            log_warning("smtpd_sasl_security_options: \"%s\" is not supported by this version; ignored",
                        item);
    buf_free(&word);
}

/* Values that mean something in Postfix and nothing here. */
static void
settings_warn(const struct smtpd_settings *s, struct conf *c)
{
    int i, asks = 0;

    if (!conf_bool(c, "smtpd_delay_reject"))
        log_warning("smtpd_delay_reject = no is not supported by this version: refusals come at RCPT TO");
    if (str_ieq(conf_str(c, "smtpd_forbid_bare_newline"), "note"))
        log_warning("smtpd_forbid_bare_newline = note is not supported by this version: it is taken as no");
    for (i = 0; i < RESTRICT_LISTS; i++)
        asks |= restrict_asks_owner(&s->lists[i]);
    if (asks && !s->ask_owner)
        log_warning("reject_sender_login_mismatch and the like are ignored: %s",
                    s->sasl_enable ? "smtpd_sender_login_maps is empty" : "smtpd_sasl_auth_enable = no");
}

static void
settings_restrictions(struct smtpd_settings *s, struct conf *c, int warn)
{
    struct restrict_list *relay = &s->lists[RESTRICT_RELAY];
    int i;

    for (i = 0; i < RESTRICT_LISTS; i++)
        restrict_compile(&s->lists[i], i, conf_str(c, restrict_list_name(i)), warn);
    if (warn)
        settings_warn(s, c);
    if (restrict_closes_relay(relay) || restrict_closes_relay(&s->lists[RESTRICT_RECIPIENT]))
        return;
    if (warn)
        log_warning("smtpd_relay_restrictions and smtpd_recipient_restrictions let anybody send anywhere: "
                    "defer_unauth_destination is added; put reject_unauth_destination into one of them");
    restrict_close_relay(relay);
}

struct smtpd_settings *
settings_new(const struct conf *conf, const struct mastercf_entry *e, int warn)
{
    struct smtpd_settings *s = mem_alloc(sizeof(*s));
    struct conf *c = conf_clone(conf);
    struct conf_error err;
    size_t i;
    int bad = 0;

    s->refs = 1;
    for (i = 0; e && i < e->noptions; i++)
        bad |= conf_set(c, e->options[i].name, e->options[i].value, "master.cf", e->line) < 0;
    if (bad || (e && e->noptions > 0 && conf_check(c, &err) < 0)) {
        log_error("master.cf:%u: %s", e->line, bad ? "an -o option has no parameter's name" : err.text);
        bad = 1;
    } else if (settings_networks(s, c) < 0)
        bad = 1;
    else {
        settings_texts(s, c);
        settings_limits(s, c);
        settings_codes(s, c);
        settings_switches(s, c);
        settings_restrictions(s, c, warn);
        if (warn && s->sasl_enable)
            settings_warn_sasl_options(c);
    }
    conf_free(c);
    if (bad) {
        settings_unref(s);
        return NULL;
    }
    return s;
}

struct smtpd_settings *
settings_ref(struct smtpd_settings *s)
{
    s->refs++;
    return s;
}

void
settings_unref(struct smtpd_settings *s)
{
    int i;

    if (--s->refs > 0)
        return;
    mem_free(s->myhostname);
    mem_free(s->myorigin);
    mem_free(s->mail_name);
    mem_free(s->banner);
    mem_free(s->forbidden_commands);
    mem_free(s->discard_keywords);
    netlist_free(s->mynetworks);
    netlist_free(s->limit_exceptions);
    netlist_free(s->bare_lf_exclusions);
    for (i = 0; i < RESTRICT_LISTS; i++)
        restrict_free(&s->lists[i]);
    mem_free(s);
}
