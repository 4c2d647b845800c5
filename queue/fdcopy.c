/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "fdcopy.h"
#include "strutil.h"

#define COPY_CHUNK 65536

int
fd_copy(int from, uint64_t at, int to, uint64_t n)
{
    static char chunk[COPY_CHUNK];
    size_t part;

    for (; n > 0; at += part, n -= part) {
        part = n < sizeof(chunk) ? (size_t)n : sizeof(chunk);
        if (fd_pread_all(from, chunk, part, at) < 0 || fd_write_all(to, chunk, part) < 0)
            return -1;
    }
    return 0;
}
