/* SPDX-License-Identifier: ISC */
/*
 * A channel: one connection that carries frames, on the event loop. What is sent
 * in one loop round goes out in one system call.
 *
 * Each channel has a permit table: which frame types this peer may send, in
 * which of the channel's states, and the function that takes each. An unlisted, early
 * or malformed frame closes that channel, with a log line, and nothing else.
 */
#ifndef MR_CHAN_H
#define MR_CHAN_H

#include "frame.h"

#include <ev.h>

struct chan;

/* Takes one frame. 0, or -1: malformed (the channel is closed after it returns). */
typedef int chan_handler(struct chan *c, struct frame *f);

struct chan_permit {
    unsigned type;
    const char *name;   /* for the log */
    unsigned roles;     /* bit mask of the peers that may send it (MR_ROLE_*) */
    unsigned states;    /* bit mask of 1u << c->state in which it is legal */
    chan_handler *take;
};
#define CHAN_ANY_STATE (~0u)
#define CHAN_ANY_TYPE 0xffffffffu /* as type: every frame (peer.c checks answers against their requests) */

struct chan {
    struct ev_loop *loop;
    int fd;
    unsigned role;                    /* one MR_ROLE_* bit: who is at the other end */
    unsigned state;                   /* the owner's; starts at 0 */
    const char *peer;                 /* name for the log */
    const struct chan_permit *permit; /* ends with type 0 */
    void *owner;                      /* whatever the daemon hangs on it */
    void (*closed)(struct chan *c);   /* after the descriptor is closed; may free c's owner */
    /* private */
    ev_io read_w, write_w;
    struct buf in, out;
    int in_fds[32];
    int n_in_fds;
    struct chan_fd *out_fds, **out_fds_tail;
    size_t out_sent; /* bytes of out ever sent: positions of out_fds count from the start */
    int dirty, closing, in_handler, paused;
    struct chan *next_dirty;
};

/* A channel on the connected, non-blocking fd. out_cap: most bytes waiting to be sent. */
struct chan *chan_new(struct ev_loop *loop, int fd, const struct chan_permit *permit, unsigned role,
                      const char *peer, size_t out_cap, void *owner, void (*closed)(struct chan *));
/* Starts a frame to the peer; put fields, then chan_send(). Not nested. */
void chan_begin(struct chan *c, struct frame_out *f, unsigned type, uint32_t id);
/* 0; or -1 when the peer does not read and the cap is reached: the channel is being closed. */
int chan_send(struct chan *c, struct frame_out *f);
/* Sends a whole frame that frame_finish() has completed elsewhere (it has no descriptors). As chan_send(). */
int chan_send_raw(struct chan *c, const void *frame, size_t n);
/* Stops, or goes on, taking frames from this peer (flow control). */
void chan_pause(struct chan *c, int paused);
/* Closes now, or, from inside a handler, when it returns. `closed` is called once. */
void chan_close(struct chan *c, const char *why);
/* Sends what waits on every channel. The loop of service.h calls it before it sleeps. */
void chan_flush_all(void);

#endif
