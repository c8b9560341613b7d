/* geometry.c: WKT and GeoJSON that callers wrote, by GEOS. */
#include "discovery/query/geometry.h"

#include <ctype.h>
#include <geos_c.h>
#include <string.h>

#include "common/geo.h"

/* GEOS tells its errors to a handler; ours says nothing, for callers get a sentence of ours. */
static void quiet(const char *message, void *arg) {
    (void)message;
    (void)arg;
}

static void geos_end(void *context) {
    GEOS_finish_r(context);
}

static GEOSContextHandle_t geos_begin(struct scope *s) {
    GEOSContextHandle_t geos = GEOS_init_r();
    if (!geos) abort();
    GEOSContext_setErrorMessageHandler_r(geos, quiet, NULL);
    GEOSContext_setNoticeMessageHandler_r(geos, quiet, NULL);
    scope_defer(s, geos_end, geos);
    return geos;
}

/* Only the characters of WKT, and not so many brackets in each other that reading them could exhaust the stack. */
static bool wkt_plausible(const char *wkt, size_t len) {
    int depth = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)wkt[i];
        if (c == '(' && ++depth > GEOMETRY_DEPTH_MOST) return false;
        if (c == ')' && --depth < 0) return false;
        if (!isalnum(c) && !isspace(c) && !strchr("(),.+-", c)) return false;
    }
    return depth == 0;
}

static char *wkt_geojson(struct scope *s, GEOSContextHandle_t geos, const char *wkt) {
    GEOSWKTReader *reader = GEOSWKTReader_create_r(geos);
    GEOSGeometry *geometry = reader ? GEOSWKTReader_read_r(geos, reader, wkt) : NULL;
    GEOSGeoJSONWriter *writer = geometry ? GEOSGeoJSONWriter_create_r(geos) : NULL;
    char *written = writer ? GEOSGeoJSONWriter_writeGeometry_r(geos, writer, geometry, -1) : NULL;
    char *copy = scope_strdup(s, written);
    if (written) GEOSFree_r(geos, written);
    if (writer) GEOSGeoJSONWriter_destroy_r(geos, writer);
    if (geometry) GEOSGeom_destroy_r(geos, geometry);
    if (reader) GEOSWKTReader_destroy_r(geos, reader);
    return copy;
}

int geometry_from_wkt(struct scope *s, const char *wkt, size_t len, const json_t **out, const char **why) {
    *why = "is not a geometry in WKT";
    if (!wkt_plausible(wkt, len)) return NADIR_EINVAL;
    const char *written = wkt_geojson(s, geos_begin(s), scope_strndup(s, wkt, len));
    json_t *json = written ? scope_json(s, json_loads(written, JSON_DECODE_INT_AS_REAL, NULL)) : NULL;
    return json ? geometry_flat(s, json, out, why) : NADIR_EINVAL;
}

/* A position's first two numbers as reals; deeper arrays likewise. The tree was checked, so it is not deep. */
static json_t *flatten(const json_t *coordinates) {
    json_t *flat = json_array();
    bool position = json_is_number(json_array_get(coordinates, 0));
    size_t count = position ? 2 : json_array_size(coordinates);
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(coordinates, i);
        json_array_append_new(flat, position ? json_real(json_number_value(value)) : flatten(value));
    }
    return flat;
}

static json_t *flatten_geometry(const json_t *geojson) {
    json_t *flat = json_pack("{s:O}", "type", json_object_get(geojson, "type"));
    const json_t *coordinates = json_object_get(geojson, "coordinates");
    if (strcmp(json_string_value(json_object_get(geojson, "type")), "GeometryCollection") != 0) {
        json_object_set_new(flat, "coordinates", flatten(coordinates));
        return flat;
    }
    json_t *parts = json_array();
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(geojson, "geometries"), i, part) json_array_append_new(parts, flatten_geometry(part));
    json_object_set_new(flat, "geometries", parts);
    return flat;
}

int geometry_flat(struct scope *s, const json_t *geojson, const json_t **out, const char **why) {
    if (geo_geometry_check(geojson, POSITIONS_MOST, why)) return NADIR_EINVAL;
    *out = scope_json(s, flatten_geometry(geojson));
    return 0;
}

static size_t positions(const json_t *coordinates) {
    if (!json_is_array(json_array_get(coordinates, 0))) return json_array_size(coordinates) > 0;
    size_t count = 0, i;
    json_t *part;
    json_array_foreach((json_t *)coordinates, i, part) count += positions(part);
    return count;
}

