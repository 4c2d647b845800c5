/* SPDX-License-Identifier: ISC */
/* The parent: settings, sockets, pid file, signals, and the workers it keeps running. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "service_parent_private.h"

struct ev_loop *
parent_loop(struct parent *p)
{
    return p->loop;
}

struct conf *
parent_conf(struct parent *p)
{
    return p->conf;
}

/* ---- settings ----------------------------------------------------------------------------- */

/* Reads and checks both files; what is in force stays when they are broken. 0 or -1 (logged). */
static int
parent_read(struct parent *p)
{
    struct conf_error err;
    struct conf *conf = conf_read(p->options->config_dir, &err);
    struct mastercf *master = NULL;

    if (!conf || conf_check(conf, &err) < 0 ||
        (p->service->master_commands && !(master = mastercf_read(p->options->config_dir, &err)))) {
        log_error("%s", err.text);
        if (conf)
            conf_free(conf);
        return -1;
    }
    conf_set(conf, "config_directory", p->options->config_dir, "-c", 0);
    if (p->conf)
        conf_free(p->conf);
    p->conf = conf;
    if (p->master && master) /* listeners point into the first one: a change there needs a restart */
        mastercf_free(master);
    else if (master)
        p->master = master;
    return 0;
}

static void
parent_reopen_log(struct parent *p)
{
    int is_syslog, fd = service_open_log(p->conf, &is_syslog);

    if (fd < 0) {
        log_warning("cannot open %s: %s", is_syslog ? "/dev/log" : conf_str(p->conf, "maillog_file"),
                    strerror(errno));
        return;
    }
    log_set_fd(fd, is_syslog);
}

static void
on_relog(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct parent *p = t->data;
    struct child *c;
    int is_syslog, fd = service_open_log(p->conf, &is_syslog);

    MR_UNUSED(revents);
    if (fd < 0)
        return;
    ev_timer_stop(loop, t);
    log_set_fd(fd, is_syslog);
    for (c = p->children; c; c = c->next)
        child_send_log(c);
}

static void
on_hup(struct ev_loop *loop, ev_signal *s, int revents)
{
    struct parent *p = s->data;
    struct child *c;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    if (p->stopping || parent_read(p) < 0)
        return;
    parent_reopen_log(p);
    log_info("reload -- version %s, configuration %s", PACKAGE_VERSION, p->options->config_dir);
    for (c = p->children; c; c = c->next) {
        if (!c->chan || c->retiring)
            continue;
        child_send_log(c);
        if (!(c->kind->flags & WORKER_RESTART))
            child_send_conf(c, CTL_CONFIG);
        else {
            struct child *fresh = child_new(p, c->kind, c->index);
            child_start(fresh);
            child_stop(c);
        }
    }
}

/* ---- end ------------------------------------------------------------------------------------ */

static void
parent_exit_when_done(struct parent *p)
{
    if (!p->stopping || p->children)
        return;
    parent_unlink_sockets(p);
    if (p->pid_fd >= 0 && ftruncate(p->pid_fd, 0) < 0)
        log_warning("pid file: %s", strerror(errno));
    log_info("stopped");
    ev_break(p->loop, EVBREAK_ALL);
}

static void
on_kill_time(struct ev_loop *loop, ev_timer *t, int revents)
{
    struct parent *p = t->data;
    struct child *c;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    for (c = p->children; c; c = c->next)
        if (c->pid > 0)
            kill(c->pid, SIGKILL);
}

static void
on_term(struct ev_loop *loop, ev_signal *s, int revents)
{
    struct parent *p = s->data;
    struct child *c, *next;

    MR_UNUSED(revents);
    if (p->stopping)
        return;
    p->stopping = 1;
    for (c = p->children; c; c = next) {
        next = c->next;
        child_stop(c);
        if (c->pid == 0)
            child_reap(c, 0);
    }
    ev_timer_set(&p->kill_timer, conf_time(p->conf, "stop_grace_time") + 1., 0.);
    ev_timer_start(loop, &p->kill_timer);
    parent_exit_when_done(p);
}

/* ---- running ---------------------------------------------------------------------------------- */

/* Tells the process that started this one how it went: one byte, then it exits. */
static void
parent_tell_ready(struct parent *p, char how)
{
    if (p->ready_fd < 0)
        return;
    if (write(p->ready_fd, &how, 1) < 0)
        log_warning("readiness: %s", strerror(errno));
    close(p->ready_fd);
    p->ready_fd = -1;
}

static void
parent_check_ready(struct parent *p)
{
    struct child *c;

    if (p->ready_fd < 0)
        return;
    if (p->failed) {
        struct child *kill_c;
        for (kill_c = p->children; kill_c; kill_c = kill_c->next)
            if (kill_c->pid > 0)
                kill(kill_c->pid, SIGKILL);
        parent_unlink_sockets(p);
        parent_tell_ready(p, 'F');
        log_fatal(75, "a worker could not start: see the lines above");
    }
    for (c = p->children; c; c = c->next)
        if (!c->ready && !c->once)
            return;
    log_info("daemon started -- version %s, configuration %s", PACKAGE_VERSION, p->options->config_dir);
    parent_tell_ready(p, 'R');
    if (!p->options->foreground)
        service_leave_terminal();
}

