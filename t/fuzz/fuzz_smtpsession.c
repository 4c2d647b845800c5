/* SPDX-License-Identifier: ISC */
/* A whole session, fed with anything, in pieces; authd and queue answer, are silent, or in trouble. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fcntl.h>
#include <unistd.h>

#include "log.h"
#include "../unit/smtpd_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char main_cf[] =
    "myhostname = mail.pris.cn\nmynetworks = 127.0.0.1\nmessage_size_limit = 5000\n"
    "smtpd_error_sleep_time = 0s\nsmtpd_sasl_auth_enable = yes\n"
    "smtpd_hard_error_limit = 1000\nsmtpd_recipient_restrictions = permit_mynetworks,\n"
    " reject_non_fqdn_sender, reject_unauth_destination, reject_unauth_pipelining,\n"
    " reject_invalid_hostname\n"
    "smtpd_sender_restrictions = permit_mynetworks, reject_sender_login_mismatch\n"
    "smtpd_data_restrictions = reject_known_sender_login_mismatch\n"
    "smtpd_sender_login_maps = static:x\n";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct smtpd *d;
    struct session *s;
    size_t at, len, step;
    int rest;

    if (!d) {
        d = fake_smtpd(main_cf);
        log_set_fd(open("/dev/null", O_WRONLY), 0);
    }
    if (size < 2)
        return 0;
    fake.authd = data[0] & 3;
    fake.queue = data[0] >> 2 & 1;
    fake.room = data[0] & 8 ? 1000 : 1000000;
    step = data[1] ? data[1] : 1;
    s = fake_session(d, data[0] & 16 ? "127.0.0.1" : "192.0.2.1", &rest);
    for (at = 2; at < size && d->sessions; at += len) {
        len = size - at < step ? size - at : step;
        session_feed(s, (const char *)data + at, len);
        if (at & 1 || data[0] & 32)
            fake_run();
    }
    fake_run();
    if (d->sessions)
        session_feed(s, NULL, 0);
    fake_run();
    fake_end(d);
    close(rest);
    log_flush();
    return 0;
}
