/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <sasl/sasl.h>
#include <stdio.h>
#include <string.h>

#include "keys.h"
#include "log.h"
#include "mem.h"
#include "password.h"
#include "saslserver.h"
#include "strutil.h"

#define MECHS_MAX 256

typedef int sasl_callback_fn(void);

struct saslserver {
    sasl_conn_t *conn;
    sasl_callback_t callbacks[2];
    char *service;
    struct arena *arena;       /* of the step under way */
    struct account account;    /* who was found */
    enum auth_outcome checked; /* what the password check said, 0 before it */
    const char *login;         /* whose password it checked; NULL before it */
};

static char mech_list[MECHS_MAX], offered[MECHS_MAX];
static saslserver_check *check_login;

/* ---- callbacks ---------------------------------------------------------------------------------- */

/* libsasl2's settings: from here, never from a file of its own. */
static int
on_getopt(void *context, const char *plugin, const char *option, const char **result, unsigned *len)
{
    static const char *const settings[][2] = {
        {"mech_list", mech_list}, {"pwcheck_method", "none"}, {"auxprop_plugin", "none"}, {"log_level", "0"}};
    size_t i;

    MR_UNUSED(context);
    MR_UNUSED(plugin);
    for (i = 0; i < MR_NELEM(settings); i++)
        if (strcmp(option, settings[i][0]) == 0) {
            *result = settings[i][1];
            if (len)
                *len = (unsigned)strlen(*result);
            return SASL_OK;
        }
    return SASL_FAIL;
}

/* What it has to say would name secrets, or repeat what we log. */
static int
on_log(void *context, int level, const char *message)
{
    MR_UNUSED(context);
    MR_UNUSED(level);
    MR_UNUSED(message);
    return SASL_OK;
}

static int
on_checkpass(sasl_conn_t *conn, void *context, const char *user, const char *pass, unsigned passlen,
             struct propctx *props)
{
    struct saslserver *s = context;
    char password[PASSWORD_MAX + 1];

    MR_UNUSED(conn);
    MR_UNUSED(props);
    s->checked = AUTH_REFUSED;
    s->login = key_is_sane(user) ? arena_strdup(s->arena, user) : NULL;
    if (passlen > PASSWORD_MAX || memchr(pass, '\0', passlen))
        return SASL_BADAUTH;
    memcpy(password, pass, passlen);
    password[passlen] = '\0';
    s->checked = check_login(s->service, user, password, s->arena, &s->account);
    mem_wipe(password, sizeof(password));
    if (s->checked == AUTH_OK)
        return SASL_OK;
    return s->checked == AUTH_TEMP ? SASL_FAIL : SASL_BADAUTH;
}

static const sasl_callback_t global_callbacks[] = {
    {SASL_CB_GETOPT, (sasl_callback_fn *)(void (*)(void))on_getopt, NULL},
    {SASL_CB_LOG, (sasl_callback_fn *)(void (*)(void))on_log, NULL},
    {SASL_CB_LIST_END, NULL, NULL}};

/* ---- the library -------------------------------------------------------------------------------- */

/* The wanted mechanisms that are there, in the order in which they are wanted. */
static void
list_mechanisms(sasl_conn_t *conn)
{
    const char *all = NULL, *pos = mech_list, *m;
    struct buf item, to;

    if (sasl_listmech(conn, NULL, "", " ", "", &all, NULL, NULL) != SASL_OK || !all)
        return;
    buf_init(&item, MECHS_MAX);
    buf_init(&to, MECHS_MAX);
    while ((m = conf_list_next(&pos, &item)) != NULL)
        if (str_in_list(all, m))
            buf_printf(&to, "%s%s", buf_len(&to) ? " " : "", m);
    snprintf(offered, sizeof(offered), "%s", buf_cstr(&to));
    buf_free(&item);
    buf_free(&to);
}

