/* admit.c: GET /s3-admit, which the gateway asks before it takes the body of a PUT or POST (auth_request). So who may not
 * write, or has no room left, is told before the first byte. The answer is 204, or 403 with the error document in X-S3-Error
 * and its status in X-S3-Status, for the gateway to answer with. */
#include <stdlib.h>
#include <string.h>

#include "download/s3/s3.h"

#define ERROR_MOST 3000 /* the gateway reads an answer's headers into one buffer */

/* The request that is to be admitted, from what the gateway says of it. */
static int target_read(struct request *rq, struct request *out) {
    const char *target = request_header(rq, "x-s3-target");
    if (!target) return NADIR_EINVAL;
    const char *query = strchr(target, '?');
    const char *path = query ? scope_strndup(rq->scope, target, (size_t)(query - target)) : target;
    int err = request_build(out, rq->scope, HTTP_GET, path, query ? query + 1 : "", NULL, NULL, 0);
    out->headers = rq->headers;
    return err;
}

static bool document_fits(struct s3_call *c) {
    const char *length = s3_header(c, "x-s3-content-length");
    if (!length || !*length || (strlen(length) < 9 && strtol(length, NULL, 10) <= S3_XML_MOST)) return true;
    s3_error(c, 413, "EntityTooLarge", "The document is larger than 2 MiB.");
    return false;
}

static bool admitted(struct request *rq, struct response *rs) {
    struct request target;
    struct s3_call c;
    const char *method = request_header(rq, "x-s3-method");
    if (!method || target_read(rq, &target)) {
        response_fail(rs, NADIR_EINVAL);
        return false;
    }
    rs->resource = target.path;
    const char *path = http_decode(rq->scope, target.path, strlen(target.path), false);
    if (!path || strncmp(path, S3_PREFIX "/", sizeof S3_PREFIX) != 0) {
        response_fail(rs, NADIR_EINVAL);
        return false;
    }
    const struct signed_request sent = {method, path, &target.args, &rq->headers};
    if (!s3_begin_as(&target, rs, &sent, &c)) return false;
    bool makes_bucket = !*c.object && strcmp(method, "PUT") == 0;
    bool carries_object = *c.object && strcmp(method, "PUT") == 0 && !s3_header(&c, "x-amz-copy-source");
    if (!c.who.subject) {
        s3_error(&c, 403, "AccessDenied", "Sign the request: only one's own buckets can be written.");
        return false;
    }
    if (!makes_bucket && !s3_bucket_writable(&c)) return false;
    if (!carries_object) return document_fits(&c);
    if (s3_body_length(&c) < 0) {
        s3_error(&c, 411, "MissingContentLength", "Tell the body's length.");
        return false;
    }
    return object_admitted(&c, s3_body_length(&c));
}

int s3_admit(struct request *rq, struct response *rs) {
    rs->errors = ERRORS_S3;
    if (admitted(rq, rs)) return response_empty(rs, 204);
    char *error = scope_strndup(rq->scope, rs->body, rs->body_len < ERROR_MOST ? rs->body_len : 0);
    for (char *e = error; *e; e++)
        if (*e == '\n') *e = ' ';
    response_header(rs, "X-S3-Status", "%d", rs->status);
    response_header(rs, "X-S3-Error", "%s", error);
    return response_empty(rs, 403);
}
