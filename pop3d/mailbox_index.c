/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "maildir.h"
#include "strutil.h"

#include "encode.h"
#include "mailbox_index.h"
#include "sizelist.h"

#define READ_SIZE 32768

/* Size and utf8 of a message that the list does not have. 0 or -1. */
static int
measure(const struct mailbox *m, size_t i)
{
    char chunk[READ_SIZE];
    struct encode_size size;
    int fd = mailbox_open_message(m, i);
    ssize_t n;

    if (fd < 0)
        return -1;
    encode_size_init(&size);
    while ((n = read(fd, chunk, sizeof(chunk))) > 0)
        encode_size_add(&size, chunk, (size_t)n);
    close(fd);
    m->msgs[i].size = size.octets;
    m->msgs[i].utf8 = size.utf8 != 0;
    return n < 0 ? -1 : 0;
}

/* The list as it is on disk; text keeps what it points to. */
static void
read_list(struct sizelist *l, struct buf *text)
{
    int r = file_read(SIZELIST_FILE, text);

    if (r < 0 && errno != ENOENT)
        log_warning(SIZELIST_FILE ": %s", strerror(errno));
    if (sizelist_parse(l, r < 0 ? NULL : buf_data(text), r < 0 ? 0 : buf_len(text)) < 0 && r == 0)
        log_warning(SIZELIST_FILE " is not well-formed: a new one is made");
}

static int
write_all(const char *file, const struct buf *text)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    int r;

    if (fd < 0)
        return -1;
    r = fd_write_all(fd, buf_data(text), buf_len(text));
    return close(fd) < 0 || r < 0 ? -1 : 0;
}

/*
 * Written beside and renamed, so that it is whole or the old one. It is not synced: what a power cut can do
 * is let clients fetch messages again; for that no login waits for the disk.
 */
static int
write_list(const struct mailbox *m, uint32_t next_uid, uint32_t uidv, time_t now)
{
    char file[64];
    struct buf text;
    size_t i;
    int r, saved;

    buf_init(&text, SIZELIST_MAX);
    sizelist_put_head(&text, next_uid, uidv);
    for (i = 0; i < m->n; i++) {
        struct sizelist_entry e;

        e.name = m->msgs[i].name;
        e.size = m->msgs[i].size;
        e.uid = m->msgs[i].uid;
        e.uidv = m->msgs[i].uidv;
        e.utf8 = m->msgs[i].utf8;
        sizelist_put(&text, &e);
    }
    snprintf(file, sizeof(file), "tmp/%lld.P%ld_pop3", (long long)now, (long)getpid());
    errno = EFBIG;
    r = text.overflow || write_all(file, &text) < 0 || rename(file, SIZELIST_FILE) < 0 ? -1 : 0;
    saved = errno;
    if (r < 0)
        unlink(file);
    buf_free(&text);
    errno = saved;
    return r;
}

/*
 * Both lists are in the same order: one pass. Messages that are in the list keep what it says; the others
 * become `fresh`. Returns 1 when the list on disk no longer says what is there.
 */
static int
merge(struct mailbox *m, const struct sizelist *l)
{
    size_t i, k = 0;
    int changed = l->old_format;

    for (i = 0; i < m->n; i++) {
        struct message *msg = &m->msgs[i];
        int c = 1;

        while (k < l->n && (c = sizelist_compare(l->entries[k].name, msg->name)) < 0) {
            k++;
            changed = 1;
        }
        if (k < l->n && c == 0) {
            msg->size = l->entries[k].size;
            msg->uid = l->entries[k].uid;
            msg->uidv = l->entries[k].uidv;
            msg->utf8 = l->entries[k].utf8 != 0;
            k++;
        } else {
            msg->fresh = 1;
        }
    }
    return changed || k < l->n;
}

/* Measures and numbers the fresh ones. Returns 1 when there were any. */
static int
number_fresh(struct mailbox *m, uint32_t *next_uid, uint32_t uidv)
{
    size_t i, kept = 0;
    int any = 0;

    for (i = 0; i < m->n; i++) {
        struct message *msg = &m->msgs[i];

        if (msg->fresh) {
            if (measure(m, i) < 0)
                continue;
            any = 1;
            msg->uid = *next_uid;
            msg->uidv = uidv;
            ++*next_uid;
        }
        m->msgs[kept++] = *msg;
    }
    m->n = kept;
    return any;
}

void
mailbox_index(struct mailbox *m, time_t now)
{
    struct sizelist l;
    struct buf text;
    uint32_t next_uid, uidv;
    size_t i;
    int changed;

    if (m->n == 0)
        return; /* the list stays: it knows which ids were given */
    buf_init(&text, SIZELIST_MAX);
    read_list(&l, &text);
    changed = merge(m, &l);
    uidv = l.uidv ? l.uidv : (uint32_t)now;
    next_uid = l.next_uid;
    /* All ids used up: a new series, told from the old one by its uidv. */
    if (next_uid > SIZELIST_UID_MAX - m->n - 2) {
        next_uid = 1;
        uidv = (uint32_t)now;
    }
    changed |= number_fresh(m, &next_uid, uidv);
    sizelist_free(&l);
    buf_free(&text);
    if (!changed || write_list(m, next_uid, uidv, now) == 0)
        return;
    /* Ids that are written nowhere could be given to other messages next time. */
    log_warning("Error while saving " SIZELIST_FILE ": %s", strerror(errno));
    for (i = 0; i < m->n; i++)
        if (m->msgs[i].fresh)
            m->msgs[i].uid = 0;
}
