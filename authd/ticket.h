/* SPDX-License-Identifier: ISC */
/*
 * Tickets: who has logged in on pop3d's network process gets one, and its session parent, which does not
 * trust that process, learns from us whose mailbox it opens. Good once, for TICKET_SECONDS.
 */
#ifndef MR_TICKET_H
#define MR_TICKET_H

#include "proto.h"

#include "directory.h"

#define TICKET_SECONDS 30
#define TICKET_SLOTS 4096 /* tickets not redeemed yet; with more, the oldest is lost */

struct tickets;

/* All tickets not redeemed yet. Freeing them wipes them. */
struct tickets *tickets_new(void);
void tickets_free(struct tickets *t);
/* Makes a ticket for m (copied); its text with NUL goes to text. now: seconds of a clock that never goes
 * back. */
void ticket_issue(struct tickets *t, const struct mailbox *m, double now, char text[PROTO_TICKET + 1]);
/* The mailbox of a ticket, which is no more good after it; strings in the arena. LOOKUP_NONE: no such ticket.
 */
enum lookup_status ticket_redeem(struct tickets *t, const char *text, double now, struct arena *arena,
                                 struct mailbox *m);
/* How many are not redeemed yet. */
size_t tickets_open(const struct tickets *t, double now);

#endif
