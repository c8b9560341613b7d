/* footprints.c: /view/ogc/tiles and …/collections/{id}/tiles: footprints of public items as Mapbox Vector Tiles 2.1, made by
 * PostGIS. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "view/ogc.h"

#define FEATURES_MOST 5000 /* the newest; a tile of more is no map but a block of colour */
#define MVT_TYPE "application/vnd.mapbox-vector-tile"

/* Mercator ends before the poles; what lies beyond is cut off before it is transformed. */
#define FOOTPRINTS_SQL                                                                                                         \
    "WITH tile AS (SELECT ST_MakeEnvelope($1, $2, $3, $4, $5::int) AS box),"                                                   \
    " near AS (SELECT f.collection, f.item, f.time, f.geometry FROM footprint f"                                               \
    "  WHERE f.geometry && ST_MakeEnvelope($6, $7, $8, $9, 4326) AND ($10::text IS NULL OR f.collection = $10)"                \
    "  AND ($11::tstzrange[] IS NULL OR f.time && ANY($11::tstzrange[]))"                                                      \
    "  ORDER BY upper(f.time) DESC, f.collection, f.item LIMIT $12),"                                                          \
    " drawn AS (SELECT near.collection, near.item,"                                                                            \
    "  to_char(lower(near.time) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS datetime,"                            \
    "  ST_AsMVTGeom(ST_Transform(ST_ClipByBox2D(near.geometry, ST_MakeEnvelope(-180, -85.06, 180, 85.06, 4326)), $5::int),"    \
    "  tile.box, 4096, 64, true) AS shape FROM near, tile)"                                                                    \
    " SELECT data, encode(sha256(data), 'hex') FROM (SELECT ST_AsMVT(d, 'footprints', 4096, 'shape') AS data"                  \
    " FROM (SELECT * FROM drawn WHERE shape IS NOT NULL) d) whole"

static double latitude(double y) {
    return atan(sinh(y / MERCATOR_HALF * M_PI)) * 180 / M_PI;
}

static bool read_times(struct request *rq, struct response *rs, struct times *times) {
    if (times_parse(request_arg(rq, "datetime"), times) && !times->current) return true;
    response_error(rs, 400, "invalid-datetime", "datetime", "The time must be a moment or an interval.");
    return false;
}

static bool wants_mvt(struct request *rq, struct response *rs) {
    const char *f = request_arg(rq, "f");
    if (!f || strcasecmp(f, "mvt") == 0 || strcasecmp(f, "pbf") == 0 || strcasecmp(f, MVT_TYPE) == 0) return true;
    response_error(rs, 400, "unknown-format", "f", "Footprints are Mapbox Vector Tiles: f=mvt.");
    return false;
}

static bool find_set(struct request *rq, struct response *rs, const char *id, struct tile_set *out) {
    if (tile_set_find(id, out) && (out->crs.epsg == 3857 || (out->crs.geographic && !out->crs.lat_first))) return true;
    response_error(rs, 404, "no-such-tile-matrix-set", "tileMatrixSetId",
                   "Footprints are cut by WebMercatorQuad and WorldCRS84Quad.");
    (void)rq;
    return false;
}

/* The collection that the path names, which must be one of items; NULL: all. Answers and returns false. */
static bool read_collection(struct request *rq, struct response *rs, const char **out) {
    struct layer layer;
    struct look look;
    struct times times;
    *out = NULL;
    if (!pairs_get(&rq->params, "id")) return true;
    if (!ogc_read(rq, rs, &layer, &look, &times)) return false;
    *out = layer.collection;
    if (layer.kind == LAYER_COLLECTION) return true;
    response_error(rs, 404, "no-such-collection", "collectionId", "Only collections of items have footprints.");
    return false;
}

