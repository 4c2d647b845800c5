/* SPDX-License-Identifier: ISC */
/* The authdaemon socket from the side of the tools. */
#ifndef MR_AUTHCLIENT_H
#define MR_AUTHCLIENT_H

#include "buf.h"

#define AUTHCLIENT_REPLY_MAX (64 * 1024 * 1024)

/*
 * The path of the socket: main.cf in dir says where (dir NULL: the directory built in). 0, or -1 with a line
 * on stderr.
 */
int authclient_socket(const char *dir, char *path, size_t size);
/*
 * Sends a request and reads the whole reply. 0; -1 with errno: no connection, no reply in 60 seconds
 * (ETIMEDOUT), or closed without one (EIO), which all mean temporary trouble.
 */
int authclient_ask(const char *path, const struct buf *request, struct buf *reply);
/* 1 when s can stand in a request: no control characters. */
int authclient_text_ok(const char *s);
/* The first line of stdin, or, from a terminal, what is typed at a prompt without echo, twice. NULL at its
 * end. */
char *authclient_password(char *line, size_t size);

#endif
