#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/http.h"
#include "common/log.h"

static void json_text_release(void *text) {
    free(text);
}

int response_data(struct response *rs, int status, const char *content_type, const void *data, size_t len) {
    rs->status = status;
    rs->content_type = content_type;
    rs->body = data;
    rs->body_len = len;
    return 0;
}

int response_text(struct response *rs, int status, const char *content_type, const char *text) {
    return response_data(rs, status, content_type, text, strlen(text));
}

int response_empty(struct response *rs, int status) {
    return response_data(rs, status, NULL, "", 0);
}

int response_json_as(struct response *rs, int status, const char *content_type, json_t *body) {
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    json_decref(body);
    if (!text) {
        log_error(rs->scope, "an answer could not be written as JSON", NULL);
        return response_fail(rs, NADIR_EINTERNAL);
    }
    scope_defer(rs->scope, json_text_release, text);
    return response_text(rs, status, content_type, text);
}

int response_json(struct response *rs, int status, json_t *body) {
    return response_json_as(rs, status, "application/json", body);
}

void response_header(struct response *rs, const char *name, const char *format, ...) {
    char small[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (len < 0) return;
    char *value = scope_alloc(rs->scope, (size_t)len + 1);
    if ((size_t)len < sizeof small) {
        memcpy(value, small, (size_t)len);
    } else {
        va_start(args, format);
        vsnprintf(value, (size_t)len + 1, format, args);
        va_end(args);
    }
    if (strpbrk(value, "\r\n")) {
        log_warn(rs->scope, "header with a line break dropped", "header", name, NULL);
        return;
    }
    if (rs->headers.count == rs->headers_room) {
        size_t room = rs->headers_room ? 2 * rs->headers_room : 8;
        struct pair *list = scope_alloc(rs->scope, room * sizeof *list);
        if (rs->headers.count) memcpy(list, rs->headers.list, rs->headers.count * sizeof *list);
        rs->headers.list = list;
        rs->headers_room = room;
    }
    rs->headers.list[rs->headers.count++] = (struct pair){scope_strdup(rs->scope, name), value};
}

int response_redirect(struct response *rs, int status, const char *url) {
    for (const unsigned char *c = (const unsigned char *)url; *c; c++)
        if (*c <= 0x20 || *c == 0x7f) return response_fail(rs, NADIR_EINTERNAL);
    response_header(rs, "location", "%s", url);
    return response_empty(rs, status);
}

int response_accel(struct response *rs, const char *content_type, const char *uri) {
    response_header(rs, "x-accel-redirect", "%s", uri);
    return response_data(rs, 200, content_type, "", 0);
}

static const char *reason(int status) {
    switch (status) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 402:
        return "Payment Required";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 406:
        return "Not Acceptable";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 412:
        return "Precondition Failed";
    case 413:
        return "Content Too Large";
    case 415:
        return "Unsupported Media Type";
    case 422:
        return "Unprocessable Content";
    case 429:
        return "Too Many Requests";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    default:
        return "Error";
    }
}

static int error_problem(struct response *rs, int status, const char *type, const char *field, const char *detail) {
    json_t *problem = json_pack("{s:s+, s:s, s:i, s:s}", "type", "urn:nadir:problem:", type, "title", reason(status), "status",
                                status, "detail", detail);
    if (field) json_object_set_new(problem, "field", json_string(field));
    return response_json_as(rs, status, "application/problem+json", problem);
}

/* RFC 6749 section 5.2; the names there use underscores. */
static int error_oauth(struct response *rs, int status, const char *type, const char *detail) {
    char *code = scope_strdup(rs->scope, rs->error_code ? rs->error_code : type);
    for (char *c = code; *c; c++)
        if (*c == '-') *c = '_';
    response_header(rs, "cache-control", "no-store");
    return response_json(rs, status, json_pack("{s:s, s:s}", "error", code, "error_description", detail));
}

