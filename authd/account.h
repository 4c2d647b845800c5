/* SPDX-License-Identifier: ISC */
/*
 * Accounts: who may log in and where his mail lies, as authsqliterc says (Courier's
 * authmysqlrc with names that begin with SQLITE_).
 */
#ifndef MR_ACCOUNT_H
#define MR_ACCOUNT_H

#include "arena.h"
#include "conf.h"
#include "proto.h"
#include "sdb.h"

/* One account; strings are never NULL, hold no control characters, and live in the arena of the lookup. */
struct account {
    const char *address; /* as the database spells it */
    const char *crypt, *clear;
    uint32_t uid, gid;
    const char *home, *maildir, *quota, *name, *options;
};

struct accounts; /* where to look */

/*
 * From the file dir/authsqliterc. mode: whether account_set_password() will be used. NULL with *err filled.
 */
struct accounts *accounts_new(const char *dir, enum sdb_mode mode, struct conf_error *err);
struct accounts *accounts_parse(const char *file, const char *text, size_t len, enum sdb_mode mode,
                                struct conf_error *err);
void accounts_free(struct accounts *a);
/* authdaemonrc's DEFAULTOPTIONS: options of accounts that do not have one of that name. */
void accounts_set_default_options(struct accounts *a, const char *options);
/* The account that logs in to service as login. LOOKUP_TEMP also for a row that is not usable (logged). */
enum lookup_status account_find(const struct accounts *a, const char *service, const char *login,
                                struct arena *arena, struct account *acct);
/* Stores a new password: its hash, and in clear where the database keeps it so. LOOKUP_NONE: no row changed.
 */
enum lookup_status account_set_password(const struct accounts *a, const char *service, const char *login,
                                        const char *clear, const char *crypt);
/* Calls each for all accounts; crypt, clear, quota and name are empty then. */
enum lookup_status account_each(const struct accounts *a, void (*each)(void *arg, const struct account *acct),
                                void *arg);
/* Whether the account's options forbid this service ("pop3": disablepop3=1). 1 or 0. */
int account_service_disabled(const struct account *acct, const char *service);
/* The path of the Maildir: absolute, below home where the account has a relative one or none. NULL: arena
 * full. */
const char *account_maildir(const struct account *acct, struct arena *arena);

#endif