static void
on_child(struct ev_loop *loop, ev_child *w, int revents)
{
    struct parent *p = w->data;
    struct child *c;

    MR_UNUSED(loop);
    MR_UNUSED(revents);
    for (c = p->children; c; c = c->next)
        if (c->pid == w->rpid) {
            child_reap(c, w->rstatus);
            break;
        }
    parent_exit_when_done(p);
}

static void
on_flush(struct ev_loop *loop, ev_prepare *w, int revents)
{
    MR_UNUSED(loop);
    MR_UNUSED(revents);
    chan_flush_all();
    parent_check_ready(w->data);
    log_flush();
}

static void
parent_watch(struct parent *p)
{
    ev_signal_init(&p->on_hup, on_hup, SIGHUP);
    ev_signal_init(&p->on_term, on_term, SIGTERM);
    ev_signal_init(&p->on_int, on_term, SIGINT);
    ev_child_init(&p->on_child, on_child, 0, 0);
    ev_timer_init(&p->kill_timer, on_kill_time, 0., 0.);
    ev_timer_init(&p->relog, on_relog, 0., 1.);
    ev_prepare_init(&p->flush, on_flush);
    p->on_hup.data = p->on_term.data = p->on_int.data = p->on_child.data = p;
    p->kill_timer.data = p->relog.data = p->flush.data = p;
    ev_signal_start(p->loop, &p->on_hup);
    ev_signal_start(p->loop, &p->on_term);
    ev_signal_start(p->loop, &p->on_int);
    ev_child_start(p->loop, &p->on_child);
    ev_prepare_start(p->loop, &p->flush);
}

static void
parent_start_workers(struct parent *p)
{
    const struct worker_kind *k;
    unsigned i, n;

    for (k = p->service->kinds; k->name; k++) {
        if (k->count && k->count[0] == '\0')
            continue;
        n = k->count ? (unsigned)conf_int(p->conf, k->count) : 1;
        for (i = 0; i < n; i++)
            child_start(child_new(p, k, i));
    }
}

/* ---- start -------------------------------------------------------------------------------------- */

/* One instance for each configuration: the pid file is locked as long as the parent lives. */
static int
parent_lock_pid_file(struct parent *p)
{
    char path[1024], pid[32];
    int n;

    snprintf(path, sizeof(path), "%s/pid/%s.pid", conf_str(p->conf, "queue_directory"), p->service->name);
    p->pid_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (p->pid_fd < 0 || fchmod(p->pid_fd, 0644) < 0) {
        log_error("%s: %s", path, strerror(errno));
        return -1;
    }
    if (flock(p->pid_fd, LOCK_EX | LOCK_NB) < 0) {
        log_error("%s is locked: %s is already running with this queue_directory", path, p->service->name);
        return -1;
    }
    n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
    if (ftruncate(p->pid_fd, 0) < 0 || write(p->pid_fd, pid, (size_t)n) != n) {
        log_error("%s: %s", path, strerror(errno));
        return -1;
    }
    return 0;
}

/* Returns in the new background process only; the first one waits for its word and exits. */
static void
parent_background(struct parent *p)
{
    int pipe_fd[2], status;
    char how = 'F';
    pid_t pid;

    if (pipe(pipe_fd) < 0 || (pid = fork()) < 0)
        log_fatal(71, "cannot go to the background: %s", strerror(errno));
    if (pid == 0) {
        close(pipe_fd[0]);
        fcntl(pipe_fd[1], F_SETFD, FD_CLOEXEC);
        p->ready_fd = pipe_fd[1];
        setsid();
        if (chdir("/") < 0)
            log_warning("chdir /: %s", strerror(errno));
        return;
    }
    close(pipe_fd[1]);
    while (read(pipe_fd[0], &how, 1) < 0 && errno == EINTR)
        ;
    if (how == 'R')
        _exit(0);
    waitpid(pid, &status, WNOHANG);
    fprintf(stderr, "%s: not started: see the lines above, and the log (%s)\n", p->service->name,
            conf_str(p->conf, "maillog_file")[0] ? conf_str(p->conf, "maillog_file") : "syslog, mail.*");
    _exit(75);
}

/* -c may be relative, and the process leaves its directory. */
static const char *
absolute(const char *dir)
{
    char *path = realpath(dir, NULL);

    return path ? path : dir;
}

int
parent_main(const struct service *s, const struct service_options *o, const char *self)
{
    static struct parent parent;
    struct parent *p = &parent;
    static struct service_options options;

    options = *o;
    options.config_dir = absolute(o->config_dir);
    p->service = s;
    p->options = &options;
    p->self = self;
    p->ready_fd = p->pid_fd = -1;
    if (parent_read(p) < 0 || service_make_directories(p->conf) < 0)
        log_fatal(78, "%s is not started", s->name);
    if (!options.foreground)
        parent_background(p);
    else
        p->ready_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_init(s->log_courier ? "" : mem_strdup(conf_str(p->conf, "syslog_name")), s->syslog_program);
    p->loop = ev_default_loop(EVFLAG_AUTO);
    if (!p->loop || parent_lock_pid_file(p) < 0 || parent_listen(p) < 0)
        log_fatal(75, "%s is not started", s->name);
    parent_watch(p);
    parent_reopen_log(p);
    parent_start_workers(p);
    ev_run(p->loop, 0);
    log_flush();
    return 0;
}
