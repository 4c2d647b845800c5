/* SPDX-License-Identifier: ISC */
/*
 * SQL with placeholders, as operators write it in map files ("... = '%s'") and in
 * authsqliterc ("... = '$(local_part)@$(domain)'"), turned into SQL with numbered
 * parameters. A value is always bound, never put into the text: whatever a client sends
 * cannot become SQL.
 */
#ifndef MR_SQLTEXT_H
#define MR_SQLTEXT_H

#include "buf.h"

enum sqltext_syntax {
    SQLTEXT_PERCENT, /* %s %u %d %S %U %D %1..%9 %% (Postfix mysql_table(5), sqlite_table(5)) */
    SQLTEXT_DOLLAR   /* $(name), names as in `names` (Courier authmysqlrc) */
};

#define SQLTEXT_MAX_PARAMS 32

/* A name of SQLTEXT_DOLLAR and the letter it is asked for by. Tables end with name NULL. */
struct sqltext_name {
    const char *name;
    char var;
};

/* Text, then the value of var (0: none). A parameter is such pieces in a row. */
struct sqltext_piece {
    char *text;
    char var;
};

struct sqltext_param {
    struct sqltext_piece *pieces;
    size_t n;
};

struct sqltext {
    char *sql; /* with ?1, ?2, ... */
    struct sqltext_param params[SQLTEXT_MAX_PARAMS];
    size_t nparams;
};

/* The value of var, or NULL: absent, then there is nothing to look up. */
typedef const char *sqltext_get(void *arg, char var);

/*
 * Compiles text. A quoted SQL string that holds a placeholder becomes one parameter, as does a
 * placeholder outside of quotes; an unknown $(name) is empty. NULL, with the reason in
 * *why_r, when a quote is not closed, a %-letter is unknown or there are too many parameters.
 */
struct sqltext *sqltext_compile(enum sqltext_syntax syntax, const struct sqltext_name *names,
                                const char *text, const char **why_r);
void sqltext_free(struct sqltext *t);
/* Appends the value of a parameter. 0; 1: one of its variables is absent; -1: over the buffer's cap. */
int sqltext_value(const struct sqltext_param *p, sqltext_get *get, void *arg, struct buf *to);
/* Compiles text that is no SQL (result_format) into one parameter. 0 or -1. */
int sqltext_compile_value(const char *text, struct sqltext_param *p);
void sqltext_param_free(struct sqltext_param *p);

#endif
