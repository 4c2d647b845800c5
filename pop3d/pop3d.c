/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "pop3d.h"

static const struct service_socket sockets[] = {{"pop3d.network", MR_ROLE_POP3D}, {NULL, 0}};
static const char *const commands[] = {"pop3d", NULL};

int
main(int argc, char **argv)
{
    struct worker_kind kinds[3];
    struct service s;

    memset(kinds, 0, sizeof(kinds));
    kinds[0] = network_worker;
    kinds[1] = sessions_worker;
    memset(&s, 0, sizeof(s));
    s.name = "pop3d";
    s.summary = "POP3 server: mailboxes in Maildir format, in the words of Courier's.";
    s.syslog_program = "pop3d";
    s.log_courier = 1;
    s.kinds = kinds;
    s.sockets = sockets;
    s.master_commands = commands;
    return service_main(&s, argc, argv);
}
