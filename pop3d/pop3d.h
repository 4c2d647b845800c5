/* SPDX-License-Identifier: ISC */
/* The two kinds of worker of pop3d. */
#ifndef MR_POP3D_H
#define MR_POP3D_H

#include "service.h"

/* Most bytes that a client may have sent behind its login when it is handed over. */
#define POP3_MAX_PIPELINED (32 * 1024)

extern const struct worker_kind network_worker;  /* network.c */
extern const struct worker_kind sessions_worker; /* sessions.c */

#endif
