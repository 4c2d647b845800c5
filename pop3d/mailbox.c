/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "maildir.h"
#include "mem.h"

#include "mailbox.h"
#include "mailbox_index.h"
#include "sizelist.h"
#include "strutil.h"

/* Calls each(arg, name) for the files of the directory fd, which it closes. 0 or -1 (errno). */
static int
each_file(int fd, void (*each)(void *arg, const char *name), void *arg)
{
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *d;

    if (!dir)
        return fd_close(fd, -1);
    while ((d = readdir(dir)) != NULL)
        if (d->d_name[0] != '.' && d->d_type != DT_DIR)
            each(arg, d->d_name);
    closedir(dir);
    return 0;
}

static int
open_dir(const char *name)
{
    return open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- opening ---------------------------------------------------------------------------- */

struct move {
    int new_fd, cur_fd;
};

static void
move_new(void *arg, const char *name)
{
    const struct move *m = arg;
    char to[MAILDIR_NAME_MAX + 4];

    snprintf(to, sizeof(to), "%s%s", name, strchr(name, ':') ? "" : ":2,");
    if (renameat(m->new_fd, name, m->cur_fd, to) < 0 && errno != ENOENT)
        log_warning("new/%s cannot be moved to cur: %s", name, strerror(errno));
}

static void
take_name(void *arg, const char *name)
{
    struct mailbox *m = arg;
    char *copy;

    /* The array grows by doubling; its room is the next power of two. */
    if ((m->n & (m->n - 1)) == 0)
        m->msgs = mem_realloc(m->msgs, (m->n ? 2 * m->n : 1) * sizeof(*m->msgs));
    copy = arena_strdup(&m->names, name);
    if (!copy)
        return; /* over MAILBOX_MEMORY: these wait until others are gone */
    memset(&m->msgs[m->n], 0, sizeof(*m->msgs));
    m->msgs[m->n++].name = copy;
}

static int
compare_messages(const void *a, const void *b)
{
    const char *na = ((const struct message *)a)->name, *nb = ((const struct message *)b)->name;
    int c = sizelist_compare(na, nb);

    return c ? c : strcmp(na, nb);
}

int
mailbox_open(struct mailbox *m, time_t now)
{
    struct move move;

    memset(m, 0, sizeof(*m));
    arena_init(&m->names, MAILBOX_MEMORY);
    m->cur_fd = open_dir("cur");
    if (m->cur_fd < 0)
        return -1;
    move.cur_fd = m->cur_fd;
    move.new_fd = open_dir("new");
    if (move.new_fd >= 0)
        each_file(move.new_fd, move_new, &move);
    if (each_file(open_dir("cur"), take_name, m) < 0)
        return -1;
    if (m->n > 1)
        qsort(m->msgs, m->n, sizeof(*m->msgs), compare_messages);
    mailbox_index(m, now);
    return 0;
}

static void
purge_file(void *arg, const char *name)
{
    const time_t *oldest = arg;
    char file[MAILDIR_NAME_MAX + 8];
    struct stat st;

    snprintf(file, sizeof(file), "tmp/%s", name);
    if (lstat(file, &st) == 0 && st.st_mtime < *oldest)
        unlink(file);
}

void
mailbox_purge_tmp(time_t now)
{
    time_t oldest = now - MAILBOX_TMP_AGE;

    each_file(open_dir("tmp"), purge_file, &oldest);
}

/* ---- messages --------------------------------------------------------------------------- */

int
mailbox_open_message(const struct mailbox *m, size_t i)
{
    /* Not through links, and not waiting for the writer of a pipe that somebody put there. */
    int fd = openat(m->cur_fd, m->msgs[i].name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;

    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = ENOENT;
        return -1;
    }
    return fd;
}

void
mailbox_mark_seen(struct mailbox *m, size_t i)
{
    char *old = m->msgs[i].name, *copy;
    char name[MAILDIR_NAME_MAX + 8];
    const char *flags = strchr(old, ':');
    size_t before;

    if (strlen(old) + 4 > MAILDIR_NAME_MAX || (flags && strncmp(flags, ":2,", 3) != 0) ||
        maildir_name_flag(old, 'S'))
        return;
    if (flags) {
        /* Flags stand in ASCII order. */
        for (flags += 3; *flags && *flags < 'S'; flags++)
            ;
        before = (size_t)(flags - old);
        snprintf(name, sizeof(name), "%.*sS%s", (int)before, old, flags);
    } else {
        snprintf(name, sizeof(name), "%s:2,S", old);
    }
    copy = arena_strdup(&m->names, name);
    if (copy && renameat(m->cur_fd, old, m->cur_fd, name) == 0)
        m->msgs[i].name = copy;
}

/* Bytes that maildirsize counts for the message, -1 when it does not count it. */
static int64_t
quota_bytes(const struct mailbox *m, const char *name)
{
    int64_t size = maildir_name_size(name);
    struct stat st;

    if (maildir_name_flag(name, 'T'))
        return -1;
    if (size < 0 && fstatat(m->cur_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        size = st.st_size;
    return size;
}

size_t
mailbox_expunge(struct mailbox *m, void (*gone)(void *arg, const char *file), void *arg)
{
    int64_t bytes = 0, count = 0;
    size_t i, failed = 0;

    for (i = 0; i < m->n; i++) {
        const char *name = m->msgs[i].name;
        char file[MAILDIR_NAME_MAX + 8];
        int64_t size;

        if (!m->msgs[i].deleted)
            continue;
        size = quota_bytes(m, name);
        snprintf(file, sizeof(file), "cur/%s", name);
        if (gone)
            gone(arg, file);
        if (unlinkat(m->cur_fd, name, 0) < 0) {
            failed += errno != ENOENT;
            continue;
        }
        if (size >= 0) {
            bytes += size;
            count++;
        }
    }
    if (count > 0) {
        int fd = open_dir(".");

        if (fd < 0 || maildir_quota_adjust(fd, -bytes, -count) < 0)
            log_warning("maildirsize: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return failed;
}

void
mailbox_uidl(const struct mailbox *m, size_t i, char uidl[MAILBOX_UIDL_SIZE])
{
    const struct message *msg = &m->msgs[i];
    const char *p;
    size_t n = 0;

    if (msg->uid && msg->uidv) {
        snprintf(uidl, MAILBOX_UIDL_SIZE, "UID%u-%u", (unsigned)msg->uid, (unsigned)msg->uidv);
        return;
    }
    if (msg->uid) {
        snprintf(uidl, MAILBOX_UIDL_SIZE, "UID%u", (unsigned)msg->uid);
        return;
    }
    for (p = msg->name; *p && *p != ':' && n < 67; p++) {
        unsigned char c = (unsigned char)*p;

        if (c < 0x21 || c > 0x7e || c == '\'' || c == '"' || c == '+')
            n += (size_t)snprintf(uidl + n, MAILBOX_UIDL_SIZE - n, "+%02X", c);
        else
            uidl[n++] = (char)c;
    }
    uidl[n] = '\0';
}
