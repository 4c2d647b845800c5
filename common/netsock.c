/* SPDX-License-Identifier: ISC */
/* Sockets as the suite wants them, and UNIX sockets by path. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "netaddr.h"
#include "strutil.h"

#define SOCKET_BACKLOG 1024 /* the kernel cuts it to net.core.somaxconn */
#define UNIX_NEW ".new"     /* suffix of a socket's temporary name */
#ifndef O_PATH
#define O_PATH 0 /* before Linux 2.6.39 */
#endif

int
netaddr_socket(int family)
{
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
    return socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
#else
    int fd = socket(family, SOCK_STREAM, 0);

    return fd >= 0 && fd_set_flags(fd) < 0 ? fd_close(fd, -1) : fd;
#endif
}

int
netaddr_accept(int listener, struct netaddr *peer)
{
    struct sockaddr_storage ss;
    socklen_t len = sizeof(ss);
    int fd;

    memset(&ss, 0, sizeof(ss));
#ifdef HAVE_ACCEPT4
    fd = accept4(listener, (struct sockaddr *)&ss, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
    fd = accept(listener, (struct sockaddr *)&ss, &len);
    if (fd >= 0 && fd_set_flags(fd) < 0)
        return fd_close(fd, -1);
#endif
    if (fd >= 0 && peer != NULL && netaddr_from_sockaddr(peer, (struct sockaddr *)&ss) < 0) {
        errno = EAFNOSUPPORT;
        return fd_close(fd, -1);
    }
    return fd;
}

int
netaddr_listen_on(int fd)
{
    return listen(fd, SOCKET_BACKLOG);
}

/*
 * Fills un for path. One that sun_path has no room for is named through its opened directory,
 * which *dir_r holds (-1: none) until the name was used. 0 or -1 (errno).
 */
static int
unix_address(struct sockaddr_un *un, const char *path, int *dir_r)
{
    const char *name = strrchr(path, '/');
    char dir[4096];
    int n;

    *dir_r = -1;
    memset(un, 0, sizeof(*un));
    un->sun_family = AF_UNIX;
    if (strlen(path) < sizeof(un->sun_path)) {
        strcpy(un->sun_path, path);
        return 0;
    }
    if (name == NULL || (size_t)(name - path) >= sizeof(dir)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(dir, path, (size_t)(name - path));
    dir[name - path] = '\0';
    *dir_r = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_PATH);
    if (*dir_r < 0)
        return -1;
    n = snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d%s", *dir_r, name);
    if (n < 0 || (size_t)n >= sizeof(un->sun_path)) {
        close(*dir_r);
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}

/* What bind(2) and connect(2) have in common. 0 or -1 (errno). */
static int
unix_call(int (*call)(int, const struct sockaddr *, socklen_t), int fd, const char *path)
{
    struct sockaddr_un un;
    int dir, rc;

    if (unix_address(&un, path, &dir) < 0)
        return -1;
    rc = call(fd, (struct sockaddr *)&un, sizeof(un));
    return fd_close(dir, rc);
}

int
unix_listen(const char *path, unsigned mode)
{
    char tmp[4096];
    int fd, n = snprintf(tmp, sizeof(tmp), "%s%s", path, UNIX_NEW);

    if (n < 0 || (size_t)n >= sizeof(tmp)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    if (unlink(tmp) < 0 && errno != ENOENT)
        return -1;
    fd = netaddr_socket(AF_UNIX);
    if (fd < 0)
        return -1;
    if (unix_call(bind, fd, tmp) < 0)
        return fd_close(fd, -1);
    /* Nobody gets in with the mode of bind(2): until listen(2) connections are refused. */
    if (chmod(tmp, (mode_t)mode) < 0 || netaddr_listen_on(fd) < 0 || rename(tmp, path) < 0) {
        fd_close(fd, -1);
        n = errno;
        unlink(tmp);
        errno = n;
        return -1;
    }
    return fd;
}

int
unix_connect(const char *path)
{
    int fd = netaddr_socket(AF_UNIX);

    if (fd < 0)
        return -1;
    return unix_call(connect, fd, path) < 0 ? fd_close(fd, -1) : fd;
}
