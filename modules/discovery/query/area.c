/* area.c: places to search in, as PostGIS reads them: valid, flat, cut at the antimeridian. */
#include <stdio.h>
#include <string.h>

#include "common/geo.h"
#include "common/module.h"
#include "discovery/query/query.h"

/* A box without width or height is a line or a point, and one across the antimeridian is two boxes. */
const char *query_area_box(struct scope *s, const double b[4]) {
    if (b[0] == b[2] && b[1] == b[3]) return scope_printf(s, "SRID=4326;POINT(%.12g %.12g)", b[0], b[1]);
    if (b[0] == b[2] || b[1] == b[3]) {
        if (b[0] <= b[2]) return scope_printf(s, "SRID=4326;LINESTRING(%.12g %.12g,%.12g %.12g)", b[0], b[1], b[2], b[3]);
        return scope_printf(s, "SRID=4326;MULTILINESTRING((%.12g %.12g,180 %.12g),(-180 %.12g,%.12g %.12g))", b[0], b[1], b[1],
                            b[1], b[2], b[1]);
    }
    if (b[0] < b[2])
        return scope_printf(s, "SRID=4326;POLYGON((%.12g %.12g,%.12g %.12g,%.12g %.12g,%.12g %.12g,%.12g %.12g))", b[0], b[1],
                            b[2], b[1], b[2], b[3], b[0], b[3], b[0], b[1]);
    if (b[0] == 180) return query_area_box(s, (const double[]){-180, b[1], b[2], b[3]});
    if (b[2] == -180) return query_area_box(s, (const double[]){b[0], b[1], 180, b[3]});
    return scope_printf(s,
                        "SRID=4326;MULTIPOLYGON(((%.12g %.12g,180 %.12g,180 %.12g,%.12g %.12g,%.12g %.12g)),"
                        "((-180 %.12g,%.12g %.12g,%.12g %.12g,-180 %.12g,-180 %.12g)))",
                        b[0], b[1], b[1], b[3], b[0], b[3], b[0], b[1], b[1], b[2], b[1], b[2], b[3], b[3], b[1]);
}

/* The database's own reading of a geometry text, repaired so that no predicate stumbles over it. */
static int area_read(struct scope *s, const char *sql, const char *text, const char *field, const char **out, struct fault *f) {
    struct db_rows *rows;
    int err = db_query(s, module_db("discovery"), &rows, sql, "s", text);
    if (err == NADIR_EINVAL || (err == NADIR_EINTERNAL && strcmp(db_last_state(), "XX000") == 0))
        return fault_set(f, field, "is not a geometry that can be searched with");
    if (err) return err;
    if (db_count(rows) == 0)
        return fault_set(f, field, "must be within longitudes of -180 to 180 and latitudes of -90 to 90 degrees");
    *out = db_text(rows, 0, 0);
    return 0;
}

int query_area(struct scope *s, const json_t *geojson, const char *field, const char **out, struct fault *f) {
    const char *why;
    if (geo_geometry_check(geojson, POSITIONS_MOST, &why)) return fault_set(f, field, why);
    return area_read(s, "SELECT ST_MakeValid(ST_SetSRID(ST_Force2D($1::geometry), 4326))", json_line(s, geojson), field, out,
                     f);
}

int query_area_wkt(struct scope *s, const char *wkt, const char *field, const char **out, struct fault *f) {
    static const char sql[] = "SELECT ST_MakeValid(ST_Force2D(g)) FROM (SELECT ST_GeomFromText($1, 4326) AS g) AS read"
                              " WHERE NOT ST_IsEmpty(g) AND ST_XMin(g) >= -180 AND ST_XMax(g) <= 180"
                              " AND ST_YMin(g) >= -90 AND ST_YMax(g) <= 90 AND ST_NPoints(g) <= 20000";
    const char *body = strncmp(wkt, "SRID=4326;", 10) == 0 ? wkt + 10 : wkt;
    if (strlen(body) > DOCUMENT_MOST || strncasecmp(body, "SRID", 4) == 0)
        return fault_set(f, field, "must be well-known text in longitude and latitude on WGS 84");
    return area_read(s, sql, body, field, out, f);
}
