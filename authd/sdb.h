/* SPDX-License-Identifier: ISC */
/*
 * SQLite databases. All queries of one loop round share one read transaction
 * (sdb_round_end() closes it), statements stay prepared, and results are remembered as long as the
 * database says that nothing changed (PRAGMA data_version, SQLite 3.8.9).
 *
 * Any trouble with the file or the SQL is LOOKUP_TEMP, never "no such row"; the file is opened
 * when first asked, and again after trouble, so it may come later than the daemon.
 */
#ifndef MR_SDB_H
#define MR_SDB_H

#include "proto.h"

#include <stddef.h>

#define SDB_MAX_COLUMNS 16

struct sdb;
struct sdb_query;

enum sdb_mode { SDB_READ_ONLY, SDB_READ_WRITE };

/* The database in the file at path: one for all callers of this process. Nothing is opened yet. */
struct sdb *sdb_get(const char *path, enum sdb_mode mode);
const char *sdb_path(const struct sdb *db);
/* A query on it; sql as sqltext.h makes it. Prepared at its first use. Lives until sdb_close_all(). */
struct sdb_query *sdb_query_new(struct sdb *db, const char *sql);
/* Takes one row: n columns, NULL where SQL has NULL, valid until it returns. 0 to go on, else stop. */
typedef int sdb_row(void *arg, int n, const char *const *cols);
/*
 * Runs q with n bound texts. Every row up to max_rows goes to row() after the statement has ended. LOOKUP_OK
 * when there was a row, LOOKUP_NONE, or LOOKUP_TEMP (logged; no row was reported): also with more rows than
 * max_rows.
 */
enum lookup_status sdb_select(struct sdb_query *q, const char *const *params, size_t n, size_t max_rows,
                              sdb_row *row, void *arg);
/* Runs a statement that changes rows, now and durably. *changed_r: how many rows. LOOKUP_OK or LOOKUP_TEMP.
 */
enum lookup_status sdb_change(struct sdb_query *q, const char *const *params, size_t n, int *changed_r);
/*
 * Remembered results are believed for that long without asking the database again: a few milliseconds, less than a
 * change of it takes to be made durable, save most system calls under load. 0 (the start): never.
 */
void sdb_trust_for(double seconds);
/* Ends the read transactions of this round. */
void sdb_round_end(void);
/* Releases all databases and queries. */
void sdb_close_all(void);

#endif
