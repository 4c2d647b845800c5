/* SPDX-License-Identifier: ISC */
/* What a client may ask a table for. */
#ifndef MR_KEYS_H
#define MR_KEYS_H

#include <stddef.h>

#define KEY_MAX_LEN 1000

/*
 * 1 when s can be a key: not empty, at most KEY_MAX_LEN bytes, valid UTF-8 (RFC 3629) and without
 * control characters. Anything else is in no table, and is never shown to a database: some fail on it,
 * and take the failure for their own.
 */
int key_is_sane(const char *s);
/* 1 when the n bytes are valid UTF-8 without control characters. */
int text_is_sane(const char *s, size_t n);

#endif
