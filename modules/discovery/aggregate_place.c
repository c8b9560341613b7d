/* aggregate_place.c: items by place: geohashes, Web Mercator tiles, cells of whole degrees. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "discovery/aggregate.h"

/* One that was cut at the antimeridian has its centre near there, not on the other side of the Earth. */
const char place_centre[] = "CASE WHEN ST_NumGeometries(f.geom) > 1 AND ST_XMin(f.geom) <= -180 AND ST_XMax(f.geom) >= 180"
                            " THEN ST_WrapX(ST_Centroid(ST_ShiftLongitude(f.geom)), 180, -360) ELSE ST_Centroid(f.geom) END";

/* Widths that divide a quarter of the globe. */
static const double widths[] = {0.1, 0.2, 0.25, 0.5, 1, 2, 3, 5, 6, 9, 10, 15, 18, 30, 45, 90};

double place_degrees(double width) {
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (fabs(widths[i] - width) < 1e-9) return widths[i];
    return 0;
}

void aggregation_cut_default(const struct aggregation *a, struct aggregation_cut *cut) {
    if (cut->geohash == 0) cut->geohash = a->whole ? 3 : 4;
    if (cut->tile == 0) cut->tile = a->whole ? 5 : 6;
    if (cut->degrees == 0) cut->degrees = 1;
}

/* A number of degrees in cells, before rounding. Multiplied where the cells of a degree are whole in number: 0.3 * 10 is 3, and
 * 0.3 / 0.1 is not. */
static const char *in_cells(struct scope *s, const char *degrees, double width) {
    return width < 1 ? scope_printf(s, "(%s) * %d", degrees, (int)lround(1 / width))
                     : scope_printf(s, "(%s) / %d", degrees, (int)lround(width));
}

/* Column of a tile at longitude x, row at latitude y (OGC 17-083r4 annex D.1), before rounding; the poles go to the last rows.
 */
#define TILE_COLUMN "((%s) + 180) / 360 * %d"
#define TILE_ROW "(1 - asinh(tan(radians(greatest(-85.05112877, least(85.05112877, %s))))) / pi()) / 2 * %d"

const char *place_key(struct scope *s, const struct aggregation *a, const struct aggregation_cut *cut) {
    if (a->kind == AGGREGATE_GEOHASH) return scope_printf(s, "ST_GeoHash(c.p, %d)", cut->geohash);
    if (a->kind == AGGREGATE_GEOTILE) {
        int n = 1 << cut->tile;
        const char *column = scope_printf(s, "least(%d, floor(" TILE_COLUMN "))", n - 1, "ST_X(c.p)", n);
        const char *row = scope_printf(s, "greatest(0, least(%d, floor(" TILE_ROW ")))", n - 1, "ST_Y(c.p)", n);
        return scope_printf(s, "'%d/' || (%s)::int || '/' || (%s)::int", cut->tile, column, row);
    }
    double width = cut->degrees;
    return scope_printf(s, "least(%d, floor(%s))::int || ',' || least(%d, floor(%s))::int", (int)lround(180 / width) - 1,
                        in_cells(s, "ST_X(c.p)", width), (int)lround(90 / width) - 1, in_cells(s, "ST_Y(c.p)", width));
}

/* Numbers of cells from `from` to `to`, a cell that is only touched from outside left out, within least and most. */
static const char *series(struct scope *s, const char *from, const char *to, int least, int most) {
    return scope_printf(s,
                        "generate_series(greatest(%d, least(%d, floor(%s)))::int,"
                        " greatest(%d, least(%d, greatest(floor(%s), ceil(%s) - 1)))::int)",
                        least, most, from, least, most, from, to);
}

/* A geometry that fills its box meets every cell that the box does, and needs no closer look. */
#define PART "SELECT g, ST_Area(g) >= (ST_XMax(g) - ST_XMin(g)) * (ST_YMax(g) - ST_YMin(g)) AS is_box FROM "

