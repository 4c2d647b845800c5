/* SPDX-License-Identifier: ISC */
/* CRC-32 as in IEEE 802.3 and zlib: finds damage, not forgery. */
#ifndef MR_QUEUE_CRC32_H
#define MR_QUEUE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of n bytes. */
uint32_t crc32_sum(const void *p, size_t n);

#endif
