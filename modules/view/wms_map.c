/* wms_map.c: GetMap and GetFeatureInfo (OGC 06-042 clauses 7.3 and 7.4). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/numbers.h"
#include "view/render.h"
#include "view/wms.h"

#define LAYERS_MOST 16

struct layer {
    const struct scene *scene;
    const struct style *style;
};

struct map_request {
    struct map map;
    struct layer layers[LAYERS_MOST];
    int nlayers;
    bool transparent;
    unsigned background;
    enum picture_format format;
};

/* The readers below answer the exception themselves and return false (all answering functions return 0). */

/* A parameter that must be there and not empty; otherwise answers and returns NULL. */
static const char *need(struct wms *w, const char *name) {
    const char *value = request_kvp(w->rq, name);
    if (value && *value) return value;
    wms_exception(w->rs, 400, "MissingParameterValue", name, "The parameter %s is missing.", name);
    return NULL;
}

/* "collection/item"; below /view/wms/{collection}/{item} only that item is a layer. */
static bool read_layer(struct wms *w, const char *name, const char *style, struct layer *out) {
    const char *slash = strchr(name, '/');
    const char *collection = slash ? scope_strndup(w->rq->scope, name, (size_t)(slash - name)) : "";
    const char *item = slash ? slash + 1 : "";
    const char *only = pairs_get(&w->rq->params, "collection");
    int err = NADIR_ENOTFOUND;
    bool inside = !only || (strcmp(only, collection) == 0 && strcmp(request_param(w->rq, "item"), item) == 0);
    if (*collection && *item && inside) err = scene_get(w->rq, collection, item, &out->scene);
    if (err == NADIR_ENOTFOUND)
        return wms_exception(w->rs, 404, "LayerNotDefined", "LAYERS", "There is no layer %.200s that you may see.", name);
    if (err) return response_fail(w->rs, err);
    out->style = scene_style(out->scene, style);
    if (!out->style)
        return wms_exception(w->rs, 400, "StyleNotDefined", "STYLES", "The layer %.100s has no style %.100s.", name, style);
    return true;
}

static char *next_part(char **list) {
    return strsep(list, ",");
}

static bool read_layers(struct wms *w, const char *names_given, const char *styles_given, struct map_request *m) {
    char *names = scope_strdup(w->rq->scope, names_given);
    char *styles = scope_strdup(w->rq->scope, styles_given);
    char *name;
    while ((name = next_part(&names))) {
        const char *style = next_part(&styles);
        if (m->nlayers == LAYERS_MOST)
            return wms_exception(w->rs, 400, "InvalidParameterValue", "LAYERS", "At most %d layers may be asked at once.",
                                 LAYERS_MOST);
        if (!read_layer(w, name, style ? style : "", &m->layers[m->nlayers])) return false;
        m->nlayers++;
    }
    if (styles && *styles) return wms_exception(w->rs, 400, "StyleNotDefined", "STYLES", "There are more styles than layers.");
    return true;
}

static bool read_crs(struct wms *w, struct crs *out) {
    const char *parameter = w->old ? "SRS" : "CRS";
    const char *name = need(w, parameter);
    if (!name) return false;
    if (crs_parse(name, out))
        return wms_exception(w->rs, 400, w->old ? "InvalidSRS" : "InvalidCRS", parameter,
                             "The coordinate system %.60s is not served; see the capabilities.", name);
    if (w->old) out->lat_first = false;
    return true;
}

static bool read_box(struct wms *w, struct map *map) {
    const char *text = need(w, "BBOX");
    if (!text) return false;
    double *b = map->box;
    if (!box_parse(text, b))
        return wms_exception(w->rs, 400, "InvalidParameterValue", "BBOX", "BBOX must be four numbers separated by commas.");
    if (map->crs.lat_first) {
        double turned[4] = {b[1], b[0], b[3], b[2]};
        memcpy(b, turned, sizeof turned);
    }
    double most = map->crs.geographic ? 1000 : 1e9;
    for (int i = 0; i < 4; i++)
        if (fabs(b[i]) > most) return wms_exception(w->rs, 400, "InvalidParameterValue", "BBOX", "BBOX is off the earth.");
    if (b[0] >= b[2] || b[1] >= b[3])
        return wms_exception(w->rs, 400, "InvalidParameterValue", "BBOX", "BBOX must have its least values first and an area.");
    return true;
}

