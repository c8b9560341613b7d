#include "view/layer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/digest.h"
#include "common/module.h"
#include "view/crs.h"
#include "view/instances.h"
#include "view/mask.h"
#include "view/mosaic.h"
#include "view/view.h"

/* The bounds of a collection are its extent's corners; what crosses the antimeridian reaches from -180 to 180 in it. */
#define MOSAIC_COLUMNS                                                                                                         \
    "m.collection, coalesce(m.title, m.collection), m.version || '-' || m.changes,"                                            \
    " (extract(epoch FROM m.starts) * 1000)::bigint, (extract(epoch FROM m.ends) * 1000)::bigint,"                             \
    " ST_XMin(m.extent), ST_YMin(m.extent), ST_XMax(m.extent), ST_YMax(m.extent),"                                             \
    " (SELECT item FROM footprint f WHERE f.collection = m.collection ORDER BY upper(f.time) DESC, f.item LIMIT 1), m.items"

/* The zoom at which a tile is as wide as two of such scenes: it then touches nine, and their neighbours of other orbits. */
static int zoom_of(const struct scene *scene) {
    double box[4];
    if (!scene->has_bbox) return 0;
    view_mercator_box(scene->bbox, box);
    double extent = fmax(fmax(box[2] - box[0], box[3] - box[1]), 1);
    return (int)fmin(fmax(ceil(log2(MERCATOR_HALF / extent)), 0), ZOOM_MOST);
}

static int mosaic_fill(struct request *rq, const struct db_rows *rows, int row, struct layer *out) {
    *out = (struct layer){
        .kind = LAYER_COLLECTION,
        .name = db_text(rows, row, 0),
        .collection = db_text(rows, row, 0),
        .title = db_text(rows, row, 1),
        .version = db_text(rows, row, 2),
        .is_public = true,
        .has_bbox = !db_is_null(rows, row, 5),
        .from = db_int(rows, row, 3),
        .to = db_int(rows, row, 4),
    };
    for (int i = 0; i < 4; i++) out->bbox[i] = db_double(rows, row, 5 + i);
    if (db_is_null(rows, row, 9)) return NADIR_ENOTFOUND;
    int err = scene_get(rq, out->collection, db_text(rows, row, 9), &out->scene);
    if (!err && db_int(rows, row, 10) > MOSAIC_SCENES) out->first_zoom = zoom_of(out->scene);
    return err;
}

static int collection_get(struct request *rq, const char *name, struct layer *out) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("view"), &rows,
                       "SELECT " MOSAIC_COLUMNS " FROM mosaic m WHERE m.collection = $1 AND m.items > 0", "s", name);
    if (err) return err;
    if (!db_count(rows)) return NADIR_ENOTFOUND;
    err = mosaic_fill(rq, rows, 0, out);
    return !err && !out->scene->nstyles ? NADIR_ENOTFOUND : err;
}

int layer_collections(struct request *rq, int most, struct layer **out, int *count) {
    struct db_rows *rows;
    *count = 0;
    int err = db_query(rq->scope, module_db("view"), &rows,
                       "SELECT " MOSAIC_COLUMNS " FROM mosaic m WHERE m.items > 0 ORDER BY m.collection LIMIT $1", "i", most);
    if (err) return err;
    *out = scope_alloc(rq->scope, (size_t)(db_count(rows) + 1) * sizeof **out);
    for (int i = 0; i < db_count(rows); i++) {
        struct layer *layer = &(*out)[*count];
        err = mosaic_fill(rq, rows, i, layer);
        if (err && err != NADIR_ENOTFOUND) return err;
        if (!err && layer->scene->nstyles) (*count)++;
    }
    return 0;
}

/* Layers of the items in rows of collection, item, version, data, owner. Not through the cache of scenes: they would push out
 * those that are looked at. */
static int items_listed(struct request *rq, const struct db_rows *rows, struct layer **out, int *count) {
    *count = 0;
    *out = scope_alloc(rq->scope, (size_t)(db_count(rows) + 1) * sizeof **out);
    for (int i = 0; i < db_count(rows); i++) {
        struct scene *scene;
        json_t *data = json_loadb(db_text(rows, i, 3), db_length(rows, i, 3), 0, NULL);
        struct right_item item = {.collection = db_text(rows, i, 0),
                                  .item = db_text(rows, i, 1),
                                  .version = db_text(rows, i, 2),
                                  .owner = db_text(rows, i, 4),
                                  .json = data};
        int err = data ? scene_new(&item, &scene) : NADIR_EINTERNAL;
        json_decref(data);
        if (err) return err;
        scope_defer(rq->scope, scene_release, scene);
        if (scene->nstyles) layer_of_scene(rq, scene, &(*out)[(*count)++]);
    }
    return 0;
}

