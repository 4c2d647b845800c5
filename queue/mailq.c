/* SPDX-License-Identifier: ISC */
/*
 * mailq, postqueue: what is in the spool, read from its files. Called as postqueue it
 * wants -p, -j or -f, as Postfix's does; called as mailq it lists.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "mem.h"
#include "spooldir.h"

#define EXIT_USAGE 64
#define EXIT_UNAVAILABLE 69
#define EXIT_CONFIG 78

enum mailq_mode { MODE_NONE, MODE_LIST, MODE_JSON, MODE_FLUSH };

/* All ids, to be listed oldest first. */
struct id_list {
    char (*ids)[QID_SIZE];
    size_t n, room;
};

struct totals {
    unsigned long requests;
    unsigned long long bytes;
};

static void
collect(void *arg, const char *qid)
{
    struct id_list *l = arg;

    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 256;
        l->ids = mem_realloc(l->ids, l->room * sizeof(*l->ids));
    }
    memcpy(l->ids[l->n++], qid, QID_SIZE);
}

/* Seconds are the last digits of an id, microseconds the first. */
static int
compare_ids(const void *a, const void *b)
{
    const char *x = a, *y = b;
    int c = strcmp(x + 5, y + 5);

    return c ? c : strncmp(x, y, 5);
}

/* ---- as text ------------------------------------------------------------------------------------- */

static void
list_recipients(const struct envelope *e)
{
    const char *reason = "";
    uint32_t i;

    for (i = 0; i < e->nrcpt; i++) {
        const struct recipient *r = &e->rcpt[i];
        if (r->mark != MARK_OPEN)
            continue;
        if (r->text && *r->text && strcmp(r->text, reason) != 0) {
            size_t n = strlen(r->text);
            while (n > 0 && r->text[n - 1] == ' ')
                n--;
            printf("%*s(%.*s)\n", n < 76 ? (int)(76 - n) : 0, "", (int)n, r->text);
            reason = r->text;
        }
        printf("%41s%s\n", "", r->address);
    }
}

static void
list_text(const struct envelope *e, struct totals *t)
{
    time_t arrival = (time_t)(e->arrival / 1000000);
    char when[64];

    strftime(when, sizeof(when), "%a %b %e %H:%M:%S", localtime(&arrival));
    if (t->requests == 0)
        printf("-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n");
    printf("%-11s %7llu %s  %s\n", e->qid, (unsigned long long)e->size, when,
           *e->sender ? e->sender : "MAILER-DAEMON");
    list_recipients(e);
    putchar('\n');
}

/* ---- as JSON (RFC 8259) ----------------------------------------------------------------------------- */

static void
put_json(const char *s)
{
    putchar('"');
    for (; *s; s++)
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < ' ')
            printf("\\u%04x", (unsigned char)*s);
        else
            putchar(*s);
    putchar('"');
}

static void
list_json(const struct envelope *e)
{
    const char *comma = "";
    uint32_t i;

    printf("{\"queue_name\": \"deferred\", \"queue_id\": \"%s\", \"arrival_time\": %llu, \"message_size\": "
           "%llu, "
           "\"forced_expire\": false, \"sender\": ",
           e->qid, (unsigned long long)(e->arrival / 1000000), (unsigned long long)e->size);
    put_json(*e->sender ? e->sender : "MAILER-DAEMON");
    printf(", \"recipients\": [");
    for (i = 0; i < e->nrcpt; i++) {
        char *reason = e->rcpt[i].text;
        if (e->rcpt[i].mark != MARK_OPEN)
            continue;
        printf("%s{\"address\": ", comma);
        put_json(e->rcpt[i].address);
        if (reason && *reason) {
            while (*reason && reason[strlen(reason) - 1] == ' ')
                reason[strlen(reason) - 1] = '\0';
            printf(", \"delay_reason\": ");
            put_json(reason);
        }
        putchar('}');
        comma = ", ";
    }
    printf("]}\n");
}

/* ---- the commands ------------------------------------------------------------------------------ */

static void
list_one(struct spooldir *d, const char *qid, enum mailq_mode mode, struct totals *t)
{
    struct envelope e;
    uint64_t content_at;
    int fd;

    envelope_init(&e);
    if (spooldir_read(d, qid, &e, &fd, &content_at) == 0) {
        close(fd);
        if (mode == MODE_JSON)
            list_json(&e);
        else
            list_text(&e, t);
        t->requests++;
        t->bytes += e.size;
    } else if (errno != ENOENT) /* else: delivered meanwhile */
        fprintf(stderr, "%s: %s\n", qid, errno == EBADMSG ? "the file is damaged" : strerror(errno));
    envelope_free(&e);
}