/* Only where there are several parts can two of them meet the same cell. */
static const char *cells(struct scope *s, const char *columns, const char *rows, const char *box, const char *key) {
    return scope_printf(
        s,
        "(SELECT %s AS key FROM (" PART "(SELECT found.geom AS g OFFSET 0) AS whole OFFSET 0) AS part, %s AS x, %s AS y"
        " WHERE ST_NumGeometries(found.geom) = 1 AND (part.is_box OR ST_Intersects(part.g, %s))"
        " UNION ALL SELECT DISTINCT %s FROM (" PART "ST_Dump(found.geom) AS several (path, g) OFFSET 0) AS part,"
        " %s AS x, %s AS y"
        " WHERE ST_NumGeometries(found.geom) > 1 AND (part.is_box OR ST_Intersects(part.g, %s)))",
        key, columns, rows, box, key, columns, rows, box);
}

const char *place_cells(struct scope *s, const struct aggregation *a, const struct aggregation_cut *cut) {
    const char *west = "ST_XMin(part.g)", *south = "ST_YMin(part.g)", *east = "ST_XMax(part.g)", *north = "ST_YMax(part.g)";
    if (a->kind == AGGREGATE_GEOTILE) {
        int n = 1 << cut->tile;
        const char *columns = series(s, scope_printf(s, TILE_COLUMN, west, n), scope_printf(s, TILE_COLUMN, east, n), 0, n - 1);
        const char *rows = series(s, scope_printf(s, TILE_ROW, north, n), scope_printf(s, TILE_ROW, south, n), 0, n - 1);
        return cells(s, columns, rows, scope_printf(s, "ST_Transform(ST_TileEnvelope(%d, x, y), 4326)", cut->tile),
                     scope_printf(s, "'%d/' || x || '/' || y", cut->tile));
    }
    if (a->kind == AGGREGATE_GEOHASH) {
        /* Five bits a character, longitude first. */
        int columns = 1 << ((5 * cut->geohash + 1) / 2), rows = 1 << (5 * cut->geohash / 2);
        double width = 360.0 / columns, height = 180.0 / rows;
        const char *xs = series(s, scope_printf(s, "(%s + 180) / %.17g", west, width),
                                scope_printf(s, "(%s + 180) / %.17g", east, width), 0, columns - 1);
        const char *ys = series(s, scope_printf(s, "(%s + 90) / %.17g", south, height),
                                scope_printf(s, "(%s + 90) / %.17g", north, height), 0, rows - 1);
        const char *box = scope_printf(s,
                                       "ST_MakeEnvelope(x * %.17g - 180, y * %.17g - 90, (x + 1) * %.17g - 180,"
                                       " (y + 1) * %.17g - 90, 4326)",
                                       width, height, width, height);
        return cells(s, xs, ys, box,
                     scope_printf(s, "ST_GeoHash(ST_Point((x + 0.5) * %.17g - 180, (y + 0.5) * %.17g - 90, 4326), %d)", width,
                                  height, cut->geohash));
    }
    double width = cut->degrees;
    int columns = (int)lround(180 / width), rows = (int)lround(90 / width);
    return cells(s, series(s, in_cells(s, west, width), in_cells(s, east, width), -columns, columns - 1),
                 series(s, in_cells(s, south, width), in_cells(s, north, width), -rows, rows - 1),
                 scope_printf(s, "ST_MakeEnvelope(x * %.17g, y * %.17g, (x + 1) * %.17g, (y + 1) * %.17g, 4326)", width, width,
                              width, width),
                 "x || ',' || y");
}

/* Divided by the cells of a degree where these are whole: 3 / 10 is 0.3, and 3 * 0.1 is not. */
static double degrees_at(long cell, double width) {
    return width < 1 ? (double)cell / (double)lround(1 / width) : (double)cell * width;
}

void place_bucket(json_t *bucket, const struct aggregation_cut *cut) {
    char *rest, name[64];
    long column = strtol(json_string_value(json_object_get(bucket, "key")), &rest, 10), row = strtol(rest + 1, NULL, 10);
    double west = degrees_at(column, cut->degrees), south = degrees_at(row, cut->degrees);
    double east = degrees_at(column + 1, cut->degrees), north = degrees_at(row + 1, cut->degrees);
    snprintf(name, sizeof name, "%g,%g", west, south);
    json_object_set_new(bucket, "key", json_string(name));
    json_object_set_new(bucket, "bbox", json_pack("[f, f, f, f]", west, south, east, north));
}
