/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "path.h"

/* Appends the parts of `from` to path, which holds *len bytes. */
static int
path_append(char path[PROTO_MAX_PATH + 1], size_t *len, const char *from)
{
    while (*from) {
        size_t n = strcspn(from, "/");

        if (n == 2 && memcmp(from, "..", 2) == 0)
            return -1;
        if (n > 0 && !(n == 1 && *from == '.')) {
            if (*len + 1 + n > PROTO_MAX_PATH)
                return -1;
            path[(*len)++] = '/';
            memcpy(path + *len, from, n);
            *len += n;
        }
        from += n + (from[n] == '/');
    }
    return 0;
}

int
path_maildir(char path[PROTO_MAX_PATH + 1], const char *home, const char *maildir)
{
    size_t len = 0;

    if (*home != '/')
        return -1;
    if (*maildir != '/' && path_append(path, &len, home) < 0)
        return -1;
    if (path_append(path, &len, *maildir ? maildir : "Maildir") < 0 || len == 0)
        return -1;
    path[len] = '\0';
    return 0;
}

uint32_t
path_hash(const char *path)
{
    uint32_t h = 2166136261u; /* FNV-1a */

    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * 16777619u;
    return h ^ h >> 16;
}
