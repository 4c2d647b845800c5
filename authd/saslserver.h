/* SPDX-License-Identifier: ISC */
/* SASL exchanges through libsasl2: it knows the mechanisms, our accounts say who may log in. */
#ifndef MR_SASLSERVER_H
#define MR_SASLSERVER_H

#include "account.h"
#include "buf.h"

#define SASL_REASON_MAX 256

/* Who may log in: fills *acct (strings in the arena) with AUTH_OK, else AUTH_REFUSED or AUTH_TEMP. */
typedef enum auth_outcome saslserver_check(const char *service, const char *login, const char *password,
                                           struct arena *arena, struct account *acct);

struct saslserver; /* one exchange */

struct saslserver_result {
    enum auth_outcome outcome;
    struct buf challenge; /* decoded */
    char reason[SASL_REASON_MAX];
    const char *login;      /* who tried; "" when he did not say, or nothing that can be a login */
    struct account account; /* with AUTH_OK; strings in the arena given to the step */
};

/* Loads libsasl2's mechanisms; mechs: those to use of them ("PLAIN LOGIN"). 0 or -1 (logged). Once. */
int saslserver_init(const char *mechs, saslserver_check *check);
/* The mechanisms that there are, in the order of mechs. */
const char *saslserver_mechanisms(void);
/* A new exchange, or NULL (logged). */
struct saslserver *saslserver_new(const char *service, const char *client_ip);
void saslserver_free(struct saslserver *s);
/* First step. The result's challenge must be an initialised buf. */
void saslserver_start(struct saslserver *s, const char *mechanism, int has_initial, const void *initial,
                      size_t n, struct arena *arena, struct saslserver_result *r);
/* Further steps. */
void saslserver_step(struct saslserver *s, const void *response, size_t n, struct arena *arena,
                     struct saslserver_result *r);

#endif
