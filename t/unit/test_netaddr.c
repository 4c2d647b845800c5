/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "netaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void
texts(void **state)
{
    static const struct {
        const char *text, *back; /* NULL: no address */
    } t[] = {
        {"127.0.0.1", "127.0.0.1"},
        {"[127.0.0.1]", "127.0.0.1"},
        {"::1", "::1"},
        {"[::1]", "::1"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"::ffff:10.1.2.3", "10.1.2.3"},
        {"[::ffff:10.1.2.3]", "10.1.2.3"},
        {"", NULL},
        {"[", NULL},
        {"]", NULL},
        {"[]", NULL},
        {"[127.0.0.1", NULL},
        {"127.0.0.1]", NULL},
        {"[[::1]]", NULL},
        {"127.1", NULL},
        {"127.0.0.256", NULL},
        {"0127.0.0.1", NULL},
        {"localhost", NULL},
        {"127.0.0.1 ", NULL},
        {"::1%lo", NULL},
        {"0000000000000000000000000000000000000000000000000000000000000000000000000000::1", NULL},
    };
    struct netaddr a;
    char text[NETADDR_TEXT];
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        if (netaddr_parse(&a, t[i].text) != (t[i].back ? 0 : -1))
            fail_msg("%s", t[i].text);
        if (t[i].back == NULL)
            continue;
        netaddr_text(&a, text);
        assert_string_equal(text, t[i].back);
    }
}

static void
socket_addresses(void **state)
{
    static const char *const t[] = {"10.1.2.3", "2001:db8::1"};
    struct sockaddr_storage ss;
    struct sockaddr_in6 *sin6 = (void *)&ss;
    struct netaddr a, b;
    char text[NETADDR_TEXT];
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        assert_int_equal(netaddr_parse(&a, t[i]), 0);
        a.port = 25;
        assert_true(netaddr_to_sockaddr(&a, &ss) > 0);
        assert_int_equal(netaddr_from_sockaddr(&b, (struct sockaddr *)&ss), 0);
        assert_memory_equal(&a, &b, sizeof(a));
    }
    /* an IPv4 client on an IPv6 socket */
    memset(&ss, 0, sizeof(ss));
    ss.ss_family = AF_INET6;
    memcpy(&sin6->sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    assert_int_equal(netaddr_from_sockaddr(&a, (struct sockaddr *)&ss), 0);
    assert_int_equal(a.family, AF_INET);
    netaddr_text(&a, text);
    assert_string_equal(text, "127.0.0.1");
    ss.ss_family = AF_UNIX;
    assert_int_equal(netaddr_from_sockaddr(&a, (struct sockaddr *)&ss), 0);
    netaddr_text(&a, text);
    assert_string_equal(text, "local");
    ss.ss_family = AF_UNSPEC;
    assert_int_equal(netaddr_from_sockaddr(&a, (struct sockaddr *)&ss), -1);
}

static void
lists(void **state)
{
    static const struct {
        const char *list, *address;
        int in;
    } t[] = {
        {"", "127.0.0.1", 0},
        {"127.0.0.1", "127.0.0.1", 1},
        {"127.0.0.1", "127.0.0.2", 0},
        {"127.0.0.0/8, 10.103.12.0/22", "10.103.15.255", 1},
        {"127.0.0.0/8,10.103.12.0/22", "10.103.16.0", 0},
        {"127.0.0.0/8\t[::1]/128\n", "::1", 1},
        {"0.0.0.0/0", "203.0.113.9", 1},
        {"0.0.0.0/0", "::1", 0},
        {"[::]/0", "2001:db8::1", 1},
        {"[::]/0", "203.0.113.9", 0},
        {"[2001:db8::]/33", "2001:db8:7fff::1", 1},
        {"[2001:db8::]/33", "2001:db8:8000::1", 0},
        {"::1", "::1", 1},
        {"[::ffff:10.0.0.0]/104", "10.9.9.9", 1},
        {"[::ffff:10.0.0.0]/104", "11.9.9.9", 0},
        /* the first that matches decides */
        {"!10.0.0.1, 10.0.0.0/24", "10.0.0.1", 0},
        {"!10.0.0.1, 10.0.0.0/24", "10.0.0.2", 1},
        {"10.0.0.0/24, !10.0.0.1", "10.0.0.1", 1},
        {"!!10.0.0.1", "10.0.0.1", 1},
    };
    static const char *const bad[][2] = {
        {"10.103.12.1/22", "10.103.12.1/22"},
        {"127.0.0.1 localhost", "localhost"},
        {"127.0.0.1, hash:/etc/postfix/nets", "hash:/etc/postfix/nets"},
        {"/etc/nets", "/etc/nets"},
        {"10.0.0.0/33", "10.0.0.0/33"},
        {"10.0.0.0/", "10.0.0.0/"},
        {"10.0.0.0/-1", "10.0.0.0/-1"},
        {"10.0.0.0/8/8", "10.0.0.0/8/8"},
        {"[::1]/129", "[::1]/129"},
        {"[::1", "[::1"},
        {"[::1/128]", "[::1/128]"},
        {"[::ffff:10.0.0.0]/95", "[::ffff:10.0.0.0]/95"},
        {"2001:db8::1/32", "2001:db8::1/32"},
        {"!", "!"},
        {"! 10.0.0.1", "!"},
        {"10.0.0.1;10.0.0.2", "10.0.0.1;10.0.0.2"},
        {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    };
    char bad_item[NETADDR_TEXT];
    struct netlist *l;
    struct netaddr a;
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        l = netlist_new(t[i].list, bad_item);
        assert_non_null(l);
        assert_int_equal(netaddr_parse(&a, t[i].address), 0);
        if (netlist_match(l, &a) != t[i].in)
            fail_msg("%s in %s", t[i].address, t[i].list);
        netlist_free(l);
    }
    for (i = 0; i < MR_NELEM(bad); i++) {
        if (netlist_new(bad[i][0], bad_item) != NULL)
            fail_msg("%s", bad[i][0]);
        assert_string_equal(bad_item, bad[i][1]);
    }
    memset(&a, 0, sizeof(a));
    a.family = AF_UNIX;
    l = netlist_new("0.0.0.0/0 [::]/0", bad_item);
    assert_int_equal(netlist_match(l, &a), 0);
    netlist_free(l);
    netlist_free(NULL);
}

