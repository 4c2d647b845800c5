/* SPDX-License-Identifier: ISC */
/* The settings of accounts that both worker kinds read, and the check of a login. */
#ifndef MR_LOGIN_H
#define MR_LOGIN_H

#include "account.h"

#define LOGIN_MODULE "authsqlite" /* as authdaemonrc and PRE name it */

struct login_settings {
    struct accounts *accounts;
    int debug; /* DEBUG_LOGIN */
};

/* Reads authdaemonrc and authsqliterc in $authlib_config_directory. 0, or -1 (logged). */
int login_settings_read(struct login_settings *s, struct conf *conf, enum sdb_mode mode);
void login_settings_free(struct login_settings *s);
/* A number that authdaemonrc sets as `daemons`, 0 when it does not. */
unsigned login_daemons(struct conf *conf);

/* May login use service with this password? Fills *acct with AUTH_OK (strings in the arena). */
enum auth_outcome login_check(const struct login_settings *s, const char *service, const char *login,
                              const char *password, struct arena *arena, struct account *acct);
/* Changes a password, when the old one is right. */
enum auth_outcome login_change_password(const struct login_settings *s, const char *service,
                                        const char *login, const char *old, const char *fresh,
                                        struct arena *arena);

#endif
