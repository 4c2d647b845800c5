/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "login.h"
#include "password.h"
#include "rcfile.h"
#include "strutil.h"

#define DAEMONS_MAX 100

/* authdaemonrc; an empty one where there is none. NULL (logged) when it is broken. */
static struct rcfile *
read_authdaemonrc(struct conf *conf)
{
    char path[PROTO_MAX_PATH];
    struct conf_error err;
    struct rcfile *rc;

    snprintf(path, sizeof(path), "%s/authdaemonrc", conf_str(conf, "authlib_config_directory"));
    rc = rcfile_read(RCFILE_SHELL, path, &err);
    if (!rc && errno == ENOENT)
        rc = rcfile_parse(RCFILE_SHELL, path, "", 0, &err);
    if (!rc)
        log_error("%s", err.text);
    return rc;
}

unsigned
login_daemons(struct conf *conf)
{
    struct rcfile *rc = read_authdaemonrc(conf);
    uint64_t n = 0;

    if (!rc)
        return 0;
    if (str_to_u64(rcfile_get(rc, "daemons", "0"), DAEMONS_MAX, &n) < 0)
        log_warning("authdaemonrc: daemons must be a number from 1 to %d", DAEMONS_MAX);
    rcfile_free(rc);
    return (unsigned)n;
}

/* Modules that we do not have are said, not passed over. */
static void
check_modules(const struct rcfile *rc)
{
    const char *pos = rcfile_get(rc, "authmodulelist", LOGIN_MODULE), *m;
    struct buf item;
    int ours = 0;

    buf_init(&item, 256);
    while ((m = conf_list_next(&pos, &item)) != NULL) {
        if (strcmp(m, LOGIN_MODULE) == 0)
            ours = 1;
        else
            log_warning("authdaemonrc: authmodulelist: there is no module %s here", m);
    }
    buf_free(&item);
    if (!ours)
        log_warning("authdaemonrc: authmodulelist does not name %s, which is used all the same",
                    LOGIN_MODULE);
}

int
login_settings_read(struct login_settings *s, struct conf *conf, enum sdb_mode mode)
{
    struct rcfile *rc = read_authdaemonrc(conf);
    struct conf_error err;
    uint64_t debug = 0;

    if (!rc)
        return -1;
    s->accounts = accounts_new(conf_str(conf, "authlib_config_directory"), mode, &err);
    if (s->accounts) {
        if (mode == SDB_READ_ONLY)
            check_modules(rc);
        accounts_set_default_options(s->accounts, rcfile_get(rc, "DEFAULTOPTIONS", ""));
        if (str_to_u64(rcfile_get(rc, "DEBUG_LOGIN", "0"), 2, &debug) < 0)
            log_warning("authdaemonrc: DEBUG_LOGIN must be 0, 1 or 2");
        s->debug = (int)debug;
    } else {
        log_error("%s", err.text);
    }
    rcfile_free(rc);
    return s->accounts ? 0 : -1;
}

void
login_settings_free(struct login_settings *s)
{
    accounts_free(s->accounts);
    s->accounts = NULL;
}

enum auth_outcome
login_check(const struct login_settings *s, const char *service, const char *login, const char *password,
            struct arena *arena, struct account *acct)
{
    enum lookup_status st = account_find(s->accounts, service, login, arena, acct);
    const char *why = "no such account";
    int right;

    if (st == LOOKUP_TEMP)
        return AUTH_TEMP;
    right =
        password_verify(st == LOOKUP_OK ? acct->crypt : NULL, st == LOOKUP_OK ? acct->clear : NULL, password);
    if (st == LOOKUP_OK)
        why = !right ? "wrong password" : account_service_disabled(acct, service) ? "service disabled" : NULL;
    if (s->debug)
        log_info("login: service=%s, user=%s: %s", service, login, why ? why : "ok");
    return why ? AUTH_REFUSED : AUTH_OK;
}

enum auth_outcome
login_change_password(const struct login_settings *s, const char *service, const char *login, const char *old,
                      const char *fresh, struct arena *arena)
{
    struct account acct;
    struct buf hash;
    enum auth_outcome outcome = login_check(s, service, login, old, arena, &acct);
    enum lookup_status st;

    if (outcome != AUTH_OK)
        return outcome;
    buf_init(&hash, PROTO_MAX_TEXT);
    outcome = AUTH_TEMP;
    if (password_hash_like(acct.crypt, fresh, &hash) == 0) {
        st = account_set_password(s->accounts, service, login, fresh, buf_cstr(&hash));
        outcome = st == LOOKUP_OK ? AUTH_OK : st == LOOKUP_NONE ? AUTH_REFUSED : AUTH_TEMP;
    }
    buf_free(&hash);
    if (outcome == AUTH_OK)
        log_info("password changed: user=%s", acct.address);
    return outcome;
}
