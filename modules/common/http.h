/* http.h: what a handler sees of a request and how it answers.
 *
 * Nothing here knows the web server. A handler is
 *     static int orders_create(struct request *rq, struct response *rs)
 * and runs on a pool thread, where it may block. It returns 0 after it has answered through a response_* function
 * (they return 0 so that `return response_json(...)` reads well), or a negative enum nadir_error, which the framework
 * turns into the matching error answer in the route's own error format.
 */
#ifndef NADIR_HTTP_H
#define NADIR_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/auth.h"
#include "common/error.h"
#include "common/scope.h"

enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2,
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_PATCH = 16,
    HTTP_DELETE = 32,
    HTTP_OPTIONS = 64,
};

/* In which format errors of a route are written, framework errors included. */
enum error_format {
    ERRORS_PROBLEM = 0, /* RFC 9457 application/problem+json */
    ERRORS_OAUTH,       /* RFC 6749 section 5.2 {"error":…,"error_description":…} */
    ERRORS_WMS,         /* WMS 1.3.0 ServiceExceptionReport */
    ERRORS_OWS,         /* OWS 1.1 ExceptionReport */
    ERRORS_CSW,         /* OWS 1.0.0 ExceptionReport */
    ERRORS_HTML,        /* a small page, for what people open in a browser */
    ERRORS_S3,          /* Amazon S3 <Error><Code>…</Code><Message>…</Message><Resource/><RequestId/></Error> */
    ERRORS_ODATA,       /* OData JSON Format 4.01 section 21 {"error":{"code":…,"message":…}} */
};

struct pair {
    const char *name; /* header names are lower case */
    const char *value;
};

struct pairs {
    struct pair *list;
    size_t count;
};

struct route;

struct request {
    struct scope *scope;
    enum http_method method; /* HEAD arrives as HTTP_GET with head set */
    bool head;
    const char *path;     /* as sent, without the query, not decoded */
    const char *query;    /* as sent, without '?'; "" when absent */
    struct pairs params;  /* from the path template, percent-decoded */
    struct pairs args;    /* from the query string, decoded; UTF-8 was checked */
    struct pairs headers; /* lower-case names */
    const char *body;     /* body_len bytes and a NUL; never NULL */
    size_t body_len;
    const struct route *route;
    struct auth auth;     /* who asks; auth.subject is NULL for an anonymous caller */
    const char *base_url; /* public URL of the gateway, no trailing slash: NADIR_PUBLIC_URL */
    const char *remote;   /* client's address as the gateway told it */
};

struct response {
    struct scope *scope;
    int status; /* 0 until answered */
    const char *content_type;
    const char *body;
    size_t body_len;
    struct pairs headers;
    size_t headers_room;
    enum error_format errors;
    const char *error_code;            /* format-specific code (OAuth error, OGC exceptionCode); see response_error */
    const char *resource, *request_id; /* what was asked for, and the gateway's name of the request, for ERRORS_S3; or NULL */
};

/* ---- reading ---- */

/** A path parameter of the template. Never NULL for a name that the route's template has. */
const char *request_param(const struct request *rq, const char *name);
/** A query argument (the first of that name; case-sensitive), or NULL. */
const char *request_arg(const struct request *rq, const char *name);
/** As request_arg, ignoring the case of the name (OGC KVP). */
const char *request_kvp(const struct request *rq, const char *name);
/** A header by its lower-case name, or NULL. */
const char *request_header(const struct request *rq, const char *name);

/** An integer query argument within [least, most]; `otherwise` when absent.
 *  Returns NADIR_EINVAL after answering 400 that names the argument. */
int request_arg_int(const struct request *rq, struct response *rs, const char *name, int64_t least, int64_t most,
                    int64_t otherwise, int64_t *out);

/** Parses the body as one JSON value of at most 64 levels. Content-Type must be application/json, geo+json or another +json.
 *  The tree belongs to the scope. Answers 400 or 415 itself and returns NADIR_EINVAL. */
int request_json(const struct request *rq, struct response *rs, json_t **out);

/** Parses an application/x-www-form-urlencoded body; names and values are decoded and checked to be UTF-8.
 *  Answers 400 or 415 itself and returns NADIR_EINVAL. */
int request_form(const struct request *rq, struct response *rs, struct pairs *out);

