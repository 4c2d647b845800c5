/* SPDX-License-Identifier: ISC */
/* What we can do (RFC 2449); the same list before and after the login. */
#ifndef MR_POP3_CAPA_H
#define MR_POP3_CAPA_H

#include "buf.h"

#define CAPA_MAX 4096
/*
 * RFC 6856. Messages go out as they were stored either way, so there is nothing to switch: clients of mail
 * with unencoded headers expect them to.
 */
#define CAPA_UTF8_REPLY "+OK UTF8 enabled\r\n"

/* Appends the reply to CAPA. mechanisms: SASL mechanisms to be shown, "" for none. */
void capa_put(struct buf *to, const char *mechanisms);

#endif
