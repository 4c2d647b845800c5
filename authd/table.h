/* SPDX-License-Identifier: ISC */
/*
 * Tables as Postfix names them in main.cf ("sqlite:/etc/mailreeve/x.cf, static:yes") and the lists
 * of domains that may hold such tables.
 */
#ifndef MR_TABLE_H
#define MR_TABLE_H

#include "conf.h"
#include "proto.h"

/* ---- lists of tables -------------------------------------------------------------------- */
struct tables;

/* From a main.cf value; map files are read now. NULL with *err filled. An empty value is an empty list. */
struct tables *tables_new(const char *value, struct conf_error *err);
void tables_free(struct tables *t);
/* 1 when there is no table in it. */
int tables_empty(const struct tables *t);
/*
 * Asks the tables in order for key (already lower-cased). LOOKUP_OK: *value holds what the first one that
 * knows it says. LOOKUP_NONE: none knows it; a key that can stand in no table (keys.h) is that too.
 * LOOKUP_TEMP: trouble.
 */
enum lookup_status tables_find(const struct tables *t, const char *key, struct buf *value);

/* ---- lists of domains ------------------------------------------------------------------- */
struct domains;

/* From a main.cf value: names, !names, and tables whose keys are domains. parents: an item covers its
 * subdomains too. */
struct domains *domains_new(const char *value, int parents, struct conf_error *err);
void domains_free(struct domains *d);
/* Is domain (lower case) in it? The first item that matches decides. */
enum lookup_status domains_find(const struct domains *d, const char *domain);

#endif
