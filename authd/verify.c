/* SPDX-License-Identifier: ISC */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "log.h"
#include "mem.h"
#include "service.h"
#include "verify.h"

#define OUT_CAP (1024 * 1024)
#define READY_MAX 256 /* who waits for the first verifier */

struct verifier {
    struct verifier *next;
    struct chan *chan;
    uint32_t attach_id;
    struct verify_job *busy; /* what it works on; NULL: idle */
    struct job_list {
        struct verify_job *head, **tail;
    } own; /* waiting steps of its exchanges */
};

struct verify_job {
    struct verify_job *next;
    uint32_t id;
    enum verify_op op;
    char *service, *name, *client_ip;
    uint32_t has_data;
    struct buf data, data2;
    struct verify_sasl *sasl; /* its exchange, or NULL */
    uint32_t sasl_id;
    verify_done *done; /* NULL: nobody waits */
    void *arg;
};

struct verify_sasl {
    struct verify_sasl *next;
    uint32_t id;
    struct verifier *verifier; /* who has its state; NULL before its first step was taken up */
    struct verify_job *job;    /* the step under way */
    verify_done *done;
    void *arg;
};

struct waiter {
    void (*cb)(void *arg);
    void *arg;
};

static struct ev_loop *verify_loop;
static struct verifier *verifiers;
static struct job_list waiting;
static size_t njobs, nsasl;
static uint32_t last_job, last_sasl;
static struct verify_sasl *exchanges;
static char *mechanisms;
static struct waiter waiters[READY_MAX];
static size_t nwaiters;

/* ---- lists -------------------------------------------------------------------------------------- */

static void
job_append(struct job_list *l, struct verify_job *j)
{
    j->next = NULL;
    *l->tail = j;
    l->tail = &j->next;
}

static struct verify_job *
job_take(struct job_list *l)
{
    struct verify_job *j = l->head;

    if (j && !(l->head = j->next))
        l->tail = &l->head;
    return j;
}

static struct verify_job *
job_new(enum verify_op op, const char *service, const char *name, verify_done *done, void *arg)
{
    struct verify_job *j;

    if (njobs >= VERIFY_QUEUE_MAX)
        return NULL;
    njobs++;
    j = mem_alloc(sizeof(*j));
    j->id = ++last_job ? last_job : ++last_job;
    j->op = op;
    j->service = mem_strdup(service);
    j->name = mem_strdup(name);
    buf_init(&j->data, FRAME_MAX / 2);
    buf_init(&j->data2, PROTO_MAX_SECRET);
    j->done = done;
    j->arg = arg;
    return j;
}

static void
job_free(struct verify_job *j)
{
    njobs--;
    if (j->sasl)
        j->sasl->job = NULL;
    buf_free(&j->data); /* wiped */
    buf_free(&j->data2);
    mem_free(j->service);
    mem_free(j->name);
    mem_free(j->client_ip);
    mem_free(j);
}

/* ---- sending jobs ------------------------------------------------------------------------------- */

static void
verifier_send(struct verifier *v, const struct verify_job *j)
{
    struct frame_out f;

    chan_begin(v->chan, &f, VERIFY_JOB, v->attach_id);
    frame_put_u32(&f, j ? j->id : 0);
    frame_put_u32(&f, j ? (uint32_t)j->op : 0);
    frame_put_u32(&f, j ? j->sasl_id : 0);
    frame_put_str(&f, j ? j->service : "");
    frame_put_str(&f, j ? j->name : "");
    frame_put_str(&f, j ? j->client_ip : "");
    frame_put_u32(&f, j ? j->has_data : 0);
    frame_put_blob(&f, j ? buf_data(&j->data) : "", j ? buf_len(&j->data) : 0);
    frame_put_blob(&f, j ? buf_data(&j->data2) : "", j ? buf_len(&j->data2) : 0);
    chan_send(v->chan, &f);
}

/* Gives an idle verifier its next job; jobs that nobody waits for any more are dropped. */
static void
verifier_feed(struct verifier *v)
{
    struct verify_job *j;

    while (v->attach_id && !v->busy && ((j = job_take(&v->own)) || (j = job_take(&waiting)))) {
        if (!j->done && j->op != VERIFY_SASL_ABORT) {
            job_free(j);
            continue;
        }
        if (j->op != VERIFY_SASL_ABORT)
            v->busy = j;
        if (j->sasl)
            j->sasl->verifier = v;
        verifier_send(v, j);
        if (!v->busy)
            job_free(j);
    }
}

