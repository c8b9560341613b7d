#include "view/values.h"

#include <math.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *media_type;
    enum values_format format;
} formats[] = {
    {"application/json", VALUES_JSON}, {"application/geo+json", VALUES_JSON},   {"text/plain", VALUES_TEXT},
    {"text/html", VALUES_HTML},        {"application/vnd.ogc.gml", VALUES_GML},
};

bool values_format(const char *media_type, enum values_format *out) {
    *out = VALUES_JSON;
    if (!media_type || !*media_type) return true;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        *out = formats[i].format;
        if (strcasecmp(media_type, formats[i].media_type) == 0) return true;
    }
    return false;
}

/* The formula's value; nothing where it has none, or the scene has not the bands for it. */
static int add_computed(struct request *rq, const struct scene *scene, const char *id, double lon, double lat, json_t *values) {
    const struct style *style;
    struct complaint c;
    bool found;
    double value;
    if (!computed_is(rq, id) || !computed_style(rq, scene, id, &style, &c)) return 0;
    int err = render_point_computed(rq->scope, scene, style, lon, lat, &found, &value);
    if (!err && found) json_object_set_new(values, id, json_real(value));
    return err;
}

static int scene_add(struct request *rq, const struct scene *scene, const char *asset, const struct look *look, double lon,
                     double lat, json_t *features) {
    json_t *values = scope_json(rq->scope, json_object());
    for (int i = 0; i < scene->nbands; i++) {
        const struct band *band = &scene->bands[i];
        bool found;
        double value;
        if (band->visual || (asset && strcmp(band->asset, asset) != 0)) continue;
        int err = render_point(rq->scope, scene, i, lon, lat, &found, &value);
        if (err) return err;
        if (found) json_object_set_new(values, band->name, json_real(value));
    }
    if (!json_object_size(values)) return 0;
    int err = add_computed(rq, scene, look->style, lon, lat, values);
    if (err) return err;
    json_t *feature = json_pack("{s:s, s:o, s:{s:s, s:[ff]}, s:O}", "type", "Feature", "id",
                                json_sprintf("%s/%s", scene->collection, scene->item), "geometry", "type", "Point",
                                "coordinates", lon, lat, "properties", values);
    return json_array_append_new(features, feature) ? NADIR_ENOMEM : 0;
}

int values_add(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times, double lon,
               double lat, int most, json_t *features) {
    const struct scene *scenes[VALUES_MOST];
    int count;
    size_t before = json_array_size(features);
    if (!isfinite(lon) || !isfinite(lat)) return 0; /* off the earth there is nothing */
    int err =
        layer_scenes_at(rq, layer, &look->rule, times, lon, lat, most < VALUES_MOST ? 2 * most : VALUES_MOST, scenes, &count);
    /* Footprints are larger than what has data: some scenes may have none here. */
    for (int i = 0; !err && i < count && json_array_size(features) - before < (size_t)most; i++)
        err = scene_add(rq, scenes[i], layer->asset, look, lon, lat, features);
    return err;
}

static const char *as_text(struct scope *s, const json_t *features) {
    const char *text = json_array_size(features) ? "" : "no data here\n";
    size_t i;
    const json_t *feature, *value;
    const char *band;
    json_array_foreach(features, i, feature) {
        text = scope_printf(s, "%s%s\n", text, json_string_value(json_object_get(feature, "id")));
        json_object_foreach((json_t *)json_object_get(feature, "properties"), band, value) text =
            scope_printf(s, "%s  %s = %.10g\n", text, band, json_number_value(value));
    }
    return text;
}

static const char *as_html(struct scope *s, const json_t *features) {
    return scope_printf(s,
                        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Values</title><pre>%s</pre></html>\n",
                        http_escape(s, as_text(s, features)));
}

static double coordinate(const json_t *feature, size_t i) {
    return json_number_value(json_array_get(json_object_get(json_object_get(feature, "geometry"), "coordinates"), i));
}

/* GML 2.1.2, longitude first as clients of WMS 1.1.1 read EPSG:4326. */
static const char *as_gml(struct scope *s, const json_t *features) {
    const char *text = "";
    size_t i;
    const json_t *feature, *value;
    const char *band;
    json_array_foreach(features, i, feature) {
        text = scope_printf(s,
                            "%s<gml:featureMember><nadir:values fid=\"%s\"><nadir:place><gml:Point srsName=\"EPSG:4326\">"
                            "<gml:coordinates>%.10g,%.10g</gml:coordinates></gml:Point></nadir:place>",
                            text, http_escape(s, json_string_value(json_object_get(feature, "id"))), coordinate(feature, 0),
                            coordinate(feature, 1));
        json_object_foreach((json_t *)json_object_get(feature, "properties"), band, value) text = scope_printf(
            s, "%s<nadir:value band=\"%s\">%.10g</nadir:value>", text, http_escape(s, band), json_number_value(value));
        text = scope_printf(s, "%s</nadir:values></gml:featureMember>\n", text);
    }
    return scope_printf(s,
                        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<nadir:valuesCollection "
                        "xmlns:nadir=\"urn:nadir:values\" xmlns:gml=\"http://www.opengis.net/gml\">\n<gml:boundedBy><gml:null>"
                        "unknown</gml:null></gml:boundedBy>\n%s</nadir:valuesCollection>\n",
                        text);
}

int values_answer(struct request *rq, struct response *rs, enum values_format format, json_t *features) {
    switch (format) {
    case VALUES_TEXT:
        return response_text(rs, 200, "text/plain; charset=utf-8", as_text(rq->scope, features));
    case VALUES_HTML:
        return response_text(rs, 200, "text/html; charset=utf-8", as_html(rq->scope, features));
    case VALUES_GML:
        return response_text(rs, 200, "application/vnd.ogc.gml", as_gml(rq->scope, features));
    case VALUES_JSON:
        break;
    }
    return response_json(rs, 200, json_pack("{s:s, s:O}", "type", "FeatureCollection", "features", features));
}