static int error_xml(struct response *rs, int status, const char *type, const char *field, const char *detail) {
    const char *code = http_escape(rs->scope, rs->error_code ? rs->error_code : type);
    const char *text = http_escape(rs->scope, detail);
    const char *locator = field ? scope_printf(rs->scope, " locator=\"%s\"", http_escape(rs->scope, field)) : "";
    if (rs->errors == ERRORS_WMS)
        return response_text(
            rs, status, "text/xml; charset=utf-8",
            scope_printf(rs->scope,
                         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ServiceExceptionReport version=\"1.3.0\" "
                         "xmlns=\"http://www.opengis.net/ogc\">\n<ServiceException code=\"%s\"%s>%s"
                         "</ServiceException>\n</ServiceExceptionReport>\n",
                         code, locator, text));
    return response_text(rs, status, "text/xml; charset=utf-8",
                         scope_printf(rs->scope,
                                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ows:ExceptionReport version=\"1.0.0\" "
                                      "xmlns:ows=\"http://www.opengis.net/ows%s\">\n<ows:Exception exceptionCode=\"%s\"%s>"
                                      "<ows:ExceptionText>%s</ows:ExceptionText></ows:Exception>\n</ows:ExceptionReport>\n",
                                      rs->errors == ERRORS_CSW ? "" : "/1.1", code, locator, text));
}

static int error_html(struct response *rs, int status, const char *detail) {
    response_header(rs, "content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    return response_text(
        rs, status, "text/html; charset=utf-8",
        scope_printf(rs->scope,
                     "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                     "content=\"width=device-width\"><title>%d %s</title><style>:root{color-scheme:light dark}"
                     "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;padding:0 1rem}</style>"
                     "<h1>%s</h1><p>%s</p><p><a href=\"/\">Back to the start</a></p></html>\n",
                     status, reason(status), reason(status), http_escape(rs->scope, detail)));
}

/* OData JSON Format 4.01 section 21.1. */
static int error_odata(struct response *rs, int status, const char *type, const char *field, const char *detail) {
    json_t *error = json_pack("{s:s, s:s}", "code", type, "message", detail);
    if (field) json_object_set_new(error, "target", json_string(field));
    response_header(rs, "odata-version", "4.0");
    return response_json(rs, status, json_pack("{s:o}", "error", error));
}

/* Amazon S3 API reference, "Error responses": of errors that have no code of S3's, the one that its clients know for the
 * status. */
static const char *s3_code(int status) {
    switch (status) {
    case 400:
        return "InvalidRequest";
    case 401:
    case 402:
    case 403:
        return "AccessDenied";
    case 404:
        return "NoSuchKey";
    case 405:
        return "MethodNotAllowed";
    case 409:
        return "OperationAborted";
    case 412:
        return "PreconditionFailed";
    case 413:
        return "EntityTooLarge";
    case 416:
        return "InvalidRange";
    case 429:
    case 503:
        return "SlowDown";
    case 501:
        return "NotImplemented";
    case 504:
        return "ServiceUnavailable";
    default:
        return "InternalError";
    }
}

/* S3's own codes are in CamelCase, our types are not. */
static int error_s3(struct response *rs, int status, const char *type, const char *detail) {
    const char *code = *type >= 'A' && *type <= 'Z' ? type : s3_code(status);
    return response_text(rs, status, "application/xml",
                         scope_printf(rs->scope,
                                      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message>"
                                      "<Resource>%s</Resource><RequestId>%s</RequestId></Error>\n",
                                      code, http_escape(rs->scope, detail),
                                      http_escape(rs->scope, rs->resource ? rs->resource : ""),
                                      http_escape(rs->scope, rs->request_id ? rs->request_id : "")));
}

static bool has_header(const struct response *rs, const char *name) {
    for (size_t i = 0; i < rs->headers.count; i++)
        if (strcasecmp(rs->headers.list[i].name, name) == 0) return true;
    return false;
}

