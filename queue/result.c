/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "delays.h"
#include "log.h"
#include "queue.h"
#include "result.h"
#include "strutil.h"

static const struct {
    unsigned code;
    const char *status, *dsn;
} outcomes[] = {
    {500, "bounced", "5.3.0"}, /* an outcome that does not exist cannot come here */
    {200, "sent", "2.0.0"},
    {400, "deferred", "4.3.0"},
    {500, "bounced", "5.3.0"},
};

/* "0.04, delays=0.01/0.01/0/0.01": in all; before the queue had it, waiting, connecting, delivering. */
static void
log_result(const struct message *m, const struct recipient *r, const char *status)
{
    const struct queue_settings *set = &m->q->set;
    int local = r->transport == TRANSPORT_LOCAL, aliased = !str_ieq(r->address, r->orig_to);
    double now = (double)queue_now() / 1e6, arrival = (double)m->env.arrival / 1e6;
    char all[DELAY_SIZE], before[DELAY_SIZE], waiting[DELAY_SIZE], delivering[DELAY_SIZE];

    log_as(local                             ? set->relay_program
           : r->transport == TRANSPORT_ERROR ? "error"
                                             : "smtp",
           "%s: to=<%s>%s%s%s, relay=%s, delay=%s, delays=%s/%s/0/%s, dsn=%s, status=%s (%s)", m->env.qid,
           r->address, aliased ? ", orig_to=<" : "", aliased ? r->orig_to : "", aliased ? ">" : "",
           local ? set->relay : "none", delay_format(all, now - arrival),
           delay_format(before, m->active - arrival), delay_format(waiting, m->started - m->active),
           delay_format(delivering, now - m->started), r->dsn, status, r->text);
}

static uint8_t
mark_for(const struct message *m, const struct recipient *r, enum deliver_outcome outcome)
{
    if (outcome == DELIVER_SENT)
        return (r->notify & NOTIFY_SUCCESS) && *m->env.sender ? MARK_NOTICE : MARK_SENT;
    return outcome == DELIVER_BOUNCED ? MARK_BOUNCE : MARK_OPEN;
}

void
result_apply(struct message *m, struct recipient *r, const struct result *res)
{
    const char *dsn = res->dsn;

    if (!dsn_fits_code(dsn, outcomes[res->outcome].code))
        dsn = outcomes[res->outcome].dsn;
    recipient_set_reason(r, dsn, res->text, res->diagnostic);
    r->mark = mark_for(m, r, res->outcome);
    r->unsaved = 1;
    message_announce(m);
    log_result(m, r, outcomes[res->outcome].status);
}
