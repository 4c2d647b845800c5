/* SPDX-License-Identifier: ISC */
/* Small text helpers that more than one program needs. */
#ifndef MR_STRUTIL_H
#define MR_STRUTIL_H

#include "buf.h"

#include <stdint.h>
#include <time.h>

/* Whole string as a decimal number, at most max. 0 or -1 (empty, other characters, overflow). */
int str_to_u64(const char *s, uint64_t max, uint64_t *v_r);
/* "300s" "5m" "1h" "2d" "1w" or a bare number of `unit` ('s','m','h','d','w'). 0 or -1. */
int str_to_seconds(const char *s, char unit, double *v_r);
/* Hex digits of n bytes, lower case; hex has 2n+1 bytes. */
void str_hex(char *hex, const void *p, size_t n);
/* RFC 4648 base64. Encode appends; decode: 0, or -1: not base64, or over the cap. */
int base64_encode(struct buf *to, const void *p, size_t n);
int base64_decode(struct buf *to, const char *s, size_t n);
/* ASCII case folding, whatever the locale. */
int str_ieq(const char *a, const char *b);
int str_istarts(const char *s, const char *prefix);
void str_lower(char *s);
/* 1 when item is one of the comma/blank separated words of list, ASCII case-insensitive. */
int str_in_list(const char *list, const char *item);
/* "Sun, 22 Nov 2026 06:20:01 +0000 (UTC)" in local time (RFC 5322 3.3, zone name in a comment as Postfix
 * writes). tzset(3) comes first, before a chroot hides the zone's file. */
#define DATE_5322_SIZE 64
void date_5322(char text[DATE_5322_SIZE], time_t t);
/* Opens what random_bytes() needs where the kernel has no getrandom(2); called before a chroot hides it. */
void random_init(void);
/* n random bytes from the kernel; exits when there are none to be had. */
void random_bytes(void *p, size_t n);
/* Reads a whole file into b (its cap bounds it). 0 or -1 (errno; EFBIG over the cap). */
int file_read(const char *path, struct buf *b);
/* Writes all n bytes, going on after EINTR and short writes. 0 or -1 (errno). */
int fd_write_all(int fd, const void *p, size_t n);
int fd_pwrite_all(int fd, const void *p, size_t n, int64_t offset);
/* Reads the n bytes at offset, going on after EINTR and short reads. 0 or -1 (errno; EBADMSG: the file ends
 * before). */
int fd_pread_all(int fd, void *p, size_t n, uint64_t offset);
/* Closes fd (-1: nothing is) and leaves errno alone. Returns result: the last word of a function that failed.
 */
int fd_close(int fd, int result);
/* Makes fd non-blocking and close-on-exec. 0 or -1 (errno). */
int fd_set_flags(int fd);

#endif
