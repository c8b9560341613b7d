#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "common/module.h"
#include "common/server.h"

#define BODY_MOST (1u << 20)

static const struct module *const *modules;
static int nmodules;

void router_use(const struct module *const *list, int count) {
    modules = list;
    nmodules = count;
}

/* True if the path has the form of the template; params, if not NULL, are then filled with still encoded values. */
static bool template_matches(const char *template, const char *path, struct scope *s, struct pairs *params) {
    const char *t = template, *p = path;
    for (;;) {
        if (*t == '{') {
            const char *name_end = strchr(t, '}');
            bool rest = name_end[-1] == '*';
            size_t span = rest ? strlen(p) : strcspn(p, "/");
            /* A template may go on within the segment ("{y}.png"): the parameter then ends at the last such text. */
            const char *tail = name_end + 1;
            size_t tail_len = strcspn(tail, "/{");
            if (!rest && tail_len > 0) {
                if (span <= tail_len || strncmp(p + span - tail_len, tail, tail_len) != 0) return false;
                span -= tail_len;
            }
            if (span == 0 && !rest) return false;
            if (params) {
                struct pair *out = &params->list[params->count++];
                out->name = scope_strndup(s, t + 1, (size_t)(name_end - t - 1) - rest);
                out->value = scope_strndup(s, p, span);
            }
            p += span;
            t = name_end + 1;
        } else if (*t != *p) {
            return false;
        } else if (*t == '\0') {
            return true;
        } else {
            t++;
            p++;
        }
    }
}

/* The routes of a table are tried in order, so that a fixed path may stand before a template that would match it too. */
static const struct route *find(enum http_method method, const char *path, unsigned *allowed, const struct module **owner) {
    enum http_method as = method == HTTP_HEAD ? HTTP_GET : method;
    *allowed = 0;
    for (int m = 0; m < nmodules; m++) {
        for (size_t i = 0; i < modules[m]->nroutes; i++) {
            const struct route *r = &modules[m]->routes[i];
            if (!template_matches(r->path, path, NULL, NULL)) continue;
            *allowed |= r->methods;
            *owner = modules[m];
            if (r->methods & as) return r;
        }
    }
    return NULL;
}

const struct route *router_find(enum http_method method, const char *path) {
    unsigned allowed;
    const struct module *owner;
    return find(method, path, &allowed, &owner);
}

/* The error format of the nearest relative: what a path under the same prefix answers in. */
static enum error_format format_near(const char *path) {
    static const char *const wms[] = {"/view/wms", NULL};
    for (int i = 0; wms[i]; i++)
        if (strncmp(path, wms[i], strlen(wms[i])) == 0) return ERRORS_WMS;
    if (strncmp(path, "/odata/", 7) == 0) return ERRORS_ODATA;
    if (strncmp(path, "/s3/", 4) == 0) return ERRORS_S3;
    return strncmp(path, "/oauth2/", 8) == 0 ? ERRORS_OAUTH : ERRORS_PROBLEM;
}

enum error_format router_errors(const char *path) {
    return format_near(path);
}

static void allow_header(struct response *rs, unsigned allowed) {
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{HTTP_GET, "GET, HEAD"}, {HTTP_POST, "POST"},     {HTTP_PUT, "PUT"},
                 {HTTP_PATCH, "PATCH"},   {HTTP_DELETE, "DELETE"}, {HTTP_OPTIONS, "OPTIONS"}};
    char list[80] = "";
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (allowed & names[i].bit)
            snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "", names[i].name);
    response_header(rs, "allow", "%s", list);
    response_header(rs, "access-control-allow-methods", "%s", list);
}

/* CORS: tokens travel in a header, never in a cookie, so any origin may call the APIs. Said always: answers may be cached. */
static void cors(struct response *rs) {
    response_header(rs, "access-control-allow-origin", "*");
    response_header(rs, "access-control-expose-headers",
                    "location, etag, link, retry-after, content-disposition, www-authenticate");
}

static int preflight(const struct request *rq, struct response *rs, unsigned allowed) {
    const char *headers = request_header(rq, "access-control-request-headers");
    allow_header(rs, allowed | HTTP_OPTIONS);
    if (headers && strlen(headers) < 500) response_header(rs, "access-control-allow-headers", "%s", headers);
    response_header(rs, "access-control-max-age", "86400");
    return response_empty(rs, 204);
}

static int decode_params(struct request *rq, struct response *rs) {
    struct pair list[16];
    rq->params = (struct pairs){scope_alloc(rq->scope, sizeof list), 0};
    template_matches(rq->route->path, rq->path, rq->scope, &rq->params);
    for (size_t i = 0; i < rq->params.count; i++) {
        struct pair *p = &rq->params.list[i];
        p->value = http_decode(rq->scope, p->value, strlen(p->value), false);
        if (p->value && *p->value) continue;
        if (p->value && strstr(rq->route->path, "*}")) continue;
        return response_error(rs, 400, rs->errors == ERRORS_OAUTH ? "invalid_request" : "malformed-path", p->name,
                              "The path holds a bad percent-escape or text that is not UTF-8.");
    }
    return 0;
}

