/* SPDX-License-Identifier: ISC */
/*
 * A peer: another of our daemons as its client sees it. Requests are numbered and
 * answered in any order. The connection comes from the parent (a chrooted worker can open
 * no socket), is asked for again when lost, and requests wait for it. Every
 * request is answered exactly once: by a frame, or, after its timeout or a lost
 * connection, by NULL, which always means a temporary failure (promise 2).
 */
#ifndef MR_PEER_H
#define MR_PEER_H

#include "chan.h"

struct worker;
struct peer;
struct peer_request;

/* f is NULL: no answer, a temporary failure. Returns as chan_handler; 0 when f is NULL.
 * For an answer that comes in parts return 1: more frames with this id will come. */
typedef int peer_answer(void *arg, struct frame *f);

/*
 * A connection to the socket `name` ("authd.smtpd") that w's parent permits.
 * timeout_s: how long one request may take, waiting for a connection (10 seconds at most) included. retry: 1:
 * a request (one that carries no descriptor) that was under way when the connection broke is sent
 * again on the next one, within its timeout; for requests that may be repeated, as lookups.
 */
struct peer *peer_new(struct worker *w, const char *name, double timeout_s, int retry);
/* Starts a request; put fields into *f, then peer_send(). The answer must have answer_type. */
struct peer_request *peer_begin(struct peer *p, struct frame_out *f, unsigned type);
/*
 * Starts the next frame of a conversation, with the number of the first: legal when `answer` has returned 1 (the
 * request is parked: no timeout runs until the next peer_send(), and a lost connection is told at once by NULL). Then
 * peer_send() with the same r. Follow-ups are never sent again after a lost connection.
 */
void peer_continue(struct peer_request *r, struct frame_out *f, unsigned type);
void peer_send(struct peer_request *r, struct frame_out *f, unsigned answer_type, peer_answer *answer, void *arg);
/* The number that frames about this request carry (for later frames of a conversation). */
uint32_t peer_request_id(const struct peer_request *r);
/* Forgets a request (a parked one too): its answer will be dropped, `answer` not called. */
void peer_cancel(struct peer_request *r);
/* A frame that wants no answer (ABORT); lost when there is no connection. id: of the request it is about. */
void peer_tell_begin(struct peer *p, struct frame_out *f, unsigned type, uint32_t id);
void peer_tell_send(struct peer *p, struct frame_out *f);
/* A number that changes with every new connection: what an old connection held is gone. 0: none yet. */
unsigned peer_generation(const struct peer *p);

#endif
