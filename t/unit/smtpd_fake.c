/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client_count.h"
#include "mem.h"
#include "smtpd_fake.h"

struct fake fake;

struct peer {
    const char *name;
};

struct peer_request {
    struct peer_request *next;
    struct peer *peer;
    uint32_t id;
    unsigned type, answer_type;
    int asked;
    int step; /* of a SASL exchange */
    peer_answer *answer;
    void *arg;
    struct buf frame;
    int fd;
};

static struct peer_request *requests;
static struct buf scratch;
static uint32_t last_id;

/* ---- peer.h ------------------------------------------------------------------------------- */

struct peer *
peer_new(struct worker *w, const char *name, double timeout_s, int retry)
{
    struct peer *p = mem_alloc(sizeof(*p));

    MR_UNUSED(w);
    MR_UNUSED(timeout_s);
    MR_UNUSED(retry);
    p->name = name;
    return p;
}

struct peer_request *
peer_begin(struct peer *p, struct frame_out *f, unsigned type)
{
    struct peer_request *r = mem_alloc(sizeof(*r));

    r->peer = p;
    r->id = ++last_id;
    r->fd = -1;
    r->next = requests;
    requests = r;
    buf_init(&r->frame, FRAME_MAX);
    frame_begin(f, &r->frame, type, r->id);
    return r;
}

void
peer_continue(struct peer_request *r, struct frame_out *f, unsigned type)
{
    buf_reset(&r->frame);
    frame_begin(f, &r->frame, type, r->id);
}

void
peer_send(struct peer_request *r, struct frame_out *f, unsigned answer_type, peer_answer *answer, void *arg)
{
    if (frame_finish(f) < 0)
        abort();
    r->answer_type = answer_type;
    r->answer = answer;
    r->arg = arg;
    r->asked = 1;
}

uint32_t
peer_request_id(const struct peer_request *r)
{
    return r->id;
}

void
peer_cancel(struct peer_request *r)
{
    struct peer_request **at = &requests;

    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    if (r->fd >= 0)
        close(r->fd);
    buf_free(&r->frame);
    mem_free(r);
}

void
peer_tell_begin(struct peer *p, struct frame_out *f, unsigned type, uint32_t id)
{
    MR_UNUSED(p);
    fake.aborted += type == QUEUE_ABORT;
    buf_init(&scratch, FRAME_MAX);
    frame_begin(f, &scratch, type, id);
}

void
peer_tell_send(struct peer *p, struct frame_out *f)
{
    MR_UNUSED(p);
    MR_UNUSED(f);
    buf_free(&scratch);
}

unsigned
peer_generation(const struct peer *p)
{
    MR_UNUSED(p);
    return 1;
}

/* ---- authd ---------------------------------------------------------------------------------- */

static const char *
fake_str(struct frame *f)
{
    const char *s;

    if (frame_get_str(f, &s, 4096) < 0)
        abort();
    return s;
}

static uint32_t
fake_u32(struct frame *f)
{
    uint32_t v;

    if (frame_get_u32(f, &v) < 0)
        abort();
    return v;
}

static uint64_t
fake_u64(struct frame *f)
{
    uint64_t v;

    if (frame_get_u64(f, &v) < 0)
        abort();
    return v;
}

static void
fake_rcpt(struct frame *f, struct frame_out *out)
{
    static const char *const known[] = {"postmaster@pris.cn", "alice@pris.cn", "bob@pris.cn",
                                        "support@pris.cn", "root@mail.pris.cn"};
    char address[PROTO_MAX_ADDRESS];
    const char *at;
    enum rcpt_verdict verdict = RCPT_UNKNOWN;
    size_t i;

    snprintf(address, sizeof(address), "%s", fake_str(f));
    at = strrchr(address, '@');
    for (i = 0; i < MR_NELEM(known); i++)
        if (strcasecmp(known[i], address) == 0)
            verdict = RCPT_OK;
    if (at && strcasecmp(at, "@pris.cn") != 0 && strcasecmp(at, "@mail.pris.cn") != 0) {
        frame_put_u32(out, RCPT_OK);
        frame_put_u32(out, CLASS_OTHER);
    } else {
        frame_put_u32(out, fake.authd == FAKE_TEMP ? RCPT_TEMP : verdict);
        frame_put_u32(out, CLASS_VIRTUAL_MAILBOX);
    }
    frame_put_str(out, verdict == RCPT_UNKNOWN ? "User unknown in virtual mailbox table" : "");
}

