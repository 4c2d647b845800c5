/* SPDX-License-Identifier: ISC */
/*
 * master.cf: Postfix's service table (master(5)). Each daemon takes the lines that
 * name it: inet lines whose command is its name are its listeners, with their -o
 * overrides; pipe lines are transports.
 */
#ifndef MR_MASTERCF_H
#define MR_MASTERCF_H

#include "conf.h"

struct mastercf_option {
    char *name, *value; /* -o name=value, or -o { name = value } */
};

struct mastercf_entry {
    char *service;  /* "smtp", "10025", "127.0.0.1:10025", "[::1]:25", "maildrop" */
    char *type;     /* "inet", "unix", "fifo", "pass" */
    int private_, unpriv, chroot; /* 'y' 1, 'n' 0, '-' -1 */
    long wakeup, maxproc;         /* -1: default */
    char *command;                /* "smtpd", "pipe" */
    char **args;                  /* what follows the command, without the -o options; NULL-terminated */
    struct mastercf_option *options;
    size_t noptions;
    unsigned line;
};

struct mastercf {
    struct mastercf_entry *entries;
    size_t n;
    char *file;
};

/* Reads dir/master.cf; NULL with *err filled when it cannot. A missing file is an error. */
struct mastercf *mastercf_read(const char *dir, struct conf_error *err);
struct mastercf *mastercf_parse(const char *file, const char *text, size_t len, struct conf_error *err);
void mastercf_free(struct mastercf *m);
/* The unix line of that transport name ("maildrop"), NULL when there is none. */
const struct mastercf_entry *mastercf_transport(const struct mastercf *m, const char *name);
/* One entry as bytes for a worker, and back (NULL when malformed). */
void mastercf_entry_pack(const struct mastercf_entry *e, struct buf *to);
struct mastercf_entry *mastercf_entry_unpack(const void *p, size_t n);
void mastercf_entry_free(struct mastercf_entry *e);

#endif
