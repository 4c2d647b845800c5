/* SPDX-License-Identifier: ISC */
/* What a parent binds: internal sockets, and the inet lines of master.cf. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "netaddr.h"
#include "service_parent_private.h"

int
parent_add_listener(struct parent *p, const char *name, unsigned role, int fd)
{
    struct parent_listener *l = &p->listen[p->nlisten];

    if (p->nlisten == PARENT_MAX_LISTEN) {
        log_error("more than %d listening sockets", PARENT_MAX_LISTEN);
        return -1;
    }
    l->name = mem_strdup(name);
    l->role = role;
    l->fd = fd;
    l->share = -1;
    p->nlisten++;
    return 0;
}

static int
listen_internal(struct parent *p)
{
    const struct service_socket *s;
    char path[1024];
    int fd;

    for (s = p->service->sockets; s && s->name; s++) {
        if (service_socket_path(p->conf, s->name, path, sizeof(path)) < 0)
            return -1;
        fd = unix_listen(path, 0600);
        if (fd < 0) {
            log_error("%s: %s", path, strerror(errno));
            return -1;
        }
        if (parent_add_listener(p, s->name, s->role, fd) < 0)
            return -1;
    }
    return 0;
}

/* How many workers take the inet lines: each gets sockets of its own where the kernel can share a port. */
static unsigned
inet_workers(struct parent *p)
{
    const struct worker_kind *k;
    const char *const *name;

    for (k = p->service->kinds; k->name; k++)
        for (name = k->listens; name && *name; name++)
            if (strcmp(*name, "inet") == 0)
                return k->count ? (unsigned)conf_int(p->conf, k->count) : 1;
    return 1;
}

static int
listen_entry(struct parent *p, const struct mastercf_entry *e, int reuseport, int share)
{
    char name[256], err[256];
    int fds[8], n, i;
    const char *interfaces = conf_str(p->conf, "inet_interfaces");

    n = netaddr_listen(e->service, interfaces, reuseport, fds, (int)MR_NELEM(fds), err, sizeof(err));
    if (n < 0) {
        log_error("%s:%u: %s: %s", p->master->file, e->line, e->service, err);
        return -1;
    }
    snprintf(name, sizeof(name), "inet:%s", e->service);
    for (i = 0; i < n; i++) {
        if (parent_add_listener(p, name, MR_ROLE_CLIENT, fds[i]) < 0)
            return -1;
        p->listen[p->nlisten - 1].entry = e;
        p->listen[p->nlisten - 1].share = share;
    }
    return 0;
}

static int
listen_shared(struct parent *p, const struct mastercf_entry *e, unsigned workers)
{
    size_t before = p->nlisten;
    unsigned i;

    /* Without SO_REUSEPORT first: a port that another program has must be an error, not shared with it. */
    if (listen_entry(p, e, 0, -1) < 0)
        return -1;
#ifdef SO_REUSEPORT
    if (workers > 1) {
        while (p->nlisten > before) {
            close(p->listen[--p->nlisten].fd);
            mem_free(p->listen[p->nlisten].name);
        }
        for (i = 0; i < workers; i++)
            if (listen_entry(p, e, 1, (int)i) < 0)
                return -1;
    }
#else
    MR_UNUSED(before);
    MR_UNUSED(workers);
    MR_UNUSED(i);
#endif
    return 0;
}

static int
listen_inet(struct parent *p)
{
    const char *const *command;
    size_t i;
    int found = 0;

    for (i = 0; i < p->master->n; i++) {
        const struct mastercf_entry *e = &p->master->entries[i];
        for (command = p->service->master_commands; *command; command++) {
            if (strcmp(e->type, "inet") != 0 || strcmp(e->command, *command) != 0)
                continue;
            if (listen_shared(p, e, inet_workers(p)) < 0)
                return -1;
            found = 1;
        }
    }
    if (!found)
        log_warning("%s has no inet line for %s: it listens nowhere", p->master->file, p->service->name);
    return 0;
}

int
parent_listen(struct parent *p)
{
    if (listen_internal(p) < 0)
        return -1;
    if (p->service->master_commands && listen_inet(p) < 0)
        return -1;
    return p->service->parent_open ? p->service->parent_open(p) : 0;
}

void
parent_unlink_sockets(struct parent *p)
{
    const struct service_socket *s;
    char path[1024];

    for (s = p->service->sockets; s && s->name; s++)
        if (service_socket_path(p->conf, s->name, path, sizeof(path)) == 0)
            unlink(path);
}
