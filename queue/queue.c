/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "proto.h"
#include "queue.h"
#include "sandbox.h"
#include "strutil.h"

#define AUTHD_TIMEOUT 30.0
/* Longer than any delivery may take (command_time_limit): a delivery under way is never tried a second time
 * beside itself. */
#define LOCALDELIVER_TIMEOUT 1200.0
#define STOP_POLL 0.05

uint64_t
queue_now(void)
{
    struct timeval tv;

    gettimeofday(&tv, NULL);
    return (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
}

/* ---- settings ---------------------------------------------------------------------------------- */

static void
set_text(char **to, const char *value)
{
    mem_free(*to);
    *to = mem_strdup(value);
}

/* "maildrop:" or "lmtp:host" is logged as relay=maildrop; our own "virtual" under its program's name. */
static void
set_relay(struct queue_settings *set, const char *transport)
{
    mem_free(set->relay);
    set->relay = mem_strndup(transport, strcspn(transport, ":"));
    set_text(&set->relay_program, strcmp(set->relay, "virtual") == 0 ? "virtual" : "pipe");
}

void
queue_read_settings(struct queue *q)
{
    struct queue_settings *set = &q->set;
    struct conf *c = q->w->conf;

    set_text(&set->myhostname, conf_str(c, "myhostname"));
    set_text(&set->myorigin, conf_str(c, "myorigin"));
    set_text(&set->mail_name, conf_str(c, "mail_name"));
    set_relay(set, conf_str(c, "virtual_transport"));
    set->ack_time = conf_time(c, "deliver_before_ack_time");
    set->min_backoff = conf_time(c, "minimal_backoff_time");
    set->max_backoff = conf_time(c, "maximal_backoff_time");
    set->lifetime = conf_time(c, "maximal_queue_lifetime");
    set->bounce_lifetime = conf_time(c, "bounce_queue_lifetime");
    set->warning_time = conf_time(c, "delay_warning_time");
    set->run_delay = conf_time(c, "queue_run_delay");
    set->stop_grace = conf_time(c, "stop_grace_time");
    set->size_limit = (uint64_t)conf_int(c, "message_size_limit");
    set->bounce_size = (uint64_t)conf_int(c, "bounce_size_limit");
    set->minfree = (uint64_t)conf_int(c, "queue_minfree");
    set->active_limit = conf_int(c, "qmgr_message_active_limit");
    q->budget.limit = (uint64_t)conf_int(c, "queue_memory_limit");
    q->budget.message_limit = (uint64_t)conf_int(c, "queue_memory_message_limit");
}

/* ---- the worker -------------------------------------------------------------------------------- */

/* Who is to be sent SIGALRM for a flush (postqueue -f). */
static void
write_pid(struct worker *w)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof(path), "%s/pid/qmgr.pid", conf_str(w->conf, "queue_directory"));
    f = fopen(path, "w");
    if (!f || fprintf(f, "%ld\n", (long)getpid()) < 0 || fclose(f) != 0)
        log_warning("cannot write %s: postqueue -f will not work", path);
}

/* Before the drop: the directories, which the queue's user shall own. */
static int
queue_open(struct worker *w)
{
    struct queue *q = mem_alloc(sizeof(*q));
    const char *user = conf_str(w->conf, "queue_user");
    struct passwd *pw = NULL;

    q->w = w;
    w->priv = q;
    write_pid(w);
    if (geteuid() == 0 && !(pw = getpwnam(user))) {
        log_error("queue_user: there is no user %s", user);
        return -1;
    }
    return spooldir_open(&q->dir, conf_str(w->conf, "queue_directory"), pw ? pw->pw_uid : (uid_t)-1,
                         pw ? pw->pw_gid : (gid_t)-1);
}

static void
queue_flush(struct ev_loop *loop, ev_signal *s, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    retry_flush(s->data);
}

static int
queue_run(struct worker *w)
{
    struct queue *q = w->priv;

    queue_read_settings(q);
    q->budget.dir = q->dir.staging;
    q->authd = peer_new(w, "authd.queue", AUTHD_TIMEOUT, 1);
    q->localdeliver = peer_new(w, "localdeliver.queue", LOCALDELIVER_TIMEOUT, 0);
    ev_signal_init(&q->flush_signal, queue_flush, SIGALRM);
    q->flush_signal.data = q;
    ev_signal_start(w->loop, &q->flush_signal);
    spooldir_clean(&q->dir);
    retry_start(q);
    client_listen(q);
    return 0;
}

static void
queue_reload(struct worker *w, struct conf *old)
{
    MR_UNUSED(old);
    queue_read_settings(w->priv);
    retry_arm(w->priv);
}

/* Results under way are waited for; what is then still in memory was not promised to anybody, or is in the
 * spool. */
static void
queue_stopping(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct queue *q = t->data;
    struct message *m;

    MR_UNUSED(revents);
    for (m = q->active; m; m = m->next)
        if (m->under_way > 0 || m->expand || m->bounce_request)
            break;
    q->set.stop_grace -= STOP_POLL;
    if (!m || q->set.stop_grace <= 0) {
        ev_timer_stop(loop, t);
        service_exit(q->w, 0);
    }
}

static void
queue_stop(struct worker *w)
{
    struct queue *q = w->priv;

    q->stopping = 1;
    service_accept_stop(w);
    retry_arm(q);
    ev_timer_init(&q->stop_timer, queue_stopping, 0., STOP_POLL);
    q->stop_timer.data = q;
    ev_timer_start(w->loop, &q->stop_timer);
}

/* ---- the service ------------------------------------------------------------------------------- */

static const char *const queue_peers[] = {"authd.queue", "localdeliver.queue", NULL};
static const char *const queue_listens[] = {"queue.smtpd", NULL};
static const struct worker_kind queue_kinds[] = {
    {"queue", "queue_user", "queue_directory", NULL, queue_peers, queue_listens,
     WORKER_EXCLUSIVE | SANDBOX_MAY_OPEN, queue_open, queue_run, queue_reload, queue_stop},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL},
};
static const struct service_socket queue_sockets[] = {{"queue.smtpd", MR_ROLE_SMTPD}, {NULL, 0}};

static const struct service queue_service = {
    "queue",     "queue manager: accepts messages from smtpd, delivers, retries and bounces them",
    "qmgr",      0,
    queue_kinds, queue_sockets,
    NULL,        NULL,
    NULL,
};

int
main(int argc, char **argv)
{
    return service_main(&queue_service, argc, argv);
}
