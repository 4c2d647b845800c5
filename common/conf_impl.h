/* SPDX-License-Identifier: ISC */
/* What the files of conf.h share with each other; nobody else includes this. */
#ifndef MR_CONF_IMPL_H
#define MR_CONF_IMPL_H

#include "conf.h"
#include "params.h"

#define CONF_MAX_FILE (16 * 1024 * 1024)     /* bytes of main.cf or master.cf */
#define CONF_MAX_VALUE (4 * 1024 * 1024)     /* bytes of one value, also when expanded */
#define CONF_MAX_EXPANDED (64 * 1024 * 1024) /* bytes of all expanded values */
#define CONF_MAX_NAME 200
#define CONF_MAX_PATH 4096
#define CONF_MAX_DEPTH 64 /* of $name in $name, and of { } in { } */

/* One name: set by the operator, or known and asked for. */
struct conf_entry {
    struct conf_entry *next;   /* of the same bucket */
    const struct param *param; /* NULL: a name of the operator's own */
    char *name;
    char *raw;               /* as set; NULL: the default is in force */
    char *computed;          /* a default that the table does not have */
    char *expanded;          /* what conf_str() gives; NULL: not asked for since the last change */
    const char *file;        /* where it was set; NULL: nowhere */
    unsigned line, previous; /* where; and the line of the same file that it overrides, 0: none */
    int busy;                /* being expanded: met again, it refers to itself */
};

struct conf_file_name {
    struct conf_file_name *next;
    char name[1];
};

struct conf {
    struct conf_entry **buckets;
    size_t nbuckets, nentries;
    struct conf_file_name *files;
    size_t expanded; /* bytes in all ->expanded and ->computed */
    int depth;
};

/* The entry of that name; NULL when there is none. */
struct conf_entry *conf_entry_find(const struct conf *c, const char *name);
/* The same, made when there is none. */
struct conf_entry *conf_entry_get(struct conf *c, const char *name);
/* The unexpanded value in force; "" for a name that has none. */
const char *conf_entry_raw(struct conf *c, struct conf_entry *e);
/* The expanded value; NULL with *err filled when it cannot be expanded. */
const char *conf_entry_expand(struct conf *c, struct conf_entry *e, struct conf_error *err);
/* All entries in name order, as an array to be freed; *n_r is how many. */
struct conf_entry **conf_entries_sorted(const struct conf *c, size_t *n_r);
/* The computed default of e's parameter, to be freed. */
char *conf_default(struct conf *c, const struct param *p);
/* 1 when name can be set. */
int conf_name_ok(const char *name, size_t n);
/* "main.cf:12" or "(default)" into err, then the text. */
void conf_error_at(struct conf_error *err, const struct conf_entry *e, const char *fmt, ...) MR_PRINTF(3, 4);
/* Numbers and times of a parameter: 0, or -1 when text is none or not in range. */
int conf_value_int(const struct param *p, const char *text, long *v_r);
int conf_value_time(const struct param *p, const char *text, double *v_r);
int conf_value_bool(const char *text, int *v_r);
/*
 * The next logical line: comments and empty lines are left out, a line that begins
 * with white space is joined to the one before. 1, 0 at the end, -1 with *err filled. *first_r is the
 * number of its first physical line.
 */
struct conf_lines {
    const char *file, *pos, *end;
    unsigned line; /* of what is at pos, from 1 */
};
int conf_lines_next(struct conf_lines *l, struct buf *logical, unsigned *first_r, struct conf_error *err);
/* Reads dir/name whole into text, its path into path. 0 or -1 with *err filled. */
int conf_load(const char *dir, const char *name, struct buf *path, struct buf *text, struct conf_error *err);
/* Tells of names that nothing uses or that we do not act on; once each as long as the process lives. */
void conf_warn_unused(struct conf *c, const char *dir);
/* The closing bracket that belongs to the opening one at s, both of the kind *s; NULL when there is none. */
const char *conf_find_close(const char *s, char close);

#endif
