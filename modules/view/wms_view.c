/* wms_view.c: reads what GetMap and GetFeatureInfo have in common (06-042 clauses 7.3.3 and 7.4.3). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/computed.h"
#include "view/numbers.h"
#include "view/wms.h"

const char *wms_need(const struct wms *w, const char *name) {
    const char *value = request_kvp(w->rq, name);
    if (value && *value) return value;
    wms_exception(w, 400, "MissingParameterValue", name, "The parameter %s is missing.", name);
    return NULL;
}

bool wms_read_colour(const char *text, unsigned *out) {
    bool hex = strncasecmp(text, "0x", 2) == 0 && strlen(text) == 8 && strspn(text + 2, "0123456789abcdefABCDEF") == 6;
    if (hex) *out = (unsigned)strtoul(text + 2, NULL, 16);
    return hex;
}

bool wms_read_sld(const struct wms *w, const struct sld **out) {
    const char *body = request_kvp(w->rq, "SLD_BODY");
    const char *why;
    *out = NULL;
    if (!body || !*body) {
        const char *address = request_kvp(w->rq, "SLD");
        if (!address || !*address) return true;
        return wms_exception(w, 400, "InvalidParameterValue", "SLD", "Styles are not fetched from elsewhere: send SLD_BODY.");
    }
    struct sld *sld = scope_alloc(w->rq->scope, sizeof *sld);
    if (sld_parse(w->rq->scope, body, sld, &why)) return wms_exception(w, 400, "StyleNotDefined", "SLD_BODY", "%s", why);
    *out = sld;
    return true;
}

bool wms_read_layer(const struct wms *w, const char *parameter, const char *name, struct layer *out) {
    const char *only = pairs_get(&w->rq->params, "collection");
    int err = layer_get(w->rq, name, out);
    if (!err && only) {
        bool inside = out->item && strcmp(out->collection, only) == 0 && strcmp(out->item, request_param(w->rq, "item")) == 0;
        if (!inside) err = NADIR_ENOTFOUND;
    }
    if (err == NADIR_ENOTFOUND)
        return wms_exception(w, 404, "LayerNotDefined", parameter, "There is no layer %.200s that you may see.", name);
    return !err || wms_fail(w, err);
}

bool wms_read_look(const struct wms *w, const struct layer *layer, const char *parameter, const char *id, struct look *out,
                   const struct style **style) {
    struct complaint c;
    if (layer_look(w->rq, layer, id, out, style, &c)) return true;
    if (strcmp(c.type, "no-such-style") == 0)
        return wms_exception(w, 400, "StyleNotDefined", parameter, "The layer %.100s has no style %.100s.", layer->name, id);
    return wms_exception(w, 400, "InvalidParameterValue", strcmp(c.field, "style") == 0 ? parameter : c.field, "%s", c.text);
}

/* A layer with the style that the request or its SLD names for it. */
static bool add_layer(const struct wms *w, const char *name, const char *style, const struct sld *sld, struct wms_view *v) {
    if (v->nlayers == WMS_LAYERS)
        return wms_exception(w, 400, "InvalidParameterValue", "LAYERS", "At most %d layers may be asked at once.", WMS_LAYERS);
    struct layer *layer = &v->layers[v->nlayers];
    struct look *look = &v->looks[v->nlayers];
    const struct sld_layer *given = sld ? sld_find(sld, name) : NULL;
    if (!wms_read_layer(w, "LAYERS", name, layer)) return false;
    *look = (struct look){.style = ""};
    look->symbolizer = given && !*style ? given->made : NULL;
    if (given && given->style && !*style) style = given->style;
    v->nlayers++;
    if (!look->symbolizer) return wms_read_look(w, layer, "STYLES", style, look, NULL);
    struct complaint c;
    return rule_read(w->rq, &look->rule, &c) || wms_exception(w, 400, "InvalidParameterValue", c.field, "%s", c.text);
}

static bool read_layers(const struct wms *w, struct wms_view *v) {
    const struct sld *sld;
    const char *given = request_kvp(w->rq, "LAYERS");
    const char *styles_given = request_kvp(w->rq, "STYLES");
    if (!wms_read_sld(w, &sld)) return false;
    if (sld && (!given || !*given)) { /* the document alone says what is to be drawn */
        for (int i = 0; i < sld->count; i++)
            if (!add_layer(w, sld->layers[i].name, "", sld, v)) return false;
        return true;
    }
    if (!(given = wms_need(w, "LAYERS"))) return false;
    char *names = scope_strdup(w->rq->scope, given);
    char *styles = scope_strdup(w->rq->scope, styles_given ? styles_given : "");
    char *name;
    while ((name = strsep(&names, ","))) {
        const char *style = strsep(&styles, ",");
        if (!add_layer(w, name, style ? style : "", sld, v)) return false;
    }
    /* "STYLES=,,," for three layers is one comma too many that the test suites send; a name too many is a mistake. */
    if (styles && strspn(styles, ",") != strlen(styles))
        return wms_exception(w, 400, "StyleNotDefined", "STYLES", "There are more styles than layers.");
    return true;
}

