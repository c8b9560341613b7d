/* ogc_collections.c: /view/ogc/collections: the layers, and how a request names one. */
#include <string.h>
#include <strings.h>

#include "view/ogc.h"

#define COLLECTIONS_MOST 500
#define ITEMS_MOST 100

const char *ogc_id(struct scope *s, const struct layer *layer) {
    char *id = http_encode_path(s, layer->name);
    for (char *c = id; *c; c++)
        if (*c == '/') *c = ':';
    return id;
}

/* "collection:item:asset"; an item's name may itself hold ':', so the asset is what follows the last one, if that is found. */
static int find(struct request *rq, const char *id, struct layer *out) {
    char *name = scope_strdup(rq->scope, id);
    char *colon = strchr(name, ':');
    if (strchr(name, '/')) return NADIR_ENOTFOUND;
    if (colon) *colon = '/';
    int err = layer_get(rq, name, out);
    char *last = strrchr(name, ':');
    if (err != NADIR_ENOTFOUND || !last) return err;
    *last = '/';
    return layer_get(rq, name, out);
}

static bool fail(struct response *rs, int err) {
    if (err == NADIR_ENOTFOUND)
        response_error(rs, 404, "no-such-collection", "collectionId", "There is no such collection that you may see.");
    else
        response_fail(rs, err);
    return false;
}

bool ogc_read(struct request *rq, struct response *rs, struct layer *layer, struct look *look, struct times *times) {
    const char *id = pairs_get(&rq->params, "style");
    const char *datetime = request_arg(rq, "datetime");
    int err = find(rq, request_param(rq, "id"), layer);
    if (err) return fail(rs, err);
    struct complaint c;
    if (!layer_look(rq, layer, id ? id : "", look, NULL, &c)) {
        response_error(rs, c.status, c.type, strcmp(c.field, "style") == 0 ? "styleId" : c.field, "%s", c.text);
        return false;
    }
    if (times_parse(datetime, times) && layer_times(layer, times)) return true;
    response_error(rs, 400, "invalid-datetime", "datetime",
                   "The time must be a moment or an interval in which the collection has something.");
    return false;
}

bool ogc_picture_format(struct request *rq, struct response *rs, enum picture_format *out) {
    const char *f = request_arg(rq, "f");
    const char *accept = request_header(rq, "accept");
    *out = FORMAT_PNG;
    if (!f) {
        if (accept && strstr(accept, "image/jpeg") && !strstr(accept, "image/png")) *out = FORMAT_JPEG;
        return true;
    }
    if (strcasecmp(f, "png") == 0 || strcasecmp(f, "image/png") == 0) return true;
    *out = FORMAT_JPEG;
    if (strcasecmp(f, "jpg") == 0 || strcasecmp(f, "jpeg") == 0 || strcasecmp(f, "image/jpeg") == 0) return true;
    response_error(rs, 400, "unknown-format", "f", "The formats are png and jpeg.");
    return false;
}

static json_t *extent(struct scope *s, const struct layer *layer) {
    json_t *json = json_object();
    if (layer->has_bbox)
        json_object_set_new(json, "spatial",
                            json_pack("{s:[[ffff]], s:s}", "bbox", layer->bbox[0], layer->bbox[1], layer->bbox[2],
                                      layer->bbox[3], "crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"));
    if (layer->kind == LAYER_COLLECTION)
        json_object_set_new(json, "temporal",
                            json_pack("{s:[[ss]]}", "interval", time_text(s, layer->from), time_text(s, layer->to)));
    return json;
}

static json_t *describe(const struct request *rq, const struct layer *layer) {
    struct scope *s = rq->scope;
    const char *id = ogc_id(s, layer);
    const char *path = scope_printf(s, "/view/ogc/collections/%s", id);
    json_t *links = json_array();
    json_array_append_new(links, ogc_link(rq, "self", "application/json", layer->title, path));
    json_array_append_new(links, ogc_link(rq, REL_MAP, "image/png", "As a map", scope_printf(s, "%s/map", path)));
    json_array_append_new(links, ogc_link(rq, REL_STYLES, "application/json", "Styles", scope_printf(s, "%s/styles", path)));
    json_array_append_new(
        links, ogc_link(rq, REL_TILESETS_MAP, "application/json", "As map tiles", scope_printf(s, "%s/map/tiles", path)));
    if (layer->kind == LAYER_COLLECTION)
        json_array_append_new(links, ogc_link(rq, REL_TILESETS_VECTOR, "application/json", "Footprints as vector tiles",
                                              scope_printf(s, "%s/tiles", path)));
    json_t *json = json_pack("{s:s, s:s, s:o, s:o, s:[s,s,s]}", "id", id, "title", layer->title, "extent", extent(s, layer),
                             "links", links, "crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                             "http://www.opengis.net/def/crs/EPSG/0/4326", "http://www.opengis.net/def/crs/EPSG/0/3857");
    json_object_set_new(json, "dataType", json_string("map"));
    return json;
}

int ogc_collections(struct request *rq, struct response *rs) {
    struct layer *collections, *own, *items;
    int ncollections, nown, nitems;
    int err = layer_collections(rq, COLLECTIONS_MOST, &collections, &ncollections);
    if (!err) err = layer_own(rq, ITEMS_MOST, &own, &nown);
    if (!err) err = layer_newest(rq, ITEMS_MOST, &items, &nitems);
    if (err) return err;
    json_t *list = json_array();
    json_t *links = json_array();
    for (int i = 0; i < ncollections; i++) json_array_append_new(list, describe(rq, &collections[i]));
    for (int i = 0; i < nown; i++) json_array_append_new(list, describe(rq, &own[i]));
    for (int i = 0; i < nitems; i++) json_array_append_new(list, describe(rq, &items[i]));
    json_array_append_new(links, ogc_link(rq, "self", "application/json", "The layers", "/view/ogc/collections"));
    view_listed(rq, rs);
    return view_json(rq, rs, json_pack("{s:o, s:o}", "collections", list, "links", links));
}

int ogc_collection(struct request *rq, struct response *rs) {
    struct layer layer;
    int err = find(rq, request_param(rq, "id"), &layer);
    if (err) return fail(rs, err), 0;
    if (layer_not_modified(rq, rs, &layer, 1, "collection")) return 0;
    return response_json(rs, 200, describe(rq, &layer));
}

int ogc_styles(struct request *rq, struct response *rs) {
    struct layer layer;
    int err = find(rq, request_param(rq, "id"), &layer);
    if (err) return fail(rs, err), 0;
    if (layer_not_modified(rq, rs, &layer, 1, "styles")) return 0;
    json_t *list = json_array();
    for (const struct style *style = layer_style_next(&layer, NULL); style; style = layer_style_next(&layer, style)) {
        json_t *links = json_array();
        const char *path = scope_printf(rq->scope, "/view/ogc/collections/%s/styles/%s", ogc_id(rq->scope, &layer), style->id);
        json_array_append_new(links, ogc_link(rq, REL_MAP, "image/png", "As a map", scope_printf(rq->scope, "%s/map", path)));
        json_array_append_new(links, ogc_link(rq, REL_TILESETS_MAP, "application/json", "As map tiles",
                                              scope_printf(rq->scope, "%s/map/tiles", path)));
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "id", style->id, "title", style->title, "links", links));
    }
    return response_json(rs, 200, json_pack("{s:s, s:o}", "default", layer_style_next(&layer, NULL)->id, "styles", list));
}