/* The owner of each address is its user; of support@, postmaster. */
static void
fake_owner(struct frame *f, struct frame_out *out)
{
    static const char *const owners[][2] = {{"postmaster@pris.cn", "postmaster@pris.cn"},
                                            {"alice@pris.cn", "alice@pris.cn"},
                                            {"bob@pris.cn", "bob@pris.cn"},
                                            {"support@pris.cn", "postmaster@pris.cn"}};
    const char *sender = fake_str(f), *login = fake_str(f);
    enum lookup_status status = LOOKUP_NONE;
    int owned = 0;
    size_t i;

    fake.owner_asked++;
    for (i = 0; i < MR_NELEM(owners); i++)
        if (strcasecmp(owners[i][0], sender) == 0) {
            status = LOOKUP_OK;
            owned = strcasecmp(owners[i][1], login) == 0;
        }
    if (fake.authd == FAKE_TEMP)
        status = LOOKUP_TEMP;
    frame_put_u32(out, status);
    frame_put_u32(out, status == LOOKUP_OK && owned);
}

static void
fake_sasl_answer(struct frame_out *out, enum auth_outcome o, const char *challenge, const char *reason,
                 const char *login)
{
    frame_put_u32(out, o);
    frame_put_blob(out, challenge, strlen(challenge));
    frame_put_str(out, reason);
    frame_put_str(out, login);
    frame_put_str(out, "");
}

/* PLAIN and LOGIN, with the password "extmail" whoever it is. */
static void
fake_sasl(struct peer_request *r, struct frame *f, struct frame_out *out)
{
    static const char good[] = "\0postmaster@pris.cn\0extmail";
    const void *p;
    size_t n;
    int plain, initial = 1;

    if (f->type == AUTHD_SASL_START) {
        fake_str(f);
        plain = strcasecmp(fake_str(f), "PLAIN") == 0;
        fake_str(f);
        initial = (int)fake_u32(f);
        r->step = plain ? 10 : 0;
    }
    if (frame_get_blob(f, &p, &n, 4096) < 0)
        abort();
    if (!initial) {
        fake_sasl_answer(out, AUTH_CONTINUE, r->step == 10 ? "" : "Username:", "", "");
    } else if (r->step == 0) {
        r->step = 1;
        fake_sasl_answer(out, AUTH_CONTINUE, "Password:", "", "");
    } else if (r->step == 1 ? n == 7 && memcmp(p, "extmail", 7) == 0
                            : n == sizeof(good) - 1 && memcmp(p, good, n) == 0)
        fake_sasl_answer(out, AUTH_OK, "", "", "postmaster@pris.cn");
    else
        fake_sasl_answer(out, AUTH_REFUSED, "", "authentication failure", "postmaster@pris.cn");
}

/* ---- queue ------------------------------------------------------------------------------------ */

static void
fake_open(struct peer_request *r, struct frame *f, struct frame_out *out, int *fd)
{
    char name[] = "/tmp/smtpd-fake-XXXXXX";

    fake.opened++;
    fake_u64(f);
    fake_str(f);
    r->fd = mkstemp(name);
    unlink(name);
    *fd = dup(r->fd);
    frame_put_u32(out, LOOKUP_OK);
    frame_put_str(out, "A2DADA9A15D12");
    frame_put_u64(out, fake.room);
}

static void
fake_spill(struct peer_request *r, struct frame *f, struct frame_out *out, int *fd)
{
    fake.spilled++;
    fake_u64(f);
    *fd = dup(r->fd);
    frame_put_u32(out, LOOKUP_OK);
    frame_put_u64(out, UINT64_MAX / 2);
}

static void
fake_commit(struct peer_request *r, struct frame *f, struct frame_out *out)
{
    uint64_t size = fake_u64(f);
    uint32_t n;
    char *p;

    fake.committed++;
    buf_free(&fake.content);
    buf_free(&fake.envelope);
    buf_init(&fake.content, 64u << 20);
    buf_init(&fake.envelope, 1u << 20);
    p = buf_reserve(&fake.content, size);
    if (!p || pread(r->fd, p, size, 0) != (ssize_t)size)
        abort();
    buf_added(&fake.content, size);
    buf_printf(&fake.envelope, "%s>", fake_str(f));
    fake_u32(f);
    buf_printf(&fake.envelope, "%s,", fake_str(f));
    buf_printf(&fake.envelope, "%s", fake_str(f));
    fake_str(f);
    for (n = fake_u32(f); n > 0; n--) {
        buf_printf(&fake.envelope, " %s", fake_str(f));
        buf_printf(&fake.envelope, "(%s)", fake_str(f));
        buf_printf(&fake.envelope, "%u", (unsigned)fake_u32(f));
    }
    frame_put_u32(out, COMMIT_OK);
    frame_put_str(out, "2.0.0 Ok: queued as A2DADA9A15D12");
}

