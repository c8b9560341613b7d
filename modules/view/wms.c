#include "view/wms.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/numbers.h"

/* 10000 * major + 100 * minor + rest of "1.3.0"; 0 when it is no version. */
static int version_number(const char *text) {
    int number = 0;
    for (int i = 0; i < 3; i++) {
        size_t digits = strspn(text, "0123456789");
        char part[4] = "";
        int value;
        if (digits == 0 || digits > 3 || (text[digits] != '.' && text[digits] != '\0')) return 0;
        memcpy(part, text, digits);
        if (!integer_parse(part, 0, 999, &value)) return 0;
        number = number * 100 + (value > 99 ? 99 : value);
        text += digits;
        if (*text == '.') text++;
    }
    return *text ? 0 : number;
}

/* OGC 06-042 clause 6.2.4: the version asked for, else the highest below it, else the lowest; without one the highest. */
static bool negotiates_old(const char *version) {
    int number = version ? version_number(version) : 0;
    bool named = version && *version && (number || strspn(version, "0.") == strlen(version));
    return named && number < 10300;
}

static int capabilities(struct wms *w, const char *version) {
    w->old = negotiates_old(version);
    return wms_capabilities(w);
}

static bool among(const char *name, const char *first, const char *second) {
    return strcasecmp(name, first) == 0 || strcasecmp(name, second) == 0;
}

int wms_get(struct request *rq, struct response *rs) {
    /* 06-042 clause 6.4: by POST the same parameters come as a form, where a long SLD_BODY has room. */
    if (rq->method == HTTP_POST && request_form(rq, rs, &rq->args)) return 0;
    const char *service = request_kvp(rq, "SERVICE");
    const char *operation = request_kvp(rq, "REQUEST");
    const char *version = request_kvp(rq, "VERSION");
    if (!version || !*version) version = request_kvp(rq, "WMTVER"); /* as WMS 1.0 named it: 01-068r3 annex A.1 */
    /* The names of WMS 1.0 ("map", "capabilities") are understood too, as 1.1.1 recommends. */
    struct wms w = {.rq = rq, .rs = rs, .old = version && strncmp(version, "1.1.", 4) == 0};
    w.map = operation && among(operation, "GetMap", "map");
    if (service && strcasecmp(service, "WMS") != 0)
        return wms_exception(&w, 400, "InvalidParameterValue", "SERVICE", "This is a WMS: send SERVICE=WMS.");
    if (!operation)
        return wms_exception(&w, 400, "MissingParameterValue", "REQUEST",
                             "Send REQUEST=GetCapabilities, GetMap, GetFeatureInfo or GetLegendGraphic.");
    if (among(operation, "GetCapabilities", "capabilities")) return capabilities(&w, version);
    if (!version || !*version) {
        /* GetLegendGraphic has a VERSION of its own (SLD profile, 05-078r4) that clients often leave out. */
        if (strcasecmp(operation, "GetLegendGraphic") == 0) return wms_legend(&w);
        return wms_exception(&w, 400, "MissingParameterValue", "VERSION", "Send VERSION=1.3.0 or 1.1.1.");
    }
    bool legend = strcasecmp(operation, "GetLegendGraphic") == 0;
    if (strcmp(version, "1.3.0") != 0 && strcmp(version, "1.1.1") != 0 && !(legend && version_number(version)))
        return wms_exception(&w, 400, "InvalidParameterValue", "VERSION", "The versions spoken here are 1.3.0 and 1.1.1.");
    if (w.map) return wms_map(&w);
    if (among(operation, "GetFeatureInfo", "feature_info")) return wms_feature_info(&w);
    if (legend) return wms_legend(&w);
    return wms_exception(&w, 400, "OperationNotSupported", "REQUEST",
                         "Send REQUEST=GetCapabilities, GetMap, GetFeatureInfo or GetLegendGraphic.");
}
