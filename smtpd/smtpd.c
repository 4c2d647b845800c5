/* SPDX-License-Identifier: ISC */
/* smtpd: the SMTP server. Its worker: settings, accepting, timeouts, stop. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client_count.h"
#include "log.h"
#include "session.h"

#define SMTPD_SWEEP 1. /* seconds between two looks for sessions whose time is over */

static struct smtpd smtpd;

/* ---- timeouts and stop ------------------------------------------------------------------- */

static void
smtpd_each(struct smtpd *d, void (*fn)(struct session *s))
{
    struct session *s, *next;

    for (s = d->sessions; s; s = next) {
        next = s->next;
        fn(s);
    }
}

static void
smtpd_check_time(struct session *s)
{
    if (s->deadline <= ev_now(s->smtpd->worker->loop))
        session_timeout(s);
}

/* One timer for all sessions: it costs a session nothing to move its own deadline. */
static void
smtpd_sweep(struct ev_loop *loop, ev_timer *w, int revents)
{
    struct smtpd *d = w->data;

    MR_UNUSED(revents);
    smtpd_each(d, smtpd_check_time);
    if (d->stopping)
        smtpd_each(d, session_stop);
    if (!d->sessions)
        ev_timer_stop(loop, w);
}

static void
smtpd_grace_over(struct ev_loop *loop, ev_timer *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    service_exit(((struct smtpd *)w->data)->worker, 0);
}

static void
smtpd_stop(struct worker *w)
{
    static ev_timer grace;
    struct smtpd *d = w->priv;

    d->stopping = 1;
    if (!d->sessions)
        service_exit(w, 0);
    ev_timer_init(&grace, smtpd_grace_over, conf_time(w->conf, "stop_grace_time"), 0.);
    grace.data = d;
    ev_timer_start(w->loop, &grace);
    smtpd_each(d, session_stop);
}

/* ---- connections --------------------------------------------------------------------------- */

static void
smtpd_accepted(void *arg, struct service_listener *l, int fd)
{
    struct smtpd *d = arg;
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    struct netaddr addr;

    if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0 ||
        netaddr_from_sockaddr(&addr, (struct sockaddr *)&ss) < 0) {
        close(fd);
        return;
    }
    if (!ev_is_active(&d->sweep))
        ev_timer_again(d->worker->loop, &d->sweep);
    session_new(d, d->settings[l - d->worker->listen], fd, &addr);
}

/* ---- settings -------------------------------------------------------------------------------- */

/* Reads the settings of every listener. 0, or -1: one is wrong, and all are as before. */
static int
smtpd_settings(struct smtpd *d)
{
    struct smtpd_settings *fresh[SERVICE_MAX_LISTEN];
    struct worker *w = d->worker;
    size_t i, n;

    for (n = 0; n < w->nlisten; n++) {
        fresh[n] = settings_new(w->conf, w->listen[n].entry,
                                w->index == 0 &&
                                    (n == 0 || (w->listen[n].entry && w->listen[n].entry->noptions > 0)));
        if (!fresh[n])
            break;
    }
    for (i = 0; i < n; i++)
        if (n < w->nlisten)
            settings_unref(fresh[i]);
        else {
            if (d->settings[i])
                settings_unref(d->settings[i]);
            d->settings[i] = fresh[i];
        }
    return n < w->nlisten ? -1 : 0;
}

static void
smtpd_reload(struct worker *w, struct conf *old)
{
    struct smtpd *d = w->priv;

    MR_UNUSED(old);
    d->mechs_until = 0;
    if (smtpd_settings(d) < 0)
        log_warning("the settings are as before");
}

/* ---- the worker ------------------------------------------------------------------------------ */

static int
smtpd_run(struct worker *w)
{
    struct smtpd *d = &smtpd;
    double ipc = conf_time(w->conf, "ipc_timeout");
    size_t i;
    int on = 1;

    w->priv = d;
    d->worker = w;
    if (smtpd_settings(d) < 0)
        return -1;
    d->counts = client_counts_new();
    d->authd = peer_new(w, "authd.smtpd", ipc, 1);
    d->queue = peer_new(w, "queue.smtpd", conf_time(w->conf, "deliver_before_ack_time") + 6 * ipc, 0);
    ev_timer_init(&d->sweep, smtpd_sweep, 0., SMTPD_SWEEP);
    d->sweep.data = d;
    for (i = 0; i < w->nlisten; i++) {
        /* Accepted connections inherit it. */
        setsockopt(w->listen[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        service_accept(w, &w->listen[i], smtpd_accepted, d);
    }
    return 0;
}

static const char *const smtpd_peers[] = {"authd.smtpd", "queue.smtpd", NULL};
static const char *const smtpd_listens[] = {"inet", NULL};
static const char *const smtpd_commands[] = {"smtpd", NULL};

static const struct worker_kind smtpd_kinds[] = {
    {"smtpd", "smtpd_user", "empty_directory", "smtpd_worker_count", smtpd_peers, smtpd_listens, 0, NULL,
     smtpd_run, smtpd_reload, smtpd_stop},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct service smtpd_service = {"smtpd",
                                             "The SMTP server: takes mail from the network.",
                                             "smtpd",
                                             0,
                                             smtpd_kinds,
                                             NULL,
                                             smtpd_commands,
                                             NULL,
                                             NULL};

int
main(int argc, char **argv)
{
    return service_main(&smtpd_service, argc, argv);
}
