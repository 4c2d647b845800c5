/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "batch.h"
#include "message.h"
#include "quotawarn.h"

#define SYNC_TOGETHER 1    /* more files than this are synced by one call, where that can be trusted */
#define MAX_FILESYSTEMS 16 /* synced once each; more are synced more often */

/* ---- errors ---- */

/* Nothing of this delivery remains. */
static void
delivery_undo(struct delivery *d)
{
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
    if (d->state == DELIVERY_WRITTEN)
        unlinkat(d->mailbox->dirfd, d->tmp, 0);
    else if (d->state == DELIVERY_RENAMED)
        unlinkat(d->mailbox->newfd, d->name, 0);
    d->state = DELIVERY_OPEN;
}

static void
delivery_fail(struct delivery *d, const char *what, int error)
{
    result_errno(&d->result, what, error);
    if (d->mailbox)
        mailbox_distrust(d->mailbox);
    delivery_undo(d);
}

/* ---- writing ---- */

/* Opens a new file in tmp; one of the same name is our own, of a process that had our number. */
static int
delivery_create(struct delivery *d)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;

    d->fd = openat(d->mailbox->dirfd, d->tmp, flags, 0600);
    if (d->fd < 0 && errno == EEXIST && unlinkat(d->mailbox->dirfd, d->tmp, 0) == 0)
        d->fd = openat(d->mailbox->dirfd, d->tmp, flags, 0600);
    if (d->fd < 0)
        return -1;
    d->state = DELIVERY_WRITTEN;
    return 0;
}

