/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <unistd.h>

#include "fdcopy.h"
#include "strutil.h"

#define COPY_CHUNK 65536

int
fd_copy(int from, uint64_t at, int to, uint64_t n)
{
    static char chunk[COPY_CHUNK];
    ssize_t got;

    while (n > 0) {
        got = pread(from, chunk, n < sizeof(chunk) ? (size_t)n : sizeof(chunk), (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0) {
            errno = EBADMSG;
            return -1;
        }
        if (fd_write_all(to, chunk, (size_t)got) < 0)
            return -1;
        at += (uint64_t)got;
        n -= (uint64_t)got;
    }
    return 0;
}