/* Finds out who asks and whether they may. Returns 0 when the handler may run; otherwise rs is answered. */
static int authorise(struct request *rq, struct response *rs, const struct module *owner) {
    const struct route *r = rq->route;
    if (!r->scope) return 0;
    const char *header = request_header(rq, "authorization");
    const char *key = request_header(rq, "x-api-key");
    const char *credential = header && strncasecmp(header, "bearer ", 7) == 0 ? header + 7 + strspn(header + 7, " ") : key;
    bool optional = strcmp(r->scope, SCOPE_OPTIONAL) == 0;
    if (!credential) {
        if (optional && !header) return 0;
        response_fail(rs, NADIR_EUNAUTH);
        return -1;
    }
    const char *why = "the credential is not valid";
    int err = auth_verify(rq->scope, module_db(owner->name), credential, &rq->auth, &why);
    if (err == NADIR_EUNAUTH) {
        response_header(rs, "www-authenticate", "Bearer error=\"invalid_token\", error_description=\"%s\"", why);
        response_error(rs, 401, rs->errors == ERRORS_OAUTH ? "invalid_token" : "invalid-token", NULL, "Sign in again: %s.",
                       why);
        return -1;
    }
    if (err) {
        response_fail(rs, err);
        return -1;
    }
    bool granted = optional || (strcmp(r->scope, SCOPE_USER) == 0 ? rq->auth.is_user : auth_has_scope(&rq->auth, r->scope));
    if (granted && (!r->role || auth_has_role(&rq->auth, r->role))) return 0;
    response_header(rs, "www-authenticate", "Bearer error=\"insufficient_scope\", scope=\"%s\"", r->scope);
    response_error(rs, 403, rs->errors == ERRORS_OAUTH ? "insufficient_scope" : "insufficient-scope", NULL,
                   r->role ? "This needs the role %s." : "This needs more rights than the token has.", r->role);
    return -1;
}

static void serve(struct request *rq, struct response *rs) {
    unsigned allowed;
    const struct module *owner = NULL;
    enum http_method method = rq->head ? HTTP_HEAD : rq->method;
    rq->route = find(method, rq->path, &allowed, &owner);
    rs->errors = rq->route ? rq->route->errors : format_near(rq->path);
    rs->resource = rq->path;
    rs->request_id = request_header(rq, "x-request-id");
    if (owner) rq->scope->module = owner->name;
    if (!rq->route) {
        if (allowed && rq->method == HTTP_OPTIONS) {
            preflight(rq, rs, allowed);
        } else if (allowed) {
            allow_header(rs, allowed);
            response_error(rs, 405, rs->errors == ERRORS_OAUTH ? "invalid_request" : "method-not-allowed", NULL,
                           "This address does not take that method.");
        } else {
            response_error(rs, 404, rs->errors == ERRORS_OAUTH ? "invalid_request" : "no-such-address", NULL,
                           "There is nothing at this address.");
        }
        return;
    }
    if (rq->body_len > (rq->route->body_max ? rq->route->body_max : BODY_MOST)) {
        response_fail(rs, NADIR_ETOOLARGE);
        return;
    }
    if (decode_params(rq, rs) != 0 || rs->status) return;
    if (authorise(rq, rs, owner) != 0) return;
    int err = owner->enter ? owner->enter(rq, rs) : 0;
    if (!err && !rs->status) err = rq->route->handler(rq, rs);
    if (err < 0 && rs->status < 400) {
        rs->headers.count = 0; /* an answer made before the commit, which then failed, is not given */
        response_fail(rs, err);
    }
    if (!rs->status) {
        log_error(rq->scope, "handler did not answer", "path", rq->route->path, NULL);
        response_fail(rs, NADIR_EINTERNAL);
    }
}

static void account(const struct request *rq, const struct response *rs, int64_t began_us) {
    char series[256];
    double seconds = (double)(clock_us() - began_us) / 1e6;
    const char *path = rq->route ? rq->route->path : "none";
    snprintf(series, sizeof series, "nadir_http_requests_total{path=\"%s\",status=\"%d\"}", path, rs->status);
    metrics_add(series, 1);
    snprintf(series, sizeof series, "nadir_http_request_seconds{path=\"%s\"}", path);
    metrics_observe(series, seconds);
    if (rs->status >= 500) {
        char status[12], took[24];
        snprintf(status, sizeof status, "%d", rs->status);
        snprintf(took, sizeof took, "%.3f", seconds);
        log_warn(rq->scope, "answered", "status", status, "path", path, "seconds", took, NULL);
    }
}

void router_serve(struct request *rq, struct response *rs) {
    int64_t began = clock_us();
    memset(rs, 0, sizeof *rs);
    rs->scope = rq->scope;
    trace_continue(&rq->scope->trace, request_header(rq, "traceparent"));
    serve(rq, rs);
    cors(rs);
    account(rq, rs, began);
}
