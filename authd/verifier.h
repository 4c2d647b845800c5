/* SPDX-License-Identifier: ISC */
/* The worker kind `verifier`. */
#ifndef MR_VERIFIER_H
#define MR_VERIFIER_H

#include "service.h"

/* The callbacks of its worker_kind (service.h). */
int verifier_open(struct worker *w);
int verifier_run(struct worker *w);
void verifier_stop(struct worker *w);

#endif