static int
list_queue(const char *spool, enum mailq_mode mode)
{
    struct id_list list = {NULL, 0, 0};
    struct totals totals = {0, 0};
    struct spooldir d;
    size_t i;

    if (spooldir_open_readonly(&d, spool) < 0) {
        fprintf(stderr, "mailq: %s/queue: %s\n", spool, strerror(errno));
        return EXIT_UNAVAILABLE;
    }
    spooldir_each(&d, collect, &list);
    if (list.n > 0)
        qsort(list.ids, list.n, sizeof(*list.ids), compare_ids);
    for (i = 0; i < list.n; i++)
        list_one(&d, list.ids[i], mode, &totals);
    if (mode == MODE_LIST && totals.requests == 0)
        printf("Mail queue is empty\n");
    else if (mode == MODE_LIST)
        printf("-- %llu Kbytes in %lu Request%s.\n", totals.bytes / 1024, totals.requests,
               totals.requests == 1 ? "" : "s");
    mem_free(list.ids);
    spooldir_close(&d);
    return 0;
}

/* SIGALRM to the queue's worker. Its pid file is checked against what runs under that pid. */
static int
flush_queue(const char *spool)
{
    char path[4096], exe[4096];
    long pid = 0;
    ssize_t n;
    FILE *f;

    snprintf(path, sizeof(path), "%s/pid/qmgr.pid", spool);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%ld", &pid) != 1)
        pid = 0;
    if (f)
        fclose(f);
    snprintf(path, sizeof(path), "/proc/%ld/exe", pid);
    n = pid > 1 ? readlink(path, exe, sizeof(exe) - 1) : -1;
    exe[n > 0 ? n : 0] = '\0';
    if (n < 0 || !strstr(exe, "/queue") || kill((pid_t)pid, SIGALRM) < 0) {
        fprintf(stderr, "postqueue: the queue manager is not running, or you may not signal it\n");
        return EXIT_UNAVAILABLE;
    }
    return 0;
}

static int
usage(FILE *to)
{
    fprintf(to,
            "Usage: mailq [-j] [-c DIR]\n"
            "       postqueue -p | -j | -f [-c DIR]\n"
            "Lists the mail queue, or has all of it tried now.\n\n"
            "  -c DIR      read main.cf in DIR (%s)\n"
            "  -f          try everything now\n"
            "  -j          list as JSON, one object a line\n"
            "  -p          list as mailq does\n"
            "  --help      this text\n"
            "  --version   the version\n\n"
            "See mailq(1).\n",
            MR_CONFIG_DIR);
    return to == stdout ? 0 : EXIT_USAGE;
}

struct options {
    const char *name, *dir;
    enum mailq_mode mode;
};

/* -1: go on; else the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
    int c;

    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s (%s) %s\n", o->name, PACKAGE_NAME, PACKAGE_VERSION);
        return 0;
    }
    while ((c = getopt(argc, argv, "c:fjp")) != -1) {
        if (c == 'c')
            o->dir = optarg;
        else if (c == 'f' || c == 'j' || c == 'p')
            o->mode = c == 'f' ? MODE_FLUSH : c == 'j' ? MODE_JSON : MODE_LIST;
        else
            return usage(stderr);
    }
    return optind != argc || o->mode == MODE_NONE ? usage(stderr) : -1;
}

int
main(int argc, char **argv)
{
    struct options o;
    struct conf_error err;
    struct conf *conf;
    int status;

    o.name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
    o.mode = strcmp(o.name, "postqueue") == 0 ? MODE_NONE : MODE_LIST;
    o.dir = MR_CONFIG_DIR;
    log_init("postfix", "mailq");
    status = read_options(argc, argv, &o);
    if (status >= 0)
        return status;
    conf = conf_read(o.dir, &err);
    if (!conf) {
        fprintf(stderr, "%s: %s\n", o.name, err.text);
        return EXIT_CONFIG;
    }
    status = o.mode == MODE_FLUSH ? flush_queue(conf_str(conf, "queue_directory"))
                                  : list_queue(conf_str(conf, "queue_directory"), o.mode);
    conf_free(conf);
    return status;
}
