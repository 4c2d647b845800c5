/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "take.h"

int
take_str(struct frame *f, struct arena *a, const char **s_r, size_t max)
{
    const char *s;

    if (frame_get_str(f, &s, max) < 0 || !(s = arena_strdup(a, s)))
        return -1;
    *s_r = s;
    return 0;
}