static void
assert_flags(int fd)
{
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

/* A port of the loopback that nobody has now. */
static unsigned
free_port(void)
{
    struct sockaddr_storage ss;
    struct netaddr a;
    socklen_t len;
    int fd = netaddr_socket(AF_INET);

    assert_int_equal(netaddr_parse(&a, "127.0.0.1"), 0);
    len = netaddr_to_sockaddr(&a, &ss);
    assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
    close(fd);
    assert_int_equal(netaddr_from_sockaddr(&a, (struct sockaddr *)&ss), 0);
    return a.port;
}

static void
close_all(const int *fds, int n)
{
    while (n > 0)
        close(fds[--n]);
}

static void
listening(void **state)
{
    static const struct {
        const char *service; /* %u: the port */
        const char *interfaces;
        int least, most; /* sockets: IPv6 may be missing */
    } t[] = {
        {"127.0.0.1:%u", "all", 1, 1},
        {"[127.0.0.1]:%u", "", 1, 1},
        {"%u", "127.0.0.1", 1, 1},
        {"%u", "127.0.0.1 127.0.0.1,[127.0.0.1]", 1, 1},
        {"%u", "127.0.0.1, 127.0.0.2", 2, 2},
        {"%u", "loopback-only", 1, 2},
        {"localhost:%u", "all", 1, 2},
    };
    char service[80], err[200];
    unsigned port = free_port();
    int fds[4], n;
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        const char *percent = strchr(t[i].service, '%');

        snprintf(service, sizeof(service), "%.*s%u", (int)(percent - t[i].service), t[i].service, port);
        n = netaddr_listen(service, t[i].interfaces, 1, fds, 4, err, sizeof(err));
        if (n < t[i].least || n > t[i].most)
            fail_msg("%s %s: %d %s", service, t[i].interfaces, n, err);
        assert_flags(fds[0]);
        close_all(fds, n);
    }
}

static void
listening_is_refused(void **state)
{
    static const struct {
        const char *service, *interfaces, *err;
    } t[] = {
        {"", "all", "not a port, host:port or [address]:port: "},
        {"0", "all", "not a port, host:port or [address]:port: 0"},
        {"65536", "all", "not a port, host:port or [address]:port: 65536"},
        {"no-such-port", "all", "not a port, host:port or [address]:port: no-such-port"},
        {":25", "all", "not a port, host:port or [address]:port: :25"},
        {"127.0.0.1:", "all", "not a port, host:port or [address]:port: 127.0.0.1:"},
        {"::1:25", "all", "not a port, host:port or [address]:port: ::1:25"},
        {"2525", " , ", "no address to listen on"},
        {"2525", "127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.5", "more than 4 addresses to listen on"},
    };
    char err[200], service[40];
    int fds[4], again[4];
    size_t i;

    MR_UNUSED(state);
    for (i = 0; i < MR_NELEM(t); i++) {
        assert_int_equal(netaddr_listen(t[i].service, t[i].interfaces, 1, fds, 4, err, sizeof(err)), -1);
        if (strcmp(err, t[i].err) != 0)
            fail_msg("%s: %s", t[i].service, err);
    }
    snprintf(service, sizeof(service), "127.0.0.1:%u", free_port());
    assert_int_equal(netaddr_listen(service, "", 0, fds, 4, err, sizeof(err)), 1);
    assert_int_equal(netaddr_listen(service, "", 0, again, 4, err, sizeof(err)), -1);
    assert_non_null(strstr(err, "]:"));
    assert_non_null(strstr(err, strerror(EADDRINUSE)));
    close_all(fds, 1);
}

