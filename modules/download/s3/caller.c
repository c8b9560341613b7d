/* caller.c: who signed a request of the S3-compatible door. */
#include <openssl/crypto.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "download/s3/s3.h"

#define SLOW_MOST 3
#define SLOW_US (INT64_C(540) * 1000000) /* below the gateway's proxy_read_timeout */

static atomic_int slow;

int s3_error(struct s3_call *c, int status, const char *code, const char *message) {
    return response_error(c->rs, status, code, NULL, "%s", message);
}

int s3_refuse(struct s3_call *c, const struct s3_fault *f) {
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
    int err =
        db_query(s, download_db(), &r,
                 "SELECT subject, secret FROM s3_key WHERE access_key = $1 AND (expires_at IS NULL OR expires_at > now())", "s",
                 c->sig.access_key);
    if (err) return err;
    if (db_count(r) == 0) return NADIR_EUNAUTH;
    const char *subject = db_text(r, 0, 0);
    const unsigned char *sealed = db_bytes(s, r, 0, 1, &len);
    err = vault_open(s, c->sig.access_key, subject, sealed, len, &secret);
    if (err) return err == NADIR_EDENIED ? NADIR_EUNAUTH : err;
    err = sigv4_key(s, &c->sig, secret, c->key);
    OPENSSL_cleanse(secret, strlen(secret));
    c->who = (struct auth){.subject = subject, .scope = DOWNLOAD_SCOPE, .roles = "", .is_user = true};
    return err;
}

static bool answered(struct s3_call *c, int err) {
    if (err < 0 && !c->rs->status) response_fail(c->rs, err);
    return false;
}

bool s3_begin_as(struct request *rq, struct response *rs, const struct signed_request *sent, struct s3_call *out) {
    struct s3_fault f = {0};
    *out = (struct s3_call){.rq = rq, .rs = rs, .sent = *sent};
    target_split(out);
    response_header(rs, "x-amz-request-id", "%s", rs->request_id ? rs->request_id : "-");
    if (strlen(out->object) > S3_KEY_MOST) {
        s3_error(out, 400, "KeyTooLongError", "A key has at most 1024 bytes.");
        return false;
    }
    int err = sigv4_read(rq->scope, sent, &out->sig, &f);
    if (err == NADIR_EUNAUTH) return true; /* anonymous */
    if (!err) err = sigv4_timely(&out->sig, (int64_t)time(NULL), &f);
    if (!err && strcmp(out->sig.service, "s3") != 0)
        err = s3_fault_set(&f, 400, "AuthorizationHeaderMalformed", "The service of the credential must be s3.");
    if (f.code) s3_refuse(out, &f);
    if (err) return answered(out, err);
    err = key_find(out);
    if (err == NADIR_EUNAUTH) {
        s3_error(out, 403, "InvalidAccessKeyId", "There is no such access key, or it was revoked or has expired.");
        return false;
    }
    if (err) return answered(out, err);
    if (sigv4_verify(rq->scope, &out->sig, sent, out->key, S3_PREFIX)) return true;
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
    s3_error(c, 503, "SlowDown", "Too many uploads arrive at once: try again.");
    return false;
}

void s3_slow_leave(void) {
    atomic_fetch_sub(&slow, 1);
}
