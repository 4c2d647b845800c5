/* SPDX-License-Identifier: ISC */
/* Between session.c and session_io.c. */
#ifndef MR_SMTPD_SESSION_PRIVATE_H
#define MR_SMTPD_SESSION_PRIVATE_H

#include "session.h"

#define SESSION_READ_SIZE 65536
#define SESSION_OUT_FLUSH 16384 /* replies of a batch are held back until there are this many bytes */
#define SESSION_OUT_CAP (4 * SESSION_OUT_FLUSH)

/* libev's callbacks of the client's socket. */
void session_readable(struct ev_loop *loop, ev_io *w, int revents);
void session_writable(struct ev_loop *loop, ev_io *w, int revents);
/* The delay of smtpd_error_sleep_time is over. */
void session_awake(struct ev_loop *loop, ev_timer *w, int revents);
/* Behind every entry into the session: what has become of it? It may be gone afterwards. */
void session_settle(struct session *s);
/* "lost connection after RCPT from host[ip]" */
void session_log_reason(struct session *s, const char *reason);

#endif
