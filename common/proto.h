/* SPDX-License-Identifier: ISC */
/*
 * Every frame between our daemons: its type, who sends it to whom, and its
 * fields in order. doc/architecture.md draws the conversations. The types of one
 * receiver share a block of 0x100, and an answer's type is one above its
 * request's. Whoever changes the fields of a type changes its number: an old and a
 * new process may meet during an upgrade, and must then part cleanly.
 *
 * Field notation: u32 name, u64 name, str name (no NUL, CR, LF), blob name, fd name; N * { ... }.
 */
#ifndef MR_PROTO_H
#define MR_PROTO_H

/* Caps, in bytes, that readers give to the getters. */
#define PROTO_MAX_ADDRESS 1024 /* RFC 5321 4.5.3.1: 64 + 1 + 255, quoted, and room */
#define PROTO_MAX_NAME 255
#define PROTO_MAX_PATH 1024
#define PROTO_MAX_TEXT 2048    /* reason texts */
#define PROTO_MAX_SECRET 4096
#define PROTO_MAX_RCPT 1000    /* recipients in one frame; smtpd_recipient_limit is never above it */
#define PROTO_TICKET 64        /* hex digits of a ticket */

/* ---- authd: table lookups and passwords ------------------------------------------------ */
enum authd_type {
    /* smtpd: str address (RCPT TO without <>; $myorigin is its domain where it had none)
     * answer: u32 verdict (enum rcpt_verdict), u32 class (enum address_class), str reason
     * ("User unknown in virtual mailbox table" for RCPT_UNKNOWN; empty else) */
    AUTHD_RCPT = 0x200,
    AUTHD_RCPT_R,
    /* queue: u32 n, n * { str address }
     * answer: u32 n, n * { u32 status (enum lookup_status), str dsn, str reason,
     *                      u32 m, m * { str address, str transport, str nexthop } }
     * transport: "local" (ours: localdeliver), "error" (nexthop holds the text), or "smtp" */
    AUTHD_EXPAND = 0x202,
    AUTHD_EXPAND_R,
    /* localdeliver: u32 n, n * { str address }
     * answer: u32 n, n * { u32 status (enum lookup_status), u32 uid, u32 gid, str home, str maildir, str quota } */
    AUTHD_MAILBOX = 0x204,
    AUTHD_MAILBOX_R,
    /* smtpd: str service ("smtp"): which mechanisms to offer
     * answer: str mechanisms, separated by blanks ("" when there are none now) */
    AUTHD_MECHS = 0x206,
    AUTHD_MECHS_R,
    /* smtpd, pop3d: str service, str mechanism, str client_ip, u32 has_initial, blob initial (decoded)
     * answer, also to AUTHD_SASL_STEP: u32 outcome (enum auth_outcome), blob challenge (decoded),
     *   str reason (for the client), str login (AUTH_OK: as the database spells it; else as the client gave it, or ""),
     *   str ticket ("" unless pop3d and AUTH_OK)
     * After AUTH_CONTINUE the same request id goes on with AUTHD_SASL_STEP or _ABORT. */
    AUTHD_SASL_START = 0x208,
    AUTHD_SASL_R,
    /* smtpd, pop3d: (id of the AUTHD_SASL_START) blob response (decoded) */
    AUTHD_SASL_STEP = 0x20a,
    /* smtpd, pop3d: (same id) nothing; no answer */
    AUTHD_SASL_ABORT = 0x20b,
    /* pop3d: str service, str login, blob password, str client_ip; answer AUTHD_SASL_R */
    AUTHD_LOGIN = 0x20c,
    /* pop3d's session parent: str ticket. A ticket is good once, for 30 seconds.
     * answer: u32 status (enum lookup_status), u32 uid, u32 gid, str address, str home, str maildir */
    AUTHD_REDEEM = 0x20e,
    AUTHD_REDEEM_R,
    /* smtpd: str sender (MAIL FROM, as given, without <>), str login ("" when not logged in)
     * answer: u32 status (enum lookup_status; LOOKUP_NONE: nobody owns the sender), u32 owned (1: by login) */
    AUTHD_OWNER = 0x210,
    AUTHD_OWNER_R
};