int layer_newest(struct request *rq, int most, struct layer **out, int *count) {
    struct db_rows *rows;
    *count = 0;
    /* Versions are UUIDv7 and so sort by time. */
    int err = db_query(rq->scope, module_db("view"), &rows,
                       "SELECT collection, item, version, data, owner FROM right_item WHERE owner IS NULL ORDER BY version DESC"
                       " LIMIT $1",
                       "i", most);
    return err ? err : items_listed(rq, rows, out, count);
}

int layer_own(struct request *rq, int most, struct layer **out, int *count) {
    struct db_rows *rows;
    *count = 0;
    if (!rq->auth.subject) return 0;
    int err = db_query(
        rq->scope, module_db("view"), &rows,
        "SELECT collection, item, version, data, owner FROM right_item JOIN (SELECT collection, item FROM right_item"
        " WHERE owner = $1 UNION SELECT i.collection, i.item FROM right_share s JOIN right_item i ON i.collection = "
        "s.collection"
        " AND (s.item IS NULL OR s.item = i.item) AND i.owner = s.owner WHERE s.subject = $1) mine USING (collection, item)"
        " ORDER BY version DESC LIMIT $2",
        "si", rq->auth.subject, most);
    return err ? err : items_listed(rq, rows, out, count);
}

void layer_of_scene(struct request *rq, const struct scene *scene, struct layer *out) {
    *out = (struct layer){
        .kind = LAYER_SCENE,
        .name = scope_printf(rq->scope, "%s/%s", scene->collection, scene->item),
        .title = scene->title,
        .collection = scene->collection,
        .item = scene->item,
        .scene = scene,
        .version = scene->version,
        .is_public = scene->is_public,
        .has_bbox = scene->has_bbox,
    };
    memcpy(out->bbox, scene->bbox, sizeof out->bbox);
}

static int item_get(struct request *rq, const char *collection, const char *item, const char *asset, struct layer *out) {
    const struct scene *scene;
    int err = scene_get(rq, collection, item, &scene);
    if (err) return err;
    layer_of_scene(rq, scene, out);
    if (!asset) return scene->nstyles ? 0 : NADIR_ENOTFOUND;
    out->kind = LAYER_ASSET;
    out->asset = asset;
    out->name = scope_printf(rq->scope, "%s/%s", out->name, asset);
    out->title = scope_printf(rq->scope, "%s: %s", out->title, asset);
    return layer_style_next(out, NULL) ? 0 : NADIR_ENOTFOUND;
}

int layer_get(struct request *rq, const char *name, struct layer *out) {
    char *copy = scope_strdup(rq->scope, name);
    char *parts[3];
    int count = 0;
    while (copy && count < 3) parts[count++] = strsep(&copy, "/");
    if (copy || count == 0) return NADIR_ENOTFOUND;
    for (int i = 0; i < count; i++)
        if (!*parts[i]) return NADIR_ENOTFOUND;
    if (count == 1) return collection_get(rq, parts[0], out);
    return item_get(rq, parts[0], parts[1], count == 3 ? parts[2] : NULL, out);
}

/* True if every band that the style is drawn from is of that asset. */
static bool only_of(const struct scene *scene, const struct style *style, const char *asset) {
    for (int i = 0; i < 3; i++)
        if (style->bands[i] >= 0 && strcmp(scene->bands[style->bands[i]].asset, asset) != 0) return false;
    return true;
}

const struct style *layer_style_next(const struct layer *layer, const struct style *style) {
    const struct scene *scene = layer->scene;
    for (int i = style ? (int)(style - scene->styles) + 1 : 0; i < scene->nstyles; i++)
        if (!layer->asset || only_of(scene, &scene->styles[i], layer->asset)) return &scene->styles[i];
    return NULL;
}

const struct style *layer_style(const struct layer *layer, const char *id) {
    if (!*id || strcmp(id, "default") == 0) return layer_style_next(layer, NULL);
    for (const struct style *s = layer_style_next(layer, NULL); s; s = layer_style_next(layer, s))
        if (strcmp(s->id, id) == 0) return s;
    return NULL;
}

