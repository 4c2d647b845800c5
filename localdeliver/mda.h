/* SPDX-License-Identifier: ISC */
/* The delivery process of one mailbox owner (worker kind "mda"). */
#ifndef MR_MDA_H
#define MR_MDA_H

#include "service.h"

/* The callbacks of its worker_kind (service.h). */
int mda_run(struct worker *w);
void mda_reload(struct worker *w, struct conf *old);
void mda_stop(struct worker *w);

#endif
