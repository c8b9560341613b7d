/* wmts_tile.c: GetTile and GetFeatureInfo (OGC 07-057r7 clauses 7.2 and 7.3). */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "view/numbers.h"
#include "view/values.h"
#include "view/wmts.h"

/* What was asked for, found. */
struct found {
    struct layer layer;
    struct look look;
    struct times times;
    struct map map;
};

static int fail(const struct wmts *w, int err) {
    if (err == NADIR_ENOTFOUND) return wmts_exception(w, 404, "NoApplicableCode", NULL, "What is to be drawn cannot be read.");
    if (err == NADIR_EINTERNAL) return wmts_exception(w, 500, "NoApplicableCode", NULL, "The tile could not be drawn.");
    response_header(w->rs, "retry-after", "2");
    return wmts_exception(w, 503, "NoApplicableCode", NULL, "The service is busy: try again in a few seconds.");
}

/* Returns false after answering. */
static bool refuse(const struct wmts *w, int status, const char *code, const char *locator, const char *why) {
    wmts_exception(w, status, code, locator, "%s", why);
    return false;
}

static bool find_layer(const struct wmts *w, const struct wmts_tile *t, struct found *f) {
    const char *only = pairs_get(&w->rq->params, "collection");
    int err = layer_get(w->rq, t->layer, &f->layer);
    if (!err && only &&
        (!f->layer.item || strcmp(f->layer.collection, only) != 0 || strcmp(f->layer.item, request_param(w->rq, "item")) != 0))
        err = NADIR_ENOTFOUND;
    if (err == NADIR_ENOTFOUND)
        return refuse(w, 404, "InvalidParameterValue", "Layer", "There is no such layer that you may see.");
    if (err) {
        (void)fail(w, err);
        return false;
    }
    struct complaint c;
    if (!layer_look(w->rq, &f->layer, t->style, &f->look, NULL, &c))
        return refuse(w, 400, "InvalidParameterValue", strcmp(c.field, "style") == 0 ? "Style" : c.field, c.text);
    if (!times_parse(t->time && strcasecmp(t->time, "default") != 0 ? t->time : NULL, &f->times))
        return refuse(w, 400, "InvalidParameterValue", "Time", "The time must be moments or intervals such as 2024-05-01.");
    if (!layer_times(&f->layer, &f->times))
        return refuse(w, 400, "InvalidParameterValue", "Time", "The layer has nothing at that time.");
    return true;
}

static bool find_tile(const struct wmts *w, const struct wmts_tile *t, struct found *f) {
    struct tile_set set;
    int level, row, column;
    if (!tile_set_find(t->set, &set))
        return refuse(w, 400, "InvalidParameterValue", "TileMatrixSet", "There is no such tile matrix set.");
    if (!integer_parse(t->level, set.first, set.last, &level))
        return refuse(w, 400, "InvalidParameterValue", "TileMatrix", "The tile matrix set has no such tile matrix.");
    if (strspn(t->row, "0123456789") != strlen(t->row))
        return refuse(w, 400, "InvalidParameterValue", "TileRow", "The row must be a whole number.");
    if (strspn(t->column, "0123456789") != strlen(t->column))
        return refuse(w, 400, "InvalidParameterValue", "TileCol", "The column must be a whole number.");
    if (!integer_parse(t->row, 0, tile_set_rows(&set, level) - 1, &row))
        return refuse(w, 400, "TileOutOfRange", "TileRow", "The row is out of the tile matrix.");
    if (!integer_parse(t->column, 0, tile_set_columns(&set, level) - 1, &column))
        return refuse(w, 400, "TileOutOfRange", "TileCol", "The column is out of the tile matrix.");
    tile_set_map(&set, level, row, column, &f->map);
    return true;
}

int wmts_get_tile(const struct wmts *w, const struct wmts_tile *t) {
    struct found f = {0};
    struct picture picture;
    const void *data;
    size_t len;
    bool jpeg = strcasecmp(t->format, "image/jpeg") == 0;
    if (!jpeg && strcasecmp(t->format, "image/png") != 0)
        return wmts_exception(w, 400, "InvalidParameterValue", "Format", "The formats are image/png and image/jpeg.");
    if (!find_layer(w, t, &f) || !find_tile(w, t, &f)) return 0;
    if (layer_not_modified(w->rq, w->rs, &f.layer, 1, "")) return 0;
    int err = layer_draw(w->rq, &f.layer, &f.look, &f.times, &f.map, &picture);
    if (err == NADIR_ETOOLARGE && f.layer.kind == LAYER_COLLECTION)
        return wmts_exception(w, 400, "InvalidParameterValue", "TileMatrix", "%s", layer_too_many(w->rq, &f.layer));
    if (err) return fail(w, err);
    if (jpeg) picture_background(&picture, 0xffffff);
    err = jpeg ? picture_jpeg(w->rq->scope, &picture, &data, &len) : picture_png(w->rq->scope, &picture, &data, &len);
    if (err) return fail(w, err);
    layer_count(&f.layer, len);
    return response_data(w->rs, 200, jpeg ? "image/jpeg" : "image/png", data, len);
}

int wmts_feature_info(const struct wmts *w, const struct wmts_tile *t) {
    struct found f = {0};
    enum values_format format;
    int i, j;
    if (!values_format(t->format, &format))
        return wmts_exception(w, 400, "InvalidParameterValue", "InfoFormat",
                              "The formats are application/json, text/plain, text/html and application/vnd.ogc.gml.");
    if (!find_layer(w, t, &f) || !find_tile(w, t, &f)) return 0;
    if (!integer_parse(t->i, 0, TILE_SIDE - 1, &i))
        return wmts_exception(w, 400, "PointIJOutOfRange", "I", "I must be from 0 to %d.", TILE_SIDE - 1);
    if (!integer_parse(t->j, 0, TILE_SIDE - 1, &j))
        return wmts_exception(w, 400, "PointIJOutOfRange", "J", "J must be from 0 to %d.", TILE_SIDE - 1);
    double cell = (f.map.box[2] - f.map.box[0]) / TILE_SIDE;
    double lon = f.map.box[0] + (i + 0.5) * cell;
    double lat = f.map.box[3] - (j + 0.5) * cell;
    if (!crs_convert(&f.map.crs, &crs_84, 1, &lon, &lat)) lon = lat = NAN;
    json_t *features = scope_json(w->rq->scope, json_array());
    int err = values_add(w->rq, &f.layer, &f.look, &f.times, lon, lat, 1, features);
    if (err) return fail(w, err);
    response_header(w->rs, "cache-control", "no-store");
    return values_answer(w->rq, w->rs, format, features);
}
