/* SPDX-License-Identifier: ISC */
/* Time spans as Postfix's delivery lines show them (delay_logging_resolution_limit 2). */
#ifndef MR_QUEUE_DELAYS_H
#define MR_QUEUE_DELAYS_H

#include <stddef.h>

/*
 * Two significant digits, at most two decimals, no trailing zeros, whole seconds from 10 on:
 * "0.04", "1.2", "76". Negative counts as 0 (the clock was set back).
 */
#define DELAY_SIZE 32
char *delay_format(char text[DELAY_SIZE], double seconds);

#endif