int response_error(struct response *rs, int status, const char *type, const char *field, const char *format, ...) {
    char detail[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    /* A cut in the middle of a character would not be UTF-8. */
    size_t len = strlen(detail);
    while (len > 0 && !text_is_utf8(detail, len)) detail[--len] = '\0';
    if ((status == 503 || status == 429) && !has_header(rs, "retry-after")) response_header(rs, "retry-after", "1");
    switch (rs->errors) {
    case ERRORS_OAUTH:
        return error_oauth(rs, status, type, detail);
    case ERRORS_WMS:
    case ERRORS_OWS:
    case ERRORS_CSW:
        return error_xml(rs, status, type, field, detail);
    case ERRORS_HTML:
        return error_html(rs, status, detail);
    case ERRORS_S3:
        return error_s3(rs, status, type, detail);
    case ERRORS_ODATA:
        return error_odata(rs, status, type, field, detail);
    case ERRORS_PROBLEM:
        break;
    }
    return error_problem(rs, status, type, field, detail);
}

int response_fail(struct response *rs, int err) {
    bool oauth = rs->errors == ERRORS_OAUTH;
    switch (err) {
    case NADIR_EINVAL:
        return response_error(rs, 400, oauth ? "invalid_request" : "invalid-input", NULL,
                              "The request holds a value that cannot be used.");
    case NADIR_ENOTFOUND:
        return response_error(rs, 404, "not-found", NULL, "There is nothing here that you may see.");
    case NADIR_ECONFLICT:
        return response_error(rs, 409, "conflict", NULL, "Something like this exists already, or changed meanwhile.");
    case NADIR_EDENIED:
        return response_error(rs, 403, oauth ? "access_denied" : "forbidden", NULL, "You may not do this.");
    case NADIR_EUNAUTH:
        response_header(rs, "www-authenticate", "Bearer");
        return response_error(rs, 401, oauth ? "invalid_token" : "unauthenticated", NULL,
                              "Sign in, or send a valid access token or API key.");
    case NADIR_ETOOLARGE:
        return response_error(rs, 413, oauth ? "invalid_request" : "too-large", NULL,
                              "The request is larger than is accepted here.");
    case NADIR_EBUSY:
    case NADIR_ENOMEM:
    case NADIR_EUNAVAILABLE:
        return response_error(rs, 503, oauth ? "temporarily_unavailable" : "unavailable", NULL,
                              "The service is busy or something it needs is down; try again.");
    case NADIR_ETIMEOUT:
        return response_error(rs, 504, oauth ? "temporarily_unavailable" : "timeout", NULL,
                              "The answer took too long; try again or ask for less.");
    default:
        return response_error(rs, 500, oauth ? "server_error" : "internal", NULL, "A fault of ours; it was logged.");
    }
}

bool response_not_modified(const struct request *rq, struct response *rs, const char *etag) {
    response_header(rs, "etag", "\"%s\"", etag);
    const char *sent = request_header(rq, "if-none-match");
    if (!sent) return false;
    size_t len = strlen(etag);
    bool match = strcmp(sent, "*") == 0;
    for (const char *c = strchr(sent, '"'); c && !match;) {
        const char *end = strchr(c + 1, '"');
        if (!end) break;
        match = (size_t)(end - c - 1) == len && strncmp(c + 1, etag, len) == 0;
        c = strchr(end + 1, '"');
    }
    if (match) response_empty(rs, 304);
    return match;
}

const char *response_page_path(const struct request *rq, const char *token) {
    const char *path = rq->path;
    char separator = '?';
    for (size_t i = 0; i < rq->args.count; i++) {
        if (strcmp(rq->args.list[i].name, "token") == 0) continue;
        path = scope_printf(rq->scope, "%s%c%s=%s", path, separator, http_encode(rq->scope, rq->args.list[i].name),
                            http_encode(rq->scope, rq->args.list[i].value));
        separator = '&';
    }
    return token ? scope_printf(rq->scope, "%s%ctoken=%s", path, separator, http_encode(rq->scope, token)) : path;
}

json_t *response_next_link(const struct request *rq, const char *content_type, const char *token) {
    return json_pack("{s:s, s:s, s:s}", "rel", "next", "type", content_type, "href",
                     scope_printf(rq->scope, "%s%s", rq->base_url, response_page_path(rq, token)));
}
