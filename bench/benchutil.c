/* SPDX-License-Identifier: ISC */
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "benchutil.h"

struct shared {
    unsigned next, ok, failed;
    float ms[]; /* of each job */
};

double
bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
bench_process(struct shared *s, unsigned total, int (*job)(unsigned n))
{
    unsigned n;

    while ((n = __sync_fetch_and_add(&s->next, 1)) < total) {
        double t = bench_now();
        if (job(n) == 0)
            __sync_fetch_and_add(&s->ok, 1);
        else
            __sync_fetch_and_add(&s->failed, 1);
        s->ms[n] = (float)((bench_now() - t) * 1e3);
    }
}

static int
compare_float(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

int
bench_run(unsigned procs, unsigned total, int (*job)(unsigned n))
{
    size_t size = sizeof(struct shared) + total * sizeof(float);
    struct shared *s = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double t = bench_now();
    unsigned i;

    if (s == MAP_FAILED || total == 0) {
        perror("mmap");
        return 75;
    }
    for (i = 0; i < procs; i++)
        if (fork() == 0) {
            bench_process(s, total, job);
            _exit(0);
        }
    while (wait(NULL) > 0)
        ;
    t = bench_now() - t;
    qsort(s->ms, total, sizeof(float), compare_float);
    printf("total=%u ok=%u failed=%u seconds=%.3f rate=%.1f p50_ms=%.2f p99_ms=%.2f\n", total, s->ok,
           s->failed, t, s->ok / t, s->ms[total / 2], s->ms[(size_t)total * 99 / 100]);
    return s->failed == 0 ? 0 : 1;
}

int
bench_tcp(const char *host, const char *port)
{
    struct addrinfo hints, *res;
    int fd, one = 1;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(host, port, &hints, &res) != 0)
        return -1;
    fd = socket(res->ai_family, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, res->ai_addr, res->ai_addrlen) < 0) {
        perror("connect");
        if (fd >= 0)
            close(fd);
        fd = -1;
    } else
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    freeaddrinfo(res);
    return fd;
}

int
bench_unix(const char *path)
{
    struct sockaddr_un sun;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
    if (fd < 0 || connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        perror(path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}
