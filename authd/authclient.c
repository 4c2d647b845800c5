/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <termios.h>
#include <unistd.h>

#include "authclient.h"
#include "conf.h"
#include "mem.h"
#include "netaddr.h"
#include "strutil.h"

#define REPLY_SECONDS 60
#define READ_STEP 65536

int
authclient_socket(const char *dir, char *path, size_t size)
{
    struct conf_error err;
    struct conf *c = conf_read(dir ? dir : MR_CONFIG_DIR, &err);
    int n;

    if (!c) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    n = snprintf(path, size, "%s/socket", conf_str(c, "authdaemon_socket_directory"));
    conf_free(c);
    return n >= 0 && (size_t)n < size ? 0 : -1;
}

static int
read_reply(int fd, struct buf *reply)
{
    char *to;
    ssize_t n;

    for (;;) {
        to = buf_reserve(reply, READ_STEP);
        if (!to) {
            errno = EFBIG;
            return -1;
        }
        n = recv(fd, to, READ_STEP, 0);
        if (n > 0)
            buf_added(reply, (size_t)n);
        else if (n == 0 || errno == ECONNRESET)
            break;
        else if (errno != EINTR) {
            if (errno == EAGAIN)
                errno = ETIMEDOUT;
            return -1;
        }
    }
    errno = EIO;
    return buf_len(reply) ? 0 : -1;
}

int
authclient_ask(const char *path, const struct buf *request, struct buf *reply)
{
    struct timeval limit = {REPLY_SECONDS, 0};
    int rc = -1, fd = unix_connect(path);

    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFL, 0) == 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
        fd_write_all(fd, buf_data(request), buf_len(request)) == 0)
        rc = read_reply(fd, reply);
    return fd_close(fd, rc);
}

int
authclient_text_ok(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ')
            return 0;
    return 1;
}

/* One line of stdin without its newline. */
static char *
read_line(char *line, size_t size)
{
    if (!fgets(line, (int)size, stdin))
        return NULL;
    line[strcspn(line, "\r\n")] = '\0';
    return line;
}

static char *
prompt_line(const char *prompt, char *line, size_t size)
{
    struct termios old, quiet;
    char *r;

    fputs(prompt, stderr);
    if (tcgetattr(0, &old) < 0)
        return NULL;
    quiet = old;
    quiet.c_lflag &= (tcflag_t)~ECHO;
    tcsetattr(0, TCSAFLUSH, &quiet);
    r = read_line(line, size);
    tcsetattr(0, TCSAFLUSH, &old);
    fputc('\n', stderr);
    return r;
}

char *
authclient_password(char *line, size_t size)
{
    char again[1024];
    int same;

    if (!isatty(0))
        return read_line(line, size);
    for (;;) {
        if (!prompt_line("Password: ", line, size) ||
            !prompt_line("Reenter password: ", again, sizeof(again)))
            return NULL;
        same = strcmp(line, again) == 0;
        mem_wipe(again, sizeof(again));
        if (same)
            return line;
        fputs("Passwords don't match.\n", stderr);
    }
}
