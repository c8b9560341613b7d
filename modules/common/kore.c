/* kore.c: the only file that knows Kore 4.1. It turns Kore's requests into struct request, has them served on pool threads, and
 * sends the answers back from Kore's event loop.
 *
 * A request sleeps in Kore while a pool thread works on it. The pool thread puts the finished operation on a list and writes to
 * an eventfd; the loop takes the list and wakes the requests. A client that leaves frees its request, so the operation keeps a
 * pointer back that onfree clears (it may run several times); the operation itself is only touched by the loop once it is on
 * the list.
 */
#include <pthread.h>
#include <regex.h> /* Kore's http.h needs it and does not say so */
#include <sys/epoll.h>
#include <sys/eventfd.h>

/* kore.h comes first. */
/* clang-format off */
#include <kore/kore.h>
#include <kore/http.h>
#include <kore/seccomp.h>
/* clang-format on */

#include "common/log.h"
#include "common/server.h"

#define HEADERS_MOST 64

struct op {
    struct http_request *req; /* NULL: the client left */
    struct request *rq;
    struct response *rs;
    bool finished; /* rq and rs are ours to release; loop thread only */
    struct op *next;
};

/* What hangs on the Kore request; Kore frees the box itself. */
struct box {
    struct op *op;
};

static struct {
    struct kore_event evt; /* first: Kore casts */
    int fd;
    pthread_mutex_t lock;
    struct op *finished;
} loop = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* Kore's stock filter kills on pthread_create, stat and fopen (glibc 2.36 uses calls that it does not know). Confinement of
 * modules is systemd's and the container's job. */
static struct sock_filter allow_all[] = {KORE_BPF_RET(SECCOMP_RET_ALLOW)};

__attribute__((constructor)) static void register_filter(void) {
    kore_seccomp_filter("nadir", allow_all, KORE_FILTER_LEN(allow_all));
}

static void op_release(struct op *op) {
    server_release(op->rq);
    free(op);
}

/* On a pool thread. */
static void done(void *arg, struct request *rq, struct response *rs) {
    struct op *op = arg;
    (void)rq;
    op->rs = rs;
    pthread_mutex_lock(&loop.lock);
    op->next = loop.finished;
    loop.finished = op;
    pthread_mutex_unlock(&loop.lock);
    const uint64_t one = 1;
    if (write(loop.fd, &one, sizeof one) < 0) abort(); /* an eventfd cannot fail to count */
}

static void on_finished(void *arg, int error) {
    uint64_t n;
    (void)arg;
    (void)error;
    if (read(loop.fd, &n, sizeof n) < 0) n = 0;
    loop.evt.flags = 0;
    pthread_mutex_lock(&loop.lock);
    struct op *op = loop.finished;
    loop.finished = NULL;
    pthread_mutex_unlock(&loop.lock);
    while (op) {
        struct op *next = op->next;
        op->finished = true;
        if (op->req)
            http_request_wakeup(op->req);
        else
            op_release(op);
        op = next;
    }
}

static void on_free(struct http_request *req) {
    struct box *box = req->hdlr_extra;
    if (!box || !box->op) return;
    struct op *op = box->op;
    box->op = NULL;
    op->req = NULL;
    if (op->finished) op_release(op);
}

/* Kore sends 8 kB a call; this sends as much of the buffer as the socket takes. Kore counts what was written, whatever it
 * asked. */
static int write_all(struct connection *c, size_t len, size_t *written) {
    (void)len;
    return net_write(c, c->snb->b_len - c->snb->s_off, written);
}

static int on_sent(struct netbuf *nb) {
    op_release(nb->extra);
    return KORE_RESULT_OK;
}

