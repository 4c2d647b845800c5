/* SPDX-License-Identifier: ISC */
/*
 * What one listener's sessions need of main.cf (and its -o overrides), read once at start
 * and at reload. Counted: a session keeps what it began with.
 */
#ifndef MR_SMTPD_SETTINGS_H
#define MR_SMTPD_SETTINGS_H

#include "mastercf.h"
#include "netaddr.h"
#include "proto.h"
#include "restrict.h"

#include <stdint.h>

enum smtpd_bare_lf { BARE_LF_NO, BARE_LF_NORMALIZE, BARE_LF_REJECT };

struct smtpd_settings {
    unsigned refs;
    char *myhostname, *myorigin, *mail_name, *banner;
    char *forbidden_commands, *discard_keywords;
    struct netlist *mynetworks, *limit_exceptions, *bare_lf_exclusions;
    uint64_t message_size_limit; /* 0: none */
    size_t header_size_limit;
    unsigned hopcount_limit, recipient_limit;
    unsigned soft_error_limit, hard_error_limit, junk_command_limit, connection_limit;
    double timeout, error_sleep;
    enum smtpd_bare_lf bare_lf;
    unsigned bare_lf_code;
    unsigned reject_code, defer_code, relay_code, non_fqdn_code, invalid_code;
    unsigned unknown_codes[CLASS_RELAY + 1]; /* by enum address_class */
    int helo_required, disable_vrfy, sasl_enable, sasl_broken_clients, sasl_header, forbid_unauth_pipelining;
    int ask_owner; /* logins and tables of owners there are: senders can be looked up */
    int reject_unlisted, show_table_name, relay_before_recipient, add_missing_always;
    struct restrict_list lists[RESTRICT_LISTS];
};

/*
 * Reads them. e: the listener's master.cf line, or NULL. warn: 1: say what is not supported. NULL, logged,
 * when a value cannot be used; else with one reference.
 */
struct smtpd_settings *settings_new(const struct conf *conf, const struct mastercf_entry *e, int warn);
struct smtpd_settings *settings_ref(struct smtpd_settings *s);
void settings_unref(struct smtpd_settings *s);

#endif
