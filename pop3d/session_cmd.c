/* SPDX-License-Identifier: ISC */
/* The commands of the transaction state (RFC 1939 5 to 7), in Courier's words. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

#include "capa.h"
#include "command.h"
#include "session.h"

#define READ_SIZE 32768

static const char invalid_command[] = "-ERR Invalid command.\r\n";

/* The message that the next word of *args names; NULL, and the reply is given, when there is no such one. */
static struct message *
take_message(struct session *s, char **args)
{
    const char *word = command_word(args);
    uint32_t n;

    if (!word || command_number(word, &n) < 0 || n < 1 || n > s->box.n || s->box.msgs[n - 1].deleted) {
        session_puts(s, "-ERR Invalid message number.\r\n");
        return NULL;
    }
    return &s->box.msgs[n - 1];
}

static size_t
number_of(const struct session *s, const struct message *m)
{
    return (size_t)(m - s->box.msgs) + 1;
}

static int
has_argument(const char *args)
{
    return args[strspn(args, " \t\r")] != '\0';
}

static void
do_stat(struct session *s, char *args)
{
    uint64_t octets = 0;
    size_t i, n = 0;

    MR_UNUSED(args);
    for (i = 0; i < s->box.n; i++) {
        if (s->box.msgs[i].deleted)
            continue;
        octets += s->box.msgs[i].size;
        n++;
    }
    session_printf(s, "+OK %zu %" PRIu64 "\r\n", n, octets);
}

static void
do_list(struct session *s, char *args)
{
    const struct message *m;
    size_t i;

    if (has_argument(args)) {
        m = take_message(s, &args);
        if (m)
            session_printf(s, "+OK %zu %" PRIu64 "\r\n", number_of(s, m), m->size);
        return;
    }
    session_puts(s, "+OK POP3 clients that break here, they violate STD53.\r\n");
    for (i = 0; i < s->box.n; i++)
        if (!s->box.msgs[i].deleted)
            session_printf(s, "%zu %" PRIu64 "\r\n", i + 1, s->box.msgs[i].size);
    session_puts(s, ".\r\n");
}

static void
do_uidl(struct session *s, char *args)
{
    char uidl[MAILBOX_UIDL_SIZE];
    const struct message *m;
    size_t i;

    if (has_argument(args)) {
        m = take_message(s, &args);
        if (!m)
            return;
        mailbox_uidl(&s->box, number_of(s, m) - 1, uidl);
        session_printf(s, "+OK %zu %s\r\n", number_of(s, m), uidl);
        return;
    }
    session_puts(s, "+OK\r\n");
    for (i = 0; i < s->box.n; i++) {
        if (s->box.msgs[i].deleted)
            continue;
        mailbox_uidl(&s->box, i, uidl);
        session_printf(s, "%zu %s\r\n", i + 1, uidl);
    }
    session_puts(s, ".\r\n");
}

/* Sends the file behind its first line. *count: the bytes of the file that went out. */
static void
send_file(struct session *s, const struct message *m, int fd, int64_t lines, uint64_t *count)
{
    char chunk[READ_SIZE];
    struct encode e;
    ssize_t n = 0;

    encode_init(&e, lines);
    while (!e.done && (n = read(fd, chunk, sizeof(chunk))) > 0)
        *count += session_put_encoded(s, &e, chunk, (size_t)n);
    if (n < 0) {
        /* The client must not take what it has for the whole message: all that can be done is to hang up. */
        log_info("I/O error while reading message file cur/%s: %s", m->name, strerror(errno));
        session_end(s, SESSION_IO_ERROR);
    }
    session_puts(s, encode_ending(&e));
}

static int
open_message(struct session *s, const struct message *m)
{
    int fd = mailbox_open_message(&s->box, number_of(s, m) - 1);

    if (fd < 0)
        session_puts(s, "-ERR Can't open the message file - it's gone!\r\n");
    return fd;
}

static void
do_retr(struct session *s, char *args)
{
    const struct message *m = take_message(s, &args);
    int fd = m ? open_message(s, m) : -1;

    if (fd < 0)
        return;
    session_printf(s, "+OK %" PRIu64 " octets follow.\r\n", m->size);
    send_file(s, m, fd, ENCODE_ALL, &s->retr);
    close(fd);
    mailbox_mark_seen(&s->box, number_of(s, m) - 1);
}

/* TOP n lines; a negative number of lines is the whole message, as Courier has it. */
static void
do_top(struct session *s, char *args)
{
    const struct message *m = take_message(s, &args);
    const char *word;
    int64_t lines = ENCODE_ALL;
    uint32_t n;
    int fd;

    if (!m)
        return;
    word = command_word(&args);
    if (!word || command_number(*word == '-' ? word + 1 : word, &n) < 0) {
        session_puts(s, invalid_command);
        return;
    }
    if (*word != '-')
        lines = n;
    fd = open_message(s, m);
    if (fd < 0)
        return;
    session_puts(s, "+OK headers follow.\r\n");
    send_file(s, m, fd, lines, &s->top);
    close(fd);
}

static void
do_dele(struct session *s, char *args)
{
    struct message *m = take_message(s, &args);

    if (!m)
        return;
    m->deleted = 1;
    session_puts(s, "+OK Deleted.\r\n");
}

static void
do_rset(struct session *s, char *args)
{
    size_t i;

    MR_UNUSED(args);
    for (i = 0; i < s->box.n; i++)
        s->box.msgs[i].deleted = 0;
    session_puts(s, "+OK Resurrected.\r\n");
}

static void
do_noop(struct session *s, char *args)
{
    MR_UNUSED(args);
    session_puts(s, "+OK Yup.\r\n");
}

/* Courier leaves this reply out of `sent`; so do we, for those who compare. */
static void
do_capa(struct session *s, char *args)
{
    MR_UNUSED(args);
    capa_put(&s->out, s->start->mechanisms);
}

/* Courier takes it here too, for Outlook; RFC 6856 wants it before the login. */
static void
do_utf8(struct session *s, char *args)
{
    MR_UNUSED(args);
    session_puts(s, CAPA_UTF8_REPLY);
}

static void
log_deleted(void *arg, const char *file)
{
    const struct session_start *start = arg;

    log_info("DELETED, user=%s, ip=[%s], filename=%s", start->address, start->ip, file);
}

static void
do_quit(struct session *s, char *args)
{
    size_t failed = mailbox_expunge(&s->box, s->start->log_deletions ? log_deleted : NULL, (void *)s->start);

    MR_UNUSED(args);
    session_puts(s, failed ? "-ERR Some messages could not be removed.\r\n" : "+OK Bye-bye.\r\n");
    s->quit = 1;
}

static const struct {
    const char *verb;
    void (*run)(struct session *s, char *args);
} commands[] = {
    {"RETR", do_retr}, {"DELE", do_dele}, {"UIDL", do_uidl}, {"LIST", do_list},
    {"STAT", do_stat}, {"TOP", do_top},   {"NOOP", do_noop}, {"RSET", do_rset},
    {"CAPA", do_capa}, {"UTF8", do_utf8}, {"QUIT", do_quit},
};

void
session_command(struct session *s, char *line, size_t len)
{
    struct command c;
    size_t i;

    command_split(&c, line, len);
    for (i = 0; i < MR_NELEM(commands); i++) {
        if (strcmp(commands[i].verb, c.verb) == 0) {
            commands[i].run(s, c.rest);
            return;
        }
    }
    session_puts(s, invalid_command);
}
