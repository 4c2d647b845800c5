/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "mem.h"

#include "slot.h"

static unsigned
count_ip(const struct slots *t, const char *ip)
{
    const struct slot *s;
    unsigned n = 0;

    for (s = t->head; s; s = s->next)
        n += strcmp(s->ip, ip) == 0;
    return n;
}

struct slot *
slots_add(struct slots *t, const char *ip, struct chan *from, uint32_t admission)
{
    struct slot *s;

    if (t->n >= t->max || count_ip(t, ip) >= t->max_per_ip)
        return NULL;
    s = mem_alloc(sizeof(*s));
    snprintf(s->ip, sizeof(s->ip), "%s", ip);
    s->from = from;
    s->admission = admission;
    s->next = t->head;
    s->back = &t->head;
    if (s->next)
        s->next->back = &s->next;
    t->head = s;
    t->n++;
    return s;
}

void
slots_remove(struct slots *t, struct slot *s)
{
    *s->back = s->next;
    if (s->next)
        s->next->back = s->back;
    t->n--;
    mem_free(s);
}

struct slot *
slots_find(const struct slots *t, const struct chan *from, uint32_t admission)
{
    struct slot *s;

    for (s = t->head; s; s = s->next)
        if (s->pid == 0 && s->from == from && s->admission == admission)
            return s;
    return NULL;
}

struct slot *
slots_find_pid(const struct slots *t, pid_t pid)
{
    struct slot *s;

    for (s = t->head; s && s->pid != pid; s = s->next)
        ;
    return s;
}