static void
job_submit(struct verify_job *j)
{
    struct verifier *v = j->sasl ? j->sasl->verifier : NULL;

    if (v) {
        job_append(&v->own, j);
        verifier_feed(v);
        return;
    }
    job_append(&waiting, j);
    for (v = verifiers; v; v = v->next)
        if (!v->busy && v->attach_id) {
            verifier_feed(v);
            return;
        }
}

/* ---- results ------------------------------------------------------------------------------------- */

static void
sasl_free(struct verify_sasl *s)
{
    struct verify_sasl **p = &exchanges;

    while (*p != s)
        p = &(*p)->next;
    *p = s->next;
    if (s->job) {
        s->job->done = NULL;
        s->job->sasl = NULL;
    }
    nsasl--;
    mem_free(s);
}

/* Reports a job's end; an exchange that does not go on is gone then. */
static void
job_finish(struct verify_job *j, const struct verify_result *r)
{
    verify_done *done = j->done;
    void *arg = j->arg;
    struct verify_sasl *s = j->sasl;

    job_free(j);
    if (s && r->outcome != AUTH_CONTINUE)
        sasl_free(s);
    if (done)
        done(arg, r);
}

static void
job_fail(struct verify_job *j)
{
    struct verify_result r;

    memset(&r, 0, sizeof(r));
    r.outcome = AUTH_TEMP;
    r.challenge = r.reason = "";
    job_finish(j, &r);
}

static int
take_done(struct chan *c, struct frame *f)
{
    struct verifier *v = c->owner;
    struct verify_job *j = v->busy;
    struct verify_result r;
    struct account *a = &r.account;
    uint32_t id, outcome;

    memset(&r, 0, sizeof(r));
    a->clear = "";
    if (frame_get_u32(f, &id) < 0 || frame_get_u32(f, &outcome) < 0 ||
        frame_get_blob(f, &r.challenge, &r.nchallenge, FRAME_MAX / 2) < 0 ||
        frame_get_str(f, &r.reason, PROTO_MAX_TEXT) < 0 || frame_get_u32(f, &a->uid) < 0 ||
        frame_get_u32(f, &a->gid) < 0 || frame_get_str(f, &a->address, PROTO_MAX_ADDRESS) < 0 ||
        frame_get_str(f, &a->crypt, PROTO_MAX_TEXT) < 0 || frame_get_str(f, &a->home, PROTO_MAX_PATH) < 0 ||
        frame_get_str(f, &a->maildir, PROTO_MAX_PATH) < 0 ||
        frame_get_str(f, &a->quota, PROTO_MAX_NAME) < 0 || frame_get_str(f, &a->name, PROTO_MAX_TEXT) < 0 ||
        frame_get_str(f, &a->options, PROTO_MAX_TEXT) < 0 || frame_end(f) < 0)
        return -1;
    if (!j || j->id != id || outcome < AUTH_CONTINUE || outcome > AUTH_TEMP ||
        (outcome == AUTH_CONTINUE && j->op < VERIFY_SASL_START))
        return -1;
    r.outcome = (enum auth_outcome)outcome;
    v->busy = NULL;
    job_finish(j, &r);
    verifier_feed(v);
    return 0;
}

/* ---- verifiers come and go ----------------------------------------------------------------------- */

static int
take_attach(struct chan *c, struct frame *f)
{
    struct verifier *v = c->owner;
    const char *mechs;
    size_t i, n = nwaiters;

    if (frame_get_str(f, &mechs, PROTO_MAX_TEXT) < 0 || frame_end(f) < 0)
        return -1;
    mem_free(mechanisms);
    mechanisms = mem_strdup(mechs);
    v->attach_id = f->id;
    c->state = 1;
    verifier_send(v, NULL); /* from now on its request has no timeout */
    nwaiters = 0;
    for (i = 0; i < n; i++)
        if (waiters[i].cb)
            waiters[i].cb(waiters[i].arg);
    verifier_feed(v);
    return 0;
}

/* What it had under way has failed. */
static void
verifier_closed(struct chan *c)
{
    struct verifier *v = c->owner, **p = &verifiers;
    struct verify_sasl *s;
    struct verify_job *j;

    while (*p != v)
        p = &(*p)->next;
    *p = v->next;
    for (s = exchanges; s; s = s->next)
        if (s->verifier == v)
            s->verifier = NULL;
    if (v->busy)
        job_fail(v->busy);
    while ((j = job_take(&v->own)) != NULL)
        job_fail(j);
    mem_free(v);
}

