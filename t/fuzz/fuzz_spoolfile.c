/* SPDX-License-Identifier: ISC */
/* The reader of spool files. The first byte says whether the checksums are made right, to get behind them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdlib.h>
#include <string.h>

#include "crc32.h"
#include "spoolfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_be32(unsigned char *p, uint32_t v)
{
    p[0] = (unsigned char)(v >> 24);
    p[1] = (unsigned char)(v >> 16);
    p[2] = (unsigned char)(v >> 8);
    p[3] = (unsigned char)v;
}

/* A header for n bytes behind it, of which the tail are one recipient's state and slot. */
static void
make_header(unsigned char *p, size_t n)
{
    size_t tail = SPOOL_HEADER + SPOOL_STATE + SPOOL_SLOT;
    uint32_t len = n > tail ? (uint32_t)(n - tail) : 0;

    memcpy(p, "mrspool\n\0\0\0\1", 12);
    put_be32(p + 12, len);
    put_be32(p + 16, 1);
    put_be32(p + 28, crc32_sum(p + SPOOL_HEADER, len));
    put_be32(p + 32, crc32_sum(p, 32));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope e;
    struct buf again;
    struct spool_layout l;
    unsigned char *copy;
    size_t i;

    if (size < 1 + SPOOL_HEADER)
        return 0;
    copy = malloc(size - 1);
    memcpy(copy, data + 1, size - 1);
    if (data[0] & 1)
        make_header(copy, size - 1);
    envelope_init(&e);
    if (spoolfile_decode(copy, size - 1, &e) == 0) { /* then it can be written, and is read back */
        buf_init(&again, SPOOL_MAX_FRONT);
        if (spoolfile_encode(&again, &e, &l) < 0)
            abort();
        for (i = 0; i < e.nrcpt; i++)
            if (strlen(e.rcpt[i].dsn) >= DSN_SIZE)
                abort();
        envelope_free(&e);
        envelope_init(&e);
        if (spoolfile_decode(buf_data(&again), buf_len(&again), &e) < 0)
            abort();
        buf_free(&again);
    }
    envelope_free(&e);
    free(copy);
    return 0;
}
