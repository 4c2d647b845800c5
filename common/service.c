/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "service_private.h"

static void
service_help(const struct service *s)
{
    printf("Usage: %s [-f] [-c DIR]\n"
           "%s\n\n"
           "  -c DIR      read main.cf and master.cf in DIR (%s)\n"
           "  -f          stay in the foreground\n"
           "  --help      this text\n"
           "  --version   the version\n\n"
           "Signals: HUP reads the settings again, TERM ends what is under way and stops.\n"
           "See %s(8).\n",
           s->name, s->summary, MR_CONFIG_DIR, s->name);
}

/* -1: go on; else the exit status. */
static int
service_options(const struct service *s, int argc, char **argv, struct service_options *o)
{
    int c;

    memset(o, 0, sizeof(*o));
    o->config_dir = MR_CONFIG_DIR;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        service_help(s);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s (%s) %s\n", s->name, PACKAGE_NAME, PACKAGE_VERSION);
        return 0;
    }
    while ((c = getopt(argc, argv, "c:fW:I:L")) != -1)
        switch (c) {
        case 'c':
            o->config_dir = optarg;
            break;
        case 'f':
            o->foreground = 1;
            break;
        case 'W': /* what follows is between the parent and its workers */
            o->worker = optarg;
            break;
        case 'I':
            o->worker_index = (unsigned)atoi(optarg);
            break;
        case 'L':
            o->worker_locks = 1;
            break;
        default:
            fprintf(stderr, "Try '%s --help'.\n", s->name);
            return 64;
        }
    if (optind != argc) {
        fprintf(stderr, "%s: unexpected argument '%s'. Try '%s --help'.\n", s->name, argv[optind], s->name);
        return 64;
    }
    return -1;
}

/* What the shell that started us left open is no business of a daemon, or of its workers. */
static void
service_close_inherited(void)
{
    DIR *d = opendir("/proc/self/fd");
    struct dirent *e;

    if (!d)
        return;
    while ((e = readdir(d)) != NULL) {
        int fd = atoi(e->d_name);
        if (fd > 2 && fd != dirfd(d))
            close(fd);
    }
    closedir(d);
}

int
service_main(const struct service *s, int argc, char **argv)
{
    struct service_options o;
    char self[4096];
    ssize_t n;
    int status = service_options(s, argc, argv, &o);

    if (status >= 0)
        return status;
    signal(SIGPIPE, SIG_IGN);
    umask(077);
    log_init(s->log_courier ? "" : "postfix", s->syslog_program);
    if (o.worker)
        return worker_main(s, &o);
    service_close_inherited();
    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0)
        log_fatal(71, "/proc/self/exe: %s: is /proc mounted?", strerror(errno));
    self[n] = '\0';
    return parent_main(s, &o, self);
}