int footprints_tile(struct request *rq, struct response *rs) {
    struct tile_set set;
    struct times times;
    struct map map;
    struct db_rows *rows;
    const char *collection;
    int level, row, column;
    if (!find_set(rq, rs, request_param(rq, "set"), &set) || !ogc_read_tile(rq, rs, &set, &level, &row, &column) ||
        !wants_mvt(rq, rs) || !read_times(rq, rs, &times) || !read_collection(rq, rs, &collection))
        return 0;
    tile_set_map(&set, level, row, column, &map);
    const double *b = map.box;
    bool mercator = set.crs.epsg == 3857;
    double edge = (b[2] - b[0]) / 64; /* what is drawn just beyond the tile, so that no seam is seen */
    double west = mercator ? (b[0] - edge) / MERCATOR_HALF * 180 : b[0] - edge;
    double east = mercator ? (b[2] + edge) / MERCATOR_HALF * 180 : b[2] + edge;
    double south = mercator ? latitude(b[1] - edge) : b[1] - edge;
    double north = mercator ? latitude(b[3] + edge) : b[3] + edge;
    int err = db_query(rq->scope, module_db("view"), &rows, FOOTPRINTS_SQL, "ddddiddddssi", b[0], b[1], b[2], b[3],
                       set.crs.epsg, west, south, east, north, collection, times_sql(rq->scope, &times), FEATURES_MOST);
    if (err) return err;
    size_t len;
    const void *data = db_bytes(rq->scope, rows, 0, 0, &len);
    view_public(rq, rs, 60);
    view_changes(rs);
    if (response_not_modified(rq, rs, scope_strndup(rq->scope, db_text(rows, 0, 1), 32))) return 0;
    return response_data(rs, 200, MVT_TYPE, data, len);
}

static const char *path_of(struct request *rq) {
    const char *id = pairs_get(&rq->params, "id");
    return id ? scope_printf(rq->scope, "/view/ogc/collections/%s/tiles", http_encode_path(rq->scope, id)) : "/view/ogc/tiles";
}

static json_t *tileset(struct request *rq, const char *id, bool whole) {
    struct scope *s = rq->scope;
    struct tile_set set;
    (void)tile_set_find(id, &set);
    json_t *links = json_array();
    json_array_append_new(links,
                          ogc_link(rq, "self", "application/json", "Footprints", scope_printf(s, "%s/%s", path_of(rq), id)));
    json_array_append_new(links, ogc_link(rq, REL_TILING_SCHEME, "application/json", set.title,
                                          scope_printf(s, "/view/ogc/tileMatrixSets/%s", id)));
    if (whole)
        json_array_append_new(
            links, json_pack("{s:s, s:s, s:b, s:o}", "rel", "item", "type", MVT_TYPE, "templated", 1, "href",
                             json_sprintf("%s%s/%s/{tileMatrix}/{tileRow}/{tileCol}", rq->base_url, path_of(rq), id)));
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:o}", "title", "Footprints of public items", "dataType", "vector", "crs",
                             set.crs_uri, "tileMatrixSetURI", set.registered, "links", links);
    if (whole)
        json_object_set_new(json, "layers",
                            json_pack("[{s:s, s:s, s:i}]", "id", "footprints", "dataType", "vector", "geometryDimension", 2));
    return json;
}

int footprints_tilesets(struct request *rq, struct response *rs) {
    const char *collection;
    if (!read_collection(rq, rs, &collection)) return 0;
    json_t *links = json_array();
    json_array_append_new(links, ogc_link(rq, "self", "application/json", "Footprints", path_of(rq)));
    view_public(rq, rs, 60);
    view_changes(rs);
    return view_json(rq, rs,
                     json_pack("{s:[o,o], s:o}", "tilesets", tileset(rq, "WebMercatorQuad", false),
                               tileset(rq, "WorldCRS84Quad", false), "links", links));
}

/* TileJSON 3.0.0, which names the fields of a vector layer. */
static json_t *tilejson(struct request *rq) {
    json_t *layers = json_pack("[{s:s, s:{s:s, s:s, s:s}}]", "id", "footprints", "fields", "collection", "String", "item",
                               "String", "datetime", "String");
    json_t *tiles = json_pack("[o]", json_sprintf("%s%s/WebMercatorQuad/{z}/{y}/{x}", rq->base_url, path_of(rq)));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:i, s:i}", "tilejson", "3.0.0", "name", "Footprints of public items", "scheme",
                     "xyz", "tiles", tiles, "vector_layers", layers, "minzoom", 0, "maxzoom", 14);
}

int footprints_tileset(struct request *rq, struct response *rs) {
    struct tile_set set;
    const char *collection;
    const char *f = request_arg(rq, "f");
    if (!find_set(rq, rs, request_param(rq, "set"), &set) || !read_collection(rq, rs, &collection)) return 0;
    bool wants_tilejson = f && strcasecmp(f, "tilejson") == 0;
    if (wants_tilejson && set.crs.epsg != 3857)
        return response_error(rs, 400, "unknown-format", "f", "TileJSON describes tiles of WebMercatorQuad only.");
    view_public(rq, rs, 60);
    view_changes(rs);
    return view_json(rq, rs, wants_tilejson ? tilejson(rq) : tileset(rq, set.id, true));
}