bool layer_look(struct request *rq, const struct layer *layer, const char *id, struct look *out, const struct style **style,
                struct complaint *c) {
    const struct style *found = layer_style(layer, id);
    *out = (struct look){.style = found ? found->id : id};
    if (!rule_read(rq, &out->rule, c)) return false;
    if (out->rule.masked && !mask_known(layer->scene)) {
        *c = (struct complaint){400, "invalid-parameter", "mask", "The layer has no scene classification to tell clouds by."};
        return false;
    }
    if (computed_is(rq, id)) {
        found = NULL;
        *c = (struct complaint){404, "no-such-style", "style", "A layer of one asset has no computed styles."};
        if (layer->asset || !computed_style(rq, layer->scene, id, &found, c)) return false;
        out->style = found->id;
    }
    *c = (struct complaint){404, "no-such-style", "style", "The layer has no such style."};
    if (style) *style = found;
    return found != NULL;
}

const char *layer_query(const struct request *rq) {
    return scope_printf(rq->scope, "%s%s", computed_query(rq), rule_query(rq));
}

const struct style *layer_computed(struct request *rq, const struct layer *layer) {
    const struct style *style;
    struct complaint c;
    if (layer->asset || !computed_asked(rq) || !computed_style(rq, layer->scene, "expression", &style, &c)) return NULL;
    return style;
}

const char *layer_asset_next(const struct layer *layer, const char *asset) {
    const struct scene *scene = layer->scene;
    bool past = !asset;
    for (int i = 0; i < scene->nbands; i++) {
        const char *here = scene->bands[i].asset;
        if (past && (!asset || strcmp(here, asset) != 0)) return here;
        if (asset && strcmp(here, asset) == 0) past = true;
    }
    return NULL;
}

int layer_draw(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times,
               const struct map *map, struct picture *out) {
    if (layer->kind == LAYER_COLLECTION) return mosaic_draw(rq, layer, look, times, map, out);
    const struct style *style = layer_style(layer, look->style);
    struct look own = {style ? style->id : look->style, look->symbolizer, look->rule};
    int err = mosaic_draw_scene(rq, layer->scene, layer->asset, &own, map, out);
    return err == NADIR_ENOTFOUND && look->symbolizer ? NADIR_EINVAL : err;
}

const char *layer_too_many(const struct request *rq, const struct layer *layer) {
    return scope_printf(rq->scope,
                        "%.100s has more than %d scenes in this picture: zoom in (to level %d or further, where tiles are "
                        "asked for), ask for a shorter time, or for the first of them only with scenes=%d.",
                        layer->name, MOSAIC_SCENES, layer->first_zoom, MOSAIC_SCENES);
}

int layer_scenes_at(struct request *rq, const struct layer *layer, const struct rule *rule, const struct times *times,
                    double lon, double lat, int most, const struct scene **scenes, int *count) {
    struct map map = {crs_84, {lon, lat, lon, lat}, 1, 1};
    if (layer->kind == LAYER_COLLECTION) return mosaic_find(rq, layer->collection, rule, times, &map, most, scenes, count);
    scenes[0] = layer->scene;
    *count = 1;
    return 0;
}

bool layer_times(const struct layer *layer, struct times *times) {
    const int64_t day = 86400000;
    if (layer->kind != LAYER_COLLECTION) return true;
    if (times->current && times->count < TIMES_MOST) {
        int64_t from = layer->to / day * day;
        times->ranges[times->count++] = (struct time_range){from, from + day};
    }
    return times_touch(times, layer->from, layer->to);
}

bool layer_not_modified(const struct request *rq, struct response *rs, const struct layer *layers, int count,
                        const char *seed) {
    const char *content = scope_printf(rq->scope, "r%d %s", RENDER_REVISION, seed);
    bool is_public = !instances_asked(rq);
    char hex[65];
    for (int i = 0; i < count; i++) {
        content = scope_printf(rq->scope, "%s %s %s", content, layers[i].name, layers[i].version);
        is_public = is_public && layers[i].is_public;
    }
    digest_text(content, hex);
    response_header(rs, "cache-control", is_public ? "public, max-age=300" : "private, max-age=60");
    /* The OGC APIs choose a format by Accept where the address does not. */
    bool negotiated = strncmp(rq->path, "/view/ogc", 9) == 0 && !request_arg(rq, "f");
    response_header(rs, "vary", negotiated ? "Authorization, Accept" : "Authorization");
    view_changes(rs);
    return response_not_modified(rq, rs, scope_strndup(rq->scope, hex, 32));
}

void layer_count(const struct layer *layer, size_t bytes) {
    usage_count(layer->collection, layer->item ? layer->item : "", bytes);
}
