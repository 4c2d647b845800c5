/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conf_impl.h"

#include <ctype.h>
#include <string.h>

static int
is_separator(char c)
{
    return c == ',' || isspace((unsigned char)c);
}

const char *
conf_list_next(const char **pos, struct buf *item)
{
    const char *s = *pos, *end;
    size_t depth = 0;

    while (*s && is_separator(*s))
        s++;
    for (end = s; *end && (depth > 0 || !is_separator(*end)); end++) {
        if (*end == '{')
            depth++;
        else if (*end == '}' && depth > 0)
            depth--;
    }
    *pos = end;
    if (s == end)
        return NULL;
    if (*s == '{' && conf_find_close(s, '}') == end - 1) {
        for (s++, end--; s < end && isspace((unsigned char)*s); s++)
            ;
        while (end > s && isspace((unsigned char)end[-1]))
            end--;
    }
    buf_reset(item);
    (void)buf_append(item, s, (size_t)(end - s)); /* over the cap: "", which no user takes for a good item */
    return buf_cstr(item);
}
