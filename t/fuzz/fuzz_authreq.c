/* SPDX-License-Identifier: ISC */
/* A request on the authdaemon socket, as it arrives: byte for byte, then the end. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <string.h>

#include "authreq.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct authreq r;
    size_t n, step = size > 64 ? 17 : 1;

    for (n = 0; n <= size; n += step) {
        char *copy = mem_strndup((const char *)data, n);
        enum authreq_kind kind = authreq_parse(copy, n, n == size, &r);

        if (kind == AUTHREQ_AUTH && (!*r.user || !*r.password || !r.service))
            __builtin_trap();
        if (kind == AUTHREQ_PRE && (!*r.user || !r.module))
            __builtin_trap();
        mem_free(copy);
        if (kind != AUTHREQ_MORE)
            break;
    }
    return 0;
}
