/* SPDX-License-Identifier: ISC */
/* What localdeliver's processes read: frames of the queue and of the router, and headers of messages. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "mem.h"
#include "message.h"
#include "router.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Runs take() on the frame that the bytes are the fields of. */
static void
with_frame(const uint8_t *data, size_t n, void (*take)(struct frame *f))
{
    struct frame f;

    memset(&f, 0, sizeof(f));
    f.pos = data;
    f.end = data + n;
    f.nfds = 1;
    f.fds[0] = open("/dev/null", O_RDONLY);
    take(&f);
    frame_close_fds(&f);
}

static void
take_mda(struct frame *f)
{
    static struct batch *b;

    if (!b)
        b = batch_new("host");
    if (batch_take(b, f) == 1 && (b->njobs != 1 || b->n == 0 || b->n > BATCH_MAX_RCPTS))
        abort();
    batch_clear(b);
}

static void
take_router(struct frame *f)
{
    static struct router r;
    struct router_job *j = job_take(&r, f);
    uint32_t i;

    if (!j)
        return;
    for (i = 0; i < j->n; i++)
        job_result(&j->rcpts[i], DELIVER_SENT, "", "", "");
    job_report(j); /* frees it: nobody waits */
    if (r.njobs != 0 || r.jobs)
        abort();
}

static void
scan_header(const uint8_t *data, size_t n)
{
    struct message m;

    memset(&m, 0, sizeof(m));
    buf_init(&m.delivered, 300);
    m.content = mem_strndup((const char *)data, n);
    m.held = n;
    message_scan(&m);
    message_is_loop(&m, "bob@x.test");
    message_close(&m);
    mem_free(m.content);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    with_frame(data, n, take_mda);
    with_frame(data, n, take_router);
    scan_header(data, n);
    return 0;
}
