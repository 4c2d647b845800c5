/* SPDX-License-Identifier: ISC */
/* What the load programs share: processes that take turns at one counter, times, blocking clients. */
#ifndef MR_BENCHUTIL_H
#define MR_BENCHUTIL_H

#include <stddef.h>

/* Seconds, monotonic. */
double bench_now(void);
/*
 * Runs job(n) for n = 0 .. total-1 in `procs` processes that take the numbers from one counter; job
 * returns 0, or -1 for a failure. Prints "total ok failed seconds per_second p50_ms p99_ms"
 * and returns the exit status: 0 when none failed.
 */
int bench_run(unsigned procs, unsigned total, int (*job)(unsigned n));
/* A connected TCP socket to a numeric address (TCP_NODELAY), or UNIX socket; -1 with a message. */
int bench_tcp(const char *host, const char *port);
int bench_unix(const char *path);

#endif
