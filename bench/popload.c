/* SPDX-License-Identifier: ISC */
/* POP3 sessions: log in, list, retrieve everything, quit (full), or log in and quit (login). */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "benchutil.h"

struct client {
    int fd;
    char buf[65536];
    size_t start, end;
};

static const char *host, *port, *mode, *format, *password;
static unsigned users;

/* One line without its CRLF, NULL at the end. */
static char *
get_line(struct client *c)
{
    int one = 1;

    for (;;) {
        char *nl = memchr(c->buf + c->start, '\n', c->end - c->start);
        ssize_t n;

        if (nl) {
            char *line = c->buf + c->start;
            c->start = (size_t)(nl + 1 - c->buf);
            *nl = '\0';
            return line;
        }
        memmove(c->buf, c->buf + c->start, c->end - c->start);
        c->end -= c->start;
        c->start = 0;
        if (c->end == sizeof(c->buf))
            return NULL;
        if (getenv("QUICKACK"))
            setsockopt(c->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
        n = read(c->fd, c->buf + c->end, sizeof(c->buf) - c->end);
        if (n <= 0)
            return NULL;
        c->end += (size_t)n;
    }
}

static int
command(struct client *c, const char *line)
{
    char *reply;

    if (line && write(c->fd, line, strlen(line)) != (ssize_t)strlen(line))
        return -1;
    reply = get_line(c);
    return reply && strncmp(reply, "+OK", 3) == 0 ? 0 : -1;
}

/* Lines up to the "."; how many, -1 at the end. */
static int
skip_multiline(struct client *c)
{
    char *line;
    int n = 0;

    while ((line = get_line(c)) != NULL) {
        if (strcmp(line, ".\r") == 0)
            return n;
        n++;
    }
    return -1;
}

static int
session(struct client *c, unsigned n)
{
    char line[512], user[256];
    int i, count;

    snprintf(user, sizeof(user), format, n % users);
    snprintf(line, sizeof(line), "USER %s\r\n", user);
    if (command(c, NULL) < 0 || command(c, line) < 0)
        return -1;
    snprintf(line, sizeof(line), "PASS %s\r\n", password);
    if (command(c, line) < 0)
        return -1;
    if (strcmp(mode, "full") == 0) {
        if (command(c, "LIST\r\n") < 0 || (count = skip_multiline(c)) < 0)
            return -1;
        for (i = 1; i <= count; i++) {
            snprintf(line, sizeof(line), "RETR %d\r\n", i);
            if (command(c, line) < 0 || skip_multiline(c) < 0)
                return -1;
        }
    }
    return command(c, "QUIT\r\n");
}

static int
one_session(unsigned n)
{
    static struct client c;
    int result;

    c.start = c.end = 0;
    c.fd = bench_tcp(host, port);
    if (c.fd < 0)
        return -1;
    result = session(&c, n);
    close(c.fd);
    return result;
}

int
main(int argc, char **argv)
{
    if (argc != 9) {
        fprintf(stderr, "usage: popload HOST PORT PROCS SESSIONS full|login USER-FORMAT USERS PASSWORD\n"
                        "QUICKACK in the environment: acknowledge at once (TCP_QUICKACK)\n");
        return 64;
    }
    host = argv[1];
    port = argv[2];
    mode = argv[5];
    format = argv[6];
    users = (unsigned)atoi(argv[7]);
    password = argv[8];
    return bench_run((unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]), one_session);
}
