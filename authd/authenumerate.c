/* SPDX-License-Identifier: ISC */
/* Lists all accounts: see authenumerate(1). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "authclient.h"

static void
help(int status)
{
    fputs("Usage: authenumerate [-c DIR] [-s] [-o]\n"
          "Lists all accounts: name, uid, gid, home, Maildir, separated by tabs.\n\n"
          "  -c DIR     read main.cf in DIR (" MR_CONFIG_DIR ")\n"
          "  -s         without accounts that have the option disableshared\n"
          "  -o         with their options\n"
          "  --help     this text\n"
          "  --version  the version\n\n"
          "The exit status is 0 when the list is complete.\n",
          status ? stderr : stdout);
    exit(status);
}

/* The sixth field: what stands behind the fifth tab; it is cut off. NULL: the line is none of an account. */
static char *
cut_options(char *line)
{
    int i;

    for (i = 0; i < 5 && line; i++) {
        line = strchr(line, '\t');
        if (line)
            line++;
    }
    if (line)
        line[-1] = '\0';
    return line;
}

/* Prints the list. 0, or 1 when its end is missing. */
static int
print_list(char *line, int shared_only, int with_options)
{
    char *next, *options;

    for (; (next = strchr(line, '\n')) != NULL; line = next) {
        *next++ = '\0';
        if (strcmp(line, ".") == 0)
            return 0;
        if (*line == '#' || !(options = cut_options(line)))
            continue;
        if (shared_only && strstr(options, "disableshared=1"))
            continue;
        printf("%s%s%s\n", line, with_options ? "\t" : "", with_options ? options : "");
    }
    return 1;
}

int
main(int argc, char **argv)
{
    const char *dir = NULL;
    char path[1024];
    int c, shared_only = 0, with_options = 0;
    struct buf request, reply;
    int status = 1;

    if (argc > 1 && strcmp(argv[1], "--help") == 0)
        help(0);
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        puts("authenumerate (mailreeve) " PACKAGE_VERSION);
        return 0;
    }
    while ((c = getopt(argc, argv, "c:so")) != -1) {
        if (c == 'c')
            dir = optarg;
        else if (c == 's')
            shared_only = 1;
        else if (c == 'o')
            with_options = 1;
        else
            help(1);
    }
    if (authclient_socket(dir, path, sizeof(path)) < 0)
        return 1;
    buf_init(&request, 64);
    buf_init(&reply, AUTHCLIENT_REPLY_MAX);
    buf_puts(&request, "ENUMERATE\n");
    if (authclient_ask(path, &request, &reply) < 0)
        perror("authenumerate");
    else
        status = print_list(buf_cstr(&reply), shared_only, with_options);
    buf_free(&request);
    buf_free(&reply);
    return status;
}
