/* caller.c: who signed a request of the S3-compatible door. */
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "download/s3/s3.h"

#define SLOW_MOST 3
#define RETRY_SECONDS 2
#define HEADERS_SEEN 22 /* of 25 lines that Kore takes apart: not the first, the last, and Host, which it keeps */
#define SLOW_US (INT64_C(540) * 1000000) /* below the gateway's proxy_read_timeout */

static atomic_int slow;

int s3_error(struct s3_call *c, int status, const char *code, const char *message) {
    return response_error(c->rs, status, code, NULL, "%s", message);
}

int s3_slow_down(struct s3_call *c, int seconds, const char *message) {
    response_header(c->rs, "Retry-After", "%d", seconds);
    return s3_error(c, 503, "SlowDown", message);
}

int s3_refuse(struct s3_call *c, const struct s3_fault *f) {
    if (f->status == 503) return s3_slow_down(c, RETRY_SECONDS, f->message);
    return s3_error(c, f->status, f->code, f->message);
}

const char *s3_arg(const struct s3_call *c, const char *name) {
    return pairs_get(c->sent.args, name);
}

const char *s3_header(const struct s3_call *c, const char *name) {
    return pairs_get(c->sent.headers, name);
}

/* "/s3/bucket/key": neither bucket nor key need be there. */
static void target_split(struct s3_call *c) {
    const char *at = c->sent.path + strlen(S3_PREFIX);
    c->bucket = c->object = "";
    if (*at != '/') return;
    size_t len = strcspn(++at, "/");
    c->bucket = scope_strndup(c->rq->scope, at, len);
    if (at[len] == '/') c->object = at + len + 1;
}

/* The user of an access key and its signing key. NADIR_EUNAUTH if there is no such key. */
static int key_find(struct s3_call *c) {
    struct scope *s = c->rq->scope;
    struct db_rows *r;
    char *secret;
    size_t len;
    int err = db_query(s, download_db(), &r,
                       "SELECT subject, secret, read_only, buckets FROM s3_key WHERE access_key = $1"
                       " AND (expires_at IS NULL OR expires_at > now())",
                       "s", c->sig.access_key);
    if (err) return err;
    if (db_count(r) == 0) return NADIR_EUNAUTH;
    const char *subject = db_text(r, 0, 0);
    const unsigned char *sealed = db_bytes(s, r, 0, 1, &len);
    err = vault_open(s, c->sig.access_key, subject, sealed, len, &secret);
    if (err) return err == NADIR_EDENIED ? NADIR_EUNAUTH : err;
    err = sigv4_key(s, &c->sig, secret, c->key);
    OPENSSL_cleanse(secret, strlen(secret));
    c->read_only = db_bool(r, 0, 2);
    c->buckets = db_is_null(r, 0, 3) ? NULL : db_json(s, r, 0, 3);
    c->who = (struct auth){.subject = subject, .scope = DOWNLOAD_SCOPE, .roles = "", .is_user = true};
    return err;
}

bool s3_key_reaches(const struct s3_call *c, const char *bucket) {
    size_t i;
    json_t *name;
    if (!c->buckets) return true;
    json_array_foreach(c->buckets, i, name) {
        if (strcmp(json_string_value(name), bucket) == 0) return true;
    }
    return false;
}

char *s3_time(struct scope *s, int64_t at) {
    time_t t = (time_t)at;
    struct tm tm;
    char *out = scope_alloc(s, 32);
    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    return out;
}

/* What the key that signed is for. False: the request goes beyond it, and that was answered. */
static bool within_key(struct s3_call *c) {
    bool reads = strcmp(c->sent.method, "GET") == 0 || strcmp(c->sent.method, "HEAD") == 0;
    if (c->read_only && !reads)
        s3_error(c, 403, "AccessDenied", "The key that signed this request is for reading only.");
    else if (*c->bucket && !s3_key_reaches(c, c->bucket))
        s3_error(c, 403, "AccessDenied", "The key that signed this request is not for this bucket.");
    else
        return true;
    return false;
}

static bool answered(struct s3_call *c, int err) {
    if (err < 0 && !c->rs->status) response_fail(c->rs, err);
    return false;
}

/* The web server reads so many and passes over the rest: a signature may be among what it did not see. */
static bool headers_lost(struct s3_call *c) {
    if (c->sent.headers->count < HEADERS_SEEN) return false;
    s3_error(c, 400, "RequestHeaderSectionTooLarge",
             "The request has more headers than are read here: send fewer items of metadata (x-amz-meta-).");
    return true;
}

/* Fills `out` with who signed. False: the signature cannot be that of this request, and that was answered. */
static bool signature_read(struct s3_call *out, bool *anonymous) {
    struct s3_fault f = {0};
    int err = sigv4_read(out->rq->scope, &out->sent, &out->sig, &f);
    *anonymous = err == NADIR_EUNAUTH;
    if (err && headers_lost(out)) return false;
    if (*anonymous) return true;
    if (!err) err = sigv4_timely(&out->sig, (int64_t)time(NULL), &f);
    if (!err && strcmp(out->sig.service, "s3") != 0)
        err = s3_fault_set(&f, 400, "AuthorizationHeaderMalformed", "The service of the credential must be s3.");
    if (f.code) s3_refuse(out, &f);
    return err ? answered(out, err) : true;
}

bool s3_begin_as(struct request *rq, struct response *rs, const struct signed_request *sent, struct s3_call *out) {
    bool anonymous;
    *out = (struct s3_call){.rq = rq, .rs = rs, .sent = *sent};
    target_split(out);
    response_header(rs, "x-amz-request-id", "%s", rs->request_id ? rs->request_id : "-");
    if (strlen(out->object) > S3_KEY_MOST) {
        s3_error(out, 400, "KeyTooLongError", "A key has at most 1024 bytes.");
        return false;
    }
    if (!signature_read(out, &anonymous)) return false;
    if (anonymous) return true;
    int err = key_find(out);
    if (err == NADIR_EUNAUTH) {
        s3_error(out, 403, "InvalidAccessKeyId", "There is no such access key, or it was revoked or has expired.");
        return false;
    }
    if (err) return answered(out, err);
    if (sigv4_verify(rq->scope, &out->sig, sent, out->key, S3_PREFIX)) return within_key(out);
    if (headers_lost(out)) return false;
    s3_error(out, 403, "SignatureDoesNotMatch",
             "The signature is not that of this request: check the secret and the endpoint.");
    return false;
}

static const char *method_name(const struct request *rq) {
    switch (rq->method) {
    case HTTP_PUT:
        return "PUT";
    case HTTP_POST:
        return "POST";
    case HTTP_DELETE:
        return "DELETE";
    default:
        return rq->head ? "HEAD" : "GET";
    }
}

bool s3_begin(struct request *rq, struct response *rs, struct s3_call *out) {
    const char *path = http_decode(rq->scope, rq->path, strlen(rq->path), false);
    const struct signed_request sent = {method_name(rq), path ? path : rq->path, &rq->args, &rq->headers};
    return s3_begin_as(rq, rs, &sent, out);
}

bool s3_slow_enter(struct s3_call *c) {
    if (atomic_fetch_add(&slow, 1) < SLOW_MOST) {
        c->rq->scope->deadline_us = clock_us() + SLOW_US;
        return true;
    }
    s3_slow_leave();
    s3_slow_down(c, 1, "Too many uploads arrive at once: try again.");
    return false;
}

void s3_slow_leave(void) {
    atomic_fetch_sub(&slow, 1);
}