/* Answers from the operation's memory, which is released when the body is sent or the connection gone. */
static void answer(struct http_request *req, struct op *op) {
    const struct response *rs = op->rs;
    if (rs->content_type) http_response_header(req, "content-type", rs->content_type);
    for (size_t i = 0; i < rs->headers.count; i++)
        http_response_header(req, rs->headers.list[i].name, rs->headers.list[i].value);
    if (req->owner && req->owner->write == net_write) req->owner->write = write_all;
    if (req->owner && rs->body_len > 0 && req->method != HTTP_METHOD_HEAD) {
        http_response_stream(req, rs->status, (void *)(uintptr_t)rs->body, rs->body_len, on_sent, op);
        return;
    }
    http_response(req, rs->status, rs->body_len ? rs->body : NULL, rs->body_len);
    op_release(op);
}

static enum http_method method_of(const struct http_request *req) {
    switch (req->method) {
    case HTTP_METHOD_GET:
        return HTTP_GET;
    case HTTP_METHOD_HEAD:
        return HTTP_HEAD;
    case HTTP_METHOD_POST:
        return HTTP_POST;
    case HTTP_METHOD_PUT:
        return HTTP_PUT;
    case HTTP_METHOD_PATCH:
        return HTTP_PATCH;
    case HTTP_METHOD_DELETE:
        return HTTP_DELETE;
    default:
        return HTTP_OPTIONS;
    }
}

static bool read_body(struct http_request *req, char **out, size_t *len) {
    *out = NULL;
    *len = req->content_length;
    if (*len == 0) return true;
    *out = malloc(*len);
    if (!*out) return false;
    for (size_t at = 0; at < *len;) {
        ssize_t n = http_body_read(req, *out + at, *len - at);
        if (n <= 0) {
            *len = at;
            break;
        }
        at += (size_t)n;
    }
    return true;
}

/* The first visit: copies the request and hands it to a pool. */
static int begin(struct http_request *req) {
    const char *headers[2 * HEADERS_MOST + 1] = {NULL};
    size_t n = 0;
    struct http_header *h;
    TAILQ_FOREACH(h, &req->req_headers, list) {
        if (n == HEADERS_MOST) break;
        headers[2 * n] = h->header;
        headers[2 * n + 1] = h->value;
        n++;
    }
    struct op *op = calloc(1, sizeof *op);
    struct box *box = kore_calloc(1, sizeof *box);
    char *body;
    size_t body_len;
    if (!op || !read_body(req, &body, &body_len)) {
        free(op);
        kore_free(box);
        http_response(req, 503, NULL, 0);
        return KORE_RESULT_OK;
    }
    struct request *rq = server_request_new();
    int err = request_build(rq, rq->scope, method_of(req), req->path, req->query_string, headers, body, body_len);
    free(body);
    op->rq = rq;
    op->req = req;
    box->op = op;
    req->hdlr_extra = box;
    req->onfree = on_free;
    if (err) {
        op->rs = scope_alloc(rq->scope, sizeof *op->rs);
        *op->rs = (struct response){.scope = rq->scope, .errors = router_errors(rq->path), .resource = rq->path};
        response_error(op->rs, 400, "malformed-query", NULL,
                       "The query string has a bad percent-escape, text that is not UTF-8, or too many arguments.");
        box->op = NULL;
        answer(req, op);
        return KORE_RESULT_OK;
    }
    http_request_sleep(req);
    server_submit(rq, done, op);
    return KORE_RESULT_RETRY;
}

NADIR_EXPORT int nadir_dispatch(struct http_request *req);
NADIR_EXPORT int nadir_dispatch(struct http_request *req) {
    struct box *box = req->hdlr_extra;
    if (!box) return begin(req);
    struct op *op = box->op;
    if (!op || !op->finished) return KORE_RESULT_RETRY;
    box->op = NULL;
    answer(req, op);
    return KORE_RESULT_OK;
}

NADIR_EXPORT int nadir_kore_load(int action);
NADIR_EXPORT int nadir_kore_load(int action) {
    if (action != KORE_MODULE_LOAD || loop.fd >= 0) return KORE_RESULT_OK;
    loop.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop.fd < 0 || server_start() != 0) return KORE_RESULT_ERROR;
    loop.evt.handle = on_finished;
    kore_platform_event_schedule(loop.fd, EPOLLIN, 0, &loop);
    return KORE_RESULT_OK;
}
