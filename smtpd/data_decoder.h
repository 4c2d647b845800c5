/* SPDX-License-Identifier: ISC */
/*
 * The content of a message as DATA carries it (RFC 5321 4.1.1.4, 4.5.2), taken apart byte
 * by byte: line ends become LF, the dot of dot-stuffing goes, the end is found.
 *
 * Only <CR><LF>.<CR><LF> ends the content (smtpd_forbid_bare_newline = normalize): a dot
 * alone on a line that begins or ends in any other way is text, so nobody can
 * smuggle a second message through a server with other ideas of a line. A
 * bare LF ends a line of text; a CR that no LF follows becomes a blank (cleanup_replace_stray_cr_lf).
 */
#ifndef MR_DATA_DECODER_H
#define MR_DATA_DECODER_H

#include "buf.h"

enum data_line { DATA_LINE_START, DATA_DOT, DATA_TEXT };

struct data_decoder {
    enum data_line at;
    int after_crlf; /* the line before this one ended in CR LF; so did the DATA command */
    int lf_client;  /* every line so far, the DATA command too, ended in a bare LF, and this client may */
    size_t n_cr;    /* CRs read and not yet decided upon */
    size_t dots;    /* stuffed dots taken away; the owner resets it */
    int ended;
};

/*
 * Starts. lf_client: the DATA command itself ended in a bare LF and the client may do that
 * (smtpd_forbid_bare_newline_exclusions): then <LF>.<LF> ends the content as long as
 * no line ends in CR LF. Such a client types or runs a script; it is no relay that could be tricked.
 */
void data_decoder_init(struct data_decoder *d, int lf_client);
/* Most bytes that data_decode() appends for n bytes of input. */
size_t data_decode_room(const struct data_decoder *d, size_t n);
/*
 * Decodes, appending the content to out, which has the room. Returns how many
 * bytes it took: all, or, when d->ended is set, those up to the end of data.
 */
size_t data_decode(struct data_decoder *d, const char *p, size_t n, struct buf *out);

#endif
