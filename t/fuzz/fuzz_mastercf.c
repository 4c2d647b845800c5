/* SPDX-License-Identifier: ISC */
/* master.cf: reading, handing on; and the bytes that a worker gets. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "mastercf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf_error err;
    struct mastercf *m = mastercf_parse("master.cf", (const char *)data, size, &err);
    struct mastercf_entry *e;
    struct buf packed;
    size_t i;

    buf_init(&packed, 1 << 26);
    for (i = 0; m && i < m->n; i++) {
        buf_reset(&packed);
        mastercf_entry_pack(&m->entries[i], &packed);
        e = mastercf_entry_unpack(buf_data(&packed), buf_len(&packed));
        if (!e)
            abort(); /* what we pack is well-formed */
        mastercf_entry_free(e);
    }
    buf_free(&packed);
    mastercf_free(m);
    mastercf_entry_free(mastercf_entry_unpack(data, size));
    return 0;
}
