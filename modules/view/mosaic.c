#include "view/mosaic.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/metrics.h"
#include "common/module.h"
#include "view/composite.h"
#include "view/computed.h"
#include "view/crs.h"
#include "view/mask.h"
#include "view/view.h"

int mosaic_on_collection(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *collection = json_string_value(json_object_get(e->data, "collection"));
    const char *title = json_string_value(json_object_get(e->data, "title"));
    if (!collection) return NADIR_EINVAL;
    if (strcmp(e->type, "collection.removed") == 0)
        return db_exec(tx, NULL, "UPDATE mosaic SET title = NULL, changes = changes + 1 WHERE collection = $1", "s",
                       collection);
    if (strcmp(e->type, "collection.published") != 0) return 0;
    return db_exec(tx, NULL,
                   "INSERT INTO mosaic AS m (collection, title) VALUES ($1, $2) ON CONFLICT (collection) DO UPDATE SET "
                   "title = excluded.title, changes = m.changes + 1",
                   "ss", collection, title);
}

/* The part of the earth that a map shows: one stretch of longitudes, or two where it crosses the antimeridian. */
struct place {
    double south, north;
    double west[2], east[2];
};

static void everywhere(struct place *p) {
    *p = (struct place){-90, 90, {-180, -180}, {180, 180}};
}

/* Longitudes may lie beyond 180 degrees, as clients ask across the antimeridian. */
static void cut(double west, double east, struct place *p) {
    if (east - west >= 360) {
        west = -180;
        east = 180;
    }
    double turn = 360 * floor((west + 180) / 360);
    west -= turn;
    east -= turn; /* west is in [-180, 180) */
    p->west[0] = p->west[1] = west;
    p->east[0] = p->east[1] = fmin(east, 180);
    if (east <= 180) return;
    p->west[1] = -180;
    p->east[1] = east - 360;
}

static void place_of(const struct map *map, struct place *p) {
    double box[4];
    everywhere(p);
    if (map->crs.geographic) {
        p->south = map->box[1];
        p->north = map->box[3];
        cut(map->box[0], map->box[2], p);
    } else if (map->crs.epsg == 3857) {
        p->south = atan(sinh(map->box[1] / MERCATOR_HALF * M_PI)) * 180 / M_PI;
        p->north = atan(sinh(map->box[3] / MERCATOR_HALF * M_PI)) * 180 / M_PI;
        cut(map->box[0] / MERCATOR_HALF * 180, map->box[2] / MERCATOR_HALF * 180, p);
    } else if (map->crs.epsg != 3031 && map->crs.epsg != 3413 && crs_convert_box(&map->crs, &crs_84, map->box, box)) {
        p->south = box[1];
        p->north = box[3];
        cut(box[0], box[2], p);
    } /* polar maps: a box in longitude and latitude says little; the footprints that do not touch are drawn as nothing */
}

#define NEAR                                                                                                                   \
    "collection = $1 AND ($2::tstzrange[] IS NULL OR time && ANY($2::tstzrange[]))"                                            \
    " AND (geometry && ST_MakeEnvelope($3, $7, $4, $8, 4326) OR geometry && ST_MakeEnvelope($5, $7, $6, $8, 4326))"
#define NEWEST " ORDER BY upper(time) DESC, item"
#define CLEAREST " ORDER BY cloud, upper(time) DESC, item"
/* How much of what scenes show of the map, those past the first $9 show alone: a part of 1. */
#define UNSEEN(order)                                                                                                          \
    "WITH map AS (SELECT ST_Union(ST_MakeEnvelope($3, $7, $4, $8, 4326), ST_MakeEnvelope($5, $7, $6, $8, 4326)) AS box),"      \
    " near AS (SELECT geometry, row_number() OVER () AS place FROM (SELECT geometry FROM footprint WHERE " NEAR order          \
    " LIMIT $10) f),"                                                                                                          \
    " cut AS (SELECT place, ST_Intersection(ST_MakeValid(geometry), box) AS part FROM near, map),"                             \
    " area AS (SELECT ST_Area(ST_Union(part)) AS whole, ST_Area(ST_Union(part) FILTER (WHERE place <= $9)) AS seen FROM cut)"  \
    " SELECT 1 - coalesce(seen / nullif(whole, 0), 1) FROM area"
#define LOOKED_AT 400    /* scenes that are compared with those that are drawn */
#define UNSEEN_MOST 0.02 /* footprints of one orbit's passes differ by less */

