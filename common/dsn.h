/* SPDX-License-Identifier: ISC */
/* Enhanced status codes (RFC 3463). */
#ifndef MR_DSN_H
#define MR_DSN_H

#define DSN_SIZE 12

/* "5.1.1" at the start of text, followed by a blank or the end: copies it, returns its length; 0 when there is none. */
int dsn_split(const char *text, char dsn[DSN_SIZE]);
/* The first digit fits an SMTP reply code's: 2, 4 or 5. 1 or 0. */
int dsn_fits_code(const char *dsn, unsigned code);

#endif
