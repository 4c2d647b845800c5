/* SPDX-License-Identifier: ISC */
/* Looks an account up, checks or changes its password: see authtest(1). Output as Courier's authtest. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authclient.h"
#include "mem.h"

struct reply {
    const char *uid, *gid, *user, *home, *address, *maildir, *quota, *passwd, *passwd2, *options;
};

static void
usage(void)
{
    fputs("Usage: authtest [-s service] userid [ password [ newpassword ] ]\n", stderr);
    exit(1);
}

static void
help(void)
{
    puts("Usage: authtest [-c DIR] [-s SERVICE] USERID [PASSWORD [NEWPASSWORD]]\n"
         "Looks an account up; with PASSWORD checks it; with NEWPASSWORD changes it.\n\n"
         "  -c DIR      read main.cf in DIR (" MR_CONFIG_DIR ")\n"
         "  -s SERVICE  the service that is logged in to [login]\n"
         "  --help      this text\n"
         "  --version   the version\n\n"
         "The exit status is 0 when the account is there and the password right.");
    exit(0);
}

/* Splits the reply's lines. 0; -1 with errno: refused, or not a whole reply. */
static int
reply_parse(char *text, struct reply *r)
{
    const struct {
        const char *name;
        const char **to;
    } fields[] = {{"UID=", &r->uid},        {"GID=", &r->gid},         {"USERNAME=", &r->user},
                  {"HOME=", &r->home},      {"ADDRESS=", &r->address}, {"MAILDIR=", &r->maildir},
                  {"QUOTA=", &r->quota},    {"PASSWD=", &r->passwd},   {"PASSWD2=", &r->passwd2},
                  {"OPTIONS=", &r->options}};
    char *line, *next;
    size_t i;

    memset(r, 0, sizeof(*r));
    errno = EPERM;
    if (strcmp(text, "FAIL\n") == 0)
        return -1;
    for (line = text; *line; line = next) {
        next = strchr(line, '\n');
        errno = EIO;
        if (!next)
            return -1;
        *next++ = '\0';
        if (strcmp(line, ".") == 0) {
            errno = EINVAL;
            return r->home && r->address && (r->user || (r->uid && r->gid)) ? 0 : -1;
        }
        for (i = 0; i < MR_NELEM(fields); i++)
            if (strncmp(line, fields[i].name, strlen(fields[i].name)) == 0)
                *fields[i].to = line + strlen(fields[i].name);
    }
    return -1;
}

static const char *
or_none(const char *s)
{
    return s && *s ? s : "(none)";
}

static void
reply_print(const struct reply *r)
{
    puts("Authentication succeeded.\n");
    if (r->user)
        printf("     Authenticated: %s  (system username: %s)\n", r->address, r->user);
    else
        printf("     Authenticated: %s  (uid %s, gid %s)\n", r->address, r->uid, r->gid);
    printf("    Home Directory: %s\n", r->home);
    printf("           Maildir: %s\n", or_none(r->maildir));
    printf("             Quota: %s\n", or_none(r->quota));
    printf("Encrypted Password: %s\n", or_none(r->passwd));
    printf("Cleartext Password: %s\n", or_none(r->passwd2));
    printf("           Options: %s\n", or_none(r->options));
}

/* The request for these arguments (1 to 3: user, password, new password). 0 or -1 with errno. */
static int
make_request(struct buf *to, const char *service, char **arg, int n)
{
    int i;

    errno = EINVAL;
    for (i = 0; i < n; i++)
        if (!authclient_text_ok(arg[i]))
            return -1;
    if (n == 1)
        return buf_printf(to, "PRE . %s %s\n", service, arg[0]);
    if (n == 2)
        return buf_printf(to, "AUTH %lu\n%s\nlogin\n%s\n%s\n",
                          (unsigned long)(strlen(service) + strlen(arg[0]) + strlen(arg[1]) + 9), service,
                          arg[0], arg[1]);
    return buf_printf(to, "PASSWD %s\t%s\t%s\t%s\n", service, arg[0], arg[1], arg[2]);
}

/* Prints what the answer to a request with n arguments says. 0 or -1 with errno. */
static int
answer_print(struct buf *answer, int n)
{
    struct reply r;

    if (n == 3) {
        errno = EPERM;
        if (strcmp(buf_cstr(answer), "OK\n") != 0)
            return -1;
        fputs("Password change succeeded.\n", stderr);
        return 0;
    }
    if (reply_parse(buf_cstr(answer), &r) < 0)
        return -1;
    reply_print(&r);
    return 0;
}

static int
run(const char *path, const char *service, char **arg, int n)
{
    struct buf request, answer;
    int saved, r = -1;

    buf_init(&request, 16384);
    buf_init(&answer, AUTHCLIENT_REPLY_MAX);
    if (make_request(&request, service, arg, n) == 0 && authclient_ask(path, &request, &answer) == 0)
        r = answer_print(&answer, n);
    saved = errno;
    buf_free(&request);
    buf_free(&answer);
    errno = saved;
    return r;
}

int
main(int argc, char **argv)
{
    const char *service = "login", *dir = NULL;
    char path[1024];
    int c;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        help();
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("authtest (mailreeve) " PACKAGE_VERSION);
        return 0;
    }
    signal(SIGPIPE, SIG_IGN);
    opterr = 0;
    while ((c = getopt(argc, argv, "c:s:")) != -1) {
        if (c == 'c')
            dir = optarg;
        else if (c == 's')
            service = optarg;
        else
            usage();
    }
    if (optind >= argc || argc - optind > 3)
        usage();
    if (authclient_socket(dir, path, sizeof(path)) < 0)
        return 1;
    if (run(path, service, argv + optind, argc - optind) == 0)
        return 0;
    fprintf(stderr, "Authentication FAILED: %s\n", strerror(errno));
    return 1;
}