static int
delivery_write(struct batch *b, const struct job *j, struct delivery *d, struct message *m,
               const struct buf *header)
{
    struct stat st;

    memcpy(d->tmp, "tmp/", 4);
    if (maildir_tmp_name(d->tmp + 4, j->queue_id, d->index, b->host, d->size) < 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (delivery_create(d) < 0 || fstat(d->fd, &st) < 0 ||
        message_copy(m, d->fd, buf_data(header), buf_len(header)) < 0)
        return -1;
    d->dev = st.st_dev;
    if (maildir_new_name(d->name, j->queue_id, d->index, b->host, d->size, st.st_dev, st.st_ino) < 0) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}

/* Everything up to the complete file in tmp, or a result that ends this delivery. */
static void
delivery_begin(struct batch *b, const struct job *j, struct delivery *d, struct message *m, double now)
{
    struct buf address, header;
    const char *to;
    int found;

    buf_init(&address, 4096);
    buf_init(&header, 8192);
    to = message_delivered_to(&address, d->address);
    if (!to || message_header(&header, j->sender, to) < 0)
        result_deferred(&d->result, "4.3.0", "maildrop: address is too long.");
    else if (message_is_loop(m, to))
        result_loop(&d->result, to);
    else if ((d->mailbox = mailbox_open(d->home, d->maildir, now, &d->result)) != NULL) {
        d->size = buf_len(&header) + j->size;
        found = j->again ? mailbox_find(d->mailbox, j->queue_id, d->index) : 0;
        if (found > 0)
            result_sent(&d->result);
        else if (found < 0)
            delivery_fail(d, "Unable to read the mailbox", errno);
        else if (mailbox_reserve(d->mailbox, d->quota, d->size, now, &d->result) == 0 &&
                 delivery_write(b, j, d, m, &header) < 0)
            delivery_fail(d, "Unable to write the message", errno);
    }
    buf_free(&address);
    buf_free(&header);
}

static void
job_begin(struct batch *b, struct job *j, double now)
{
    struct message m;
    size_t i;
    int r = message_open(&m, j->fd, j->size, b->memory), error = errno;

    for (i = 0; i < j->n; i++) {
        if (r < 0)
            result_errno(&j->deliveries[i].result, "Unable to read the message", error);
        else
            delivery_begin(b, j, &j->deliveries[i], &m, now);
    }
    message_close(&m);
}

/* ---- syncing ---- */

/* syncfs(2) reports write errors since Linux 5.8; before it could lose them. */
static int
syncfs_is_trusted(void)
{
#ifdef HAVE_SYNCFS
    static int trusted = -1;
    struct utsname u;
    unsigned major, minor;

    if (trusted < 0)
        trusted = uname(&u) == 0 && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
                  (major > 5 || (major == 5 && minor >= 8));
    return trusted;
#else
    return 0;
#endif
}

/* One syncfs for each file system that has deliveries in `state`. 0 or -1 (errno). */
static int
sync_filesystems(struct batch *b, int state)
{
#ifdef HAVE_SYNCFS
    dev_t done[MAX_FILESYSTEMS];
    size_t i, k, ndone = 0;

    for (i = 0; i < b->n; i++) {
        const struct delivery *d = &b->deliveries[i];

        if ((int)d->state != state)
            continue;
        for (k = 0; k < ndone && done[k] != d->dev; k++)
            ;
        if (k < ndone)
            continue;
        if (syncfs(d->mailbox->dirfd) < 0)
            return -1;
        if (ndone < MAX_FILESYSTEMS)
            done[ndone++] = d->dev;
    }
#else
    MR_UNUSED(b);
    MR_UNUSED(state);
#endif
    return 0;
}

static int
sync_files(struct batch *b)
{
    size_t i;

    for (i = 0; i < b->n; i++)
        if (b->deliveries[i].state == DELIVERY_WRITTEN && fsync(b->deliveries[i].fd) < 0)
            return -1;
    return 0;
}

static int
sync_directories(struct batch *b)
{
    size_t i;

    for (i = 0; i < b->n; i++) {
        struct delivery *d = &b->deliveries[i];

        if (d->state != DELIVERY_RENAMED || !d->mailbox->dirty)
            continue;
        if (fsync(d->mailbox->newfd) < 0)
            return -1;
        d->mailbox->dirty = 0;
    }
    return 0;
}

/* A sync failed: nothing of the batch may be believed to be on disk. */
static void
batch_fail_all(struct batch *b, int error)
{
    size_t i;

    for (i = 0; i < b->n; i++)
        if (b->deliveries[i].state != DELIVERY_OPEN)
            delivery_fail(&b->deliveries[i], "Unable to sync the message", error);
}

static void
batch_rename(struct batch *b)
{
    size_t i;

    for (i = 0; i < b->n; i++) {
        struct delivery *d = &b->deliveries[i];

        if (d->state != DELIVERY_WRITTEN)
            continue;
        if (close(d->fd) < 0) {
            d->fd = -1;
            delivery_fail(d, "Unable to write the message", errno);
            continue;
        }
        d->fd = -1;
        if (renameat(d->mailbox->dirfd, d->tmp, d->mailbox->newfd, d->name) < 0) {
            delivery_fail(d, "Unable to rename the message", errno);
            continue;
        }
        d->state = DELIVERY_RENAMED;
        d->mailbox->dirty = 1;
    }
}

/* ---- the end ---- */

static void
batch_count(struct batch *b)
{
    size_t i;

    for (i = 0; i < b->n; i++) {
        struct delivery *d = &b->deliveries[i];

        if (d->state != DELIVERY_RENAMED)
            continue;
        d->mailbox->added.bytes += (int64_t)d->size;
        d->mailbox->added.count++;
        result_sent(&d->result);
    }
}

static void
mailbox_finish(struct batch *b, struct mailbox *m, const char *quota, double now)
{
    struct maildir_quota q;
    struct maildir_usage u;
    int odd, delivered = m->added.count > 0;

    u.bytes = m->before.bytes + m->added.bytes;
    u.count = m->before.count + m->added.count;
    mailbox_account(m);
    if (!delivered || b->warning_percent == 0)
        return;
    maildir_quota_parse(quota, &q, &odd);
    if (maildir_quota_percent(&q, &u) >= b->warning_percent)
        quotawarn_deliver(m->dirfd, m->path, b->warning_file, quota, b->host, (time_t)now);
}

void
batch_run(struct batch *b, double now)
{
    int together = b->n > SYNC_TOGETHER && syncfs_is_trusted();
    size_t i;

    for (i = 0; i < b->njobs; i++)
        job_begin(b, &b->jobs[i], now);
    if ((together ? sync_filesystems(b, DELIVERY_WRITTEN) : sync_files(b)) < 0)
        batch_fail_all(b, errno);
    batch_rename(b);
    if ((together ? sync_filesystems(b, DELIVERY_RENAMED) : sync_directories(b)) < 0)
        batch_fail_all(b, errno);
    batch_count(b);
    for (i = 0; i < b->n; i++) {
        struct delivery *d = &b->deliveries[i];

        if (!d->mailbox)
            continue;
        mailbox_finish(b, d->mailbox, d->quota, now);
        mailbox_unpin(d->mailbox);
    }
}
