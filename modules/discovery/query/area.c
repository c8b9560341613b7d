/* area.c: places to search in, as PostGIS reads them: valid and flat. */
#include <stdio.h>
#include <string.h>

#include "common/geo.h"
#include "discovery/query/geometry.h"
#include "discovery/query/query.h"

/* A rectangle in PostGIS' EWKB in hex, which neither side must print or read numbers for. */
static const char *rectangle(struct scope *s, const double b[4]) {
    const struct __attribute__((packed)) {
        uint8_t little_endian;
        uint32_t type, srid, rings, points;
        double xy[5][2];
    } ewkb = {__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              0x20000003, /* a polygon with its SRID */
              4326,
              1,
              5,
              {{b[0], b[1]}, {b[2], b[1]}, {b[2], b[3]}, {b[0], b[3]}, {b[0], b[1]}}};
    return hex_encode(s, &ewkb, sizeof ewkb);
}

/* A box without width or height is a line or a point, and one across the antimeridian is two boxes. */
const char *query_area_box(struct scope *s, const double b[4]) {
    if (b[0] == b[2] && b[1] == b[3]) return scope_printf(s, "SRID=4326;POINT(%.12g %.12g)", b[0], b[1]);
    if (b[0] == b[2] || b[1] == b[3]) {
        if (b[0] <= b[2]) return scope_printf(s, "SRID=4326;LINESTRING(%.12g %.12g,%.12g %.12g)", b[0], b[1], b[2], b[3]);
        return scope_printf(s, "SRID=4326;MULTILINESTRING((%.12g %.12g,180 %.12g),(-180 %.12g,%.12g %.12g))", b[0], b[1], b[1],
                            b[1], b[2], b[1]);
    }
    if (b[0] < b[2]) return rectangle(s, b);
    if (b[0] == 180) return query_area_box(s, (const double[]){-180, b[1], b[2], b[3]});
    if (b[2] == -180) return query_area_box(s, (const double[]){b[0], b[1], 180, b[3]});
    return scope_printf(s,
                        "SRID=4326;MULTIPOLYGON(((%.12g %.12g,180 %.12g,180 %.12g,%.12g %.12g,%.12g %.12g)),"
                        "((-180 %.12g,%.12g %.12g,%.12g %.12g,-180 %.12g,-180 %.12g)))",
                        b[0], b[1], b[1], b[3], b[0], b[3], b[0], b[1], b[1], b[2], b[1], b[2], b[3], b[3], b[1]);
}

/* The index and the operators on boxes keep single precision, which at 180 degrees is wrong by less than this many degrees. */
#define BOX_BLUR 5e-5

void query_box(struct scope *s, const double b[4], struct query *q) {
    q->area = query_area_box(s, b);
    q->inside = NULL;
    if (b[2] - b[0] <= 4 * BOX_BLUR || b[3] - b[1] <= 4 * BOX_BLUR) return;
    q->inside = query_area_box(s, (const double[]){b[0] + BOX_BLUR, b[1] + BOX_BLUR, b[2] - BOX_BLUR, b[3] - BOX_BLUR});
}

static int area_set(struct scope *s, const json_t *geojson, const char *field, const char **out, struct fault *f) {
    *out = geometry_ewkb(s, geojson);
    return *out ? 0 : fault_set(f, field, "is empty, or is not valid and has more than 300 positions");
}

int query_area(struct scope *s, const json_t *geojson, const char *field, const char **out, struct fault *f) {
    const char *why;
    if (geo_geometry_check(geojson, POSITIONS_MOST, &why)) return fault_set(f, field, why);
    return area_set(s, geojson, field, out, f);
}

int query_area_wkt(struct scope *s, const char *wkt, const char *field, const char **out, struct fault *f) {
    static const char srid[] = "SRID=4326;";
    const json_t *geojson;
    const char *why;
    if (strncmp(wkt, srid, sizeof srid - 1) == 0) wkt += sizeof srid - 1;
    if (geometry_from_wkt(s, wkt, strlen(wkt), &geojson, &why)) return fault_set(f, field, why);
    return area_set(s, geojson, field, out, f);
}
