/* SPDX-License-Identifier: ISC */
/*
 * Queue ids: 13 upper-case hex digits, microseconds (5) then seconds (8) of arrival.
 * One is never given twice: queue keeps the clock of its ids strictly rising. The arrival
 * time can be read back, and so is the unique part of the names of delivered files (maildir.h).
 */
#ifndef MR_QID_H
#define MR_QID_H

#include <stdint.h>

#define QID_LEN 13
#define QID_SIZE (QID_LEN + 1)

/* usec < 1000000. */
void qid_format(char qid[QID_SIZE], uint32_t sec, uint32_t usec);
/* 0, or -1: not a queue id. */
int qid_parse(const char *qid, uint32_t *sec_r, uint32_t *usec_r);

#endif
