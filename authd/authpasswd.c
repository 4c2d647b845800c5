/* SPDX-License-Identifier: ISC */
/* Makes the hash of a password: see authpasswd(1). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <stdio.h>
#include <string.h>

#include "authclient.h"
#include "mem.h"
#include "password.h"

static int
help(void)
{
    puts("Usage: authpasswd [SCHEME]\n"
         "Reads a password (one line of standard input, or from the terminal) and prints its hash.\n\n"
         "  SCHEME     md5, md5raw, sha, sha256, sha512, ssha, crypt [MD5 crypt, $1$]\n"
         "  --help     this text\n"
         "  --version  the version");
    return 0;
}

int
main(int argc, char **argv)
{
    const char *scheme = argc > 1 ? argv[1] : "$1$";
    char line[PASSWORD_MAX + 2];
    struct buf hash;
    int rc;

    if (strcmp(scheme, "--help") == 0)
        return help();
    if (strcmp(scheme, "--version") == 0) {
        puts("authpasswd (mailreeve) " PACKAGE_VERSION);
        return 0;
    }
    if (!authclient_password(line, sizeof(line)))
        return 1;
    buf_init(&hash, 1024);
    rc = password_hash(scheme, line, &hash);
    mem_wipe(line, sizeof(line));
    if (rc < 0) {
        fprintf(stderr, "authpasswd: %s: no such scheme\n", scheme);
        return 1;
    }
    puts(buf_cstr(&hash));
    buf_free(&hash);
    return 0;
}
