#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/config.h"
#include "common/http.h"

#define ARGS_MOST 64
#define JSON_DEPTH_MOST 64

const char *pairs_get(const struct pairs *p, const char *name) {
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->list[i].name, name) == 0) return p->list[i].value;
    return NULL;
}

const char *request_param(const struct request *rq, const char *name) {
    const char *value = pairs_get(&rq->params, name);
    return value ? value : "";
}

const char *request_arg(const struct request *rq, const char *name) {
    return pairs_get(&rq->args, name);
}

const char *request_kvp(const struct request *rq, const char *name) {
    for (size_t i = 0; i < rq->args.count; i++)
        if (strcasecmp(rq->args.list[i].name, name) == 0) return rq->args.list[i].value;
    return NULL;
}

const char *request_header(const struct request *rq, const char *name) {
    return pairs_get(&rq->headers, name);
}

/* Splits application/x-www-form-urlencoded text. NADIR_EINVAL on bad escapes, bytes that are not UTF-8, or too many. */
static int form_split(struct scope *s, const char *text, size_t len, struct pairs *out) {
    size_t most = 1;
    for (size_t i = 0; i < len; i++) most += text[i] == '&';
    if (most > ARGS_MOST) return NADIR_EINVAL;
    out->list = scope_alloc(s, most * sizeof *out->list);
    out->count = 0;
    for (const char *c = text, *end = text + len; c < end;) {
        const char *stop = memchr(c, '&', (size_t)(end - c));
        if (!stop) stop = end;
        const char *equals = memchr(c, '=', (size_t)(stop - c));
        if (stop > c) {
            const char *name_end = equals ? equals : stop;
            struct pair *p = &out->list[out->count];
            p->name = http_decode(s, c, (size_t)(name_end - c), true);
            p->value = equals ? http_decode(s, equals + 1, (size_t)(stop - equals - 1), true) : "";
            if (!p->name || !p->value) return NADIR_EINVAL;
            out->count++;
        }
        c = stop + 1;
    }
    return 0;
}

int request_build(struct request *rq, struct scope *s, enum http_method method, const char *path, const char *query,
                  const char *const *headers, const void *body, size_t body_len) {
    memset(rq, 0, sizeof *rq);
    rq->scope = s;
    rq->head = method == HTTP_HEAD;
    rq->method = rq->head ? HTTP_GET : method;
    rq->path = scope_strdup(s, path);
    rq->query = scope_strdup(s, query ? query : "");
    rq->base_url = config_text("NADIR_PUBLIC_URL", "http://localhost:8080");
    rq->remote = "";

    size_t count = 0;
    while (headers && headers[2 * count]) count++;
    rq->headers.list = scope_alloc(s, (count + 1) * sizeof *rq->headers.list);
    for (size_t i = 0; i < count; i++) {
        char *name = scope_strdup(s, headers[2 * i]);
        for (char *c = name; *c; c++)
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
        rq->headers.list[i] = (struct pair){name, scope_strdup(s, headers[2 * i + 1])};
    }
    rq->headers.count = count;
    const char *address = request_header(rq, "x-real-ip");
    if (address) rq->remote = address;

    rq->body = scope_strndup(s, body ? body : "", body ? body_len : 0);
    rq->body_len = body ? body_len : 0;
    return form_split(s, rq->query, strlen(rq->query), &rq->args);
}

int request_arg_int(const struct request *rq, struct response *rs, const char *name, int64_t least, int64_t most,
                    int64_t otherwise, int64_t *out) {
    const char *text = request_arg(rq, name);
    *out = otherwise;
    if (!text) return 0;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end || end == text || strspn(text, "+-0123456789") != strlen(text) || value < least || value > most) {
        response_error(rs, 400, "invalid-parameter", name, "%s must be an integer from %lld to %lld.", name, (long long)least,
                       (long long)most);
        return NADIR_EINVAL;
    }
    *out = value;
    return 0;
}

/* The media type without parameters is application/json, application/geo+json or any +json. */
static bool is_json(const char *type) {
    if (!type) return false;
    size_t len = strcspn(type, "; \t");
    if (len == 16 && strncasecmp(type, "application/json", 16) == 0) return true;
    return len > 5 && strncasecmp(type + len - 5, "+json", 5) == 0;
}

/* jansson recurses once a level; its own limit is 2048, more than a hostile body deserves of a thread's stack. */
static bool too_deep(const char *text, size_t len) {
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_DEPTH_MOST) return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

int request_json(const struct request *rq, struct response *rs, json_t **out) {
    *out = NULL;
    if (!is_json(request_header(rq, "content-type"))) {
        response_error(rs, 415, "unsupported-media-type", NULL, "Send the body as application/json.");
        return NADIR_EINVAL;
    }
    if (too_deep(rq->body, rq->body_len)) {
        response_error(rs, 400, "malformed-json", NULL, "The body is nested more than %d levels deep.", JSON_DEPTH_MOST);
        return NADIR_EINVAL;
    }
    json_error_t why;
    json_t *json = json_loadb(rq->body, rq->body_len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (!json) {
        response_error(rs, 400, "malformed-json", NULL, "The body is not well-formed JSON: line %d, column %d.", why.line,
                       why.column);
        return NADIR_EINVAL;
    }
    *out = scope_json(rq->scope, json);
    return 0;
}

int request_form(const struct request *rq, struct response *rs, struct pairs *out) {
    static const char type[] = "application/x-www-form-urlencoded";
    const char *sent = request_header(rq, "content-type");
    if (!sent || strncasecmp(sent, type, sizeof type - 1) != 0 || !strchr("; \t", sent[sizeof type - 1])) {
        response_error(rs, rs->errors == ERRORS_OAUTH ? 400 : 415,
                       rs->errors == ERRORS_OAUTH ? "invalid_request" : "unsupported-media-type", NULL, "Send the body as %s.",
                       type);
        return NADIR_EINVAL;
    }
    if (form_split(rq->scope, rq->body, rq->body_len, out) != 0) {
        response_error(rs, 400, rs->errors == ERRORS_OAUTH ? "invalid_request" : "malformed-form", NULL,
                       "The form is malformed, not UTF-8, or has more than %d fields.", ARGS_MOST);
        return NADIR_EINVAL;
    }
    return 0;
}

const char *request_cookie(const struct request *rq, const char *name) {
    const char *c = request_header(rq, "cookie");
    size_t len = strlen(name);
    while (c && *c) {
        c += strspn(c, " ;");
        size_t span = strcspn(c, ";");
        if (span > len && c[len] == '=' && strncmp(c, name, len) == 0)
            return scope_strndup(rq->scope, c + len + 1, span - len - 1);
        c += span;
    }
    return NULL;
}

int request_idempotency_key(const struct request *rq, struct response *rs, const char **out) {
    const char *key = request_header(rq, "idempotency-key");
    size_t len = key ? strlen(key) : 0;
    bool visible = len >= 1 && len <= 255;
    for (size_t i = 0; visible && i < len; i++) visible = key[i] > 0x20 && key[i] < 0x7f;
    if (!visible) {
        response_error(rs, 400, key ? "idempotency-key-malformed" : "idempotency-key-missing", "Idempotency-Key",
                       "Send an Idempotency-Key header of 1 to 255 visible ASCII characters, a new one for each new request.");
        return NADIR_EINVAL;
    }
    *out = key;
    return 0;
}