int mosaic_find(struct request *rq, const char *collection, const struct rule *rule, const struct times *times,
                const struct map *map, int most, const struct scene **scenes, int *count) {
    struct db_rows *rows;
    struct place p;
    place_of(map, &p);
    *count = 0;
    const char *sql = rule->kind == MOSAIC_LEAST_CLOUD ? "SELECT item FROM footprint WHERE " NEAR CLEAREST " LIMIT $9"
                                                       : "SELECT item FROM footprint WHERE " NEAR NEWEST " LIMIT $9";
    int err = db_query(rq->scope, module_db("view"), &rows, sql, "ssddddddi", collection, times_sql(rq->scope, times),
                       p.west[0], p.east[0], p.west[1], p.east[1], p.south, p.north, most);
    for (int i = 0; !err && i < db_count(rows); i++) {
        err = scene_get(rq, collection, db_text(rows, i, 0), &scenes[*count]);
        if (!err) (*count)++;
        if (err == NADIR_ENOTFOUND) err = 0; /* gone since */
    }
    return err;
}

/* True if scenes past the first MOSAIC_SCENES show something of the map that those do not. */
static int more_to_see(struct request *rq, const char *collection, const struct rule *rule, const struct times *times,
                       const struct map *map, bool *more) {
    struct db_rows *rows;
    struct place p;
    place_of(map, &p);
    const char *sql = rule->kind == MOSAIC_LEAST_CLOUD ? UNSEEN(CLEAREST) : UNSEEN(NEWEST);
    int err = db_query(rq->scope, module_db("view"), &rows, sql, "ssddddddii", collection, times_sql(rq->scope, times),
                       p.west[0], p.east[0], p.west[1], p.east[1], p.south, p.north, MOSAIC_SCENES, LOOKED_AT);
    *more = !err && db_double(rows, 0, 0) > UNSEEN_MOST;
    return err;
}

int mosaic_style(struct request *rq, const struct scene *scene, const char *asset, const struct look *look, struct style *out) {
    const struct style *style = NULL;
    struct complaint c;
    if (look->symbolizer) return symbolizer_style(look->symbolizer, scene, asset, out) ? NADIR_ENOTFOUND : 0;
    if (!computed_style(rq, scene, look->style, &style, &c)) return NADIR_ENOTFOUND;
    *out = *style;
    return 0;
}

int mosaic_draw_scene(struct request *rq, const struct scene *scene, const char *asset, const struct look *look,
                      const struct map *map, struct picture *out) {
    struct style style;
    int err = mosaic_style(rq, scene, asset, look, &style);
    if (!err) err = render(rq->scope, scene, &style, map, out);
    if (!err && look->rule.masked) err = mask_picture(rq->scope, scene, map, out);
    return err;
}

static int draw_over(struct request *rq, const struct look *look, const struct map *map, const struct scene *const *scenes,
                     int count, struct picture *out) {
    int err = picture_new(rq->scope, map->width, map->height, out);
    for (int i = 0; !err && i < count && picture_cover(out) != PICTURE_OPAQUE; i++) {
        struct picture below;
        err = mosaic_draw_scene(rq, scenes[i], NULL, look, map, &below);
        if (err == NADIR_ENOTFOUND) { /* without that style, or without its file: the others are there */
            err = 0;
            continue;
        }
        if (err) break;
        picture_over(&below, out);
        *out = below;
    }
    return err;
}

static void account(enum mosaic_rule kind, bool too_many) {
    static const char *const names[] = {"latest", "least_cloud", "median", "max_ndvi"};
    char series[96];
    (void)snprintf(series, sizeof series, "nadir_view_mosaics_total{rule=\"%s\",result=\"%s\"}", names[kind],
                   too_many ? "too_many" : "drawn");
    metrics_add(series, 1);
}

int mosaic_draw(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times,
                const struct map *map, struct picture *out) {
    const struct scene *scenes[MOSAIC_SCENES + 1];
    const struct rule *rule = &look->rule;
    bool over = rule->kind == MOSAIC_LATEST || rule->kind == MOSAIC_LEAST_CLOUD;
    bool too_many = false;
    int count;
    int err =
        mosaic_find(rq, layer->collection, rule, times, map, rule->scenes ? rule->scenes : MOSAIC_SCENES + 1, scenes, &count);
    if (err) return err;
    if (count > MOSAIC_SCENES) {
        too_many = !over;
        if (over) err = more_to_see(rq, layer->collection, rule, times, map, &too_many);
        count = MOSAIC_SCENES;
    }
    if (err) return err;
    account(rule->kind, too_many);
    if (too_many) return NADIR_ETOOLARGE;
    err = over ? draw_over(rq, look, map, scenes, count, out) : composite_draw(rq, look, map, scenes, count, out);
    return err == NADIR_ETOOLARGE ? NADIR_EUNAVAILABLE : err; /* a scene that is too much for one picture */
}
