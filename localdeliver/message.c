/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "address.h"
#include "message.h"
#include "strutil.h"

#define DELIVERED_TO "Delivered-To:"
#define DELIVERED_MAX 65536 /* bytes of Delivered-To addresses that are kept */

/* A message that ends early is an input error, as the pipe of one would say. */
static int
read_at(int fd, void *p, size_t n, uint64_t offset)
{
    int r = fd_pread_all(fd, p, n, offset);

    if (r < 0 && errno == EBADMSG)
        errno = EIO;
    return r;
}

/* Keeps the address of one header line when it is a Delivered-To. */
static void
take_line(struct message *m, const char *line, size_t n)
{
    const size_t name = sizeof(DELIVERED_TO) - 1;

    if (n <= name || strncasecmp(line, DELIVERED_TO, name) != 0)
        return;
    line += name;
    n -= name;
    for (; n > 0 && (*line == ' ' || *line == '\t'); line++, n--)
        ;
    for (; n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t' || line[n - 1] == '\r'); n--)
        ;
    if (buf_reserve(&m->delivered, n + 1) && buf_append(&m->delivered, line, n) == 0)
        buf_putc(&m->delivered, '\0');
}

void
message_scan(struct message *m)
{
    const char *p = m->content, *end = p + m->held, *eol;

    for (; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t)(end - p));
        if (!eol || eol == p || (eol == p + 1 && *p == '\r'))
            return;
        take_line(m, p, (size_t)(eol - p));
    }
}

int
message_open(struct message *m, int fd, uint64_t size, char *memory)
{
    m->fd = fd;
    m->size = size;
    m->content = memory;
    m->held = size < MESSAGE_BUFFER ? (size_t)size : MESSAGE_BUFFER;
    buf_init(&m->delivered, DELIVERED_MAX);
    if (read_at(fd, memory, m->held, 0) < 0)
        return -1;
    message_scan(m);
    return 0;
}

void
message_close(struct message *m)
{
    buf_free(&m->delivered);
}

int
message_is_loop(const struct message *m, const char *delivered_to)
{
    const char *p = buf_data(&m->delivered), *end = p + buf_len(&m->delivered);

    for (; p < end; p += strlen(p) + 1)
        if (str_ieq(p, delivered_to))
            return 1;
    return 0;
}

/* Both pieces with one system call where the kernel takes them. */
static int
write_two(int fd, const char *a, size_t na, const char *b, size_t nb)
{
    struct iovec iov[2];
    ssize_t n;
    size_t done;

    iov[0].iov_base = (void *)(uintptr_t)a;
    iov[0].iov_len = na;
    iov[1].iov_base = (void *)(uintptr_t)b;
    iov[1].iov_len = nb;
    n = writev(fd, iov, 2);
    if (n < 0 && errno != EINTR)
        return -1;
    done = n < 0 ? 0 : (size_t)n;
    if (done < na && fd_write_all(fd, a + done, na - done) < 0)
        return -1;
    done = done < na ? 0 : done - na;
    return done < nb ? fd_write_all(fd, b + done, nb - done) : 0;
}

int
message_copy(struct message *m, int fd, const char *header, size_t header_len)
{
    uint64_t at = m->held;
    size_t n;

    /* The buffer is at the beginning, unless a copy of a long message has moved it on. */
    if (m->size > MESSAGE_BUFFER && read_at(m->fd, m->content, m->held, 0) < 0)
        return -1;
    if (write_two(fd, header, header_len, m->content, m->held) < 0)
        return -1;
    for (; at < m->size; at += n) {
        n = m->size - at < MESSAGE_BUFFER ? (size_t)(m->size - at) : MESSAGE_BUFFER;
        if (read_at(m->fd, m->content, n, at) < 0 || fd_write_all(fd, m->content, n) < 0)
            return -1;
    }
    return 0;
}

/* Quoted as RFC 5322 wants it in a header; what is no address goes as it is. */
static int
put_address(struct buf *to, const char *text)
{
    struct address a;

    if (address_parse_plain(text, &a) == 0)
        return address_put_smtp(to, &a);
    return buf_puts(to, text);
}

char *
message_delivered_to(struct buf *to, const char *address)
{
    char *text;

    buf_reset(to);
    if (put_address(to, address) < 0)
        return NULL;
    text = buf_cstr(to);
    str_lower(text);
    return text;
}

int
message_header(struct buf *to, const char *sender, const char *delivered_to)
{
    buf_reset(to);
    buf_puts(to, "Return-Path: <");
    put_address(to, *sender ? sender : "MAILER-DAEMON");
    buf_puts(to, ">\n" DELIVERED_TO " ");
    buf_puts(to, delivered_to);
    buf_putc(to, '\n');
    return to->overflow ? -1 : 0;
}
