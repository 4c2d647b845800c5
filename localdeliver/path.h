/* SPDX-License-Identifier: ISC */
/* Mailbox paths as account rows have them. */
#ifndef MR_PATH_H
#define MR_PATH_H

#include "proto.h"

#include <stdint.h>

/*
 * The one absolute spelling of a Maildir's path: a relative one is below home, an empty one is home's
 * "Maildir"; no "//", "." or final '/'. 0; or -1: no absolute path, one with "..", or too long.
 */
int path_maildir(char path[PROTO_MAX_PATH + 1], const char *home, const char *maildir);
/* For tables of mailboxes. */
uint32_t path_hash(const char *path);

#endif
