/* ogc_tiles.c: …/map/tiles: OGC API - Tiles Part 1 (20-057): a layer's tilesets, and the tiles. */
#include <string.h>
#include <strings.h>

#include "view/numbers.h"
#include "view/ogc.h"

bool ogc_read_tile(struct request *rq, struct response *rs, struct tile_set *set, int *level, int *row, int *column) {
    if (!tile_set_find(request_param(rq, "set"), set)) {
        response_error(rs, 404, "no-such-tile-matrix-set", "tileMatrixSetId", "There is no such tile matrix set; see %s.",
                       "/view/ogc/tileMatrixSets");
        return false;
    }
    if (integer_parse(request_param(rq, "level"), set->first, set->last, level) &&
        integer_parse(request_param(rq, "row"), 0, tile_set_rows(set, *level) - 1, row) &&
        integer_parse(request_param(rq, "column"), 0, tile_set_columns(set, *level) - 1, column))
        return true;
    response_error(rs, 404, "no-such-tile", NULL, "The tile matrix set has no such tile.");
    return false;
}

int ogc_tile(struct request *rq, struct response *rs) {
    struct layer layer;
    struct look look;
    struct times times;
    struct tile_set set;
    struct map map;
    struct picture picture;
    enum picture_format format;
    int level, row, column;
    if (!ogc_read(rq, rs, &layer, &look, &times) || !ogc_read_tile(rq, rs, &set, &level, &row, &column) ||
        !ogc_picture_format(rq, rs, &format))
        return 0;
    if (layer_not_modified(rq, rs, &layer, 1, "")) return 0;
    tile_set_map(&set, level, row, column, &map);
    int err = layer_draw(rq, &layer, &look, &times, &map, &picture);
    return err ? ogc_fail_picture(rq, rs, &layer, err) : ogc_answer_picture(rq, rs, &layer, &picture, format);
}

/* The address of the layer's tiles in the style that was asked for. */
static const char *tiles_path(const struct request *rq, const struct layer *layer) {
    const char *style = pairs_get(&rq->params, "style");
    const char *path = scope_printf(rq->scope, "/view/ogc/collections/%s", ogc_id(rq->scope, layer));
    return style ? scope_printf(rq->scope, "%s/styles/%s/map/tiles", path, http_encode_path(rq->scope, style))
                 : scope_printf(rq->scope, "%s/map/tiles", path);
}

static json_t *template(const struct request *rq, const char *path, const char *set, const char *f, const char *type) {
    const char *datetime = request_arg(rq, "datetime");
    return json_pack("{s:s, s:s, s:b, s:o}", "rel", "item", "type", type, "templated", 1, "href",
                     json_sprintf("%s%s/%s/{tileMatrix}/{tileRow}/{tileCol}?f=%s%s%s%s", rq->base_url, path, set, f,
                                  datetime ? "&datetime=" : "", datetime ? http_encode(rq->scope, datetime) : "",
                                  layer_query(rq)));
}

static json_t *tileset(const struct request *rq, const struct layer *layer, const struct tile_set *set, bool whole) {
    struct scope *s = rq->scope;
    const char *path = tiles_path(rq, layer);
    json_t *links = json_array();
    json_array_append_new(links,
                          ogc_link(rq, "self", "application/json", layer->title, scope_printf(s, "%s/%s", path, set->id)));
    json_array_append_new(links, ogc_link(rq, REL_TILING_SCHEME, "application/json", set->title,
                                          scope_printf(s, "/view/ogc/tileMatrixSets/%s", set->id)));
    if (whole) {
        json_array_append_new(links, template(rq, path, set->id, "png", "image/png"));
        json_array_append_new(links, template(rq, path, set->id, "jpeg", "image/jpeg"));
    }
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:o}", "title", layer->title, "dataType", "map", "crs", set->crs_uri, "links", links);
    if (set->registered || set->crs.epsg > 32600)
        json_object_set_new(json, "tileMatrixSetURI",
                            json_sprintf("http://www.opengis.net/def/tilematrixset/OGC/1.0/%s", set->id));
    if (whole && layer->has_bbox)
        json_object_set_new(json, "boundingBox",
                            json_pack("{s:[ff], s:[ff], s:s}", "lowerLeft", layer->bbox[0], layer->bbox[1], "upperRight",
                                      layer->bbox[2], layer->bbox[3], "crs", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"));
    return json;
}

int ogc_tilesets(struct request *rq, struct response *rs) {
    struct layer layer;
    struct look look;
    struct times times;
    struct tile_set set;
    if (!ogc_read(rq, rs, &layer, &look, &times)) return 0;
    if (layer_not_modified(rq, rs, &layer, 1, "tilesets")) return 0;
    json_t *list = json_array();
    json_t *links = json_array();
    for (int i = 0; i < TILE_SETS; i++) {
        tile_set_at(i, &set);
        json_array_append_new(list, tileset(rq, &layer, &set, false));
    }
    if (layer.has_bbox && tile_set_utm(layer.bbox, &set)) json_array_append_new(list, tileset(rq, &layer, &set, false));
    json_array_append_new(links, ogc_link(rq, "self", "application/json", layer.title, tiles_path(rq, &layer)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "tilesets", list, "links", links));
}

/* TileJSON 3.0.0 has no bounds across the antimeridian: then all longitudes are given. */
static json_t *tilejson(struct request *rq, const struct layer *layer, const struct look *look) {
    bool crosses = layer->bbox[2] < layer->bbox[0];
    const char *datetime = request_arg(rq, "datetime");
    const struct style *style = NULL;
    struct look same;
    struct complaint c;
    (void)layer_look(rq, layer, look->style, &same, &style, &c);
    json_t *tiles = json_pack("[o]", json_sprintf("%s%s/WebMercatorQuad/{z}/{y}/{x}?f=png%s%s%s", rq->base_url,
                                                  tiles_path(rq, layer), datetime ? "&datetime=" : "",
                                                  datetime ? http_encode(rq->scope, datetime) : "", layer_query(rq)));
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:[ffff], s:i, s:i}", "tilejson", "3.0.0", "name", layer->title, "description",
                     style ? style->title : layer->title, "scheme", "xyz", "tiles", tiles, "bounds",
                     crosses ? -180.0 : layer->bbox[0], layer->bbox[1], crosses ? 180.0 : layer->bbox[2], layer->bbox[3],
                     "minzoom", layer->first_zoom, "maxzoom", 22);
}

int ogc_tileset(struct request *rq, struct response *rs) {
    struct layer layer;
    struct look look;
    struct times times;
    struct tile_set set;
    const char *f = request_arg(rq, "f");
    if (!ogc_read(rq, rs, &layer, &look, &times)) return 0;
    if (!tile_set_find(request_param(rq, "set"), &set))
        return response_error(rs, 404, "no-such-tile-matrix-set", "tileMatrixSetId",
                              "There is no such tile matrix set; see %s.", "/view/ogc/tileMatrixSets");
    bool wants_tilejson = f && strcasecmp(f, "tilejson") == 0;
    if (wants_tilejson && (set.crs.epsg != 3857 || !layer.has_bbox))
        return response_error(rs, 400, "unknown-format", "f", "TileJSON describes tiles of WebMercatorQuad only.");
    if (layer_not_modified(rq, rs, &layer, 1, wants_tilejson ? "tilejson" : "tileset")) return 0;
    return response_json(rs, 200, wants_tilejson ? tilejson(rq, &layer, &look) : tileset(rq, &layer, &set, true));
}
