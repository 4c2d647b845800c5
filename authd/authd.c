/* SPDX-License-Identifier: ISC */
/* The account directory: see authd(8). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon.h"
#include "log.h"
#include "mem.h"
#include "sandbox.h"
#include "verifier.h"
#include "verify.h"

#define AUTHDAEMON "authdaemon" /* the listener of Courier's socket */
#define CLIENTS_MAX 20000
#define STOP_STEP 0.05
#define TRUST_SECONDS 0.005 /* lookups; passwords are checked by verifiers, which trust nothing */
#define STOP_SECONDS 3.     /* for what is under way when a new process takes over */

/* ---- the worker `authd` ---------------------------------------------------------------------------- */

static int
authd_open(struct worker *w)
{
    struct daemon *d = mem_alloc(sizeof(*d));
    struct conf_error err;

    w->priv = d;
    d->worker = w;
    if (login_settings_read(&d->settings, w->conf, SDB_READ_ONLY) < 0)
        return -1;
    d->directory = directory_new(w->conf, d->settings.accounts, geteuid() == 0, &err);
    if (!d->directory)
        log_error("%s", err.text);
    return d->directory ? 0 : -1;
}

/* Half of the descriptors are for strangers, so that our own daemons always find one. */
static size_t
clients_limit(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur / 2 > CLIENTS_MAX)
        return CLIENTS_MAX;
    return (size_t)files.rlim_cur / 2;
}

static void
on_accept(void *arg, struct service_listener *l, int fd)
{
    struct daemon *d = arg;

    if (l->role == MR_ROLE_CLIENT)
        client_accept(d, fd);
    else if (l->role == MR_ROLE_VERIFIER)
        verify_accept(fd);
    else
        roles_accept(d, fd, l->role);
}

static void
on_round_end(struct ev_loop *loop, ev_prepare *p, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(p);
    MR_UNUSED(revents);
    sdb_round_end();
}

static int
authd_run(struct worker *w)
{
    struct daemon *d = w->priv;
    size_t i;

    d->tickets = tickets_new();
    d->max_clients = clients_limit();
    verify_init(w->loop);
    sdb_trust_for(TRUST_SECONDS);
    ev_prepare_init(&d->round_w, on_round_end);
    ev_prepare_start(w->loop, &d->round_w);
    for (i = 0; i < w->nlisten; i++)
        service_accept(w, &w->listen[i], on_accept, d);
    log_info("modules=\"" LOGIN_MODULE "\", daemons=%ld", conf_int(w->conf, "authd_verifier_count"));
    return 0;
}

/* Ends when nobody waits for an answer. A session parent may still have tickets of ours to redeem. */
static void
on_stop_time(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct daemon *d = t->data;
    double now = ev_now(loop);
    size_t left = roles_close_idle(tickets_open(d->tickets, now) == 0) + clients_open();

    MR_UNUSED(revents);
    if (left == 0 || now >= d->stop_until)
        service_exit(d->worker, 0);
}

static void
authd_stop(struct worker *w)
{
    struct daemon *d = w->priv;

    d->stop_until = ev_now(w->loop) + STOP_SECONDS;
    ev_timer_init(&d->stop_w, on_stop_time, STOP_STEP, STOP_STEP);
    d->stop_w.data = d;
    ev_timer_start(w->loop, &d->stop_w);
}

/* ---- the parent -------------------------------------------------------------------------------------- */

/* Courier's socket, for everybody who can reach its directory; and Courier's way to say how many verifiers
 * run. */
static int
authd_parent_open(struct parent *p)
{
    struct conf *conf = parent_conf(p);
    const char *dir;
    char path[PROTO_MAX_PATH], number[16];
    unsigned daemons = login_daemons(conf);
    int fd;

    if (daemons && !conf_raw(conf, "authd_verifier_count")) {
        snprintf(number, sizeof(number), "%u", daemons);
        if (conf_set(conf, "authd_verifier_count", number, "authdaemonrc", 0) < 0)
            return -1;
    }
    dir = conf_str(conf, "authdaemon_socket_directory");
    /* Who may ask is what the directory's mode says: one that is there is left as it is. */
    if (mkdir(dir, 0755) == 0 ? chmod(dir, 0755) < 0 : errno != EEXIST) {
        log_error("%s: %s", dir, strerror(errno));
        return -1;
    }
    snprintf(path, sizeof(path), "%s/socket", dir);
    fd = unix_listen(path, 0777);
    if (fd < 0) {
        log_error("%s: %s", path, strerror(errno));
        return -1;
    }
    return parent_add_listener(p, AUTHDAEMON, MR_ROLE_CLIENT, fd);
}

static const char *const authd_listens[] = {AUTHDAEMON,           "authd.smtpd", "authd.queue",
                                            "authd.localdeliver", "authd.pop3d", "authd.pop3session",
                                            "authd.verifier",     NULL};
static const char *const verifier_peers[] = {"authd.verifier", NULL};

static const struct worker_kind kinds[] = {
    {"authd", "authd_user", NULL, NULL, NULL, authd_listens, WORKER_RESTART | SANDBOX_MAY_OPEN, authd_open,
     authd_run, NULL, authd_stop},
    {"verifier", "authd_user", NULL, "authd_verifier_count", verifier_peers, NULL,
     WORKER_RESTART | SANDBOX_MAY_OPEN, verifier_open, verifier_run, NULL, verifier_stop},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL}};

static const struct service_socket sockets[] = {{"authd.smtpd", MR_ROLE_SMTPD},
                                                {"authd.queue", MR_ROLE_QUEUE},
                                                {"authd.localdeliver", MR_ROLE_LOCALDELIVER},
                                                {"authd.pop3d", MR_ROLE_POP3D},
                                                {"authd.pop3session", MR_ROLE_POP3SESSION},
                                                {"authd.verifier", MR_ROLE_VERIFIER},
                                                {NULL, 0}};

static const struct service authd_service = {
    "authd",       "the account directory: table lookups, passwords, SASL",
    "authdaemond", 1,
    kinds,         sockets,
    NULL,          authd_parent_open,
    NULL};

int
main(int argc, char **argv)
{
    return service_main(&authd_service, argc, argv);
}
