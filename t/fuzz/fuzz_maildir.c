/* SPDX-License-Identifier: ISC */
/* Names, quota texts and maildirsize: whatever a mailbox may hold. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "maildir.h"
#include "mem.h"
#include "qid.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = mem_strndup((const char *)data, n), qid[QID_SIZE];
    struct maildir_quota q;
    struct maildir_usage u;
    unsigned lines;
    int odd;

    qid_format(qid, 1795328437, 71475);
    maildir_name_matches(text, qid, 0);
    maildir_name_flag(text, 'T');
    maildir_name_time(text);
    if (maildir_name_size(text) < -1)
        abort();
    if (maildir_size_parse((const char *)data, n, "1S", &u, &lines) == 0 && (u.bytes < 0 || u.count < 0))
        abort();
    maildir_quota_parse(text, &q, &odd);
    if (maildir_quota_percent(&q, &u) > 1000)
        abort();
    mem_free(text);
    return 0;
}
