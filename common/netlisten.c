/* SPDX-License-Identifier: ISC */
/* Listening TCP sockets, as master.cf and inet_interfaces name them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "netaddr.h"
#include "strutil.h"

#define LISTEN_ADDRESSES 64 /* most addresses of one service */
#define LISTEN_NAME 256     /* room for a host or port name */

struct listen_set {
    unsigned port;
    int reuseport;
    int lenient; /* an address family that the kernel lacks is left out ("all", "loopback-only") */
    int n;
    struct netaddr addrs[LISTEN_ADDRESSES];
    char *err;
    size_t errsize;
};

/* For systems without /etc/services (small containers). */
static const struct listen_port {
    const char *name;
    unsigned port;
} listen_ports[] = {
    {"smtp", 25}, {"submission", 587}, {"submissions", 465}, {"smtps", 465}, {"pop3", 110}, {"pop3s", 995},
};

/* The number of a port, 0: no such port. */
static unsigned
listen_port_number(const char *name)
{
    const struct servent *entry;
    uint64_t number;
    size_t i;

    if (str_to_u64(name, 65535, &number) == 0)
        return (unsigned)number;
    entry = getservbyname(name, "tcp");
    if (entry != NULL)
        return ntohs((uint16_t)entry->s_port);
    for (i = 0; i < MR_NELEM(listen_ports); i++)
        if (str_ieq(name, listen_ports[i].name))
            return listen_ports[i].port;
    return 0;
}

/* Adds an address that is not there yet: two names may mean the same one. 0 or -1 (err filled). */
static int
listen_add(struct listen_set *set, struct netaddr *a)
{
    int i;

    a->port = set->port;
    for (i = 0; i < set->n; i++)
        if (a->family == set->addrs[i].family && memcmp(a->bytes, set->addrs[i].bytes, sizeof(a->bytes)) == 0)
            return 0;
    if (set->n == LISTEN_ADDRESSES) {
        snprintf(set->err, set->errsize, "more than %d addresses to listen on", LISTEN_ADDRESSES);
        return -1;
    }
    set->addrs[set->n++] = *a;
    return 0;
}

/* Adds the addresses of a host name or the address in text form. 0 or -1 (err filled). */
static int
listen_add_host(struct listen_set *set, const char *host)
{
    struct addrinfo hints, *list, *ai;
    struct netaddr a;
    int rc;

    if (netaddr_parse(&a, host) == 0)
        return listen_add(set, &a);
    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    rc = getaddrinfo(host, NULL, &hints, &list);
    if (rc != 0) {
        snprintf(set->err, set->errsize, "host %s: %s", host, gai_strerror(rc));
        return -1;
    }
    for (ai = list; rc == 0 && ai != NULL; ai = ai->ai_next)
        if (netaddr_from_sockaddr(&a, ai->ai_addr) == 0)
            rc = listen_add(set, &a);
    freeaddrinfo(list);
    return rc;
}

/* Adds what a value of inet_interfaces means. 0 or -1 (err filled). */
static int
listen_add_interfaces(struct listen_set *set, const char *value)
{
    static const char separators[] = ", \t\r\n";

    while (*(value += strspn(value, separators)) != '\0') {
        size_t len = strcspn(value, separators);
        char word[LISTEN_NAME];
        int rc;

        snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word) - 1), value);
        if (str_ieq(word, "all") || str_ieq(word, "loopback-only")) {
            int all = str_ieq(word, "all");

            set->lenient = 1;
            rc = listen_add_host(set, all ? "0.0.0.0" : "127.0.0.1") |
                 listen_add_host(set, all ? "::" : "::1");
        } else {
            rc = listen_add_host(set, word);
        }
        if (rc < 0)
            return -1;
        value += len;
    }
    return 0;
}

/* Splits "port", "host:port", "[v6]:port"; host is "" for a bare port. 0 or -1. */
static int
listen_split(const char *service, char host[LISTEN_NAME], char port[LISTEN_NAME])
{
    const char *colon = strrchr(service, ':');
    size_t len = colon ? (size_t)(colon - service) : 0;

    if (len >= LISTEN_NAME || strlen(service) >= LISTEN_NAME || (colon != NULL && len == 0))
        return -1;
    /* The colons of an address without brackets cannot be told from the port's. */
    if (colon != NULL && service[len - 1] != ']' && memchr(service, ':', len) != NULL)
        return -1;
    memcpy(host, service, len);
    host[len] = '\0';
    strcpy(port, colon ? colon + 1 : service);
    return 0;
}

/* fd or -1 (errno). */
static int
listen_open(const struct listen_set *set, const struct netaddr *a)
{
    struct sockaddr_storage ss;
    socklen_t len = netaddr_to_sockaddr(a, &ss);
    int on = 1, fd = netaddr_socket(a->family);

    if (fd < 0)
        return -1;
    /* Without it a restart fails while old connections are in TIME_WAIT; nothing worse. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
#ifdef SO_REUSEPORT
    /* Kernels before Linux 3.9 refuse it; the workers then share one socket. */
    if (set->reuseport)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
#else
    MR_UNUSED(set);
#endif
    if (a->family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&ss, len) == 0 && netaddr_listen_on(fd) == 0)
        return fd;
    return fd_close(fd, -1);
}

/* Opens every address of the set. How many sockets, or -1 (err filled) and none. */
static int
listen_open_all(const struct listen_set *set, int *fds, int max)
{
    char text[NETADDR_TEXT];
    int i, n = 0, family_missing = 0;

    for (i = 0; i < set->n && n < max; i++) {
        int fd = listen_open(set, &set->addrs[i]);

        if (fd >= 0) {
            fds[n++] = fd;
            continue;
        }
        family_missing = errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL;
        if (set->lenient && family_missing && set->addrs[i].family == AF_INET6 && n > 0)
            continue;
        netaddr_text(&set->addrs[i], text);
        snprintf(set->err, set->errsize, "bind [%s]:%u: %s", text, set->port, strerror(errno));
        break;
    }
    if (i == set->n && n > 0)
        return n;
    if (i == set->n || n == max)
        snprintf(set->err, set->errsize,
                 n ? "more than %d addresses to listen on" : "no address to listen on", max);
    while (n > 0)
        close(fds[--n]);
    return -1;
}

int
netaddr_listen(const char *service, const char *interfaces, int reuseport, int *fds, int max, char *err,
               size_t errsize)
{
    char host[LISTEN_NAME], port[LISTEN_NAME];
    struct listen_set set;

    memset(&set, 0, sizeof(set));
    set.reuseport = reuseport;
    set.err = err;
    set.errsize = errsize;
    if (listen_split(service, host, port) < 0 || (set.port = listen_port_number(port)) == 0) {
        snprintf(err, errsize, "not a port, host:port or [address]:port: %s", service);
        return -1;
    }
    if ((*host ? listen_add_host(&set, host) : listen_add_interfaces(&set, interfaces)) < 0)
        return -1;
    return listen_open_all(&set, fds, max);
}
