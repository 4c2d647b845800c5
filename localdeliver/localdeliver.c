/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <unistd.h>

#include "log.h"
#include "mda.h"
#include "router.h"
#include "sandbox.h"

/* CTL_MDA_START: the only thing that the parent does for anybody. */
static int
parent_start_mda(struct parent *p, struct chan *from, struct frame *f)
{
    struct frame_out out;
    uint32_t uid, gid;
    int fd = -1, ok;

    if (f->type != CTL_MDA_START || frame_get_u32(f, &uid) < 0 || frame_get_u32(f, &gid) < 0 ||
        frame_end(f) < 0)
        return -1;
    ok = geteuid() != 0 || uid >= (uint32_t)conf_int(parent_conf(p), "virtual_minimum_uid");
    if (!ok)
        log_warning("a mailbox of uid %u: lower than virtual_minimum_uid", (unsigned)uid);
    ok = ok && parent_spawn(p, "mda", uid, gid, &fd) == 0;
    chan_begin(from, &out, CTL_MDA_STARTED, f->id);
    frame_put_u32(&out, (uint32_t)ok);
    if (ok)
        frame_put_fd(&out, fd);
    chan_send(from, &out);
    if (ok)
        close(fd);
    return 0;
}

static const char *const router_peers[] = {"authd.localdeliver", NULL};
static const char *const router_listens[] = {"localdeliver.queue", NULL};

static const struct worker_kind kinds[] = {
    {"router", "localdeliver_user", "empty_directory", NULL, router_peers, router_listens, WORKER_EXCLUSIVE,
     NULL, router_run, NULL, router_stop},
    {"mda", NULL, NULL, "", NULL, NULL, SANDBOX_MAY_OPEN, NULL, mda_run, mda_reload, mda_stop},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL},
};

static const struct service_socket sockets[] = {
    {"localdeliver.queue", MR_ROLE_QUEUE},
    {NULL, 0},
};

static const struct service localdeliver = {
    "localdeliver",
    "Writes mail into Maildirs, as their owners.",
    "localdeliver",
    0,
    kinds,
    sockets,
    NULL,
    NULL,
    parent_start_mda,
};

int
main(int argc, char **argv)
{
    return service_main(&localdeliver, argc, argv);
}
