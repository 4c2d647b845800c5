/* SPDX-License-Identifier: ISC */
/* One client in the authorization state (RFC 1939 4): from its greeting to the session. */
#ifndef MR_POP3_LOGIN_H
#define MR_POP3_LOGIN_H

#include "buf.h"
#include "netaddr.h"
#include "peer.h"

#include <ev.h>

/* What all clients of this process share. */
struct network {
    struct worker *worker;
    struct peer *authd, *sessions;
    struct login *head; /* clients */
    double login_timeout, failure_delay;
    int stopping;
};

enum login_state {
    LOGIN_ADMIT,   /* the session parent is asked whether it may come in */
    LOGIN_COMMAND, /* the next line is a command */
    LOGIN_SASL,    /* the next line is an answer to authd's challenge */
    LOGIN_AUTHD,   /* authd is asked */
    LOGIN_DELAY,   /* the answer to a wrong password is held back */
    LOGIN_SESSION, /* on its way to the session parent */
    LOGIN_END      /* when the reply is sent */
};

struct login {
    struct login *next, **back;
    struct network *net;
    enum login_state state;
    int fd;
    unsigned port;
    char ip[NETADDR_TEXT];         /* as authd is told */
    char log_ip[NETADDR_TEXT + 8]; /* as Courier writes it: IPv4 with ::ffff: */
    ev_io io;                      /* reading; or writing, when the client has not read our replies */
    ev_timer alarm, delay;
    struct buf in, out;
    int skipping;        /* command_take()'s */
    char *user;          /* of USER */
    char mechanism[32];  /* of AUTH, while that is under way; "" for PASS */
    const char *delayed; /* the reply held back */
    struct peer_request *request;
    uint32_t admission;
    int admitted;
};

/* A client has connected: takes over fd. */
void login_begin(struct network *net, int fd);
/* Ends it at once; no log line for a client that was never let in. */
void login_close(struct login *l);
/* Works off the lines that are there, then login_wait(). */
void login_proceed(struct login *l);
/* Sends what is to be sent, and waits for what comes next. In state LOGIN_END, frees l. */
void login_wait(struct login *l);
/* Adds to the reply. */
void login_reply(struct login *l, const char *text);
/* A reply for temporary trouble, and state LOGIN_END. */
void login_give_up(struct login *l);
/* Hands the client over to the session parent with authd's ticket. */
void login_hand_over(struct login *l, const char *ticket);

/* --- login_cmd.c --- */
/* Executes one line (a command, or an answer to a challenge), which it may change. cut: it was too long. */
void login_line(struct login *l, char *line, size_t len, int cut);
/* Tells authd that the AUTH under way goes no further. */
void login_abort_sasl(struct login *l);

#endif
