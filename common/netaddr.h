/* SPDX-License-Identifier: ISC */
/* Network addresses: text forms, lists as in mynetworks, listening sockets. */
#ifndef MR_NETADDR_H
#define MR_NETADDR_H

#include "buf.h"

#include <sys/socket.h>

#define NETADDR_TEXT 64

struct netaddr {
    int family; /* AF_INET, AF_INET6, or AF_UNIX (no bytes) */
    unsigned char bytes[16];
    unsigned port;
};

/* IPv4-mapped IPv6 becomes IPv4. 0 or -1 (other family). */
int netaddr_from_sockaddr(struct netaddr *a, const struct sockaddr *sa);
/* The other way, for AF_INET and AF_INET6. Returns the length for bind(2) and connect(2). */
socklen_t netaddr_to_sockaddr(const struct netaddr *a, struct sockaddr_storage *ss);
/* "127.0.0.1", "::1" (RFC 5952 form). */
void netaddr_text(const struct netaddr *a, char text[NETADDR_TEXT]);
/* From text, without or with brackets. 0 or -1. */
int netaddr_parse(struct netaddr *a, const char *text);

/* A list in mynetworks' syntax: 127.0.0.1, 10.0.0.0/22, [::1]/128, !net. */
struct netlist;
/* NULL with the bad item in bad_r (NETADDR_TEXT bytes) when there is one; host names and tables are not taken.
 * A network with host bits (10.103.12.0/22 is fine, 10.103.12.1/22 is not): Postfix refuses; so do we. */
struct netlist *netlist_new(const char *value, char bad_r[NETADDR_TEXT]);
void netlist_free(struct netlist *l);
/* 1: in it; 0: not, or excluded by an earlier !item. First match wins. */
int netlist_match(const struct netlist *l, const struct netaddr *a);

/* A stream socket, non-blocking and close-on-exec. fd or -1 (errno). */
int netaddr_socket(int family);
/* The next connection of a listening socket, non-blocking and close-on-exec; peer may be NULL. fd or -1 (errno). */
int netaddr_accept(int listener, struct netaddr *peer);
/* listen(2) with the suite's backlog. 0 or -1 (errno). */
int netaddr_listen_on(int fd);

/* Bound, listening, non-blocking, close-on-exec TCP sockets for master.cf's "port", "host:port", "[v6]:port".
 * interfaces: value of inet_interfaces ("all", "loopback-only", addresses) for a bare port. Fills fds[max],
 * returns how many, -1 (err filled). reuseport: set SO_REUSEPORT where the kernel has it. */
int netaddr_listen(const char *service, const char *interfaces, int reuseport, int *fds, int max, char *err, size_t errsize);
/* A bound, listening, non-blocking, close-on-exec UNIX stream socket at path with that mode, made under a
 * temporary name and renamed. Paths longer than sun_path are reached through their directory. fd or -1 (errno). */
int unix_listen(const char *path, unsigned mode);
/* Connected UNIX stream socket, non-blocking and close-on-exec. Never waits: EAGAIN when the listener's
 * queue is full. fd or -1 (errno). */
int unix_connect(const char *path);

#endif