/* ---- answering -------------------------------------------------------------------------------- */

static void
fake_take(struct peer_request *r, struct frame *f, struct frame_out *out, int *fd)
{
    switch (f->type) {
    case AUTHD_RCPT:
        fake_rcpt(f, out);
        break;
    case AUTHD_OWNER:
        fake_owner(f, out);
        break;
    case AUTHD_MECHS:
        fake_str(f);
        frame_put_str(out, "PLAIN LOGIN");
        break;
    case AUTHD_SASL_START:
    case AUTHD_SASL_STEP:
        fake_sasl(r, f, out);
        break;
    case QUEUE_OPEN:
        fake_open(r, f, out, fd);
        break;
    case QUEUE_SPILL:
        fake_spill(r, f, out, fd);
        break;
    case QUEUE_COMMIT:
        fake_commit(r, f, out);
        break;
    default:
        abort();
    }
    if (frame_end(f) < 0)
        abort();
}

static void
fake_answer(struct peer_request *r)
{
    enum fake_trouble trouble = strcmp(r->peer->name, "queue.smtpd") == 0 ? fake.queue : fake.authd;
    int fd = -1, none = 0, result;
    struct buf text;
    struct frame in, answer;
    struct frame_out out;
    size_t size;
    uint32_t id = r->id;

    r->asked = 0;
    if (trouble == FAKE_SILENT) {
        peer_answer *cb = r->answer;
        void *arg = r->arg;

        peer_cancel(r);
        cb(arg, NULL);
        return;
    }
    if (frame_parse(&r->frame, &none, &none, &in, &size) != 1)
        abort();
    buf_init(&text, FRAME_MAX);
    frame_begin(&out, &text, r->answer_type, id);
    fake_take(r, &in, &out, &fd);
    if (frame_finish(&out) < 0 || frame_parse(&text, &none, &none, &answer, &size) != 1)
        abort();
    if (fd >= 0) {
        answer.fds[0] = fd;
        answer.nfds = 1;
    }
    result = r->answer(r->arg, &answer);
    for (r = requests; r && r->id != id; r = r->next)
        ;
    if (r && !r->asked && result != 1)
        peer_cancel(r);
    buf_free(&text);
}

void
fake_run(void)
{
    struct peer_request *r = requests;

    while (r) {
        if (r->asked) {
            fake_answer(r);
            r = requests;
        } else
            r = r->next;
    }
}

/* ---- the worker ----------------------------------------------------------------------------------- */

static void
fake_free(struct smtpd *d)
{
    fake_end(d);
    settings_unref(d->settings[0]);
    conf_free(d->worker->conf);
    mem_free(d->authd);
    mem_free(d->queue);
    mem_free(d->counts);
    mem_free(d);
}

struct smtpd *
fake_smtpd(const char *main_cf)
{
    static struct worker worker;
    static struct smtpd *d;
    struct conf_error err;

    if (d)
        fake_free(d);
    d = mem_alloc(sizeof(*d));
    worker.loop = ev_default_loop(EVFLAG_AUTO);
    worker.conf = conf_new();
    if (conf_parse(worker.conf, "main.cf", main_cf, strlen(main_cf), &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        abort();
    }
    d->worker = &worker;
    d->authd = peer_new(&worker, "authd.smtpd", 10, 1);
    d->queue = peer_new(&worker, "queue.smtpd", 10, 0);
    d->counts = client_counts_new();
    d->settings[0] = settings_new(worker.conf, NULL, 0);
    fake.room = UINT64_MAX / 2;
    return d;
}

struct session *
fake_session(struct smtpd *d, const char *ip, int *rest_r)
{
    struct netaddr addr;
    int pair[2];

    if (netaddr_parse(&addr, ip) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
        abort();
    *rest_r = pair[1];
    return session_new(d, d->settings[0], pair[0], &addr);
}

void
fake_end(struct smtpd *d)
{
    while (d->sessions)
        session_free(d->sessions);
    if (requests) /* a session forgot one */
        abort();
}

void
service_exit(struct worker *w, int status)
{
    MR_UNUSED(w);
    exit(status);
}