static bool read_size(struct wms *w, struct map *map) {
    const char *width = need(w, "WIDTH");
    const char *height = width ? need(w, "HEIGHT") : NULL;
    if (!height) return false;
    if (!integer_parse(width, 1, PICTURE_SIDE_MOST, &map->width))
        return wms_exception(w->rs, 400, "InvalidParameterValue", "WIDTH", "WIDTH must be from 1 to %d.", PICTURE_SIDE_MOST);
    if (!integer_parse(height, 1, PICTURE_SIDE_MOST, &map->height))
        return wms_exception(w->rs, 400, "InvalidParameterValue", "HEIGHT", "HEIGHT must be from 1 to %d.", PICTURE_SIDE_MOST);
    if (map->width * map->height > PICTURE_PIXELS_MOST)
        return wms_exception(w->rs, 400, "InvalidParameterValue", "WIDTH", "A map may have at most %d pixels.",
                             PICTURE_PIXELS_MOST);
    return true;
}

static bool read_look(struct wms *w, struct map_request *m) {
    const char *format = need(w, "FORMAT");
    if (!format) return false;
    const char *transparent = request_kvp(w->rq, "TRANSPARENT");
    const char *colour = request_kvp(w->rq, "BGCOLOR");
    if (strcasecmp(format, "image/jpeg") == 0)
        m->format = FORMAT_JPEG;
    else if (strncasecmp(format, "image/png", 9) != 0 || (format[9] && format[9] != ';'))
        return wms_exception(w->rs, 400, "InvalidFormat", "FORMAT", "The formats are image/png and image/jpeg.");
    if (transparent && strcasecmp(transparent, "TRUE") == 0)
        m->transparent = m->format == FORMAT_PNG;
    else if (transparent && *transparent && strcasecmp(transparent, "FALSE") != 0)
        return wms_exception(w->rs, 400, "InvalidParameterValue", "TRANSPARENT", "TRANSPARENT must be TRUE or FALSE.");
    m->background = 0xffffff;
    if (colour && *colour) {
        bool hex =
            strncasecmp(colour, "0x", 2) == 0 && strlen(colour) == 8 && strspn(colour + 2, "0123456789abcdefABCDEF") == 6;
        if (!hex) return wms_exception(w->rs, 400, "InvalidParameterValue", "BGCOLOR", "BGCOLOR must look like 0xFFFFFF.");
        m->background = (unsigned)strtoul(colour + 2, NULL, 16);
    }
    return true;
}

/* Reads what GetMap and GetFeatureInfo have in common. */
static bool read_map(struct wms *w, struct map_request *m) {
    *m = (struct map_request){0};
    const char *layers = need(w, "LAYERS");
    const char *styles = request_kvp(w->rq, "STYLES");
    return layers && read_crs(w, &m->map.crs) && read_box(w, &m->map) && read_size(w, &m->map) &&
           read_layers(w, layers, styles ? styles : "", m);
}

static int draw(struct wms *w, const struct map_request *m, struct picture *out) {
    for (int i = 0; i < m->nlayers; i++) {
        struct picture layer;
        int err = render(w->rq->scope, m->layers[i].scene, m->layers[i].style, &m->map, i ? &layer : out);
        if (err) return err;
        if (i) picture_over(out, &layer);
        usage_count(m->layers[i].scene->collection, m->layers[i].scene->item, 0);
    }
    return 0;
}

int wms_map(struct wms *w) {
    struct map_request m;
    struct picture picture;
    const void *data;
    size_t len;
    if (!read_map(w, &m) || !read_look(w, &m)) return 0;
    if (m.nlayers == 1 && view_not_modified(w->rq, w->rs, m.layers[0].scene)) return 0;
    int err = draw(w, &m, &picture);
    if (err) return err;
    if (!m.transparent) picture_background(&picture, m.background);
    err = m.format == FORMAT_JPEG ? picture_jpeg(w->rq->scope, &picture, &data, &len)
                                  : picture_png(w->rq->scope, &picture, &data, &len);
    return err ? err : response_data(w->rs, 200, m.format == FORMAT_JPEG ? "image/jpeg" : "image/png", data, len);
}

