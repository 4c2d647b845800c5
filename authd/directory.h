/* SPDX-License-Identifier: ISC */
/*
 * What main.cf and the tables say about addresses: whose they are, whether they exist, what they
 * become, where their mail lies (Postfix's ADDRESS_CLASS_README).
 */
#ifndef MR_DIRECTORY_H
#define MR_DIRECTORY_H

#include "account.h"
#include "address.h"
#include "netaddr.h"
#include "table.h"

struct directory {
    struct accounts *accounts;
    struct domains *local, *alias, *mailbox, *relay; /* the classes of domains */
    struct tables *alias_maps, *mailbox_maps, *owner_maps;
    struct netaddr *own; /* addresses of this host, for user@[192.0.2.1] */
    size_t nown;
    char *myorigin, *delimiter;
    int show_table, propagate;
    size_t expansion_limit, recursion_limit, length_limit;
    uint32_t minimum_uid;
    int as_root; /* 0: everything runs as one ordinary user, who owns all mailboxes */
};

/* An address in the forms that tables are asked for, all lower case. */
struct directory_key {
    struct address address;      /* completed with $myorigin */
    char whole[2 * ADDRESS_MAX]; /* local@domain */
    char base[2 * ADDRESS_MAX];  /* the same without extension; "" when there is none */
    char local[ADDRESS_MAX];     /* whole's local part */
    char domain[ADDRESS_MAX];
    const char *extension; /* in `address`, with its delimiter; "" */
};

/* From main.cf; reads the map files. accounts stays the caller's. NULL with *err filled. */
struct directory *directory_new(struct conf *conf, struct accounts *accounts, int as_root,
                                struct conf_error *err);
void directory_free(struct directory *d);

/* Takes an address (unquoted, as address_put_plain() writes it) apart. 0, or -1: it is none, or too long. */
int directory_key_init(const struct directory *d, const char *address, struct directory_key *k);
/* The class of a domain (lower case). LOOKUP_OK or LOOKUP_TEMP. */
enum lookup_status directory_class(const struct directory *d, const char *domain,
                                   enum address_class *class_r);
/*
 * What virtual_alias_maps say of the address. *extension_r: what has to be appended to the results' local
 * parts. A catch-all (@domain) does not win over an existing mailbox.
 */
enum lookup_status directory_alias(const struct directory *d, const struct directory_key *k,
                                   enum address_class class, struct buf *value, const char **extension_r);
/* Is it in virtual_mailbox_maps? catch_all: an entry for @domain counts. */
enum lookup_status directory_mailbox(const struct directory *d, const struct directory_key *k, int catch_all);
/* Why an address of that class does not exist: "User unknown in virtual mailbox table". */
const char *directory_unknown_text(const struct directory *d, enum address_class class);

/* ---- the answers of proto.h ---------------------------------------------------------------- */
struct rcpt_answer {
    enum rcpt_verdict verdict;
    enum address_class class;
    const char *reason;
};
/* AUTHD_RCPT. */
void directory_rcpt(const struct directory *d, const char *address, struct rcpt_answer *r);

/*
 * AUTHD_OWNER: what smtpd_sender_login_maps say of a sender. LOOKUP_OK: it has owners, *owned_r is 1 when
 * login is one of them; LOOKUP_NONE: it has none.
 */
enum lookup_status directory_owner(const struct directory *d, const char *sender, const char *login,
                                   int *owned_r);

/* Whose mail it is to write; strings live in the arena. */
struct mailbox {
    uint32_t uid, gid;
    const char *address, *home, *maildir, *quota;
};
/* AUTHD_MAILBOX. */
enum lookup_status directory_find_mailbox(const struct directory *d, const char *address, struct arena *arena,
                                          struct mailbox *m);
/* The mailbox of an account: an absolute Maildir, and an owner that may own mail. LOOKUP_OK, or LOOKUP_TEMP
 * (logged). */
enum lookup_status directory_mailbox_of(const struct directory *d, const struct account *acct,
                                        struct arena *arena, struct mailbox *m);

#endif