void
verify_accept(int fd)
{
    static const struct chan_permit permit[] = {
        {VERIFY_ATTACH, "attach", MR_ROLE_VERIFIER, 1u << 0, take_attach},
        {VERIFY_DONE, "done", MR_ROLE_VERIFIER, 1u << 1, take_done},
        {0, NULL, 0, 0, NULL}};
    struct verifier *v = mem_alloc(sizeof(*v));

    v->own.tail = &v->own.head;
    v->chan = chan_new(verify_loop, fd, permit, MR_ROLE_VERIFIER, "verifier", OUT_CAP, v, verifier_closed);
    v->next = verifiers;
    verifiers = v;
}

void
verify_init(struct ev_loop *loop)
{
    verify_loop = loop;
    waiting.tail = &waiting.head;
}

const char *
verify_mechanisms(void)
{
    return mechanisms;
}

int
verify_when_ready(void (*cb)(void *arg), void *arg)
{
    if (nwaiters == READY_MAX)
        return -1;
    waiters[nwaiters].cb = cb;
    waiters[nwaiters++].arg = arg;
    return 0;
}

void
verify_forget_ready(void *arg)
{
    size_t i;

    for (i = 0; i < nwaiters; i++)
        if (waiters[i].arg == arg)
            waiters[i].cb = NULL;
}

/* ---- requests ------------------------------------------------------------------------------------ */

/* 0, or -1: it does not fit; the job is gone. */
static int
job_set(struct verify_job *j, struct buf *to, const void *p, size_t n)
{
    if (buf_append(to, p, n) == 0)
        return 0;
    job_free(j);
    return -1;
}

struct verify_job *
verify_login(const char *service, const char *login, const void *password, size_t n, verify_done *done,
             void *arg)
{
    struct verify_job *j = job_new(VERIFY_LOGIN, service, login, done, arg);

    if (!j || job_set(j, &j->data, password, n) < 0)
        return NULL;
    job_submit(j);
    return j;
}

struct verify_job *
verify_passwd(const char *service, const char *login, const char *old, const char *fresh, verify_done *done,
              void *arg)
{
    struct verify_job *j = job_new(VERIFY_PASSWD, service, login, done, arg);

    if (!j || job_set(j, &j->data, old, strlen(old)) < 0 || job_set(j, &j->data2, fresh, strlen(fresh)) < 0)
        return NULL;
    job_submit(j);
    return j;
}

static int
sasl_submit(struct verify_sasl *s, struct verify_job *j, const void *p, size_t n)
{
    if (!j || job_set(j, &j->data, p, n) < 0) {
        sasl_free(s);
        return -1;
    }
    j->sasl = s;
    j->sasl_id = s->id;
    s->job = j;
    job_submit(j);
    return 0;
}

struct verify_sasl *
verify_sasl_start(const char *service, const char *mechanism, const char *client_ip, int has_initial,
                  const void *initial, size_t n, verify_done *done, void *arg)
{
    struct verify_sasl *s;
    struct verify_job *j;

    if (nsasl >= VERIFY_SASL_MAX)
        return NULL;
    nsasl++;
    s = mem_alloc(sizeof(*s));
    s->id = ++last_sasl;
    s->done = done;
    s->arg = arg;
    s->next = exchanges;
    exchanges = s;
    j = job_new(VERIFY_SASL_START, service, mechanism, done, arg);
    if (j) {
        j->client_ip = mem_strdup(client_ip);
        j->has_data = has_initial != 0;
    }
    return sasl_submit(s, j, initial, n) < 0 ? NULL : s;
}

int
verify_sasl_step(struct verify_sasl *s, const void *response, size_t n)
{
    /* Its verifier has died: the state is lost. */
    if (!s->verifier) {
        sasl_free(s);
        return -1;
    }
    return sasl_submit(s, job_new(VERIFY_SASL_STEP, "", "", s->done, s->arg), response, n);
}

void
verify_sasl_abort(struct verify_sasl *s)
{
    struct verify_job *j = s->verifier ? job_new(VERIFY_SASL_ABORT, "", "", NULL, NULL) : NULL;
    struct verifier *v = s->verifier;

    if (j) {
        j->sasl_id = s->id;
        job_append(&v->own, j);
    }
    sasl_free(s);
    if (j)
        verifier_feed(v);
}

void
verify_forget(struct verify_job *j)
{
    j->done = NULL;
}
