#include "view/rule.h"

#include <string.h>

#include "view/layer.h"
#include "view/numbers.h"

static const char *const arguments[] = {"mosaic", "mask", "scenes"};

static const char *argument(const struct request *rq, const char *name) {
    const char *value = request_kvp(rq, name);
    return value && *value ? value : NULL;
}

static bool refuse(struct complaint *c, const char *field, const char *text) {
    *c = (struct complaint){400, "invalid-parameter", field, text};
    return false;
}

static bool read_kind(const char *name, enum mosaic_rule *out) {
    static const char *const names[] = {"latest", "least-cloud", "median", "max-ndvi"};
    for (int i = 0; i <= MOSAIC_MAX_NDVI; i++) {
        if (strcmp(names[i], name) != 0) continue;
        *out = (enum mosaic_rule)i;
        return true;
    }
    return false;
}

bool rule_read(const struct request *rq, struct rule *out, struct complaint *c) {
    const char *kind = argument(rq, "mosaic");
    const char *mask = argument(rq, "mask");
    const char *scenes = argument(rq, "scenes");
    *out = (struct rule){MOSAIC_LATEST, mask && strcmp(mask, "clouds") == 0, 0};
    if (kind && !read_kind(kind, &out->kind))
        return refuse(c, "mosaic", "The rules are latest, least-cloud, median and max-ndvi.");
    if (mask && !out->masked && strcmp(mask, "none") != 0) return refuse(c, "mask", "The masks are none and clouds.");
    if (scenes && !integer_parse(scenes, 1, MOSAIC_SCENES, &out->scenes))
        return refuse(c, "scenes", scope_printf(rq->scope, "The number of scenes must be from 1 to %d.", MOSAIC_SCENES));
    return true;
}

const char *rule_query(const struct request *rq) {
    const char *query = "";
    for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
        const char *value = argument(rq, arguments[i]);
        if (value) query = scope_printf(rq->scope, "%s&%s=%s", query, arguments[i], http_encode(rq->scope, value));
    }
    return query;
}
