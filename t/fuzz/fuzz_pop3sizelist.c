/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sizelist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_list(const struct sizelist *l, struct buf *to)
{
    size_t i;

    sizelist_put_head(to, l->next_uid, l->uidv);
    for (i = 0; i < l->n; i++) {
        if (l->entries[i].uid >= l->next_uid ||
            (i > 0 && sizelist_compare(l->entries[i - 1].name, l->entries[i].name) > 0))
            abort();
        sizelist_put(to, &l->entries[i]);
    }
}

/* What was read and is written again reads as the same list. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sizelist l, m;
    struct buf text, once, copy, twice;

    buf_init(&text, size + 1);
    buf_init(&once, 32 * size + 128);
    buf_init(&copy, 32 * size + 128);
    buf_init(&twice, 32 * size + 128);
    buf_append(&text, data, size);
    if (sizelist_parse(&l, buf_data(&text), buf_len(&text)) == 0) {
        write_list(&l, &once);
        buf_append(&copy, buf_data(&once), buf_len(&once));
        if (sizelist_parse(&m, buf_data(&copy), buf_len(&copy)) < 0)
            abort();
        write_list(&m, &twice);
        if (m.n != l.n || buf_len(&once) != buf_len(&twice))
            abort();
        sizelist_free(&m);
    }
    sizelist_free(&l);
    buf_free(&text);
    buf_free(&once);
    buf_free(&copy);
    buf_free(&twice);
    return 0;
}
