/* SPDX-License-Identifier: ISC */
/* Any bytes as frames, read by getters that the first byte chooses. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
get_one(struct frame *f, unsigned which)
{
    uint32_t u;
    uint64_t v;
    const char *s;
    const void *p;
    size_t n;
    int fd;

    switch (which % 5) {
    case 0:
        return frame_get_u32(f, &u);
    case 1:
        return frame_get_u64(f, &v);
    case 2:
        return frame_get_str(f, &s, 100) < 0 || strlen(s) > 100 ? -1 : 0;
    case 3:
        return frame_get_blob(f, &p, &n, 1000);
    default:
        return frame_get_fd(f, &fd);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf in;
    struct frame f;
    size_t used;
    unsigned order;
    int nfds = 0;

    if (size < 1)
        return 0;
    order = data[0];
    buf_init(&in, FRAME_MAX);
    buf_append(&in, data + 1, size - 1 < FRAME_MAX ? size - 1 : FRAME_MAX);
    while (frame_parse(&in, NULL, &nfds, &f, &used) == 1) {
        while (get_one(&f, order++) == 0)
            ;
        buf_consume(&in, used);
    }
    buf_free(&in);
    return 0;
}
