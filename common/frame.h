/* SPDX-License-Identifier: ISC */
/*
 * Frames: the messages between our processes. A frame has a type, a request
 * id (an answer carries the id of its request), typed fields in a fixed order, and
 * up to FRAME_MAX_FDS descriptors. The reader takes each field with the getter of its
 * type and ends with frame_end(): anything missing, of another type, or left over
 * is a malformed frame, and its sender is cut off.
 */
#ifndef MR_FRAME_H
#define MR_FRAME_H

#include "buf.h"

#define FRAME_MAX (1024 * 1024) /* bytes of one frame with its header */
#define FRAME_MAX_FDS 4
#define FRAME_HEADER 12

/* A frame being written. Fields are appended; an overflow is kept and makes the send fail. */
struct frame_out {
    struct buf *to; /* where it is appended (a channel's output buffer) */
    size_t base;    /* offset of its header from the start of the unread bytes */
    int fds[FRAME_MAX_FDS];
    int nfds;
    int failed;
};

/* A received frame being read. Strings point into it (they carry their NUL); they live until the handler returns. */
struct frame {
    unsigned type;
    uint32_t id;
    const unsigned char *pos, *end;
    int fds[FRAME_MAX_FDS]; /* -1 once taken */
    int nfds, next_fd;
};

/* --- writing: begin (chan.h has chan_begin), put, send --- */
/* A put that does not fit is remembered: frame_finish() fails. */
void frame_begin(struct frame_out *f, struct buf *to, unsigned type, uint32_t id);
void frame_put_u32(struct frame_out *f, uint32_t v);
void frame_put_u64(struct frame_out *f, uint64_t v);
void frame_put_str(struct frame_out *f, const char *s); /* NULL is sent as "" */
void frame_put_blob(struct frame_out *f, const void *p, size_t n);
/* The descriptor stays the caller's (it is duplicated) and travels with the frame. */
void frame_put_fd(struct frame_out *f, int fd);
/* Completes the header. -1 when it does not fit: the buffer is as before frame_begin(). */
int frame_finish(struct frame_out *f) MR_MUST_CHECK;

/* --- reading. Each: 0, or -1 (wrong type, short, NUL inside a string, over max) --- */
int frame_get_u32(struct frame *f, uint32_t *v_r) MR_MUST_CHECK;
int frame_get_u64(struct frame *f, uint64_t *v_r) MR_MUST_CHECK;
/* A string of at most max bytes, without NUL or any control character but TAB
 * (CR and LF never cross a process border in a string; content goes by descriptor). */
int frame_get_str(struct frame *f, const char **s_r, size_t max) MR_MUST_CHECK;
/* Any bytes, at most max. */
int frame_get_blob(struct frame *f, const void **p_r, size_t *n_r, size_t max) MR_MUST_CHECK;
/* The next descriptor, now the caller's to close. */
int frame_get_fd(struct frame *f, int *fd_r) MR_MUST_CHECK;
/* 0 when every field and every descriptor was taken. */
int frame_end(const struct frame *f) MR_MUST_CHECK;
/* Closes descriptors that nobody took. */
void frame_close_fds(struct frame *f);
/*
 * Takes one frame from the front of `in`, its descriptors from the front of the
 * queue fds[*nfds]. 1: a frame; 0: more bytes needed; -1: malformed.
 * The frame's bytes stay in `in` until buf_consume(in, *size_r).
 */
int frame_parse(struct buf *in, int *fds, int *nfds, struct frame *f, size_t *size_r) MR_MUST_CHECK;

#endif
