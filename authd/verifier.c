/* SPDX-License-Identifier: ISC */
/* Does what blocks, one job after the other: hashes of passwords, exchanges of libsasl2. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "login.h"
#include "mem.h"
#include "password.h"
#include "peer.h"
#include "saslserver.h"
#include "verifier.h"
#include "verify.h"

#define MECHANISMS "PLAIN LOGIN"
#define ATTACH_TIMEOUT 60.
#define EXCHANGES 64 /* slots for exchanges under way; the oldest one gives way */
#define ARENA_CAP 65536

struct exchange {
    uint32_t id; /* 0: free */
    struct saslserver *sasl;
};

struct job {
    uint32_t id, op, exchange, has_data;
    const char *service, *name, *client_ip;
    const void *data, *data2;
    size_t ndata, ndata2;
};

static struct login_settings settings;
static struct exchange exchanges[EXCHANGES];
static size_t next_exchange;
static struct peer *authd;
static struct worker *self;
static int stopping;

static void attach(void);

static enum auth_outcome
check(const char *service, const char *login, const char *password, struct arena *arena, struct account *acct)
{
    return login_check(&settings, service, login, password, arena, acct);
}

/* ---- exchanges ------------------------------------------------------------------------------------ */

static struct exchange *
exchange_find(uint32_t id)
{
    size_t i;

    for (i = 0; i < EXCHANGES; i++)
        if (exchanges[i].id == id)
            return &exchanges[i];
    return NULL;
}

static void
exchange_end(struct exchange *x)
{
    saslserver_free(x->sasl);
    memset(x, 0, sizeof(*x));
}

static void
run_sasl_start(const struct job *j, struct arena *arena, struct saslserver_result *r)
{
    struct exchange *x = &exchanges[next_exchange++ % EXCHANGES];

    exchange_end(x);
    x->sasl = saslserver_new(j->service, j->client_ip);
    if (!x->sasl)
        return;
    x->id = j->exchange;
    saslserver_start(x->sasl, j->name, (int)j->has_data, j->data, j->ndata, arena, r);
    if (r->outcome != AUTH_CONTINUE)
        exchange_end(x);
}

static void
run_sasl_step(const struct job *j, struct arena *arena, struct saslserver_result *r)
{
    struct exchange *x = exchange_find(j->exchange);

    if (!x || !x->sasl)
        return;
    saslserver_step(x->sasl, j->data, j->ndata, arena, r);
    if (r->outcome != AUTH_CONTINUE)
        exchange_end(x);
}

/* ---- jobs ---------------------------------------------------------------------------------------- */

/* A password as a string. 0, or -1: it is too long or has a NUL inside, and is nobody's. */
static int
secret_string(char to[PASSWORD_MAX + 1], const void *p, size_t n)
{
    if (n > PASSWORD_MAX || memchr(p, '\0', n))
        return -1;
    memcpy(to, p, n);
    to[n] = '\0';
    return 0;
}

static void
run_password(const struct job *j, struct arena *arena, struct saslserver_result *r)
{
    char old[PASSWORD_MAX + 1], fresh[PASSWORD_MAX + 1];

    r->outcome = AUTH_REFUSED;
    r->login = j->name;
    strcpy(r->reason, "authentication failure");
    if (secret_string(old, j->data, j->ndata) < 0 || secret_string(fresh, j->data2, j->ndata2) < 0)
        return;
    if (j->op == VERIFY_LOGIN)
        r->outcome = login_check(&settings, j->service, j->name, old, arena, &r->account);
    else
        r->outcome = login_change_password(&settings, j->service, j->name, old, fresh, arena);
    if (r->outcome != AUTH_TEMP)
        strcpy(r->reason, r->outcome == AUTH_REFUSED ? "authentication failure" : "");
    mem_wipe(old, sizeof(old));
    mem_wipe(fresh, sizeof(fresh));
}

