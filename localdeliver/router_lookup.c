/* SPDX-License-Identifier: ISC */
/* Whose mailbox is it: one question to authd for all recipients of a loop round. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "mem.h"
#include "path.h"
#include "peer.h"
#include "router.h"

#define LOOKUP_MAX 250 /* recipients in one question: FRAME_MAX holds their answers at their longest */

struct lookup {
    struct router *router;
    size_t n;
    struct rcpt *rcpts[LOOKUP_MAX];
};

struct mailbox_row {
    uint32_t status, uid, gid;
    const char *home, *maildir, *quota;
};

static int
take_row(struct frame *f, struct mailbox_row *m)
{
    return frame_get_u32(f, &m->status) < 0 || frame_get_u32(f, &m->uid) < 0 ||
                   frame_get_u32(f, &m->gid) < 0 || frame_get_str(f, &m->home, PROTO_MAX_PATH) < 0 ||
                   frame_get_str(f, &m->maildir, PROTO_MAX_PATH) < 0 ||
                   frame_get_str(f, &m->quota, PROTO_MAX_NAME) < 0
               ? -1
               : 0;
}

/* Keeps what the row says and gives the recipient to its process. */
static int
rcpt_found(struct router *r, struct rcpt *x, const struct mailbox_row *m)
{
    struct arena *a = &x->job->arena;
    char path[PROTO_MAX_PATH + 1];

    if (path_maildir(path, m->home, m->maildir) < 0 || !(x->home = arena_strdup(a, m->home)) ||
        !(x->maildir = arena_strdup(a, path)) || !(x->quota = arena_strdup(a, m->quota)))
        return -1;
    pool_add(r->pool, x, m->uid, m->gid);
    return 0;
}

static void
rcpt_row(struct router *r, struct rcpt *x, const struct mailbox_row *m)
{
    struct result result;

    if (m->status == LOOKUP_OK && rcpt_found(r, x, m) == 0)
        return;
    if (m->status == LOOKUP_OK)
        result_deferred(&result, "4.3.5", "maildrop: the account has no usable home directory and Maildir.");
    else if (m->status == LOOKUP_NONE)
        result_unknown_user(&result);
    else
        result_deferred(&result, "4.3.0", "maildrop: Temporary authentication failure.");
    job_finish(x, &result);
}

/* Ends the lookup: recipients from `from` on get no answer. */
static void
lookup_end(struct lookup *l, size_t from)
{
    const struct mailbox_row none = {LOOKUP_TEMP, 0, 0, "", "", ""};

    for (; from < l->n; from++)
        rcpt_row(l->router, l->rcpts[from], &none);
    mem_free(l);
}

static int
lookup_answer(void *arg, struct frame *f)
{
    struct lookup *l = arg;
    struct mailbox_row *rows;
    uint32_t n, i;
    int r = -1;

    if (!f) {
        lookup_end(l, 0);
        return 0;
    }
    rows = mem_alloc(l->n * sizeof(*rows));
    if (frame_get_u32(f, &n) == 0 && n == l->n) {
        for (i = 0; i < n && take_row(f, &rows[i]) == 0; i++)
            ;
        r = i == n ? frame_end(f) : -1;
    }
    for (i = 0; r == 0 && i < l->n; i++)
        rcpt_row(l->router, l->rcpts[i], &rows[i]);
    mem_free(rows);
    lookup_end(l, r == 0 ? l->n : 0);
    return r;
}

void
lookup_send(struct router *r)
{
    while (r->to_ask.n > 0) {
        struct lookup *l = mem_alloc(sizeof(*l));
        struct frame_out f;
        struct peer_request *q;

        l->router = r;
        q = peer_begin(r->authd, &f, AUTHD_MAILBOX);
        frame_put_u32(&f, (uint32_t)(r->to_ask.n < LOOKUP_MAX ? r->to_ask.n : LOOKUP_MAX));
        while (l->n < LOOKUP_MAX && r->to_ask.n > 0) {
            struct rcpt *x = rcpt_list_take(&r->to_ask);

            l->rcpts[l->n++] = x;
            frame_put_str(&f, x->address);
        }
        peer_send(q, &f, AUTHD_MAILBOX_R, lookup_answer, l);
    }
}
