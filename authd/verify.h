/* SPDX-License-Identifier: ISC */
/*
 * Work for the verifiers, the processes that hash passwords and run libsasl2: each has one job at a time,
 * the others wait in a bounded queue, so that no table lookup waits for a hash.
 *
 * A verifier connects to authd.verifier, sends VERIFY_ATTACH and gets its jobs as answers to it.
 */
#ifndef MR_VERIFY_H
#define MR_VERIFY_H

#include "account.h"
#include "chan.h"

/* Frames between authd and its verifiers; they live in authd's block of proto.h. */
enum verify_type {
    /* verifier: str mechanisms that libsasl2 has for us */
    VERIFY_ATTACH = 0x280,
    /* answers, until the connection ends: u32 job (0: nothing to do, a greeting), u32 op (enum verify_op),
     * u32 conversation, str service, str name (login or mechanism), str client_ip, u32 has_data, blob data,
     * blob data2 */
    VERIFY_JOB = 0x281,
    /* verifier: u32 job, u32 outcome (enum auth_outcome), blob challenge, str reason, u32 uid, u32 gid,
     * str address (as in AUTHD_SASL_R), str crypt, str home, str maildir, str quota, str name, str options */
    VERIFY_DONE = 0x282
};

enum verify_op {
    VERIFY_LOGIN = 1,  /* data: password */
    VERIFY_PASSWD,     /* data: old, data2: new password */
    VERIFY_SASL_START, /* data: initial response, with has_data */
    VERIFY_SASL_STEP,  /* data: response */
    VERIFY_SASL_ABORT  /* no answer */
};

#define VERIFY_QUEUE_MAX 4096 /* jobs that wait; more are refused at once (AUTH_TEMP) */
#define VERIFY_SASL_MAX 4096  /* exchanges under way; likewise */

struct verify_result {
    enum auth_outcome outcome;
    const void *challenge;
    size_t nchallenge;
    const char *reason;
    struct account account; /* with AUTH_OK; else only the address that was tried, "" or NULL */
};

struct verify_job;
struct verify_sasl;
/* Strings in *r live until it returns. Called once, never from inside the function that made the job. */
typedef void verify_done(void *arg, const struct verify_result *r);

/* Once, before all else. */
void verify_init(struct ev_loop *loop);
/* A verifier has connected. */
void verify_accept(int fd);
/* The mechanisms that the verifiers offer; NULL: none has connected yet. */
const char *verify_mechanisms(void);
/* Calls cb(arg) once, when the first verifier has come. 0, or -1: too many wait. */
int verify_when_ready(void (*cb)(void *arg), void *arg);
/* Takes it back, when arg is about to go. */
void verify_forget_ready(void *arg);

/* Each: NULL when there is no room. n bytes of password, without NUL inside. */
struct verify_job *verify_login(const char *service, const char *login, const void *password, size_t n,
                                verify_done *done, void *arg);
struct verify_job *verify_passwd(const char *service, const char *login, const char *old, const char *fresh,
                                 verify_done *done, void *arg);
/* An exchange. After AUTH_CONTINUE it is to be continued or aborted; after anything else it is over. */
struct verify_sasl *verify_sasl_start(const char *service, const char *mechanism, const char *client_ip,
                                      int has_initial, const void *initial, size_t n, verify_done *done,
                                      void *arg);
/* 0, or -1: no room, the exchange is over. Not while a step is under way. */
int verify_sasl_step(struct verify_sasl *s, const void *response, size_t n);
/* Ends an exchange at any time; done is not called any more. */
void verify_sasl_abort(struct verify_sasl *s);
/* Nobody waits for this job any more; done is not called. */
void verify_forget(struct verify_job *j);

#endif
