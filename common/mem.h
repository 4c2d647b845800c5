/* SPDX-License-Identifier: ISC */
/*
 * Memory: allocation that cannot fail from the caller's view (a daemon that
 * is out of memory logs and exits; its parent starts a new one, and no
 * message is acknowledged), wiping of secrets, constant-time comparison.
 */
#ifndef MR_MEM_H
#define MR_MEM_H

#include "compiler.h"

/* Zeroed memory of n bytes; logs and exits 75 when there is none. n may be 0. */
void *mem_alloc(size_t n);
/* As realloc(3); new bytes are not zeroed; exits 75 when there is none. */
void *mem_realloc(void *p, size_t n);
/* A copy of the NUL-terminated s (mem_strdup) or of n bytes plus a NUL. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
/* free(3), and sets the pointer to NULL: MEM_FREE(x->name). */
#define MEM_FREE(p) (mem_free(p), (p) = NULL)
void mem_free(void *p);
/* Overwrites n bytes; the compiler may not drop it. For secrets. */
void mem_wipe(void *p, size_t n);
/* 1 when the n bytes are equal, 0 when not, in time that depends on n only. */
int mem_equal_secret(const void *a, const void *b, size_t n);

#endif
