/* SPDX-License-Identifier: ISC */
/* postconf: shows main.cf and master.cf as the daemons understand them; the options and the output of
 * Postfix's. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf.h"
#include "log.h"
#include "mastercf.h"
#include "mem.h"
#include "params.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_EXPANDED (4 * 1024 * 1024)

struct options {
    const char *dir;
    int defaults, set_only, expand, value_only, master;
};

struct show {
    struct conf *conf;
    const struct options *opt;
    int status;
};

/* A value on one line: white space of any length is one blank. */
static void
print_folded(const char *s)
{
    for (; *s; s++) {
        if (!isspace((unsigned char)*s))
            putchar(*s);
        else if (!isspace((unsigned char)s[1]))
            putchar(' ');
    }
}

static void
show_one(void *arg, const char *name, const char *raw)
{
    struct show *s = arg;
    struct conf_error err;
    struct buf expanded;

    buf_init(&expanded, MAX_EXPANDED);
    if (s->opt->expand && conf_expand(s->conf, raw, &expanded) < 0) {
        log_error("%s: cannot be expanded: %s", name, conf_check(s->conf, &err) < 0 ? err.text : raw);
        s->status = 1;
    } else {
        if (s->opt->expand)
            raw = buf_cstr(&expanded);
        if (!s->opt->value_only)
            printf(*raw ? "%s = " : "%s =", name);
        print_folded(raw);
        putchar('\n');
    }
    buf_free(&expanded);
}

/* What conf_each() finds for one name. */
struct wanted {
    const char *name;
    char *raw;
};

static void
take_wanted(void *arg, const char *name, const char *raw)
{
    struct wanted *w = arg;

    if (!strcmp(name, w->name))
        w->raw = mem_strdup(raw);
}

static void
show_name(struct show *s, const char *name)
{
    const struct param *p = param_find(name);
    struct wanted w = {name, NULL};

    conf_each(s->conf, s->opt->set_only, take_wanted, &w);
    if (w.raw || (p && p->def && !s->opt->set_only))
        show_one(s, name, w.raw ? w.raw : p->def);
    else if (!p)
        log_warning("%s: unknown parameter", name);
    mem_free(w.raw);
}

static int
show_main(const struct options *opt, char **names)
{
    struct conf_error err;
    struct show s;

    s.opt = opt;
    s.status = 0;
    s.conf = opt->defaults ? conf_new() : conf_read(opt->dir, &err);
    if (!s.conf) {
        log_error("%s", err.text);
        return 1;
    }
    if (*names)
        for (; *names; names++)
            show_name(&s, *names);
    else
        conf_each(s.conf, opt->set_only, show_one, &s);
    conf_free(s.conf);
    return s.status;
}

/* A word of master.cf: in { } when it would not be one without. */
static void
print_word(const char *prefix, const char *name, const char *value)
{
    int braces = value[strcspn(value, " \t\r\n")] != '\0' || (!*name && (!*value || *value == '{'));

    printf("%s%s%s%s%s%s", prefix, braces ? "{" : "", name, *name ? "=" : "", value, braces ? "}" : "");
}

static void
print_flag(int v)
{
    printf(" %-7s", v < 0 ? "-" : v ? "y" : "n");
}

static void
print_number(long v)
{
    char text[24] = "-";

    if (v >= 0)
        snprintf(text, sizeof(text), "%ld", v);
    printf(" %-7s", text);
}

static void
show_entry(const struct mastercf_entry *e)
{
    size_t i;

    printf("%-10s %-5s", e->service, e->type);
    print_flag(e->private_);
    print_flag(e->unpriv);
    print_flag(e->chroot);
    print_number(e->wakeup);
    print_number(e->maxproc);
    printf(" %s", e->command);
    for (i = 0; i < e->noptions; i++)
        print_word(" -o ", e->options[i].name, e->options[i].value);
    for (i = 0; e->args[i]; i++)
        print_word(" ", "", e->args[i]);
    putchar('\n');
}

/* 1 when e is the entry that "service" or "service/type" names. */
static int
entry_matches(const struct mastercf_entry *e, const char *wanted)
{
    size_t n = strlen(e->service);

    return !strncmp(wanted, e->service, n) &&
           (!wanted[n] || (wanted[n] == '/' && !strcmp(wanted + n + 1, e->type)));
}

static int
show_master(const struct options *opt, char **names)
{
    struct conf_error err;
    struct mastercf *m = mastercf_read(opt->dir, &err);
    char **n;
    size_t i;

    if (!m) {
        log_error("%s", err.text);
        return 1;
    }
    for (i = 0; i < m->n; i++) {
        for (n = names; *n && !entry_matches(&m->entries[i], *n); n++)
            ;
        if (*n || !*names)
            show_entry(&m->entries[i]);
    }
    mastercf_free(m);
    return 0;
}

static int
usage(FILE *to, int status)
{
    fputs("usage: postconf [-dhnx] [-c dir] [name...]\n"
          "       postconf -M [-c dir] [service[/type]...]\n"
          "Shows the settings in force.\n"
          "  -c dir  directory of main.cf and master.cf [" MR_CONFIG_DIR "]\n"
          "  -d      the defaults\n"
          "  -h      values without names\n"
          "  -M      the services of master.cf\n"
          "  -n      only what main.cf sets\n"
          "  -x      with $name expanded\n",
          to);
    return status;
}

int
main(int argc, char **argv)
{
    struct options opt = {MR_CONFIG_DIR, 0, 0, 0, 0, 0};
    int o, status;

    if (argc == 2 && !strcmp(argv[1], "--help"))
        return usage(stdout, 0);
    if (argc == 2 && !strcmp(argv[1], "--version")) {
        puts("postconf (" PACKAGE_NAME ") " PACKAGE_VERSION);
        return 0;
    }
    log_init("", "postconf");
    while ((o = getopt(argc, argv, "c:dhMnx")) != -1) {
        switch (o) {
        case 'c':
            opt.dir = optarg;
            break;
        case 'd':
            opt.defaults = 1;
            break;
        case 'h':
            opt.value_only = 1;
            break;
        case 'M':
            opt.master = 1;
            break;
        case 'n':
            opt.set_only = 1;
            break;
        case 'x':
            opt.expand = 1;
            break;
        default:
            return usage(stderr, 1);
        }
    }
    status = opt.master ? show_master(&opt, argv + optind) : show_main(&opt, argv + optind);
    log_flush();
    return fflush(stdout) == 0 ? status : 1;
}
