/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "capa.h"

void
capa_put(struct buf *to, const char *mechanisms)
{
    buf_puts(to, "+OK Here's what I can do:\r\n");
    if (*mechanisms)
        buf_printf(to, "SASL %s\r\n", mechanisms);
    buf_puts(to, "TOP\r\n"
                 "USER\r\n"
                 "LOGIN-DELAY 10\r\n"
                 "PIPELINING\r\n"
                 "UIDL\r\n"
                 "UTF8 USER\r\n"
                 "IMPLEMENTATION Courier Mail Server\r\n"
                 ".\r\n");
}
