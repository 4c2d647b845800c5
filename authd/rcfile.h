/* SPDX-License-Identifier: ISC */
/*
 * The small settings files around accounts and tables, in the three grammars that
 * their original programs read.
 */
#ifndef MR_RCFILE_H
#define MR_RCFILE_H

#include "conf.h"

enum rcfile_syntax {
    RCFILE_SHELL,   /* authdaemonrc: name="value"; '#' comments; no continuation */
    RCFILE_COURIER, /* authmysqlrc: name, blanks, value; a backslash at the end continues the line */
    RCFILE_POSTFIX  /* map files: name = value; a line that begins with a blank continues the one before */
};

#define RCFILE_MAX 65536 /* bytes of one file */
#define RCFILE_MAX_ENTRIES 200

struct rcfile_entry {
    char *name, *value;
};

struct rcfile {
    struct rcfile_entry *entries;
    size_t n;
};

/* Parses text as if it were `file`. NULL with *err naming file, line and fault. */
struct rcfile *rcfile_parse(enum rcfile_syntax syntax, const char *file, const char *text, size_t len,
                            struct conf_error *err);
/* The same of the file at path; errno is that of the failed read, or 0 when it is not well-formed. */
struct rcfile *rcfile_read(enum rcfile_syntax syntax, const char *path, struct conf_error *err);
void rcfile_free(struct rcfile *rc);
/* The value of name, the last one when it stands there twice; dflt when it does not. */
const char *rcfile_get(const struct rcfile *rc, const char *name, const char *dflt);

#endif
