/* SPDX-License-Identifier: ISC */
/*
 * The spool file: one accepted message on disk. All numbers are big-endian.
 *
 *   offset  size
 *        0     8  "mrspool\n"
 *        8     4  version, 1
 *       12     4  E: bytes of the envelope
 *       16     4  R: recipients
 *       20     8  C: bytes of content
 *       28     4  CRC-32 of the envelope
 *       32     4  CRC-32 of bytes 0 to 31
 *       36     E  envelope: records, each u8 tag, u32 length, value; in the order of spoolfile.c's tables
 *     36+E    16  message state: 'W' when the delay warning was sent, else '-'; 15 zero bytes
 *     52+E R*1024 one slot a recipient: u8 mark (envelope.h), char dsn[11], u16 length of text, u16 length of
 *                 diagnostic, the text, the diagnostic, zeros
 *        ..     C content, LF line ends
 *
 * and nothing behind it. The envelope never changes. The message state and the slots do, in
 * place, and are in no checksum: whatever they hold is read as some legal state, unknown marks as open.
 *
 * Why that is safe. A file comes to be under tmp/, is synced, renamed, and its directory synced before
 * the client's 250. A mark is one byte, and disks write sectors whole. A SENT mark that is lost, or not yet
 * written, means one more attempt, which says `again` and so finds the copy in the Maildir; the mark is
 * synced all the same, because the mailbox's owner may remove that copy in the meantime. A BOUNCE mark is
 * synced, with its reason, before the bounce is made; DONE only after the bounce is in the spool itself: a
 * crash between the two makes a second bounce, never none. The file is unlinked when no recipient is open and
 * no bounce is due; when a crash undoes the unlink, its marks and `again` say that there is little or nothing
 * to do. A file with a wrong size or checksum is never delivered: it goes to corrupt/.
 */
#ifndef MR_QUEUE_SPOOLFILE_H
#define MR_QUEUE_SPOOLFILE_H

#include "buf.h"
#include "envelope.h"

#define SPOOL_HEADER 36
#define SPOOL_STATE 16
#define SPOOL_SLOT 1024
/* Most bytes in front of the content. */
#define SPOOL_MAX_FRONT (SPOOL_HEADER + ENVELOPE_MAX_BYTES + SPOOL_STATE + ENVELOPE_MAX_RCPT * SPOOL_SLOT)

/* Where the parts of a file are, from its header. */
struct spool_layout {
    uint32_t envelope_len, nrcpt;
    uint64_t content_len;
    uint32_t envelope_crc;
    uint64_t state_at, slots_at, content_at, file_size;
};

/* Appends all that stands in front of the content. 0, or -1: over the buffer's cap. */
int spoolfile_encode(struct buf *to, const struct envelope *e, struct spool_layout *l_r);
/* Reads the first SPOOL_HEADER bytes. 0, or -1: no spool file, or damaged. */
int spoolfile_decode_header(const void *p, struct spool_layout *l_r);
/*
 * Fills e (initialised, empty) from the n bytes at p, which are all that stands in front of
 * the content. 0, or -1: damaged; e is to be freed all the same.
 */
int spoolfile_decode(const void *p, size_t n, struct envelope *e);
/* The slot of one recipient, as it is written in place. */
void spoolfile_encode_slot(unsigned char slot[SPOOL_SLOT], const struct recipient *r);

#endif
