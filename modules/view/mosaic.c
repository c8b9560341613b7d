#include "view/mosaic.h"

#include <math.h>
#include <string.h>

#include "common/module.h"
#include "view/computed.h"
#include "view/crs.h"
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

int mosaic_find(struct request *rq, const char *collection, const struct times *times, const struct map *map, int most,
                const struct scene **scenes, int *count) {
    struct db_rows *rows;
    struct place p;
    place_of(map, &p);
    *count = 0;
    int err = db_query(
        rq->scope, module_db("view"), &rows,
        "SELECT item FROM footprint WHERE collection = $1 AND ($2::tstzrange[] IS NULL OR time && ANY($2::tstzrange[]))"
        " AND (geometry && ST_MakeEnvelope($3, $7, $4, $8, 4326) OR geometry && ST_MakeEnvelope($5, $7, $6, $8, 4326))"
        " ORDER BY upper(time) DESC, item LIMIT $9",
        "ssddddddi", collection, times_sql(rq->scope, times), p.west[0], p.east[0], p.west[1], p.east[1], p.south, p.north,
        most);
    for (int i = 0; !err && i < db_count(rows); i++) {
        err = scene_get(rq, collection, db_text(rows, i, 0), &scenes[*count]);
        if (!err) (*count)++;
        if (err == NADIR_ENOTFOUND) err = 0; /* gone since */
    }
    return err;
}

int mosaic_draw_scene(struct request *rq, const struct scene *scene, const char *asset, const struct look *look,
                      const struct map *map, struct picture *out) {
    struct style made;
    const struct style *style = NULL;
    if (look->symbolizer) {
        if (symbolizer_style(look->symbolizer, scene, asset, &made)) return NADIR_ENOTFOUND;
        style = &made;
    } else {
        struct complaint c;
        if (!computed_style(rq, scene, look->style, &style, &c)) return NADIR_ENOTFOUND;
    }
    return render(rq->scope, scene, style, map, out);
}

int mosaic_draw(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times,
                const struct map *map, struct picture *out) {
    const struct scene *scenes[MOSAIC_SCENES];
    int count;
    int err = mosaic_find(rq, layer->collection, times, map, MOSAIC_SCENES, scenes, &count);
    if (!err) err = picture_new(rq->scope, map->width, map->height, out);
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
