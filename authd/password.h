/* SPDX-License-Identifier: ISC */
/*
 * Password hashes as Courier's authlib has them: crypt(3) with or without {CRYPT},
 * {MD5} {SHA} {SHA256} {SHA512} base64, {MD5RAW} hex, {SSHA} base64 with salt.
 */
#ifndef MR_PASSWORD_H
#define MR_PASSWORD_H

#include "buf.h"

#define PASSWORD_MAX 1024 /* bytes of a password */

/*
 * Does this password fit the stored hash, or, where that is empty, the stored clear text? Both empty or NULL:
 * the account has no password, or there is no such account; then a hash is made all the same, so that the
 * answer takes as long as for others. 1 or 0. May take a tenth of a second.
 */
int password_verify(const char *hash, const char *clear, const char *password);
/*
 * A new hash in the scheme named ("md5", "md5raw", "sha", "sha256", "sha512", "ssha", "crypt": SHA-512 crypt,
 * "$1$": MD5 crypt). 0, or -1: no such scheme.
 */
int password_hash(const char *scheme, const char *password, struct buf *to);
/* A new hash in the scheme of the hash `like`; {SSHA} where that is none we can make. 0 or -1. */
int password_hash_like(const char *like, const char *password, struct buf *to);

#endif
