/* SPDX-License-Identifier: ISC */
/* The parts of mailadm, which changes the rows of ExtMail's tables. */
#ifndef MR_MAILADM_H
#define MR_MAILADM_H

#include <sys/types.h>

#include "conf.h"
#include "sdb.h"

struct mailadm {
    struct conf *conf;
    char database[1024];  /* SQLITE_DATABASE of authsqliterc */
    char mailboxes[1024]; /* virtual_mailbox_base */
    struct sdb *db;
    /* options */
    const char *quota, *name;
    long uid, gid; /* -1: those of the owner of virtual_mailbox_base */
    int password_stdin;
};

/* Says what is wrong, on standard error; returns 1, the exit status. */
int mailadm_fail(const char *fmt, ...) MR_PRINTF(1, 2);

/* Changes rows by sql with n texts. How many were changed; -1: trouble (said). */
int mailadm_change(struct mailadm *m, const char *sql, const char *const *params, size_t n);
/* 1: sql finds a row; 0: none; -1: trouble (said). */
int mailadm_exists(struct mailadm *m, const char *sql, const char *param);
/* Prints the rows of sql, columns separated by tabs. The exit status. */
int mailadm_list(struct mailadm *m, const char *sql);
/* Makes the database with its tables, where it is missing. The exit status. */
int mailadm_init(struct mailadm *m);

/* Makes the Maildir base/sub as its owner would, and the directories on the way. 0 or -1 (said). */
int mailadm_make_maildir(const char *base, const char *sub, uid_t uid, gid_t gid);

#endif
