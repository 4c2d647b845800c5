/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "strutil.h"
#include "ticket.h"

struct ticket {
    unsigned char secret[PROTO_TICKET / 2 - 4]; /* behind the number of the slot */
    double until;                               /* 0: free */
    uint32_t uid, gid;
    char *address, *home, *maildir;
};

struct tickets {
    struct ticket slot[TICKET_SLOTS];
    uint32_t next;
};

struct tickets *
tickets_new(void)
{
    return mem_alloc(sizeof(struct tickets));
}

static void
ticket_clear(struct ticket *k)
{
    mem_free(k->address);
    mem_free(k->home);
    mem_free(k->maildir);
    mem_wipe(k, sizeof(*k));
}

void
tickets_free(struct tickets *t)
{
    size_t i;

    for (i = 0; i < TICKET_SLOTS; i++)
        ticket_clear(&t->slot[i]);
    mem_free(t);
}

static void
ticket_text(const struct ticket *k, uint32_t number, char text[PROTO_TICKET + 1])
{
    snprintf(text, PROTO_TICKET + 1, "%08lx", (unsigned long)number);
    str_hex(text + 8, k->secret, sizeof(k->secret));
}

void
ticket_issue(struct tickets *t, const struct mailbox *m, double now, char text[PROTO_TICKET + 1])
{
    uint32_t number = t->next++ % TICKET_SLOTS;
    struct ticket *k = &t->slot[number];

    ticket_clear(k);
    random_bytes(k->secret, sizeof(k->secret));
    k->until = now + TICKET_SECONDS;
    k->uid = m->uid;
    k->gid = m->gid;
    k->address = mem_strdup(m->address);
    k->home = mem_strdup(m->home);
    k->maildir = mem_strdup(m->maildir);
    ticket_text(k, number, text);
}

enum lookup_status
ticket_redeem(struct tickets *t, const char *text, double now, struct arena *arena, struct mailbox *m)
{
    char mine[PROTO_TICKET + 1];
    unsigned long number;
    struct ticket *k;
    enum lookup_status st = LOOKUP_NONE;

    if (strlen(text) != PROTO_TICKET || sscanf(text, "%8lx", &number) != 1 || number >= TICKET_SLOTS)
        return LOOKUP_NONE;
    k = &t->slot[number];
    ticket_text(k, (uint32_t)number, mine);
    if (k->until == 0 || !mem_equal_secret(mine, text, PROTO_TICKET))
        return LOOKUP_NONE;
    if (k->until >= now) {
        m->uid = k->uid;
        m->gid = k->gid;
        m->address = arena_strdup(arena, k->address);
        m->home = arena_strdup(arena, k->home);
        m->maildir = arena_strdup(arena, k->maildir);
        m->quota = "";
        st = m->address && m->home && m->maildir ? LOOKUP_OK : LOOKUP_TEMP;
    }
    ticket_clear(k);
    return st;
}

size_t
tickets_open(const struct tickets *t, double now)
{
    size_t i, n = 0;

    for (i = 0; i < TICKET_SLOTS; i++)
        n += t->slot[i].until >= now && t->slot[i].until != 0;
    return n;
}