static bool read_crs(const struct wms *w, struct crs *out) {
    const char *parameter = w->old ? "SRS" : "CRS";
    const char *name = wms_need(w, parameter);
    if (!name) return false;
    if (crs_parse(name, out))
        return wms_exception(w, 400, w->old ? "InvalidSRS" : "InvalidCRS", parameter,
                             "The coordinate system %.60s is not served; see the capabilities.", name);
    if (w->old) out->lat_first = false;
    return true;
}

static bool read_box(const struct wms *w, struct map *map) {
    const char *text = wms_need(w, "BBOX");
    if (!text) return false;
    double *b = map->box;
    if (!box_parse(text, b))
        return wms_exception(w, 400, "InvalidParameterValue", "BBOX", "BBOX must be four numbers separated by commas.");
    if (map->crs.lat_first) {
        double turned[4] = {b[1], b[0], b[3], b[2]};
        memcpy(b, turned, sizeof turned);
    }
    double most = map->crs.geographic ? 1000 : 1e9;
    for (int i = 0; i < 4; i++)
        if (fabs(b[i]) > most) return wms_exception(w, 400, "InvalidParameterValue", "BBOX", "BBOX is off the earth.");
    if (b[0] >= b[2] || b[1] >= b[3])
        return wms_exception(w, 400, "InvalidParameterValue", "BBOX", "BBOX must have its least values first and an area.");
    return true;
}

static bool read_size(const struct wms *w, struct map *map) {
    const char *width = wms_need(w, "WIDTH");
    const char *height = width ? wms_need(w, "HEIGHT") : NULL;
    if (!height) return false;
    if (!integer_parse(width, 1, PICTURE_SIDE_MOST, &map->width))
        return wms_exception(w, 400, "InvalidParameterValue", "WIDTH", "WIDTH must be from 1 to %d.", PICTURE_SIDE_MOST);
    if (!integer_parse(height, 1, PICTURE_SIDE_MOST, &map->height))
        return wms_exception(w, 400, "InvalidParameterValue", "HEIGHT", "HEIGHT must be from 1 to %d.", PICTURE_SIDE_MOST);
    if (map->width * map->height > PICTURE_PIXELS_MOST)
        return wms_exception(w, 400, "InvalidParameterValue", "WIDTH", "A map may have at most %d pixels.",
                             PICTURE_PIXELS_MOST);
    return true;
}

/* TIME (annex D), when a layer has that dimension; what was taken for it is told in a Warning (annex C.4.2). */
static bool read_times(const struct wms *w, struct wms_view *v) {
    const char *text = request_kvp(w->rq, "TIME");
    const struct layer *timed = NULL;
    for (int i = 0; i < v->nlayers && !timed; i++)
        if (v->layers[i].kind == LAYER_COLLECTION) timed = &v->layers[i];
    if (!timed) return true; /* layers without a time do not look at it */
    if (!times_parse(text, &v->times))
        return wms_exception(w, 400, "InvalidDimensionValue", "TIME",
                             "TIME must be moments such as 2024-05-01, or intervals from/to, separated by commas.");
    if (text && *text) {
        if (layer_times(timed, &v->times)) return true;
        return wms_exception(w, 400, "InvalidDimensionValue", "TIME", "The layer %.100s has nothing at that time.",
                             timed->name);
    }
    response_header(w->rs, "warning", "99 Default value used: time=%s/%s ISO8601", time_text(w->rq->scope, timed->from),
                    time_text(w->rq->scope, timed->to));
    return true;
}

bool wms_read_view(const struct wms *w, struct wms_view *out) {
    *out = (struct wms_view){0};
    const char *layers = request_kvp(w->rq, "LAYERS");
    const char *sld = request_kvp(w->rq, "SLD_BODY");
    if ((!layers || !*layers) && (!sld || !*sld)) return wms_need(w, "LAYERS");
    return read_crs(w, &out->map.crs) && read_box(w, &out->map) && read_size(w, &out->map) && read_layers(w, out) &&
           read_times(w, out);
}
