/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "maildir.h"
#include "mem.h"

#include "sizelist.h"

/* Digits at *p, at most max; moves behind them. 0 or -1. */
static int
take_number(const char **p, uint64_t max, uint64_t *v_r)
{
    uint64_t v = 0;
    const char *s = *p;

    if (*s < '0' || *s > '9')
        return -1;
    for (; *s >= '0' && *s <= '9'; s++) {
        unsigned digit = (unsigned)(*s - '0');

        if (digit > max || v > (max - digit) / 10)
            return -1;
        v = v * 10 + digit;
    }
    *v_r = v;
    *p = s;
    return 0;
}

/* ":number" at *p; nothing there leaves 0. */
static int
take_colon_number(const char **p, uint64_t max, uint64_t *v_r)
{
    *v_r = 0;
    if (**p != ':')
        return 0;
    ++*p;
    return take_number(p, max, v_r);
}

static int
parse_head(struct sizelist *l, const char *p)
{
    uint64_t version, next, uidv = 0;

    if (*p++ != '/' || take_number(&p, 3, &version) < 0 || version < 1 || *p++ != ' ' ||
        take_number(&p, SIZELIST_UID_MAX - 1, &next) < 0)
        return -1;
    if (*p == ' ') {
        p++;
        if (take_number(&p, SIZELIST_UID_MAX, &uidv) < 0)
            return -1;
    } else if (version > 1) {
        return -1;
    }
    if (*p)
        return -1;
    l->next_uid = next ? (uint32_t)next : 1;
    l->uidv = (uint32_t)uidv;
    l->old_format = version < 3;
    return 0;
}

static int
valid_name(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= MAILDIR_NAME_MAX && *name != '.' && !strchr(name, '/');
}

/* "name size uid:uidv:utf8"; a name may have blanks in it, so the fields are looked for from the end. */
static int
parse_entry(struct sizelist_entry *e, char *line)
{
    char *uids = strrchr(line, ' '), *size;
    const char *p;
    uint64_t uid, uidv, utf8;

    if (!uids)
        return -1;
    *uids++ = '\0';
    size = strrchr(line, ' ');
    if (!size)
        return -1;
    *size++ = '\0';
    p = size;
    if (take_number(&p, SIZELIST_SIZE_MAX, &e->size) < 0 || *p)
        return -1;
    p = uids;
    if (take_number(&p, SIZELIST_UID_MAX - 2, &uid) < 0 ||
        take_colon_number(&p, SIZELIST_UID_MAX, &uidv) < 0 || take_colon_number(&p, 1, &utf8) < 0 || *p ||
        uid == 0 || !valid_name(line))
        return -1;
    e->name = line;
    e->uid = (uint32_t)uid;
    e->uidv = (uint32_t)uidv;
    e->utf8 = (int)utf8;
    return 0;
}

/* The next line of *text, NUL put at its end; NULL at the end. A last line without LF was cut off and is
 * none. */
static char *
next_line(char **text, char *end)
{
    char *line = *text, *lf;

    do {
        line = *text;
        lf = line < end ? memchr(line, '\n', (size_t)(end - line)) : NULL;
        if (!lf)
            return NULL;
        *lf = '\0';
        *text = lf + 1;
    } while (strlen(line) != (size_t)(lf - line)); /* a NUL inside */
    return line;
}

int
sizelist_compare(const char *a, const char *b)
{
    uint64_t ta = maildir_name_time(a), tb = maildir_name_time(b);
    size_t na, nb;
    int c;

    if (ta != tb)
        return ta < tb ? -1 : 1;
    na = strcspn(a, ":");
    nb = strcspn(b, ":");
    c = memcmp(a, b, na < nb ? na : nb);
    if (c != 0)
        return c;
    return na == nb ? 0 : na < nb ? -1 : 1;
}

static int
compare_entries(const void *a, const void *b)
{
    return sizelist_compare(((const struct sizelist_entry *)a)->name,
                            ((const struct sizelist_entry *)b)->name);
}

static void
sort_entries(struct sizelist *l)
{
    size_t i;

    /* As a rule it was written in order. */
    for (i = 1; i < l->n; i++) {
        if (compare_entries(&l->entries[i - 1], &l->entries[i]) > 0) {
            qsort(l->entries, l->n, sizeof(*l->entries), compare_entries);
            return;
        }
    }
}

int
sizelist_parse(struct sizelist *l, char *text, size_t len)
{
    char *end = text + len, *line;
    size_t room = 0;

    memset(l, 0, sizeof(*l));
    l->next_uid = 1;
    line = next_line(&text, end);
    if (!line || parse_head(l, line) < 0)
        return -1;
    while ((line = next_line(&text, end)) != NULL) {
        if (l->n == room) {
            room = room ? 2 * room : 64;
            l->entries = mem_realloc(l->entries, room * sizeof(*l->entries));
        }
        if (parse_entry(&l->entries[l->n], line) < 0)
            continue;
        /* A list that says otherwise would give one id to two messages. */
        if (l->entries[l->n].uid >= l->next_uid)
            l->next_uid = l->entries[l->n].uid + 1;
        l->n++;
    }
    sort_entries(l);
    return 0;
}

void
sizelist_free(struct sizelist *l)
{
    MEM_FREE(l->entries);
    l->n = 0;
}

void
sizelist_put_head(struct buf *to, uint32_t next_uid, uint32_t uidv)
{
    buf_printf(to, "/3 %" PRIu32 " %" PRIu32 "\n", next_uid, uidv);
}

void
sizelist_put(struct buf *to, const struct sizelist_entry *e)
{
    buf_printf(to, "%s %" PRIu64 " %" PRIu32 ":%" PRIu32 ":%d\n", e->name, e->size, e->uid, e->uidv, e->utf8);
}