size_t geometry_positions(const json_t *geojson) {
    size_t count = positions(json_object_get(geojson, "coordinates")), i;
    json_t *part;
    json_array_foreach(json_object_get(geojson, "geometries"), i, part) count += geometry_positions(part);
    return count;
}

static json_t *rectangle(double west, double south, double east, double north) {
    return json_pack("[[[f,f],[f,f],[f,f],[f,f],[f,f]]]", west, south, east, south, east, north, west, north, west, south);
}

const json_t *geometry_from_box(struct scope *s, const double b[4]) {
    json_t *json;
    if (b[0] == b[2] && b[1] == b[3])
        json = json_pack("{s:s, s:[f,f]}", "type", "Point", "coordinates", b[0], b[1]);
    else if (b[0] == b[2] || (b[1] == b[3] && b[0] < b[2]))
        json = json_pack("{s:s, s:[[f,f],[f,f]]}", "type", "LineString", "coordinates", b[0], b[1], b[2], b[3]);
    else if (b[1] == b[3])
        json = json_pack("{s:s, s:[[[f,f],[f,f]],[[f,f],[f,f]]]}", "type", "MultiLineString", "coordinates", b[0], b[1], 180.0,
                         b[3], -180.0, b[1], b[2], b[3]);
    else if (b[0] < b[2])
        json = json_pack("{s:s, s:o}", "type", "Polygon", "coordinates", rectangle(b[0], b[1], b[2], b[3]));
    else
        json = json_pack("{s:s, s:[o,o]}", "type", "MultiPolygon", "coordinates", rectangle(b[0], b[1], 180, b[3]),
                         rectangle(-180, b[1], b[2], b[3]));
    return scope_json(s, json);
}

/* Lines that all cross each other make work that grows with more than the square of their number, and GEOS cannot be stopped:
 * only what is small is mended, by the method that does so in bounded time (the other takes seconds for a hundred lines). */
static GEOSGeometry *mended(GEOSContextHandle_t geos, const GEOSGeometry *geometry) {
    if (GEOSGetNumCoordinates_r(geos, geometry) > MENDED_MOST) return NULL;
    GEOSMakeValidParams *params = GEOSMakeValidParams_create_r(geos);
    if (!params) return NULL;
    GEOSMakeValidParams_setMethod_r(geos, params, GEOS_MAKE_VALID_STRUCTURE);
    GEOSMakeValidParams_setKeepCollapsed_r(geos, params, 1);
    GEOSGeometry *valid = GEOSMakeValidWithParams_r(geos, geometry, params);
    GEOSMakeValidParams_destroy_r(geos, params);
    return valid;
}

static char *wkb_hex(struct scope *s, GEOSContextHandle_t geos, GEOSGeometry *geometry) {
    GEOSGeometry *valid = GEOSisValid_r(geos, geometry) == 1 ? GEOSGeom_clone_r(geos, geometry) : mended(geos, geometry);
    char *hex = NULL;
    if (valid && GEOSisEmpty_r(geos, valid) == 0) {
        GEOSSetSRID_r(geos, valid, 4326);
        GEOSWKBWriter *writer = GEOSWKBWriter_create_r(geos);
        GEOSWKBWriter_setIncludeSRID_r(geos, writer, 1);
        size_t size;
        unsigned char *written = GEOSWKBWriter_writeHEX_r(geos, writer, valid, &size);
        if (written) hex = scope_strndup(s, (const char *)written, size);
        if (written) GEOSFree_r(geos, written);
        GEOSWKBWriter_destroy_r(geos, writer);
    }
    if (valid) GEOSGeom_destroy_r(geos, valid);
    return hex;
}

const char *geometry_ewkb(struct scope *s, const json_t *geojson) {
    GEOSContextHandle_t geos = geos_begin(s);
    GEOSGeoJSONReader *reader = GEOSGeoJSONReader_create_r(geos);
    GEOSGeometry *geometry = reader ? GEOSGeoJSONReader_readGeometry_r(geos, reader, json_line(s, geojson)) : NULL;
    const char *hex = geometry ? wkb_hex(s, geos, geometry) : NULL;
    if (geometry) GEOSGeom_destroy_r(geos, geometry);
    if (reader) GEOSGeoJSONReader_destroy_r(geos, reader);
    return hex;
}