/* Names of ports need no /etc/services. The address is nobody's (RFC 5737). */
static void
port_names(void **state)
{
    char err[200] = "";
    int fds[4], n = netaddr_listen("192.0.2.1:pop3", "", 0, fds, 4, err, sizeof(err));

    MR_UNUSED(state);
    assert_int_equal(n, -1);
    assert_ptr_equal(strstr(err, "bind [192.0.2.1]:110: "), err);
    assert_non_null(strstr(err, strerror(EADDRNOTAVAIL)));
}

static void
accepted(void **state)
{
    char service[40], err[200];
    unsigned port = free_port();
    struct sockaddr_storage ss;
    struct netaddr a, peer;
    socklen_t len;
    int fds[1], client = netaddr_socket(AF_INET), fd;

    MR_UNUSED(state);
    snprintf(service, sizeof(service), "127.0.0.1:%u", port);
    assert_int_equal(netaddr_listen(service, "", 0, fds, 1, err, sizeof(err)), 1);
    assert_int_equal(netaddr_accept(fds[0], &peer), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(netaddr_parse(&a, "127.0.0.1"), 0);
    a.port = port;
    len = netaddr_to_sockaddr(&a, &ss);
    assert_true(connect(client, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS);
    while ((fd = netaddr_accept(fds[0], &peer)) < 0)
        usleep(1000);
    assert_flags(fd);
    assert_int_equal(peer.family, AF_INET);
    assert_memory_equal(peer.bytes, "\x7f\0\0\1", 4);
    assert_true(peer.port > 0 && peer.port != port);
    close(fd);
    close(client);
    close(fds[0]);
}

/* Listens, connects, accepts at a path of that length. */
static void
unix_round_trip(const char *path)
{
    struct netaddr peer;
    struct stat st;
    int listener, client, fd, second;

    assert_int_equal(unix_connect(path), -1);
    assert_int_equal(errno, ENOENT);
    listener = unix_listen(path, 0600);
    assert_flags(listener);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    client = unix_connect(path);
    assert_flags(client);
    fd = netaddr_accept(listener, &peer);
    assert_flags(fd);
    assert_int_equal(peer.family, AF_UNIX);
    assert_int_equal(write(client, "x", 1), 1);
    close(client);
    close(fd);
    /* a new one takes the place of one that is there */
    second = unix_listen(path, 0666);
    assert_flags(second);
    client = unix_connect(path);
    assert_flags(client);
    fd = netaddr_accept(second, NULL);
    assert_flags(fd);
    close(client);
    close(fd);
    close(second);
    close(listener);
    assert_int_equal(unix_connect(path), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(unlink(path), 0);
}

static void
unix_sockets(void **state)
{
    /* Paths are measured without ".new": at 104 that is what does not fit sun_path, from 108 on neither does.
     */
    static const size_t lengths[] = {40, 103, 104, 107, 108, 200};
    char dir[] = "/tmp/test_netaddr-XXXXXX", deep[150], path[400];
    size_t i;
    int n;

    MR_UNUSED(state);
    assert_non_null(mkdtemp(dir));
    snprintf(deep, sizeof(deep), "%s/%0*d", dir, 60, 0);
    assert_int_equal(mkdir(deep, 0700), 0);
    for (i = 0; i < MR_NELEM(lengths); i++) {
        const char *in = lengths[i] > strlen(deep) ? deep : dir;

        n = snprintf(path, sizeof(path), "%s/%0*d", in, (int)(lengths[i] - strlen(in) - 1), 0);
        assert_int_equal(n, lengths[i]);
        if (lengths[i] - strlen(in) < 80)
            unix_round_trip(path);
        else
            assert_int_equal(unix_listen(path, 0600), -1);
    }
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(unix_listen(path, 0600), -1);
    assert_int_equal(unix_connect("/no/such/dir/socket"), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(rmdir(dir), 0); /* nothing is left behind */
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),     cmocka_unit_test(socket_addresses),     cmocka_unit_test(lists),
        cmocka_unit_test(listening), cmocka_unit_test(listening_is_refused), cmocka_unit_test(port_names),
        cmocka_unit_test(accepted),  cmocka_unit_test(unix_sockets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
