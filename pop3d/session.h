/* SPDX-License-Identifier: ISC */
/* The session process: one logged-in client, one Maildir, one user's rights. */
#ifndef MR_POP3_SESSION_H
#define MR_POP3_SESSION_H

#include "buf.h"
#include "encode.h"
#include "mailbox.h"

#include <stdint.h>
#include <sys/types.h>

/* What a session begins with. */
struct session_start {
    int fd;       /* the client, non-blocking */
    pid_t parent; /* the session does not outlive it */
    uid_t uid;
    gid_t gid;
    const char *address, *home, *maildir; /* maildir may be relative to home */
    const char *ip;                       /* in Courier's form */
    unsigned port;
    const void *pipelined; /* what the client sent behind its login */
    size_t npipelined;
    const char *mechanisms; /* for CAPA */
    int idle_timeout;       /* seconds */
    int log_deletions;
};

struct session {
    const struct session_start *start;
    struct buf in, out;
    int skipping;                   /* command_take()'s */
    uint64_t top, retr, rcvd, sent; /* bytes, as LOGOUT lines count them */
    time_t began;
    struct mailbox box;
    int quit;
};

enum session_end { SESSION_LOGOUT, SESSION_DISCONNECTED, SESSION_TIMEOUT, SESSION_IO_ERROR };

/* Turns this freshly forked process into the session. Never returns. (session_enter.c) */
void session_main(const struct session_start *s);
/* Serves the client until it leaves: the Maildir is the working directory. (session.c) */
void session_run(const struct session_start *start);
/* Ends the process with the log line of that ending. */
void session_end(struct session *s, enum session_end how);
/* Adds to the reply; what does not fit is sent first. */
void session_puts(struct session *s, const char *text);
void session_printf(struct session *s, const char *fmt, ...) MR_PRINTF(2, 3);
/* Adds n bytes of a message file, encoded. Returns how many were used (encode_add). */
size_t session_put_encoded(struct session *s, struct encode *e, const char *p, size_t n);
/* Executes one line. (session_cmd.c) */
void session_command(struct session *s, char *line, size_t len);

#endif