enum rcpt_verdict { RCPT_OK = 1, RCPT_UNKNOWN, RCPT_TEMP };
/* As in Postfix's ADDRESS_CLASS_README. CLASS_OTHER: not ours; mail for it is relayed, or refused. */
enum address_class { CLASS_LOCAL = 1, CLASS_VIRTUAL_ALIAS, CLASS_VIRTUAL_MAILBOX, CLASS_RELAY, CLASS_OTHER };
enum lookup_status { LOOKUP_OK = 1, LOOKUP_NONE, LOOKUP_TEMP };
enum auth_outcome {
    AUTH_CONTINUE = 1, /* challenge is set */
    AUTH_OK,
    AUTH_REFUSED, /* wrong user or password, or the exchange was wrong: reason says which */
    AUTH_TEMP     /* database or other trouble */
};

/* ---- queue ------------------------------------------------------------------------------ */
enum queue_type {
    /* smtpd: u64 size (declared by SIZE, 0 unknown), str client ("host[ip]", for the queue file)
     * answer: u32 ok (enum lookup_status), str queue_id, u64 room; only with LOOKUP_OK: fd staging
     * The staging file is empty; smtpd writes headers and content, LF line ends, at most
     * `room` bytes. Longer content: QUEUE_SPILL moves it to a roomier file. */
    QUEUE_OPEN = 0x300,
    QUEUE_OPEN_R,
    /* smtpd: (id of the QUEUE_OPEN) u64 written. answer: u32 ok, u64 room; only with
     * LOOKUP_OK: fd staging (holds the bytes already written) */
    QUEUE_SPILL = 0x302,
    QUEUE_SPILL_R,
    /* smtpd: (id of the QUEUE_OPEN) u64 size, str sender, u32 sender_flags (bit 0 8BITMIME, 1 SMTPUTF8), str ret ("", "FULL", "HDRS"),
     *   str envid (xtext decoded, or ""), str message_id (for References of a bounce, or ""),
     *   u32 n, n * { str address, str orcpt ("" or "rfc822;x"), u32 notify (bits: 1 never, 2 success, 4 failure, 8 delay; 0 default) }
     * answer: u32 outcome (enum commit_outcome), str text ("2.0.0 Ok: queued as ...", "4.3.0 ...") */
    QUEUE_COMMIT = 0x304,
    QUEUE_COMMIT_R,
    /* smtpd: (id of the QUEUE_OPEN) nothing; no answer */
    QUEUE_ABORT = 0x306
};
enum commit_outcome { COMMIT_OK = 1, COMMIT_TEMP, COMMIT_REFUSED };

/* ---- localdeliver ------------------------------------------------------------------------ */
enum localdeliver_type {
    /* queue: str queue_id, str sender, u64 size, u32 again (1: an earlier attempt may have succeeded unseen),
     *   u32 n, n * { u32 index, str address, str orig_to }, fd message (read with pread from 0)
     * answers, one or more, until each index was answered once: u32 n, n * { u32 index,
     *   u32 outcome (enum deliver_outcome), str dsn ("2.0.0"), str text (in the log's parentheses), str diagnostic (DSN
     *   Diagnostic-Code, "x-unix; ..." , or "") } */
    LOCAL_DELIVER = 0x400,
    LOCAL_RESULT,
    /* localdeliver's router to its worker of one uid: str queue_id, str sender, u64 size, u32 again, u32 n,
     *   n * { u32 index, str address, str orig_to, str home, str maildir, str quota }, fd message. Answers LOCAL_RESULT. */
    MDA_DELIVER = 0x410
};
/* DELIVER_UNSURE: deferred, but there may be a copy all the same: the next attempt must say again. */
enum deliver_outcome { DELIVER_SENT = 1, DELIVER_DEFERRED, DELIVER_BOUNCED, DELIVER_UNSURE };

/* ---- pop3d ------------------------------------------------------------------------------- */
enum pop3_type {
    /* network process to session parent: u32 admission (the id of the POP3_ADMIT), str ticket, u32 client_port,
     *   blob pipelined (bytes the client sent behind its login; handed on unread), fd client
     * answer: u32 outcome (enum lookup_status): LOOKUP_OK: the session owns the client now. */
    POP3_SESSION = 0x500,
    POP3_SESSION_R,
    /* network process: str client_ip: a client connected. It counts until POP3_LEAVE, or the end of its session.
     * answer: u32 admitted (0: one too many, of this address or of all) */
    POP3_ADMIT = 0x502,
    POP3_ADMIT_R,
    /* network process: (id of the POP3_ADMIT) nothing; no answer: the client is gone without a session */
    POP3_LEAVE = 0x504
};

#endif
