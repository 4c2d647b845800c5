/* SPDX-License-Identifier: ISC */
/* Between table.c and the kinds of tables; a new kind is a line in table.c's list. */
#ifndef MR_TABLE_PRIVATE_H
#define MR_TABLE_PRIVATE_H

#include "table.h"

#define TABLE_VALUE_MAX (256 * 1024) /* bytes of one result */

struct table_kind {
    const char *type; /* what stands before the colon */
    /* Opens the table of this name (behind the colon). NULL with *err filled. */
    void *(*open)(const char *name, struct conf_error *err);
    enum lookup_status (*find)(void *table, const char *key, struct buf *value);
    void (*close)(void *table);
};

/* A list of the one table spec ("type:name", where name may hold blanks). NULL with *err filled. */
struct tables *tables_of_one(const char *spec, struct conf_error *err);

extern const struct table_kind table_sqlite;
extern const struct table_kind table_static;
extern const struct table_kind table_text;
extern const struct table_kind table_text_hash; /* the source file of a hash: table */

#endif
