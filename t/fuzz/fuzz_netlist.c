/* SPDX-License-Identifier: ISC */
/* Lists of networks and addresses in text form. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "mem.h"
#include "netaddr.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = mem_strndup((const char *)data, n), form[NETADDR_TEXT], bad[NETADDR_TEXT] = "";
    struct netlist *l = netlist_new(text, bad);
    struct netaddr a, again;

    if (l == NULL && *bad == '\0')
        abort();
    if (netaddr_parse(&a, text) == 0) {
        netaddr_text(&a, form);
        if (netaddr_parse(&again, form) < 0 || memcmp(&a, &again, sizeof(a)) != 0)
            abort();
        /* an address is a list of one */
        if (l == NULL || netlist_match(l, &a) != 1)
            abort();
    }
    if (l != NULL && netaddr_parse(&a, "10.1.2.3") == 0)
        netlist_match(l, &a);
    netlist_free(l);
    mem_free(text);
    return 0;
}
