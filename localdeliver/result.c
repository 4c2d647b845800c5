/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto.h"
#include "result.h"

/* The texts of a command that pipe(8) ran: its exit status in words, and what it printed. */
static void
result_command(struct result *r, unsigned outcome, const char *dsn, const char *status, const char *output)
{
    r->outcome = outcome;
    r->dsn = dsn;
    r->diagnostic[0] = '\0';
    if (*output == '\0') {
        snprintf(r->text, sizeof(r->text), "%s", status);
        return;
    }
    /* The blank at the end was the newline of the command's output. */
    snprintf(r->text, sizeof(r->text), "%s. Command output: %s ", status, output);
    snprintf(r->diagnostic, sizeof(r->diagnostic), "x-unix; %s", output);
}

void
result_sent(struct result *r)
{
    result_command(r, DELIVER_SENT, "2.0.0", "delivered via maildrop service", "");
}

void
result_unknown_user(struct result *r)
{
    result_command(r, DELIVER_BOUNCED, "5.1.1", "user unknown", "Invalid user specified.");
}

void
result_loop(struct result *r, const char *address)
{
    r->outcome = DELIVER_BOUNCED;
    r->dsn = "5.4.6";
    snprintf(r->text, sizeof(r->text), "mail forwarding loop for %.300s", address);
    r->diagnostic[0] = '\0';
}

void
result_deferred(struct result *r, const char *dsn, const char *output)
{
    result_command(r, DELIVER_DEFERRED, dsn, "temporary failure", output);
}

void
result_errno(struct result *r, const char *what, int error)
{
    static const struct {
        int error;
        const char *dsn; /* RFC 3463 */
    } codes[] = {
        {ENOSPC, "4.3.1"}, {EDQUOT, "4.3.1"}, {EFBIG, "4.3.1"},   {EACCES, "4.2.0"},
        {EPERM, "4.2.0"},  {EROFS, "4.2.0"},  {ENOTDIR, "4.2.0"}, {ELOOP, "4.2.0"},
    };
    char output[256];
    const char *dsn = "4.3.0";
    size_t i;

    for (i = 0; i < MR_NELEM(codes); i++)
        if (codes[i].error == error)
            dsn = codes[i].dsn;
    snprintf(output, sizeof(output), "maildrop: %s: %s.", what, strerror(error));
    result_deferred(r, dsn, output);
}

void
result_put(struct frame_out *f, uint32_t index, const struct result *r)
{
    frame_put_u32(f, index);
    frame_put_u32(f, r->outcome);
    frame_put_str(f, r->dsn);
    frame_put_str(f, r->text);
    frame_put_str(f, r->diagnostic);
}
