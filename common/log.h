/* SPDX-License-Identifier: ISC */
/*
 * Log lines in the forms of Postfix ("postfix/smtpd[123]: ...") and Courier
 * ("pop3d: ..."). They go to syslog, or to the file of maillog_file; the root
 * parent opens either one and hands the descriptor to its workers, so a
 * chrooted worker needs no path, and gets a new one when syslog restarts.
 * Lines of one event-loop round are written together (log_flush()).
 *
 * Bytes outside printable ASCII in arguments are logged as '?', so that no
 * client can forge a line.
 */
#ifndef MR_LOG_H
#define MR_LOG_H

#include "compiler.h"

enum log_level { LOG_L_ERROR, LOG_L_WARNING, LOG_L_INFO, LOG_L_DEBUG };

/*
 * Names this process in its lines. syslog_name ("postfix", or "" for lines of
 * Courier's form) and program ("smtpd") give "postfix/smtpd[pid]: ".
 * Until log_set_fd() lines go to standard error.
 */
void log_init(const char *syslog_name, const char *program);
/* Sends lines to fd from now on. is_syslog: a datagram socket to syslog; else a file. */
void log_set_fd(int fd, int is_syslog);
/* The descriptor in use, -1 for none (the parent hands it on). */
int log_fd(int *is_syslog_r);
/*
 * Called when the syslog socket has failed: the owner asks its parent for a
 * new one. Lines are kept (bounded; the oldest are counted and dropped) until log_set_fd().
 */
void log_on_lost(void (*lost)(void *arg), void *arg);
/* One line each. Postfix writes "warning: " and "error: " in front; so do we. */
void log_error(const char *fmt, ...) MR_PRINTF(1, 2);
void log_warning(const char *fmt, ...) MR_PRINTF(1, 2);
void log_info(const char *fmt, ...) MR_PRINTF(1, 2);
void log_debug(const char *fmt, ...) MR_PRINTF(1, 2);
/* A line under another program's name: log_as("pipe", "%s: to=<%s>, ..."). Level info. */
void log_as(const char *program, const char *fmt, ...) MR_PRINTF(2, 3);
/* Writes what is kept. Called by the event loop before it sleeps, and at exit. */
void log_flush(void);
/* 1 when lines are kept because syslog does not take them now: call log_flush() again soon. */
int log_waits(void);
/* Logs an error, flushes, exits with status (sysexits.h, mostly 75 or 78). */
void log_fatal(int status, const char *fmt, ...) MR_PRINTF(2, 3) MR_NORETURN;

#endif
