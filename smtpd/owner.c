/* SPDX-License-Identifier: ISC */
/* What authd says of the sender's owners, for the restrictions reject_sender_login_mismatch and the like. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "session.h"

static int
owner_answer(void *arg, struct frame *f)
{
    struct session *s = arg;
    struct tx_owner *o = &s->tx->owner;
    uint32_t status, owned;
    int malformed = f && (frame_get_u32(f, &status) < 0 || frame_get_u32(f, &owned) < 0 || frame_end(f) < 0 ||
                          status < LOOKUP_OK || status > LOOKUP_TEMP || owned > (status == LOOKUP_OK));

    s->request = NULL;
    o->known = 1;
    o->status = LOOKUP_TEMP;
    if (f && !malformed) {
        o->status = (enum lookup_status)status;
        o->owned = (int)owned;
    }
    s->resume(s);
    return malformed ? -1 : 0;
}

int
owner_ask(struct session *s, void (*resume)(struct session *s))
{
    struct frame_out f;

    s->waiting = 1;
    s->resume = resume;
    s->request = peer_begin(s->smtpd->authd, &f, AUTHD_OWNER);
    tx_put_address(&f, s, s->tx->sender);
    frame_put_str(&f, s->sasl_username);
    peer_send(s->request, &f, AUTHD_OWNER_R, owner_answer, s);
    return COMMAND_WAIT;
}

void
owner_retry(struct session *s)
{
    if (s->tx && s->tx->owner.status == LOOKUP_TEMP)
        s->tx->owner.known = 0;
}