static void
send_done(const struct job *j, const struct saslserver_result *r)
{
    static const struct account none = {"", "", "", 0, 0, "", "", "", "", ""};
    const struct account *a = r->outcome == AUTH_OK && r->account.address ? &r->account : &none;
    struct frame_out f;

    peer_tell_begin(authd, &f, VERIFY_DONE, 0);
    frame_put_u32(&f, j->id);
    frame_put_u32(&f, (uint32_t)r->outcome);
    frame_put_blob(&f, buf_data(&r->challenge), buf_len(&r->challenge));
    frame_put_str(&f, r->reason);
    frame_put_u32(&f, a->uid);
    frame_put_u32(&f, a->gid);
    frame_put_str(&f, r->outcome == AUTH_OK ? a->address : r->login);
    frame_put_str(&f, a->crypt);
    frame_put_str(&f, a->home);
    frame_put_str(&f, a->maildir);
    frame_put_str(&f, a->quota);
    frame_put_str(&f, a->name);
    frame_put_str(&f, a->options);
    peer_tell_send(authd, &f);
}

static void
run_job(const struct job *j)
{
    struct saslserver_result r;
    struct arena arena;

    memset(&r, 0, sizeof(r));
    r.outcome = AUTH_TEMP;
    r.login = "";
    strcpy(r.reason, "generic failure");
    buf_init(&r.challenge, PROTO_MAX_SECRET);
    arena_init(&arena, ARENA_CAP);
    switch (j->op) {
    case VERIFY_LOGIN:
    case VERIFY_PASSWD:
        run_password(j, &arena, &r);
        break;
    case VERIFY_SASL_START:
        run_sasl_start(j, &arena, &r);
        break;
    case VERIFY_SASL_STEP:
        run_sasl_step(j, &arena, &r);
        break;
    }
    sdb_round_end();
    send_done(j, &r);
    arena_free(&arena);
    buf_free(&r.challenge);
}

/* ---- conversation with authd ------------------------------------------------------------------------ */

static int
take_job(void *arg, struct frame *f)
{
    struct job j;
    struct exchange *x;

    MR_UNUSED(arg);
    if (!f) {
        if (stopping)
            service_exit(self, 0);
        attach();
        return 0;
    }
    if (frame_get_u32(f, &j.id) < 0 || frame_get_u32(f, &j.op) < 0 || frame_get_u32(f, &j.exchange) < 0 ||
        frame_get_str(f, &j.service, PROTO_MAX_NAME) < 0 ||
        frame_get_str(f, &j.name, PROTO_MAX_ADDRESS) < 0 ||
        frame_get_str(f, &j.client_ip, PROTO_MAX_NAME) < 0 || frame_get_u32(f, &j.has_data) < 0 ||
        frame_get_blob(f, &j.data, &j.ndata, FRAME_MAX / 2) < 0 ||
        frame_get_blob(f, &j.data2, &j.ndata2, PROTO_MAX_SECRET) < 0 || frame_end(f) < 0)
        return -1;
    if (j.op == VERIFY_SASL_ABORT) {
        if ((x = exchange_find(j.exchange)) != NULL)
            exchange_end(x);
    } else if (j.id) {
        run_job(&j);
    }
    return 1;
}

static void
attach(void)
{
    struct frame_out f;
    struct peer_request *r = peer_begin(authd, &f, VERIFY_ATTACH);

    frame_put_str(&f, saslserver_mechanisms());
    peer_send(r, &f, VERIFY_JOB, take_job, NULL);
}

int
verifier_open(struct worker *w)
{
    return login_settings_read(&settings, w->conf, SDB_READ_WRITE);
}

int
verifier_run(struct worker *w)
{
    if (saslserver_init(MECHANISMS, check) < 0)
        return -1;
    self = w;
    authd = peer_new(w, "authd.verifier", ATTACH_TIMEOUT, 0);
    attach();
    return 0;
}

/* The jobs of the authd that we are connected with are still done: it closes the connection when it is
 * through. */
void
verifier_stop(struct worker *w)
{
    stopping = 1;
    if (!peer_generation(authd))
        service_exit(w, 0);
}