/** The value of a pair by name, or NULL. */
const char *pairs_get(const struct pairs *p, const char *name);

/** A cookie's value in the scope, or NULL. */
const char *request_cookie(const struct request *rq, const char *name);

/** The Idempotency-Key header, checked: 1..255 visible ASCII. Answers 400 and returns NADIR_EINVAL when absent or malformed. */
int request_idempotency_key(const struct request *rq, struct response *rs, const char **out);

/* ---- answering; all return 0 ---- */

/** Answers a JSON tree (its reference is stolen) as application/json. */
int response_json(struct response *rs, int status, json_t *body);
/** Answers a JSON tree (stolen) under another media type, such as application/geo+json. */
int response_json_as(struct response *rs, int status, const char *content_type, json_t *body);
/** Answers text that lives at least as long as the scope. content_type is borrowed. */
int response_text(struct response *rs, int status, const char *content_type, const char *text);
/** Answers bytes that live at least as long as the scope. */
int response_data(struct response *rs, int status, const char *content_type, const void *data, size_t len);
/** 204, no body. */
int response_empty(struct response *rs, int status);
/** 303 See Other or another redirect; url is refused (500) if it holds control characters. */
int response_redirect(struct response *rs, int status, const char *url);
/** Has nginx send a file: uri is an internal location of the gateway ("/_files/products/…", percent-encoded by the
 *  caller through http_encode_path). Range, HEAD, ETag and back-pressure are nginx's. */
int response_accel(struct response *rs, const char *content_type, const char *uri);

/** Adds a header. Values with CR, LF or NUL are dropped and logged. */
void response_header(struct response *rs, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** An error in the route's format. `type` is a stable short name ("quote-expired"): problem type
 *  https://nadir.example/problems/<type> is written as "urn:nadir:problem:<type>". `field` names the input at fault or is NULL.
 *  The text is one sentence that says what to do. Returns 0. */
int response_error(struct response *rs, int status, const char *type, const char *field, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/** The answer for a negative enum nadir_error, in the route's format. Returns 0. */
int response_fail(struct response *rs, int err);

/** Compares If-None-Match with a strong entity tag (without quotes), sets ETag, and answers 304 when they match.
 *  Returns true when it has answered. */
bool response_not_modified(const struct request *rq, struct response *rs, const char *etag);

/** Path and query of the page of a token: the request's own with `token` set, or without one where token is NULL. The scope's.
 */
const char *response_page_path(const struct request *rq, const char *token);

/** A "next" link object {"rel","type","href"} for GET paging; href is base_url + path + the request's arguments with `token`
 * set. */
json_t *response_next_link(const struct request *rq, const char *content_type, const char *token);

/* ---- text ---- */

/** Percent-encodes for a query value (RFC 3986 unreserved stay). Result in the scope. */
char *http_encode(struct scope *s, const char *text);
/** Percent-encodes a path, keeping '/'. */
char *http_encode_path(struct scope *s, const char *path);
/** Decodes %XX (and '+' as space when plus is true). NULL on a malformed escape, a NUL byte or invalid UTF-8. */
char *http_decode(struct scope *s, const char *text, size_t len, bool plus);
/** Escapes &<>"' for HTML and XML text and attributes; drops characters that XML forbids. */
char *http_escape(struct scope *s, const char *text);
/** True if the bytes are well-formed UTF-8 without NUL. */
bool text_is_utf8(const char *text, size_t len);
/** Base64url without padding (RFC 4648 section 5). Result in the scope. */
char *base64url_encode(struct scope *s, const void *data, size_t len);
/** Returns the bytes (NUL-terminated for convenience) or NULL when malformed. */
unsigned char *base64url_decode(struct scope *s, const char *text, size_t len, size_t *out_len);
/** Lower-case hex of data, in the scope. */
char *hex_encode(struct scope *s, const void *data, size_t len);

/* ---- building requests without a server (the adapter, tests and fuzzers) ---- */

/** Fills a request from its raw parts; all are copied into the scope. headers is a NULL-ended list of name, value, ….
 *  Returns 0, or NADIR_EINVAL for a malformed query (bad escapes, not UTF-8, over 64 arguments). */
int request_build(struct request *rq, struct scope *s, enum http_method method, const char *path, const char *query,
                  const char *const *headers, const void *body, size_t body_len);

#endif
