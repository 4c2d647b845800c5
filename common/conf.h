/* SPDX-License-Identifier: ISC */
/*
 * main.cf, in Postfix's syntax (postconf(5)): "name = value", lines that
 * begin with white space continue the one before, '#' lines are comments; $name, ${name},
 * $(name), ${name?text}, ${name?{text}}, ${name:text}, ${name:{text}} and
 * ${name?{text}:{text}} expand when a value is asked for. Every parameter we know is
 * in the table of params.c with its default and what it means; a name
 * that is in neither that table nor defined by the operator for use in others is
 * warned about once, with file and line.
 */
#ifndef MR_CONF_H
#define MR_CONF_H

#include "buf.h"

struct conf;

/* Where and why reading failed: "main.cf:12: ...: remedy". */
struct conf_error {
    char text[512];
};

/* An empty set: every parameter at its default. */
struct conf *conf_new(void);
void conf_free(struct conf *c);
/*
 * Reads dir/main.cf. NULL, with *err filled, when it cannot be read or is not
 * well-formed. Warnings (unknown or unsupported parameter) go to the log, once each.
 */
struct conf *conf_read(const char *dir, struct conf_error *err);
/* Parses text as if it were `file`; 0 or -1 with *err filled. (conf_read is open + this.) */
int conf_parse(struct conf *c, const char *file, const char *text, size_t len, struct conf_error *err);
/* Sets one value, as an `-o name=value` does. 0 or -1 (bad name). */
int conf_set(struct conf *c, const char *name, const char *value, const char *file, unsigned line);
/* A copy with the `-o` overrides of a master.cf line. */
struct conf *conf_clone(const struct conf *c);
/*
 * All explicit settings as bytes, to hand them to a worker, and back. conf_unpack
 * checks everything; NULL when malformed.
 */
void conf_pack(const struct conf *c, struct buf *to);
struct conf *conf_unpack(const void *p, size_t n);

/* --- values. The name must be in params.c (else the program stops: a bug). --- */
/* Expanded; never NULL; valid until the conf is changed or freed. */
const char *conf_str(struct conf *c, const char *name);
/* Number; a value that is none was refused when the file was read (conf_check). */
long conf_int(struct conf *c, const char *name);
int conf_bool(struct conf *c, const char *name); /* yes / no */
/* Seconds, from "300s", "5m", "1h", "2d", "1w", or a number in the parameter's own unit. */
double conf_time(struct conf *c, const char *name);
/* Checks every value against its type. 0 or -1 with *err naming file, line and remedy. */
int conf_check(struct conf *c, struct conf_error *err);
/* The value without expansion; NULL where it is not set in main.cf. For postconf -n. */
const char *conf_raw(const struct conf *c, const char *name);
/* Expands text itself. 0, or -1 on bad syntax or over the buffer's cap. */
int conf_expand(struct conf *c, const char *text, struct buf *to);
/* Calls fn for every name: set_only: those set in main.cf, in name order; else all known ones.
 * raw is the unexpanded value in force. */
void conf_each(struct conf *c, int set_only, void (*fn)(void *arg, const char *name, const char *raw), void *arg);

/* --- lists --- */
/*
 * The next item of a list separated by commas and white space; items in { } are
 * one, and come without the braces. Start with *pos = the value. NULL at the end. buf holds it until
 * the next call; an item over its cap comes as "", as does "{}": refuse it.
 */
const char *conf_list_next(const char **pos, struct buf *item);

#endif
