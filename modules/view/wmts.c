#include "view/wmts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int wmts_exception(const struct wmts *w, int status, const char *code, const char *locator, const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t len = strlen(text);
    while (len && !text_is_utf8(text, len)) text[--len] = '\0'; /* a character that was cut */
    w->rs->error_code = code;
    return response_error(w->rs, status, code, locator, "%s", text);
}

static const struct {
    const char *ending, *format;
} endings[] = {
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".json", "application/json"},
    {".txt", "text/plain"},
    {".html", "text/html"},
    {".gml", "application/vnd.ogc.gml"},
};

/* Takes the ending off a segment and tells its media type; NULL if it has none. */
static const char *format_of(char *segment) {
    char *dot = strrchr(segment, '.');
    for (size_t i = 0; dot && i < ARRAY_SIZE(endings); i++) {
        if (strcasecmp(dot, endings[i].ending) != 0) continue;
        *dot = '\0';
        return endings[i].format;
    }
    return NULL;
}

bool wmts_address_parse(struct scope *s, const char *rest, struct wmts_tile *out) {
    enum { MOST = 12 };
    char *parts[MOST];
    int n = 0;
    *out = (struct wmts_tile){0};
    if (strlen(rest) > 1024) return false;
    char *at = scope_strdup(s, rest);
    do {
        if (n == MOST) return false;
        parts[n] = strsep(&at, "/");
        if (!*parts[n++]) return false;
    } while (at);
    out->format = format_of(parts[n - 1]);
    if (!out->format) return false;
    if (strncmp(out->format, "image/", 6) != 0) {
        if (n < 3) return false;
        out->i = parts[--n];
        out->j = parts[--n];
    }
    if (n < 6) return false;
    out->column = parts[--n];
    out->row = parts[--n];
    out->level = parts[--n];
    out->set = parts[--n];
    if (n > 2 && strncmp(parts[n - 1], "time=", 5) == 0) out->time = parts[--n] + 5;
    out->style = parts[--n];
    if (n < 1 || n > 3) return false;
    out->layer = parts[0];
    for (int i = 1; i < n; i++) out->layer = scope_printf(s, "%s/%s", out->layer, parts[i]);
    return true;
}

/* The parameters that must be there (table 29); STYLE may be empty: the default. */
static bool read_parameters(const struct wmts *w, bool info, struct wmts_tile *t) {
    const struct {
        const char *name;
        const char **value;
    } needed[] = {{"Layer", &t->layer},
                  {"Style", &t->style},
                  {info ? "InfoFormat" : "Format", &t->format},
                  {"TileMatrixSet", &t->set},
                  {"TileMatrix", &t->level},
                  {"TileRow", &t->row},
                  {"TileCol", &t->column},
                  {"I", &t->i},
                  {"J", &t->j}};
    *t = (struct wmts_tile){.time = request_kvp(w->rq, "TIME")};
    for (size_t i = 0; i < ARRAY_SIZE(needed) - (info ? 0 : 2); i++) {
        *needed[i].value = request_kvp(w->rq, needed[i].name);
        if (!*needed[i].value || (!**needed[i].value && needed[i].value != &t->style)) {
            wmts_exception(w, 400, "MissingParameterValue", needed[i].name, "The parameter %s is missing.", needed[i].name);
            return false;
        }
    }
    return true;
}

/* OWS Common 1.1 clause 7.3.2: one of the versions must be spoken. */
static bool accepts(const char *versions) {
    while (versions && *versions) {
        size_t len = strcspn(versions, ",");
        if (len == 5 && strncmp(versions, "1.0.0", 5) == 0) return true;
        versions += len + (versions[len] == ',');
        if (!*versions) return false;
    }
    return true;
}

int wmts_kvp(struct request *rq, struct response *rs) {
    const struct wmts w = {rq, rs};
    struct wmts_tile t;
    const char *service = request_kvp(rq, "SERVICE");
    const char *operation = request_kvp(rq, "REQUEST");
    const char *version = request_kvp(rq, "VERSION");
    if (!service || !*service)
        return wmts_exception(&w, 400, "MissingParameterValue", "Service", "This is a WMTS: send SERVICE=WMTS.");
    if (strcasecmp(service, "WMTS") != 0)
        return wmts_exception(&w, 400, "InvalidParameterValue", "Service", "This is a WMTS: send SERVICE=WMTS.");
    if (!operation || !*operation)
        return wmts_exception(&w, 400, "MissingParameterValue", "Request",
                              "Send REQUEST=GetCapabilities, GetTile or GetFeatureInfo.");
    if (strcasecmp(operation, "GetCapabilities") == 0) {
        if (!accepts(request_kvp(rq, "ACCEPTVERSIONS")))
            return wmts_exception(&w, 400, "VersionNegotiationFailed", NULL, "The version spoken here is 1.0.0.");
        return wmts_capabilities(&w);
    }
    bool info = strcasecmp(operation, "GetFeatureInfo") == 0;
    if (!info && strcasecmp(operation, "GetTile") != 0)
        return wmts_exception(&w, 501, "OperationNotSupported", "Request",
                              "Send REQUEST=GetCapabilities, GetTile or GetFeatureInfo.");
    if (!version || !*version) return wmts_exception(&w, 400, "MissingParameterValue", "Version", "Send VERSION=1.0.0.");
    if (strcmp(version, "1.0.0") != 0)
        return wmts_exception(&w, 400, "InvalidParameterValue", "Version", "The version spoken here is 1.0.0.");
    if (!read_parameters(&w, info, &t)) return 0;
    return info ? wmts_feature_info(&w, &t) : wmts_get_tile(&w, &t);
}

int wmts_capabilities_get(struct request *rq, struct response *rs) {
    const struct wmts w = {rq, rs};
    return wmts_capabilities(&w);
}

int wmts_rest(struct request *rq, struct response *rs) {
    const struct wmts w = {rq, rs};
    struct wmts_tile t;
    if (!wmts_address_parse(rq->scope, request_param(rq, "rest"), &t))
        return wmts_exception(&w, 404, "InvalidParameterValue", NULL, "No tile has this address; see the capabilities.");
    return t.i ? wmts_feature_info(&w, &t) : wmts_get_tile(&w, &t);
}
