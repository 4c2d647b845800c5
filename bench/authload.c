/* SPDX-License-Identifier: ISC */
/* Requests to an authdaemon socket, one connection each, as the protocol has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchutil.h"

static const char *path, *kind, *format, *password;
static unsigned users;

static size_t
request(char *text, size_t max, const char *user)
{
    char body[512];

    if (strcmp(kind, "pre") == 0)
        return (size_t)snprintf(text, max, "PRE . login %s\n", user);
    snprintf(body, sizeof(body), "smtp\nlogin\n%s\n%s\n", user, password);
    return (size_t)snprintf(text, max, "AUTH %zu\n%s", strlen(body), body);
}

static int
one_request(unsigned n)
{
    char user[256], text[1024], reply[4096];
    size_t len, got = 0;
    ssize_t r;
    int fd = bench_unix(path);

    if (fd < 0)
        return -1;
    snprintf(user, sizeof(user), format, n % users);
    len = request(text, sizeof(text), user);
    if (write(fd, text, len) != (ssize_t)len) {
        close(fd);
        return -1;
    }
    while (got < sizeof(reply) - 1 && (r = read(fd, reply + got, sizeof(reply) - 1 - got)) > 0)
        got += (size_t)r;
    close(fd);
    reply[got] = '\0';
    return strstr(reply, "ADDRESS=") && got > 2 && strcmp(reply + got - 2, ".\n") == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "usage: authload SOCKET PROCS REQUESTS auth|pre USER-FORMAT USERS PASSWORD\n"
                        "USER-FORMAT has one %%u form, as u%%04u@bench.example\n");
        return 64;
    }
    path = argv[1];
    kind = argv[4];
    format = argv[5];
    users = (unsigned)atoi(argv[6]);
    password = argv[7];
    return bench_run((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), one_request);
}
