/* SPDX-License-Identifier: ISC */
/* The network processes: they take clients through the login, and can open no mailbox. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "log.h"
#include "mem.h"

#include "login.h"
#include "pop3d.h"

static void
client_came(void *arg, struct service_listener *l, int fd)
{
    MR_UNUSED(l);
    login_begin(arg, fd);
}

static void
network_reload(struct worker *w, struct conf *old)
{
    struct network *net = w->priv;

    MR_UNUSED(old);
    net->login_timeout = conf_time(w->conf, "pop3d_login_timeout");
    net->failure_delay = conf_time(w->conf, "pop3d_failure_delay");
}

static int
network_run(struct worker *w)
{
    static struct network net;
    double patience = conf_time(w->conf, "ipc_timeout");
    size_t i;

    net.worker = w;
    w->priv = &net;
    network_reload(w, NULL);
    net.authd = peer_new(w, "authd.pop3d", patience, 1);
    net.sessions = peer_new(w, "pop3d.network", patience, 0);
    for (i = 0; i < w->nlisten; i++) {
        if (w->listen[i].entry && w->listen[i].entry->noptions > 0 && w->index == 0)
            log_warning("%s: pop3d has no use for -o options in master.cf", w->listen[i].name);
        service_accept(w, &w->listen[i], client_came, &net);
    }
    return 0;
}

/* Clients that are waited for are let go; those whose password is being checked are still served. */
static void
network_stop(struct worker *w)
{
    struct network *net = w->priv;
    struct login *l, *next;

    net->stopping = 1;
    for (l = net->head; l; l = next) {
        next = l->next;
        if (l->state == LOGIN_COMMAND || l->state == LOGIN_SASL || l->state == LOGIN_DELAY)
            login_close(l);
    }
    if (!net->head)
        service_exit(w, 0);
}

static const char *const peers[] = {"authd.pop3d", "pop3d.network", NULL};
static const char *const listens[] = {"inet", NULL};
const struct worker_kind network_worker = {
    "network", "pop3d_user", "empty_directory", "pop3d_worker_count", peers,        listens,
    0,         NULL,         network_run,       network_reload,       network_stop,
};
