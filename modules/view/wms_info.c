/* wms_info.c: GetFeatureInfo (OGC 06-042 clause 7.4). */
#include <math.h>
#include <string.h>

#include "view/numbers.h"
#include "view/values.h"
#include "view/wms.h"

/* The middle of pixel i, j (counted from the upper left) in longitude and latitude. */
static bool read_position(const struct wms *w, const struct map *map, double *lon, double *lat) {
    const char *column = wms_need(w, w->old ? "X" : "I");
    const char *line = column ? wms_need(w, w->old ? "Y" : "J") : NULL;
    int i, j;
    if (!line) return false;
    if (!integer_parse(column, 0, map->width - 1, &i) || !integer_parse(line, 0, map->height - 1, &j))
        return wms_exception(w, 400, "InvalidPoint", w->old ? "X" : "I", "The point must lie in the map.");
    *lon = map->box[0] + (i + 0.5) * (map->box[2] - map->box[0]) / map->width;
    *lat = map->box[3] - (j + 0.5) * (map->box[3] - map->box[1]) / map->height;
    if (!crs_convert(&map->crs, &crs_84, 1, lon, lat)) *lon = *lat = NAN;
    if (*lon > 180 || *lon < -180) *lon -= 360 * floor((*lon + 180) / 360);
    return true;
}

static bool read_count(const struct wms *w, int *out) {
    const char *text = request_kvp(w->rq, "FEATURE_COUNT");
    *out = 1;
    if (!text || !*text || integer_parse(text, 1, VALUES_MOST, out)) return true;
    return wms_exception(w, 400, "InvalidParameterValue", "FEATURE_COUNT", "FEATURE_COUNT must be from 1 to %d.", VALUES_MOST);
}

/* How the map shows the layer; what is asked of others than the map's layers, is asked as by default. */
static const struct look *look_of(const struct wms_view *v, const char *name) {
    static const struct look usual = {.style = ""};
    for (int i = 0; i < v->nlayers; i++)
        if (strcmp(v->layers[i].name, name) == 0) return &v->looks[i];
    return &usual;
}

int wms_feature_info(struct wms *w) {
    struct wms_view v;
    double lon = NAN;
    double lat = NAN;
    int most;
    enum values_format format;
    if (!wms_read_view(w, &v)) return 0;
    const char *queried = wms_need(w, "QUERY_LAYERS");
    if (!queried || !read_position(w, &v.map, &lon, &lat) || !read_count(w, &most)) return 0;
    if (!values_format(request_kvp(w->rq, "INFO_FORMAT"), &format))
        return wms_exception(w, 400, "InvalidFormat", "INFO_FORMAT",
                             "The formats are application/json, text/plain, text/html and application/vnd.ogc.gml.");
    json_t *features = scope_json(w->rq->scope, json_array());
    char *names = scope_strdup(w->rq->scope, queried);
    char *name;
    for (int i = 0; (name = strsep(&names, ",")); i++) {
        struct layer layer;
        if (i == WMS_LAYERS)
            return wms_exception(w, 400, "InvalidParameterValue", "QUERY_LAYERS", "At most %d layers may be asked at once.",
                                 WMS_LAYERS);
        if (!wms_read_layer(w, "QUERY_LAYERS", name, &layer)) return 0;
        int err = values_add(w->rq, &layer, look_of(&v, layer.name), &v.times, lon, lat, most, features);
        if (err) return wms_fail(w, err);
    }
    response_header(w->rs, "cache-control", "no-store");
    return values_answer(w->rq, w->rs, format, features);
}