static int info_of(struct wms *w, const struct layer *layer, double lon, double lat, json_t *features) {
    json_t *values = scope_json(w->rq->scope, json_object());
    for (int i = 0; i < layer->scene->nbands; i++) {
        bool found;
        double value;
        if (layer->scene->bands[i].visual) continue;
        int err = render_point(w->rq->scope, layer->scene, i, lon, lat, &found, &value);
        if (err) return err;
        if (found) json_object_set_new(values, layer->scene->bands[i].name, json_real(value));
    }
    if (!json_object_size(values)) return 0;
    json_t *feature = json_pack("{s:s, s:o, s:{s:s, s:[ff]}, s:O}", "type", "Feature", "id",
                                json_sprintf("%s/%s", layer->scene->collection, layer->scene->item), "geometry", "type",
                                "Point", "coordinates", lon, lat, "properties", values);
    return json_array_append_new(features, feature) ? NADIR_ENOMEM : 0;
}

static const char *info_text(struct scope *s, const json_t *features) {
    const char *text = json_array_size(features) ? "" : "no data here\n";
    size_t i;
    const json_t *feature, *value;
    const char *band;
    json_array_foreach(features, i, feature) {
        text = scope_printf(s, "%s%s\n", text, json_string_value(json_object_get(feature, "id")));
        json_object_foreach(json_object_get(feature, "properties"), band, value) text =
            scope_printf(s, "%s  %s = %.10g\n", text, band, json_number_value(value));
    }
    return text;
}

/* The middle of pixel i, j (counted from the upper left) in longitude and latitude. */
static bool read_position(struct wms *w, const struct map *map, double *lon, double *lat) {
    const char *column = need(w, w->old ? "X" : "I");
    const char *line = column ? need(w, w->old ? "Y" : "J") : NULL;
    int i, j;
    if (!line) return false;
    if (!integer_parse(column, 0, map->width - 1, &i) || !integer_parse(line, 0, map->height - 1, &j))
        return wms_exception(w->rs, 400, "InvalidPoint", w->old ? "X" : "I", "The point must lie in the map.");
    *lon = map->box[0] + (i + 0.5) * (map->box[2] - map->box[0]) / map->width;
    *lat = map->box[3] - (j + 0.5) * (map->box[3] - map->box[1]) / map->height;
    if (!crs_convert(&map->crs, &crs_84, 1, lon, lat)) *lon = *lat = NAN;
    return true;
}

int wms_feature_info(struct wms *w) {
    struct map_request m;
    double lon = NAN;
    double lat = NAN;
    if (!read_map(w, &m)) return 0;
    const char *queried = need(w, "QUERY_LAYERS");
    if (!queried || !read_position(w, &m.map, &lon, &lat)) return 0;
    const char *format = request_kvp(w->rq, "INFO_FORMAT");
    bool json =
        !format || !*format || strcasecmp(format, "application/json") == 0 || strcasecmp(format, "application/geo+json") == 0;
    if (!json && strcasecmp(format, "text/plain") != 0)
        return wms_exception(w->rs, 400, "InvalidFormat", "INFO_FORMAT", "The formats are application/json and text/plain.");
    m.nlayers = 0;
    if (!read_layers(w, queried, "", &m)) return 0;
    json_t *features = scope_json(w->rq->scope, json_array());
    for (int i = 0; i < m.nlayers && isfinite(lon); i++) {
        int err = info_of(w, &m.layers[i], lon, lat, features);
        if (err) return err;
    }
    if (!json) return response_text(w->rs, 200, "text/plain; charset=utf-8", info_text(w->rq->scope, features));
    return response_json(w->rs, 200, json_pack("{s:s, s:O}", "type", "FeatureCollection", "features", features));
}
