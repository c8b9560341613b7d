/* collection_shown.c: a collection's document as it is answered: what its provider wrote, and what the catalogue knows of its
 * items: how many there are (STAC stats extension), and an extent that covers them (STAC Collection specification, Extent).
 *
 * The numbers are of public items only, and are shown of public collections only: nobody learns from them of what he may not
 * see.
 */
#include <string.h>

#include "common/geo.h"
#include "discovery/collections.h"
#include "discovery/query/cql2.h"

struct box {
    double west, south, east, north;
};

static double least(double a, double b) {
    return a < b ? a : b;
}

static double most(double a, double b) {
    return a > b ? a : b;
}

/* True if a box that crosses the antimeridian may join these: none of the others lies on both sides of Greenwich. */
static bool joins_over_antimeridian(const struct box *boxes, size_t count) {
    bool crosses = false, east = false, west = false;
    for (size_t i = 0; i < count; i++) {
        const struct box *b = &boxes[i];
        if (b->west > b->east)
            crosses = true;
        else if (b->west < 0 && b->east > 0)
            return false;
        east = east || b->east == 180;
        west = west || b->west == -180;
    }
    return crosses || (east && west);
}

/* The smallest box around all; it crosses the antimeridian (RFC 7946 section 5.2) where they meet there. */
static struct box box_around(const struct box *boxes, size_t count) {
    bool over = joins_over_antimeridian(boxes, count);
    struct box around = {400, 90, -400, -90};
    for (size_t i = 0; i < count; i++) {
        struct box b = boxes[i];
        if (over) {
            if (b.west < 0) b.west += 360;
            if (b.east <= 0) b.east += 360;
        } else if (b.west > b.east) {
            b.west = -180;
            b.east = 180;
        }
        around = (struct box){least(around.west, b.west), least(around.south, b.south), most(around.east, b.east),
                              most(around.north, b.north)};
    }
    if (over && around.west >= 180) around.west -= 360;
    if (over && around.east > 180) around.east -= 360;
    return around;
}

/* Widens a box of 4 or 6 numbers; heights stay. */
static void place_widen(struct scope *s, json_t *box, const json_t *sides) {
    size_t count = json_array_size(sides), half = json_array_size(box) / 2, used = 0;
    struct box *boxes = scope_alloc(s, (count + 1) * sizeof *boxes);
    double own[4];
    const char *why;
    if (count == 0 || geo_bbox_from_json(box, own, &why)) return;
    boxes[used++] = (struct box){own[0], own[1], own[2], own[3]};
    for (size_t i = 0; i < count; i++)
        if (!geo_bbox_from_json(json_array_get(sides, i), own, &why))
            boxes[used++] = (struct box){own[0], own[1], own[2], own[3]};
    struct box around = box_around(boxes, used);
    json_array_set_new(box, 0, json_real(around.west));
    json_array_set_new(box, 1, json_real(around.south));
    json_array_set_new(box, half, json_real(around.east));
    json_array_set_new(box, half + 1, json_real(around.north));
}

/* Moves an end of the interval to a time before (0) or after (1) it; an open end stays. */
static void time_widen(struct scope *s, json_t *interval, size_t end, const char *time) {
    const json_t *own = json_array_get(interval, end);
    char instant[INSTANT_SIZE];
    if (!time || !json_is_string(own) || instant_parse(json_string_value(own), json_string_length(own), instant)) return;
    int order = strcmp(time, instant);
    if (end == 0 ? order < 0 : order > 0) json_array_set_new(interval, end, json_string(instant_short(s, time)));
}

static void extent_widen(struct scope *s, json_t *collection, const char *reach) {
    json_t *wider = scope_json(s, json_loads(reach, 0, NULL)), *extent = json_object_get(collection, "extent");
    json_t *box = json_array_get(json_object_get(json_object_get(extent, "spatial"), "bbox"), 0);
    json_t *interval = json_array_get(json_object_get(json_object_get(extent, "temporal"), "interval"), 0);
    place_widen(s, box, json_object_get(wider, "sides"));
    time_widen(s, interval, 0, json_string_value(json_object_get(wider, "first")));
    time_widen(s, interval, 1, json_string_value(json_object_get(wider, "last")));
}

static void stats_add(json_t *collection, json_int_t items) {
    json_t *extensions = json_object_get(collection, "stac_extensions"), *uri;
    bool named = false;
    size_t at;
    json_array_foreach(extensions, at, uri) {
        named = named || (json_is_string(uri) && strcmp(json_string_value(uri), STATS_EXTENSION) == 0);
    }
    if (!json_is_array(extensions)) {
        extensions = json_array();
        json_object_set_new(collection, "stac_extensions", extensions);
    }
    if (!named) json_array_append_new(extensions, json_string(STATS_EXTENSION));
    json_object_set_new(collection, "stats:items", json_pack("{s:I}", "count", items));
}

const char *collection_shown(struct scope *s, const struct db_rows *rows, int row, int column) {
    json_t *collection = scope_json(s, json_loadb(db_text(rows, row, column), db_length(rows, row, column), 0, NULL));
    if (!collection) return db_text(rows, row, column);
    json_object_set_new(collection, "itemType", json_string("feature"));
    if (!db_is_null(rows, row, column + 1)) stats_add(collection, db_int(rows, row, column + 1));
    if (!db_is_null(rows, row, column + 2)) extent_widen(s, collection, db_text(rows, row, column + 2));
    return json_line(s, collection);
}
