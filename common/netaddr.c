/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "netaddr.h"

static const unsigned char netaddr_mapped[12] = {0, 0, 0, 0, 0,    0,
                                                 0, 0, 0, 0, 0xff, 0xff}; /* ::ffff:0:0/96 */

static void
netaddr_set_v4(struct netaddr *a, const void *bytes)
{
    a->family = AF_INET;
    memcpy(a->bytes, bytes, 4);
}

static void
netaddr_set_v6(struct netaddr *a, const void *bytes)
{
    if (memcmp(bytes, netaddr_mapped, sizeof(netaddr_mapped)) == 0) {
        netaddr_set_v4(a, (const char *)bytes + sizeof(netaddr_mapped));
        return;
    }
    a->family = AF_INET6;
    memcpy(a->bytes, bytes, 16);
}

int
netaddr_from_sockaddr(struct netaddr *a, const struct sockaddr *sa)
{
    const struct sockaddr_in *sin = (const void *)sa;
    const struct sockaddr_in6 *sin6 = (const void *)sa;

    memset(a, 0, sizeof(*a));
    switch (sa->sa_family) {
    case AF_INET:
        netaddr_set_v4(a, &sin->sin_addr);
        a->port = ntohs(sin->sin_port);
        return 0;
    case AF_INET6:
        netaddr_set_v6(a, &sin6->sin6_addr);
        a->port = ntohs(sin6->sin6_port);
        return 0;
    case AF_UNIX:
        a->family = AF_UNIX;
        return 0;
    default:
        return -1;
    }
}

socklen_t
netaddr_to_sockaddr(const struct netaddr *a, struct sockaddr_storage *ss)
{
    struct sockaddr_in *sin = (void *)ss;
    struct sockaddr_in6 *sin6 = (void *)ss;

    memset(ss, 0, sizeof(*ss));
    ss->ss_family = (sa_family_t)a->family;
    if (a->family == AF_INET) {
        memcpy(&sin->sin_addr, a->bytes, 4);
        sin->sin_port = htons((uint16_t)a->port);
        return sizeof(*sin);
    }
    memcpy(&sin6->sin6_addr, a->bytes, 16);
    sin6->sin6_port = htons((uint16_t)a->port);
    return sizeof(*sin6);
}

void
netaddr_text(const struct netaddr *a, char text[NETADDR_TEXT])
{
    if (a->family == AF_UNIX || inet_ntop(a->family, a->bytes, text, NETADDR_TEXT) == NULL)
        strcpy(text, "local");
}

int
netaddr_parse(struct netaddr *a, const char *text)
{
    char plain[NETADDR_TEXT];
    size_t len = strlen(text);
    unsigned char bytes[16];

    if (*text == '[') {
        if (text[len - 1] != ']')
            return -1;
        text++;
        len -= 2;
    }
    if (len >= sizeof(plain))
        return -1;
    memcpy(plain, text, len);
    plain[len] = '\0';
    memset(a, 0, sizeof(*a));
    if (inet_pton(AF_INET, plain, bytes) == 1)
        netaddr_set_v4(a, bytes);
    else if (inet_pton(AF_INET6, plain, bytes) == 1)
        netaddr_set_v6(a, bytes);
    else
        return -1;
    return 0;
}
