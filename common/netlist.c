/* SPDX-License-Identifier: ISC */
/* Lists of networks, as in mynetworks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "mem.h"
#include "netaddr.h"
#include "strutil.h"

struct netlist_item {
    struct netaddr net;
    unsigned bits; /* length of the prefix */
    int negated;
};

struct netlist {
    size_t n, room;
    struct netlist_item *items;
};

/* The first `bits` bits of both are equal. */
static int
netlist_prefix_eq(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(a, b, bits / 8) != 0)
        return 0;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

static int
netlist_has_host_bits(const struct netlist_item *item)
{
    unsigned char net[16] = {0};
    unsigned whole = item->bits / 8, rest = item->bits % 8;

    memcpy(net, item->net.bytes, whole);
    if (rest != 0)
        net[whole] = (unsigned char)(item->net.bytes[whole] & 0xff << (8 - rest));
    return memcmp(net, item->net.bytes, sizeof(net)) != 0;
}

/* "net" or "net/bits", any number of '!' in front. 0 or -1. */
static int
netlist_parse_item(char *text, struct netlist_item *item)
{
    unsigned mapped, most;
    uint64_t bits;
    char *slash;

    for (item->negated = 0; *text == '!'; text++)
        item->negated = !item->negated;
    slash = strchr(text, '/');
    if (slash != NULL)
        *slash = '\0';
    if (netaddr_parse(&item->net, text) < 0)
        return -1;
    /* A network of IPv4-mapped addresses counts its bits from the front of the IPv6 form. */
    mapped = item->net.family == AF_INET && strchr(text, ':') != NULL ? 96 : 0;
    most = item->net.family == AF_INET ? 32 + mapped : 128;
    bits = most;
    if (slash != NULL && (str_to_u64(slash + 1, most, &bits) < 0 || bits < mapped))
        return -1;
    item->bits = (unsigned)bits - mapped;
    return netlist_has_host_bits(item) ? -1 : 0;
}

static struct netlist_item *
netlist_grow(struct netlist *l)
{
    if (l->n == l->room) {
        l->room = l->room ? l->room * 2 : 8;
        l->items = mem_realloc(l->items, l->room * sizeof(*l->items));
    }
    return &l->items[l->n];
}

struct netlist *
netlist_new(const char *value, char bad_r[NETADDR_TEXT])
{
    static const char separators[] = ", \t\r\n";
    struct netlist *l = mem_alloc(sizeof(*l));

    while (*(value += strspn(value, separators)) != '\0') {
        size_t len = strcspn(value, separators);
        char *item = mem_strndup(value, len);
        int rc = netlist_parse_item(item, netlist_grow(l));

        mem_free(item);
        if (rc < 0) {
            if (len >= NETADDR_TEXT)
                len = NETADDR_TEXT - 1;
            memcpy(bad_r, value, len);
            bad_r[len] = '\0';
            netlist_free(l);
            return NULL;
        }
        l->n++;
        value += len;
    }
    return l;
}

void
netlist_free(struct netlist *l)
{
    if (l != NULL)
        mem_free(l->items);
    mem_free(l);
}

int
netlist_match(const struct netlist *l, const struct netaddr *a)
{
    size_t i;

    for (i = 0; i < l->n; i++) {
        const struct netlist_item *item = &l->items[i];

        if (item->net.family == a->family && netlist_prefix_eq(item->net.bytes, a->bytes, item->bits))
            return !item->negated;
    }
    return 0;
}
