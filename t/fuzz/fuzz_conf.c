/* SPDX-License-Identifier: ISC */
/* main.cf: reading, checking, handing on; and the bytes that a worker gets. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
ignore(void *arg, const char *name, const char *raw)
{
    struct buf item;
    const char *pos = raw;

    (void)arg;
    (void)name;
    buf_init(&item, 64);
    while (conf_list_next(&pos, &item))
        ;
    buf_free(&item);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conf *c = conf_new(), *copy;
    struct conf_error err;
    struct buf packed;

    if (conf_parse(c, "main.cf", (const char *)data, size, &err) == 0) {
        buf_init(&packed, 1 << 26);
        conf_check(c, &err);
        conf_each(c, 0, ignore, NULL);
        conf_pack(c, &packed);
        copy = conf_unpack(buf_data(&packed), buf_len(&packed));
        if (!copy)
            abort(); /* what we pack is well-formed */
        conf_free(copy);
        buf_free(&packed);
    }
    conf_free(c);
    conf_free(conf_unpack(data, size));
    return 0;
}
