/* SPDX-License-Identifier: ISC */
/* Defaults that depend on the host: myhostname, mydomain, mynetworks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"
#include "mem.h"
#include "netaddr.h"
#include "strutil.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_NAME_SIZE 256
#define MAX_NETWORKS (64 * 1024)

static void
host_name(char name[HOST_NAME_SIZE])
{
    if (gethostname(name, HOST_NAME_SIZE) < 0 || !name[0])
        snprintf(name, HOST_NAME_SIZE, "localhost");
    name[HOST_NAME_SIZE - 1] = '\0';
}

/* The host's name; where that has no domain, with mydomain when it is set, else with localdomain, as Postfix.
 */
static char *
default_myhostname(struct conf *c)
{
    char host[HOST_NAME_SIZE];
    const struct conf_entry *domain = conf_entry_find(c, "mydomain");
    struct conf_error err;
    const char *value = NULL;
    struct buf name;
    char *copy;

    host_name(host);
    if (strchr(host, '.'))
        return mem_strdup(host);
    if (domain && domain->raw)
        value = conf_entry_expand(c, conf_entry_get(c, "mydomain"), &err);
    buf_init(&name, CONF_MAX_VALUE + HOST_NAME_SIZE);
    buf_printf(&name, "%s.%s", host, value && *value ? value : "localdomain");
    copy = mem_strdup(buf_cstr(&name));
    buf_free(&name);
    return copy;
}

/* What follows the first dot of myhostname; of the host's name where myhostname is made from mydomain. */
static char *
default_mydomain(struct conf *c)
{
    char host[HOST_NAME_SIZE];
    struct conf_error err;
    const char *name = conf_entry_expand(c, conf_entry_get(c, "myhostname"), &err), *dot;

    host_name(host);
    dot = strchr(name ? name : host, '.');
    return mem_strdup(dot && dot[1] ? dot + 1 : "localdomain");
}

/* How many bits of a belong to its network. */
static int
prefix_bits(const struct netaddr *a, const struct sockaddr *mask, const char *style)
{
    struct netaddr m;
    int bits = 0, most = a->family == AF_INET ? 32 : 128;
    unsigned char first = a->bytes[0];

    if (str_ieq(style, "class") && a->family == AF_INET)
        return first < 128 ? 8 : first < 192 ? 16 : first < 224 ? 24 : 32;
    if (str_ieq(style, "host") || !mask || netaddr_from_sockaddr(&m, mask) < 0 || m.family != a->family)
        return most;
    while (bits < most && (m.bytes[bits / 8] & (0x80 >> bits % 8)))
        bits++;
    return bits;
}

static void
put_network(struct buf *to, const struct ifaddrs *i, const char *style, const char *interfaces)
{
    struct netaddr a;
    char text[NETADDR_TEXT];
    int bits, b;

    if (!i->ifa_addr || !(i->ifa_flags & IFF_UP) || netaddr_from_sockaddr(&a, i->ifa_addr) < 0)
        return;
    netaddr_text(&a, text);
    if (!(i->ifa_flags & IFF_LOOPBACK) && !str_in_list(interfaces, "all") && !str_in_list(interfaces, text))
        return;
    bits = prefix_bits(&a, i->ifa_netmask, style);
    for (b = bits; b < (a.family == AF_INET ? 32 : 128); b++)
        a.bytes[b / 8] = (unsigned char)(a.bytes[b / 8] & ~(0x80 >> b % 8));
    netaddr_text(&a, text);
    buf_printf(to, a.family == AF_INET ? "%s%s/%d" : "%s[%s]/%d", buf_len(to) ? " " : "", text, bits);
}

static char *
default_mynetworks(struct conf *c)
{
    struct conf_error err;
    const char *style = conf_entry_expand(c, conf_entry_get(c, "mynetworks_style"), &err);
    const char *interfaces = conf_entry_expand(c, conf_entry_get(c, "inet_interfaces"), &err);
    struct ifaddrs *all = NULL, *i;
    struct buf list;
    char *copy;

    buf_init(&list, MAX_NETWORKS);
    if (getifaddrs(&all) == 0) {
        for (i = all; i; i = i->ifa_next)
            put_network(&list, i, style ? style : "host", interfaces ? interfaces : "loopback-only");
        freeifaddrs(all);
    }
    if (buf_len(&list) == 0)
        buf_puts(&list, "127.0.0.1/32 [::1]/128");
    copy = mem_strdup(buf_cstr(&list));
    buf_free(&list);
    return copy;
}

char *
conf_default(struct conf *c, const struct param *p)
{
    if (!strcmp(p->name, "myhostname"))
        return default_myhostname(c);
    if (!strcmp(p->name, "mydomain"))
        return default_mydomain(c);
    return default_mynetworks(c);
}
