/* SPDX-License-Identifier: ISC */
/* Copying content between files. */
#ifndef MR_QUEUE_FDCOPY_H
#define MR_QUEUE_FDCOPY_H

#include <stdint.h>

/* Appends n bytes of `from`, starting at `at`, to `to`. 0, or -1 (errno; EBADMSG: `from` is shorter). */
int fd_copy(int from, uint64_t at, int to, uint64_t n);

#endif
