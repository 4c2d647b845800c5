/* SPDX-License-Identifier: ISC */
#ifndef MR_TAKE_H
#define MR_TAKE_H

#include "arena.h"
#include "frame.h"

/* The next field, a string, as a copy that outlives the frame. 0; or -1: malformed, or over the arena's cap.
 */
int take_str(struct frame *f, struct arena *a, const char **s_r, size_t max) MR_MUST_CHECK;

#endif
