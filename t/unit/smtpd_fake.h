/* SPDX-License-Identifier: ISC */
/*
 * authd and queue as smtpd's sessions see them, within the test's own process: this file's object takes the
 * place of common/peer.c. authd knows the transcripts' domain pris.cn; queue keeps the last message in a
 * file.
 */
#ifndef MR_SMTPD_FAKE_H
#define MR_SMTPD_FAKE_H

#include "session.h"

enum fake_trouble { FAKE_WELL, FAKE_SILENT, FAKE_TEMP };

struct fake {
    enum fake_trouble authd, queue; /* SILENT: every answer is NULL */
    uint64_t room;                  /* of a new staging file */
    unsigned opened, aborted, committed, spilled, owner_asked;
    struct buf content;  /* of the last message committed */
    struct buf envelope; /* "sender>rcpt,rcpt orcpt/notify" */
};
extern struct fake fake;

/* A worker with these lines of main.cf, in the place of an earlier one; fake_session() makes its sessions. */
struct smtpd *fake_smtpd(const char *main_cf);
/* A session of a client with that address; its output gathers. `rest` is its other end. */
struct session *fake_session(struct smtpd *d, const char *ip, int *rest_r);
/* Answers what was asked, until nothing is. */
void fake_run(void);
/* Ends every session. */
void fake_end(struct smtpd *d);

#endif
