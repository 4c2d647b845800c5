/* SPDX-License-Identifier: ISC */
/*
 * Maildir: the names of files and Maildir++ quota. File names of
 * one message and recipient begin the same in every attempt to deliver it, because time and
 * microseconds are the message's arrival (its queue id): so a second attempt after a crash can find the
 * first.
 */
#ifndef MR_MAILDIR_H
#define MR_MAILDIR_H

#include "buf.h"

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define MAILDIR_NAME_MAX 255

/* "SEC.M<usec>P<pid>_<n>.<host>,S=<size>": name in tmp/. host: '/' and ':' are escaped (\057, \072). 0 or -1
 * too long. */
int maildir_tmp_name(char name[MAILDIR_NAME_MAX + 1], const char *queue_id, unsigned n, const char *host,
                     uint64_t size);
/* "SEC.M<usec>P<pid>V<16hex dev>I<16hex ino>_<n>.<host>,S=<size>": name in new/. */
int maildir_new_name(char name[MAILDIR_NAME_MAX + 1], const char *queue_id, unsigned n, const char *host,
                     uint64_t size, dev_t dev, ino_t ino);
/* The same for a message that we write ourselves (no queue id): tag stands in the place of n ("warn"). */
int maildir_own_name(char name[MAILDIR_NAME_MAX + 1], uint32_t sec, uint32_t usec, const char *tag,
                     const char *host, uint64_t size, dev_t dev, ino_t ino);
/* 1 when `name` (in new/ or cur/, with or without ":2,flags") is a delivery of that message to that
 * recipient. */
int maildir_name_matches(const char *name, const char *queue_id, unsigned n);
/* Size from ",S=", -1 when it is not in the name. */
int64_t maildir_name_size(const char *name);
/* Seconds at the front of the name, 0 when there are none. */
uint64_t maildir_name_time(const char *name);
/* 1 when the flags behind ":2," have that letter. */
int maildir_name_flag(const char *name, char flag);

/* --- quota: "104857600S,1000C"; 0 or missing = no limit --- */
struct maildir_quota {
    uint64_t bytes, count; /* 0: unlimited */
};
/* Parses; parts that are no limit are reported in *odd_r (1). Always fills q. */
void maildir_quota_parse(const char *text, struct maildir_quota *q, int *odd_r);

struct maildir_usage {
    int64_t bytes, count;
};
/* Percentage of the quota in use, the higher one of bytes and count; 0 without a quota. */
unsigned maildir_quota_percent(const struct maildir_quota *q, const struct maildir_usage *u);
/*
 * Sums the n bytes of a maildirsize file whose line 1 must be quota_text. 0; or -1: it must be recalculated
 * (another quota, malformed, sums negative). *lines_r: lines behind the first.
 */
int maildir_size_parse(const char *text, size_t n, const char *quota_text, struct maildir_usage *usage_r,
                       unsigned *lines_r);
/* Counts what is in cur and new of the Maildir and its folders (not .Trash, not flag T). 0 or -1 (errno). */
int maildir_scan(int maildirfd, struct maildir_usage *usage_r);

/* What to do with messages of `bytes` bytes together. */
enum maildir_quota_result { MAILDIR_FITS = 0, MAILDIR_OVER = 1, MAILDIR_QUOTA_ERROR = -1 };
/*
 * Reads <maildirfd>/maildirsize, recalculating it where Maildir++ demands that, and
 * tells whether `count` more messages, `bytes` bytes together, fit. quota_text is what line 1 must say.
 * usage_r: before these messages. now: seconds. MAILDIR_QUOTA_ERROR: errno, a temporary failure.
 * On MAILDIR_FITS *fd_r is open for maildir_quota_add(), or -1 where there is no quota.
 */
enum maildir_quota_result maildir_quota_check(int maildirfd, const char *quota_text, int64_t bytes,
                                              int64_t count, time_t now, struct maildir_usage *usage_r,
                                              int *fd_r);
/* Appends "bytes count" to maildirsize (one write); closes fd. 0 or -1 (errno). */
int maildir_quota_add(int fd, int64_t bytes, int64_t count);
/* Appends a change without a check (POP3 removed messages); does nothing where there is no maildirsize. */
int maildir_quota_adjust(int maildirfd, int64_t bytes, int64_t count);
/* Makes path with tmp new cur, mode 0700, owned by uid:gid (-1: leave). 0 or -1 (errno). Existing parts are
 * left. */
int maildir_make(const char *path, uid_t uid, gid_t gid);

#endif