int
saslserver_init(const char *mechs, saslserver_check *check)
{
    struct saslserver *s;

    snprintf(mech_list, sizeof(mech_list), "%s", mechs);
    check_login = check;
    if (sasl_server_init(global_callbacks, "mailreeve") != SASL_OK) {
        log_error("libsasl2 cannot be started");
        return -1;
    }
    if ((s = saslserver_new("smtp", "")) != NULL)
        list_mechanisms(s->conn);
    saslserver_free(s);
    if (!*offered)
        log_warning("libsasl2 has none of the mechanisms %s: are its modules installed?", mech_list);
    return 0;
}

const char *
saslserver_mechanisms(void)
{
    return offered;
}

/* ---- exchanges ---------------------------------------------------------------------------------- */

struct saslserver *
saslserver_new(const char *service, const char *client_ip)
{
    struct saslserver *s = mem_alloc(sizeof(*s));
    sasl_security_properties_t props;

    MR_UNUSED(client_ip);
    s->service = mem_strdup(service);
    s->callbacks[0].id = SASL_CB_SERVER_USERDB_CHECKPASS;
    s->callbacks[0].proc = (sasl_callback_fn *)(void (*)(void))on_checkpass;
    s->callbacks[0].context = s;
    s->callbacks[1].id = SASL_CB_LIST_END;
    memset(&props, 0, sizeof(props));
    props.security_flags = SASL_SEC_NOANONYMOUS;
    if (sasl_server_new(service, "localhost", NULL, NULL, NULL, s->callbacks, 0, &s->conn) != SASL_OK ||
        sasl_setprop(s->conn, SASL_SEC_PROPS, &props) != SASL_OK) {
        log_warning("libsasl2 refuses a new exchange");
        saslserver_free(s);
        return NULL;
    }
    return s;
}

void
saslserver_free(struct saslserver *s)
{
    if (!s)
        return;
    sasl_dispose(&s->conn);
    mem_free(s->service);
    mem_free(s);
}

/* Our word on the password goes before libsasl2's, which tries other ways after ours and reports the last
 * one. */
static void
set_result(struct saslserver *s, int rc, const char *out, unsigned n, struct saslserver_result *r)
{
    r->reason[0] = '\0';
    r->login = s->login ? s->login : "";
    if (rc == SASL_CONTINUE) {
        r->outcome = buf_append(&r->challenge, out ? out : "", out ? n : 0) == 0 ? AUTH_CONTINUE : AUTH_TEMP;
        return;
    }
    if (rc == SASL_OK && s->checked == AUTH_OK) {
        r->outcome = AUTH_OK;
        r->account = s->account;
        return;
    }
    if (s->checked == AUTH_TEMP || (!s->checked && rc == SASL_FAIL))
        rc = SASL_FAIL;
    else if (s->checked || rc == SASL_OK || rc == SASL_NOUSER)
        rc = SASL_BADAUTH;
    r->outcome = rc == SASL_FAIL || rc == SASL_NOMEM || rc == SASL_TRYAGAIN ? AUTH_TEMP : AUTH_REFUSED;
    snprintf(r->reason, sizeof(r->reason), "%s", sasl_errstring(rc, NULL, NULL));
}

void
saslserver_start(struct saslserver *s, const char *mechanism, int has_initial, const void *initial, size_t n,
                 struct arena *arena, struct saslserver_result *r)
{
    const char *out = NULL;
    unsigned nout = 0;
    int rc = SASL_NOMECH;

    s->arena = arena;
    s->login = NULL;
    if (str_in_list(offered, mechanism))
        rc = sasl_server_start(s->conn, mechanism, has_initial ? initial : NULL,
                               has_initial ? (unsigned)n : 0, &out, &nout);
    set_result(s, rc, out, nout, r);
}

void
saslserver_step(struct saslserver *s, const void *response, size_t n, struct arena *arena,
                struct saslserver_result *r)
{
    const char *out = NULL;
    unsigned nout = 0;
    int rc;

    s->arena = arena;
    s->login = NULL;
    rc = sasl_server_step(s->conn, response, (unsigned)n, &out, &nout);
    set_result(s, rc, out, nout, r);
}
