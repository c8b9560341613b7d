/* validity.c: is a geometry one that predicates can work with, and if not, why? By GEOS, as PostGIS does. */
#include <geos_c.h>
#include <string.h>

#include "discovery/query/geometry.h"
#include "discovery/stac.h"

static void quiet(const char *message, void *arg) {
    (void)message;
    (void)arg;
}

/* West of the antimeridian goes on beyond 180 degrees east, so that a geometry that was not cut there is in one piece. */
static int beyond(double *x, double *y, void *arg) {
    (void)y;
    (void)arg;
    if (*x < 0) *x += 360;
    return 1;
}

/* What GEOS finds wrong, in the scope; NULL: nothing. */
static const char *told(struct scope *s, GEOSContextHandle_t geos, const GEOSGeometry *geometry) {
    if (GEOSisEmpty_r(geos, geometry)) return "is empty";
    char *why = GEOSisValidReason_r(geos, geometry);
    bool valid = why && strcmp(why, "Valid Geometry") == 0;
    const char *text = valid ? NULL : scope_printf(s, "is not valid: %s", why ? why : "for an unknown reason");
    GEOSFree_r(geos, why);
    return text;
}

/* A part that spans more than half the globe: what crosses the antimeridian uncut looks so. */
static bool has_wide_part(GEOSContextHandle_t geos, const GEOSGeometry *geometry) {
    double west, east;
    for (int i = 0; i < GEOSGetNumGeometries_r(geos, geometry); i++) {
        const GEOSGeometry *part = GEOSGetGeometryN_r(geos, geometry, i);
        if (GEOSGeom_getXMin_r(geos, part, &west) && GEOSGeom_getXMax_r(geos, part, &east) && east - west > 180) return true;
    }
    return false;
}

static const char *check(struct scope *s, GEOSContextHandle_t geos, const GEOSGeometry *geometry, bool *crosses) {
    const char *fault = told(s, geos, geometry);
    bool wide = has_wide_part(geos, geometry);
    if (!wide || (!fault && !*crosses)) return fault;
    GEOSGeometry *shifted = GEOSGeom_transformXY_r(geos, geometry, beyond, NULL);
    const char *fault_shifted = shifted ? told(s, geos, shifted) : fault;
    GEOSGeom_destroy_r(geos, shifted);
    if (*crosses) return fault_shifted;
    *crosses = !fault_shifted;
    return fault_shifted ? fault : NULL;
}

/* GEOS 3.11 cannot read GeoJSON positions with heights: they are dropped, as PostGIS will. */
static GEOSGeometry *flattened(struct scope *s, GEOSContextHandle_t geos, GEOSGeoJSONReader *reader, const char *geojson) {
    const json_t *flat;
    const char *why;
    if (geometry_flat(s, scope_json(s, json_loads(geojson, 0, NULL)), &flat, &why)) return NULL;
    return GEOSGeoJSONReader_readGeometry_r(geos, reader, json_line(s, flat));
}

const char *geometry_fault(struct scope *s, const char *geojson, bool *crosses) {
    GEOSContextHandle_t geos = GEOS_init_r();
    GEOSContext_setErrorMessageHandler_r(geos, quiet, NULL);
    GEOSContext_setNoticeMessageHandler_r(geos, quiet, NULL);
    GEOSGeoJSONReader *reader = GEOSGeoJSONReader_create_r(geos);
    GEOSGeometry *geometry = GEOSGeoJSONReader_readGeometry_r(geos, reader, geojson);
    if (!geometry) geometry = flattened(s, geos, reader, geojson);
    const char *fault = geometry ? check(s, geos, geometry, crosses) : "is not a geometry that can be searched";
    GEOSGeom_destroy_r(geos, geometry);
    GEOSGeoJSONReader_destroy_r(geos, reader);
    GEOS_finish_r(geos);
    return fault;
}
