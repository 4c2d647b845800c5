/* SPDX-License-Identifier: ISC */
/*
 * The disk's own bound: create a file, write SIZE bytes, fsync, rename, fsync the directory; in PROCS
 * processes, each in a directory of its own below DIR.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchutil.h"

static const char *dir;
static size_t size;
static char *content;

static int
one_file(unsigned n)
{
    char sub[512], from[600], to[600];
    int fd, dfd, ok;

    snprintf(sub, sizeof(sub), "%s/%ld", dir, (long)getpid());
    mkdir(sub, 0700);
    snprintf(from, sizeof(from), "%s/tmp%u", sub, n);
    snprintf(to, sizeof(to), "%s/new%u", sub, n);
    fd = open(from, O_CREAT | O_EXCL | O_WRONLY, 0600);
    dfd = open(sub, O_RDONLY);
    ok = fd >= 0 && dfd >= 0 && write(fd, content, size) == (ssize_t)size && fsync(fd) == 0 &&
         rename(from, to) == 0 && fsync(dfd) == 0;
    if (fd >= 0)
        close(fd);
    if (dfd >= 0)
        close(dfd);
    return ok ? 0 : -1;
}

int
main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: diskbound DIR PROCS FILES SIZE\n");
        return 64;
    }
    dir = argv[1];
    size = (size_t)atol(argv[4]);
    content = malloc(size);
    memset(content, 'x', size);
    return bench_run((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), one_file);
}
