/* SPDX-License-Identifier: ISC */
/*
 * One SMTP session (RFC 5321): the connection, what is known of the client, and
 * at most one mail transaction.
 */
#ifndef MR_SMTPD_SESSION_H
#define MR_SMTPD_SESSION_H

#include "command.h"
#include "netaddr.h"
#include "peer.h"
#include "proto.h"
#include "service.h"
#include "settings.h"
#include "tx.h"

/*
 * What the next bytes of the client are. A command that needs an answer of authd or queue sets `waiting`;
 * input then gathers, bounded, until session_done() goes on with it.
 *
 *           +--------- end of data -----------+
 *           v                                 |
 *     SESSION_COMMAND --- DATA (354) --> SESSION_DATA
 *        |       ^
 *   AUTH (334)   | 235, 535, 501 ...
 *        v       |
 *      SESSION_AUTH
 *
 * From anywhere: QUIT, an error limit, a timeout or a lost connection -> closing.
 */
enum session_mode { SESSION_COMMAND, SESSION_AUTH, SESSION_DATA };

/* Commands in the order of the log's "disconnect" line; SMTP_UNKNOWN is what is none of them. */
enum smtp_command {
    SMTP_HELO,
    SMTP_EHLO,
    SMTP_XCLIENT,
    SMTP_XFORWARD,
    SMTP_STARTTLS,
    SMTP_AUTH,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_RSET,
    SMTP_NOOP,
    SMTP_VRFY,
    SMTP_QUIT,
    SMTP_UNKNOWN,
    SMTP_COMMANDS
};

/* What authd said of a recipient. */
struct rcpt_lookup {
    int known; /* the rest is valid */
    enum rcpt_verdict verdict;
    enum address_class class_;
    char reason[128];
};

/* The worker's own: what all its sessions share. */
struct smtpd {
    struct worker *worker;
    struct peer *authd, *queue;
    struct session *sessions;
    size_t nsessions;
    int stopping;
    ev_timer sweep;
    struct smtpd_settings *settings[SERVICE_MAX_LISTEN]; /* as the worker's listeners */
    struct client_counts *counts;
    char mechs[256];           /* SASL mechanisms, as authd named them ... */
    unsigned mechs_generation; /* ... on that connection */
    double mechs_until;
};

struct session {
    struct smtpd *smtpd;
    struct smtpd_settings *set;
    struct session *next, *prev;
    int fd;
    ev_io read_w, write_w;
    struct buf in, out;
    double deadline;

    /* the client */
    struct netaddr addr;
    char ip[NETADDR_TEXT];
    char *client; /* "localhost[127.0.0.1]" */
    char *helo;   /* NULL before HELO and EHLO */
    struct client_count *counted;
    unsigned esmtp : 1, in_mynetworks : 1, may_send_lf : 1, eof : 1;
    unsigned ill_pipelining : 1; /* has sent commands out of turn */
    unsigned lf_line : 1;        /* the present line ended in a bare LF */

    /* the course of the session */
    enum session_mode mode;
    unsigned waiting : 1, sleeping : 1, closing : 1, running : 1, discarding : 1, write_blocked : 1,
        read_off : 1;
    size_t pending;    /* input behind the present line */
    const char *where; /* for the log: the last command */
    enum smtp_command command;
    unsigned errors, junk;
    unsigned total[SMTP_COMMANDS], good[SMTP_COMMANDS];
    ev_timer sleep_timer;

    /* a question to authd under way, and what came of it */
    struct peer_request *request;
    struct rcpt_lookup lookup;
    void (*resume)(struct session *s);

    struct rcpt_pending *rcpt; /* the recipient that RCPT or VRFY looks at (envelope.c) */

    /* AUTH */
    char *sasl_method, *sasl_username; /* username: NULL when not logged in */

    struct tx *tx; /* NULL outside a mail transaction */
};

/* Results of command handlers. */
enum { COMMAND_OK = 0, COMMAND_ERROR = -1, COMMAND_WAIT = 1 };

/* Starts a session on the connected fd, which becomes its own. addr: the client's. NULL: it was sent away. */
struct session *session_new(struct smtpd *d, struct smtpd_settings *set, int fd, const struct netaddr *addr);
/* Takes bytes of the client; n is 0 at the end of its input. */
void session_feed(struct session *s, const char *p, size_t n);
/* Appends one reply line (CR LF is added; cut at 510 bytes; control characters become '?'). */
void session_reply(struct session *s, const char *fmt, ...) MR_PRINTF(2, 3);
/* The handler that returned COMMAND_WAIT has its answer: result is COMMAND_OK or COMMAND_ERROR. */
void session_done(struct session *s, int result);
/* The same in the midst of a command: input is read again. */
void session_resume(struct session *s);
/* Ends the session when its output is written. */
void session_close(struct session *s);
/* Ends it now, without a word. */
void session_free(struct session *s);
/* Something of the client arrived or was sent: smtpd_timeout starts anew. */
void session_touch(struct session *s);
/* Says 421 and closes, because the time is over. */
void session_timeout(struct session *s);
/* Says 421 and closes, because we stop; a message that is coming in may end. */
void session_stop(struct session *s);
/* "<qid|NOQUEUE>: reject: RCPT from host[ip]: text; from=<> to=<> proto=ESMTP helo=<x>" */
void session_log_reject(struct session *s, const char *recipient, const char *text);
/* Replies with text and logs it as a refusal. Returns COMMAND_ERROR. */
int session_reject(struct session *s, const char *recipient, const char *text);
const char *session_protocol(const struct session *s);
/* The client's host name: there is no DNS in this version, so only the loopback addresses have one. */
const char *session_client_name(const struct netaddr *a);

/* ---- commands.c, envelope.c, owner.c, auth.c, data.c ------------------------------------------- */
/* A command's handler: COMMAND_OK, COMMAND_ERROR (both have replied), or COMMAND_WAIT: session_done() will
 * follow. */
typedef int smtp_handler(struct session *s, struct command *c);
/* Runs one command line: looks it up, counts it. */
void commands_take(struct session *s, const char *line, size_t n);
/* Counts the outcome of the present command. */
void commands_finish(struct session *s, int result);
/* Appends " ehlo=1 mail=1/2 commands=2/3" for the log. */
void commands_count(const struct session *s, struct buf *b);
smtp_handler ehlo_helo, ehlo_ehlo, envelope_mail, envelope_rcpt, envelope_vrfy, auth_command, data_command;
/* Asks authd for the owners of the transaction's sender; resume(s) follows, with s->tx->owner known. */
int owner_ask(struct session *s, void (*resume)(struct session *s));
/* A new command: an answer that was trouble is asked for again. */
void owner_retry(struct session *s);
/* A line within AUTH. */
void auth_line(struct session *s, const char *line, size_t n);
/* Bytes within DATA. Returns how many were taken. */
size_t data_feed(struct session *s, const char *p, size_t n);
/* Forgets a question to authd that is under way, or the exchange of AUTH. */
void session_cancel_request(struct session *s);

#endif
