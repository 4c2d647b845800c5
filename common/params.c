/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "params.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define STR(name, def, help) {name, PARAM_STR, 0, def, 0, 0, help}
#define LIST(name, def, help) {name, PARAM_LIST, 0, def, 0, 0, help}
#define BOOL(name, def, help) {name, PARAM_BOOL, 0, def, 0, 0, help}
#define INT(name, def, min, max, help) {name, PARAM_INT, 0, def, min, max, help}
#define CODE(name, def, help) {name, PARAM_INT, 0, def, 400, 599, help}
#define TIME(name, def, unit, min, max, help) {name, PARAM_TIME, unit, def, min, max, help}
/* clang-format on */

#define DAY 86400L
#define YEAR (365 * DAY)

/* In name order (strcmp): param_find() searches it by halves. */
static const struct param params[] = {
    BOOL("always_add_missing_headers", "no", "add From:, To:, Date:, Message-Id: for remote clients too"),
    STR("authd_user", MR_USER_PREFIX "auth", "user that authd runs as"),
    INT("authd_verifier_count", "5", 1, 100, "processes that check passwords"),
    STR("authdaemon_socket_directory", "/var/spool/authdaemon", "directory of the authdaemon socket"),
    STR("authlib_config_directory", "$config_directory", "directory of authdaemonrc and authmysqlrc"),
    TIME("bounce_queue_lifetime", "5d", 'd', 0, YEAR, "how long a bounce is tried"),
    INT("bounce_size_limit", "50000", 1, LONG_MAX, "bytes of the original message in a bounce"),
    BOOL("broken_sasl_auth_clients", "no", "announce AUTH=LOGIN too, for old clients"),
    STR("config_directory", MR_CONFIG_DIR, "directory of main.cf and master.cf"),
    INT("default_destination_concurrency_limit", "20", 0, 10000,
        "no effect: the localdeliver limits hold instead"),
    INT("default_destination_recipient_limit", "50", 0, 10000,
        "no effect: each recipient is a delivery of its own"),
    CODE("defer_code", "450", "reply code of the restriction defer"),
    TIME("delay_warning_time", "0h", 'h', 0, YEAR, "when the sender is told that mail is late; 0: never"),
    TIME("deliver_before_ack_time", "5s", 's', 0, 300, "how long a local delivery may hold up the 250"),
    BOOL("disable_vrfy_command", "no", "refuse VRFY"),
    STR("empty_directory", "$queue_directory/empty", "directory that network processes are confined to"),
    INT("header_size_limit", "102400", 1024, LONG_MAX, "bytes of one header; more is cut off"),
    INT("hopcount_limit", "50", 1, 10000, "Received: headers; more is a loop"),
    LIST("inet_interfaces", "all", "addresses of this host that mail is received on"),
    CODE("invalid_hostname_reject_code", "501", "reply code of reject_invalid_helo_hostname"),
    TIME("ipc_timeout", "10s", 's', 1, 3600, "how long to wait for the answer of another daemon"),
    LIST("local_header_rewrite_clients", "permit_inet_interfaces", "clients whose headers are completed"),
    INT("localdeliver_process_limit", "100", 1, 10000, "delivery processes of all mailbox owners together"),
    STR("localdeliver_user", MR_USER_PREFIX "local", "user that the router of localdeliver runs as"),
    INT("localdeliver_workers_per_uid", "2", 1, 100, "delivery processes of one mailbox owner"),
    STR("mail_name", "Postfix", "name in the banner, Received: headers and bounces"),
    STR("mail_version", PACKAGE_VERSION, "version of this system"),
    INT("mailbox_size_limit", "51200000", 0, LONG_MAX, "no effect: it is local(8)'s; mailboxes have quotas"),
    STR("maillog_file", "", "log file; empty: syslog"),
    TIME("max_idle", "100s", 's', 1, 86400, "how long a delivery process without work is kept"),
    TIME("maximal_backoff_time", "4000s", 's', 1, YEAR, "longest time between two attempts"),
    TIME("maximal_queue_lifetime", "5d", 'd', 0, YEAR, "how long mail is tried; 0: once"),
    INT("message_size_limit", "10240000", 0, LONG_MAX, "bytes of a message with its envelope; 0: no limit"),
    TIME("minimal_backoff_time", "300s", 's', 1, YEAR, "shortest time between two attempts"),
    LIST("mydestination", "$myhostname, localhost.$mydomain, localhost", "domains of local(8) delivery"),
    STR("mydomain", NULL, "domain of this host"),
    STR("myhostname", NULL, "full name of this host"),
    LIST("mynetworks", NULL, "networks of clients that are trusted"),
    STR("mynetworks_style", "host", "how mynetworks is made: host, subnet or class"),
    STR("myorigin", "$myhostname", "domain of addresses that have none"),
    CODE("non_fqdn_reject_code", "504", "reply code of the reject_non_fqdn restrictions"),
    LIST("parent_domain_matches_subdomains",
         "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,"
         "qmqpd_authorized_clients,relay_domains,smtpd_access_maps",
         "lists where example.com matches its subdomains"),
    STR("pop3d_auth_mechanisms", "", "SASL mechanisms that CAPA shows (Courier's POP3AUTH)"),
    TIME("pop3d_failure_delay", "5s", 's', 0, 60, "how long the answer to a wrong password is held back"),
    TIME("pop3d_idle_timeout", "300s", 's', 1, DAY, "how long a POP3 client may be silent"),
    BOOL("pop3d_log_deletions", "no", "log every message that is deleted"),
    TIME("pop3d_login_timeout", "60s", 's', 1, 3600, "how long a POP3 login may take"),
    INT("pop3d_max_daemons", "40", 1, 100000, "POP3 sessions at once (Courier's MAXDAEMONS)"),
    INT("pop3d_max_per_ip", "4", 1, 100000, "POP3 sessions at once of one address (Courier's MAXPERIP)"),
    STR("pop3d_user", MR_USER_PREFIX "pop3", "user that the network processes of pop3d run as"),
    INT("pop3d_worker_count", "2", 1, 100, "network processes of pop3d"),
    LIST("propagate_unmatched_extensions", "canonical, virtual", "tables whose results get the extension"),
    INT("qmgr_message_active_limit", "20000", 1, 1000000, "messages in memory; more wait on disk"),
    STR("queue_directory", MR_QUEUE_DIR, "directory of the queue and the internal sockets"),
    INT("queue_memory_limit", "67108864", 0, LONG_MAX, "bytes of mail under way that are kept in memory"),
    INT("queue_memory_message_limit", "262144", 0, 1073741824, "bytes of one message kept in memory"),
    INT("queue_minfree", "0", 0, LONG_MAX, "free bytes that the queue needs to accept mail"),
    TIME("queue_run_delay", "300s", 's', 1, DAY, "time between two looks for mail that is due"),
    STR("queue_user", MR_USER_PREFIX "queue", "user that queue runs as"),
    STR("quota_warning_file", "/etc/quotawarnmsg", "message to the owner of a mailbox that is nearly full"),
    INT("quota_warning_percent", "90", 0, 100, "when that is sent; 0: never"),
    STR("recipient_delimiter", "", "characters between user and extension"),
    CODE("reject_code", "554", "reply code of the restriction reject"),
    LIST("relay_domains", "", "domains that mail is relayed for"),
    CODE("relay_domains_reject_code", "554", "reply code of reject_unauth_destination"),
    BOOL("show_user_unknown_table_name", "yes", "name the table in \"User unknown in ... table\""),
    STR("smtpd_banner", "$myhostname ESMTP $mail_name", "text after 220"),
    INT("smtpd_client_connection_count_limit", "50", 0, 100000, "connections of one client; 0: no limit"),
    LIST("smtpd_client_event_limit_exceptions", "$mynetworks", "clients without connection limits"),
    LIST("smtpd_client_restrictions", "", "restrictions at connect"),
    LIST("smtpd_data_restrictions", "", "restrictions at DATA"),
    BOOL("smtpd_delay_reject", "yes", "refuse no earlier than at RCPT TO"),
    LIST("smtpd_discard_ehlo_keywords", "", "EHLO keywords that are not announced"),
    TIME("smtpd_error_sleep_time", "1s", 's', 0, 3600, "delay of replies after errors"),
    STR("smtpd_forbid_bare_newline", "normalize", "no, yes, normalize, reject or note: lines without CR"),
    LIST("smtpd_forbid_bare_newline_exclusions", "$mynetworks", "clients that may send such lines"),
    CODE("smtpd_forbid_bare_newline_reject_code", "550", "reply code of such lines"),
    BOOL("smtpd_forbid_unauth_pipelining", "no", "disconnect clients that do not wait for replies"),
    LIST("smtpd_forbidden_commands", "CONNECT GET POST regexp:{{/^[^A-Z]/ Bogus}}",
         "commands that end the session"),
    INT("smtpd_hard_error_limit", "${stress?{1}:{20}}", 1, 100000, "errors; then the session ends"),
    BOOL("smtpd_helo_required", "no", "refuse MAIL before HELO"),
    LIST("smtpd_helo_restrictions", "", "restrictions at HELO"),
    INT("smtpd_junk_command_limit", "${stress?{1}:{100}}", 0, 100000, "NOOP, RSET... before they are errors"),
    INT("smtpd_recipient_limit", "1000", 1, 1000, "recipients of one message"),
    LIST("smtpd_recipient_restrictions", "", "restrictions at RCPT TO"),
    BOOL("smtpd_reject_unlisted_recipient", "yes", "refuse unknown recipients in our domains"),
    BOOL("smtpd_relay_before_recipient_restrictions", "no", "the relay restrictions come first"),
    LIST("smtpd_relay_restrictions", "permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination",
         "restrictions at RCPT TO: who may relay"),
    BOOL("smtpd_sasl_auth_enable", "no", "offer AUTH"),
    BOOL("smtpd_sasl_authenticated_header", "no", "name the login in the Received: header"),
    STR("smtpd_sasl_local_domain", "", "no effect: authd completes logins (DEFAULT_DOMAIN)"),
    LIST("smtpd_sasl_security_options", "noanonymous", "noanonymous only: other words are warned of"),
    LIST("smtpd_sender_login_maps", "", "tables: sender address to the logins that own it"),
    LIST("smtpd_sender_restrictions", "", "restrictions at MAIL FROM"),
    INT("smtpd_soft_error_limit", "10", 1, 100000, "errors; then every reply is delayed"),
    TIME("smtpd_timeout", "${stress?{10}:{300}}s", 's', 1, DAY, "how long a client may be silent"),
    STR("smtpd_user", MR_USER_PREFIX "smtpd", "user that smtpd runs as"),
    INT("smtpd_worker_count", "2", 1, 100, "processes of smtpd"),
    TIME("stop_grace_time", "10s", 's', 0, 3600, "how long sessions may go on when we are stopped"),
    STR("stress", "", "not empty: the system is overloaded"),
    STR("syslog_name", "postfix", "what log lines are prefixed with"),
    CODE("unknown_local_recipient_reject_code", "550", "reply code of unknown local recipients"),
    CODE("unknown_relay_recipient_reject_code", "550", "reply code of unknown relay recipients"),
    CODE("unknown_virtual_alias_reject_code", "550", "reply code of unknown virtual alias addresses"),
    CODE("unknown_virtual_mailbox_reject_code", "550", "reply code of unknown virtual mailbox addresses"),
    INT("virtual_alias_address_length_limit", "1000", 1, 1000, "bytes of an address made by an alias"),
    LIST("virtual_alias_domains", "$virtual_alias_maps", "domains of which every address is an alias"),
    INT("virtual_alias_expansion_limit", "1000", 1, 100000, "recipients that one alias becomes"),
    LIST("virtual_alias_maps", "", "tables: address to addresses"),
    INT("virtual_alias_recursion_limit", "1000", 1, 100000, "aliases of aliases"),
    STR("virtual_mailbox_base", "", "directory in front of virtual_mailbox_maps results"),
    LIST("virtual_mailbox_domains", "$virtual_mailbox_maps", "domains of virtual mailboxes"),
    LIST("virtual_mailbox_maps", "", "tables: address to mailbox"),
    INT("virtual_minimum_uid", "100", 0, INT_MAX, "lowest uid of a mailbox owner"),
    STR("virtual_transport", "virtual", "transport of virtual mailbox addresses"),
};

/* What a parameter of any transport is called: the ending, and its entry. */
static const struct param by_transport[] = {
    INT("_destination_concurrency_limit", "$default_destination_concurrency_limit", 0, 10000,
        "no effect, as the default_ one"),
    INT("_destination_recipient_limit", "$default_destination_recipient_limit", 0, 10000,
        "no effect, as the default_ one"),
};

const struct param *
params_all(size_t *n_r)
{
    *n_r = MR_NELEM(params);
    return params;
}

static int
param_compare(const void *key, const void *element)
{
    return strcmp(key, ((const struct param *)element)->name);
}

const struct param *
param_find(const char *name)
{
    size_t i, n = strlen(name), ending;
    const struct param *p = bsearch(name, params, MR_NELEM(params), sizeof(params[0]), param_compare);

    for (i = 0; !p && i < MR_NELEM(by_transport); i++) {
        ending = strlen(by_transport[i].name);
        if (n > ending && !strcmp(name + n - ending, by_transport[i].name))
            p = &by_transport[i];
    }
    return p;
}
