/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "mem.h"

#define LOG_LINE_MAX 4096         /* longest line written */
#define LOG_KEEP_MAX (256 * 1024) /* lines kept for the end of the round, or while the log is away */
#define LOG_FACILITY_MAIL (2 << 3)
#define LOG_EARLY_MAX 64 /* lines kept until there is a log */

/* A line from before the log was open: it was shown on standard error, and the log is to have it, too. */
struct early {
    enum log_level level;
    const char *program;
    char *text;
};

static struct {
    int fd, is_syslog;
    const char *syslog_name, *program;
    long pid; /* as it was in log_init(): a system call saved for each line */
    char host[64];
    struct buf lines; /* whole lines, each ending in '\n' */
    unsigned dropped;
    void (*lost)(void *);
    void *lost_arg;
    int lost_told;
    time_t second; /* that `stamp` is for */
    char stamp[32];
    struct early early[LOG_EARLY_MAX];
    unsigned nearly;
} lg = {.fd = -1, .syslog_name = "", .program = "mailreeve", .lines = {.cap = LOG_KEEP_MAX}};

void
log_init(const char *syslog_name, const char *program)
{
    lg.syslog_name = syslog_name;
    lg.program = program;
    lg.pid = (long)getpid();
    if (lg.host[0] == '\0') {
        char *dot;
        if (gethostname(lg.host, sizeof(lg.host) - 1) < 0)
            strcpy(lg.host, "localhost");
        if ((dot = strchr(lg.host, '.')) != NULL)
            *dot = '\0';
    }
}

int
log_fd(int *is_syslog_r)
{
    *is_syslog_r = lg.is_syslog;
    return lg.fd;
}

void
log_on_lost(void (*lost)(void *arg), void *arg)
{
    lg.lost = lost;
    lg.lost_arg = arg;
}

static const char *
log_stamp(void)
{
    time_t t = time(NULL);

    if (t != lg.second) {
        struct tm tm;
        localtime_r(&t, &tm);
        strftime(lg.stamp, sizeof(lg.stamp), "%b %e %H:%M:%S", &tm);
        lg.second = t;
    }
    return lg.stamp;
}

/* Nothing a client sent may break a line or move a terminal's cursor. */
static void
log_clean(char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
            *s = '?';
}

static int
log_severity(enum log_level level)
{
    static const int severity[] = {3, 4, 6, 7};

    return severity[level];
}

static const char *const prefix[] = {"error: ", "warning: ", "", ""};

/* The line in the log's form, to be written at the end of the round. */
static void
log_keep(enum log_level level, const char *program, const char *text)
{
    char ident[128];

    if (lg.syslog_name[0])
        snprintf(ident, sizeof(ident), "%s/%s[%ld]", lg.syslog_name, program, lg.pid);
    else
        snprintf(ident, sizeof(ident), "%s", program);
    if (buf_len(&lg.lines) + LOG_LINE_MAX + 256 > LOG_KEEP_MAX)
        log_flush();
    if (lg.is_syslog
            ? buf_printf(&lg.lines, "<%d>%s %s: %s%s\n", LOG_FACILITY_MAIL | log_severity(level), log_stamp(),
                         ident, prefix[level], text)
            : buf_printf(&lg.lines, "%s %s %s: %s%s\n", log_stamp(), lg.host, ident, prefix[level], text))
        lg.dropped++;
}

static void log_line(enum log_level level, const char *program, const char *fmt, va_list ap) MR_PRINTF(3, 0);

static void
log_line(enum log_level level, const char *program, const char *fmt, va_list ap)
{
    char text[LOG_LINE_MAX];

    vsnprintf(text, sizeof(text), fmt, ap);
    log_clean(text);
    if (lg.fd >= 0 || lg.lost_told) {
        log_keep(level, program, text);
        return;
    }
    fprintf(stderr, "%s: %s%s\n", program, prefix[level], text);
    if (lg.nearly < LOG_EARLY_MAX) {
        lg.early[lg.nearly].level = level;
        lg.early[lg.nearly].program = program;
        lg.early[lg.nearly++].text = mem_strdup(text);
    }
}

void
log_set_fd(int fd, int is_syslog)
{
    unsigned i;

    if (lg.fd >= 0 && lg.fd != fd)
        close(lg.fd);
    lg.fd = fd;
    lg.is_syslog = is_syslog;
    lg.lost_told = 0;
    for (i = 0; i < lg.nearly; i++) {
        log_keep(lg.early[i].level, lg.early[i].program, lg.early[i].text);
        mem_free(lg.early[i].text);
    }
    lg.nearly = 0;
}

#define LOG_VARARGS(level, program)                                                                          \
    do {                                                                                                     \
        va_list ap;                                                                                          \
        va_start(ap, fmt);                                                                                   \
        log_line(level, program, fmt, ap);                                                                   \
        va_end(ap);                                                                                          \
    } while (0)

void
log_error(const char *fmt, ...)
{
    LOG_VARARGS(LOG_L_ERROR, lg.program);
}

void
log_warning(const char *fmt, ...)
{
    LOG_VARARGS(LOG_L_WARNING, lg.program);
}

void
log_info(const char *fmt, ...)
{
    LOG_VARARGS(LOG_L_INFO, lg.program);
}

void
log_debug(const char *fmt, ...)
{
    LOG_VARARGS(LOG_L_DEBUG, lg.program);
}

void
log_as(const char *program, const char *fmt, ...)
{
    LOG_VARARGS(LOG_L_INFO, program);
}

static void
log_lose(void)
{
    if (lg.lost && !lg.lost_told) {
        lg.lost_told = 1;
        lg.lost(lg.lost_arg);
    } else if (!lg.lost)
        buf_reset(&lg.lines);
}

/* Each line is one datagram. */
static void
log_flush_syslog(void)
{
    while (buf_len(&lg.lines) > 0) {
        char *line = buf_data(&lg.lines), *end = memchr(line, '\n', buf_len(&lg.lines));
        size_t n = (size_t)(end - line);

        /* A syslog that does not read must not stop the mail. */
        if (send(lg.fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EINTR && errno != EMSGSIZE) {
            if (errno != EAGAIN && errno != ENOBUFS)
                log_lose();
            return;
        }
        buf_consume(&lg.lines, n + 1);
    }
}

void
log_flush(void)
{
    ssize_t n;

    if (lg.fd < 0 || buf_len(&lg.lines) == 0)
        return;
    if (lg.is_syslog) {
        log_flush_syslog();
        return;
    }
    /* O_APPEND: lines of several processes do not mix. A full disk loses log lines, not mail. */
    n = write(lg.fd, buf_data(&lg.lines), buf_len(&lg.lines));
    if (n >= 0 || errno != EINTR)
        buf_reset(&lg.lines);
    if (lg.dropped > 0) {
        unsigned dropped = lg.dropped;
        lg.dropped = 0;
        log_warning("%u log lines were dropped", dropped);
    }
}

int
log_waits(void)
{
    return lg.fd >= 0 && !lg.lost_told && buf_len(&lg.lines) > 0;
}

void
log_fatal(int status, const char *fmt, ...)
{
    LOG_VARARGS(LOG_L_ERROR, lg.program);
    log_flush();
    _exit(status);
}
