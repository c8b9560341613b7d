/* footprint.c: intersections by GEOS, in longitude and latitude as GeoJSON's straight edges are; areas by geo_area. */
#include "billing/footprint.h"

#include <geos_c.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/geo.h"
#include "common/scope.h"

#define AOI_POSITIONS 1000
#define FOOTPRINT_POSITIONS 20000
/* What an outline may have to be mended, and how many pairs of positions may be compared: combs of so many teeth cross
 * everywhere, and then take a second to mend and four to cut. */
#define MEND_POSITIONS 500
#define PAIRS 1100000

/* GEOS with its objects, released at the end of the scope. */
struct kept {
    GEOSGeometry *geometry;
    struct kept *next;
};

struct geos {
    struct scope *scope;
    GEOSContextHandle_t handle;
    struct kept *made;
};

static void geos_release(void *object) {
    struct geos *g = object;
    for (struct kept *k = g->made; k; k = k->next) GEOSGeom_destroy_r(g->handle, k->geometry);
    GEOS_finish_r(g->handle);
}

static struct geos *geos_new(struct scope *s) {
    struct geos *g = scope_alloc(s, sizeof(*g));
    g->scope = s;
    g->handle = GEOS_init_r();
    if (!g->handle) return NULL;
    scope_defer(s, geos_release, g);
    return g;
}

static GEOSGeometry *geos_keep(struct geos *g, GEOSGeometry *made) {
    if (!made) return NULL;
    struct kept *k = scope_alloc(g->scope, sizeof *k);
    *k = (struct kept){made, g->made};
    g->made = k;
    return made;
}

static bool is_surface(const json_t *geometry) {
    const char *type = json_string_value(json_object_get(geometry, "type"));
    return type && (strcmp(type, "Polygon") == 0 || strcmp(type, "MultiPolygon") == 0);
}

/* True if some edge is longer than half a turn but is not one all around: drawn across the antimeridian, most likely. */
static bool has_long_edge(const json_t *node) {
    if (!json_is_number(json_array_get(json_array_get(node, 0), 0))) {
        for (size_t i = 0; i < json_array_size(node); i++)
            if (json_is_array(json_array_get(node, i)) && has_long_edge(json_array_get(node, i))) return true;
        return false;
    }
    for (size_t i = 1; i < json_array_size(node); i++) {
        double from = json_number_value(json_array_get(json_array_get(node, i - 1), 0));
        double to = json_number_value(json_array_get(json_array_get(node, i), 0));
        if (fabs(to - from) > 180 && fabs(to - from) < 360) return true;
    }
    return false;
}

static GEOSGeometry *geometry_read(struct scope *s, struct geos *g, const json_t *geometry) {
    char *text = json_dumps(geometry, JSON_COMPACT);
    if (!text) return NULL;
    scope_defer(s, free, text);
    GEOSGeoJSONReader *reader = GEOSGeoJSONReader_create_r(g->handle);
    if (!reader) return NULL;
    GEOSGeometry *made = geos_keep(g, GEOSGeoJSONReader_readGeometry_r(g->handle, reader, text));
    GEOSGeoJSONReader_destroy_r(g->handle, reader);
    return made;
}

int footprint_check_aoi(struct scope *s, const json_t *aoi, const char **why) {
    int err = geo_geometry_check(aoi, AOI_POSITIONS, why);
    if (err) return err;
    *why = "An area of interest is a Polygon or a MultiPolygon.";
    if (!is_surface(aoi)) return NADIR_EINVAL;
    *why = "An edge spans more than 180 degrees of longitude; split what crosses the antimeridian (RFC 7946 section 3.1.9).";
    if (has_long_edge(json_object_get(aoi, "coordinates"))) return NADIR_EINVAL;
    struct geos *g = geos_new(s);
    if (!g) return NADIR_ENOMEM;
    const GEOSGeometry *area = geometry_read(s, g, aoi);
    *why = "The area of interest crosses itself or its parts overlap.";
    if (!area || GEOSisValid_r(g->handle, area) != 1) return NADIR_EINVAL;
    *why = "The area of interest has no area.";
    return geo_area(aoi) > 0 ? 0 : NADIR_EINVAL;
}

/* Sum over the surfaces of what GEOS made; lines and points where edges only touch count nothing. */
static int area_of(struct scope *s, struct geos *g, const GEOSGeometry *geometry, double *m2) {
    GEOSGeoJSONWriter *writer = GEOSGeoJSONWriter_create_r(g->handle);
    if (!writer) return NADIR_ENOMEM;
    char *text = GEOSGeoJSONWriter_writeGeometry_r(g->handle, writer, geometry, -1);
    GEOSGeoJSONWriter_destroy_r(g->handle, writer);
    if (!text) return NADIR_ENOMEM;
    const json_t *json = scope_json(s, json_loads(text, 0, NULL));
    GEOSFree_r(g->handle, text);
    *m2 = geo_area(json);
    const json_t *parts = json_object_get(json, "geometries");
    for (size_t i = 0; i < json_array_size(parts); i++) *m2 += geo_area(json_array_get(parts, i));
    return 0;
}

static int shift_west(double *x, double *y, void *turn) {
    (void)y;
    if (*x < 0 || *(const bool *)turn) *x += 360;
    return 1;
}

/* A copy with western longitudes, or all of them, moved a turn to the east. */
static GEOSGeometry *shifted(struct geos *g, const GEOSGeometry *geometry, bool all) {
    return geos_keep(g, GEOSGeom_transformXY_r(g->handle, geometry, shift_west, &all));
}

static int common_area(struct scope *s, struct geos *g, const GEOSGeometry *a, const GEOSGeometry *b, double *m2) {
    GEOSGeometry *both = a && b ? geos_keep(g, GEOSIntersection_r(g->handle, a, b)) : NULL;
    return both ? area_of(s, g, both, m2) : NADIR_EINVAL;
}

/* A scene without what is held of it; crossing as below. NULL when GEOS cannot tell. */
static const GEOSGeometry *rest_of(struct scope *s, struct geos *g, const GEOSGeometry *scene, const json_t *held,
                                   bool crossing) {
    const json_t *one;
    size_t i;
    json_array_foreach(held, i, one) {
        const GEOSGeometry *area = geometry_read(s, g, one);
        if (scene && area) scene = geos_keep(g, GEOSDifference_r(g->handle, scene, area));
        if (scene && area && crossing) scene = geos_keep(g, GEOSDifference_r(g->handle, scene, shifted(g, area, true)));
        if (!scene || !area) return NULL;
    }
    return scene;
}

static size_t positions(const json_t *node) {
    if (json_is_number(json_array_get(node, 0))) return 1;
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(node); i++) count += positions(json_array_get(node, i));
    return count;
}

static bool is_too_much(const json_t *footprint, const json_t *aoi, const json_t *held) {
    size_t scene = positions(json_object_get(footprint, "coordinates")), area = positions(json_object_get(aoi, "coordinates"));
    size_t had = 0;
    for (size_t i = 0; i < json_array_size(held); i++)
        had += positions(json_object_get(json_array_get(held, i), "coordinates"));
    return scene * had + (scene + had) * area > PAIRS;
}

/* Providers' footprints are not always valid; a bow tie becomes its two halves. */
static GEOSGeometry *mended(struct geos *g, const GEOSGeometry *scene) {
    GEOSMakeValidParams *how = GEOSMakeValidParams_create_r(g->handle);
    if (!how) return NULL;
    GEOSMakeValidParams_setMethod_r(g->handle, how, GEOS_MAKE_VALID_STRUCTURE);
    GEOSGeometry *made = geos_keep(g, GEOSMakeValidWithParams_r(g->handle, scene, how));
    GEOSMakeValidParams_destroy_r(g->handle, how);
    return made;
}

/* crossing: the footprint is drawn across the antimeridian; then it lies in 0..360 and meets the aoi there in two places. */
static int inside_area(struct scope *s, struct geos *g, const json_t *footprint, const json_t *aoi, const json_t *held,
                       bool crossing, double *m2) {
    const GEOSGeometry *scene = geometry_read(s, g, footprint), *area = aoi ? geometry_read(s, g, aoi) : NULL;
    if (!scene || (aoi && !area)) return NADIR_EINVAL;
    if (crossing) scene = shifted(g, scene, false);
    if (scene && GEOSisValid_r(g->handle, scene) != 1) {
        if (positions(json_object_get(footprint, "coordinates")) > MEND_POSITIONS) return NADIR_ETOOLARGE;
        scene = mended(g, scene);
    }
    scene = scene ? rest_of(s, g, scene, held, crossing) : NULL;
    if (!scene) return NADIR_EINVAL;
    if (!area) return area_of(s, g, scene, m2);
    int err = common_area(s, g, scene, area, m2);
    if (err || !crossing) return err;
    double west = 0;
    err = common_area(s, g, scene, shifted(g, area, true), &west);
    *m2 += west;
    return err;
}

int footprint_area_km2(struct scope *s, const json_t *footprint, const json_t *aoi, const json_t *held, double *km2) {
    const char *why;
    if (!is_surface(footprint) || geo_geometry_check(footprint, FOOTPRINT_POSITIONS, &why)) return NADIR_EINVAL;
    if (is_too_much(footprint, aoi, held)) return NADIR_ETOOLARGE;
    struct geos *g = geos_new(s);
    if (!g) return NADIR_ENOMEM;
    double m2 = 0;
    int err = inside_area(s, g, footprint, aoi, held, has_long_edge(json_object_get(footprint, "coordinates")), &m2);
    if (err) return err;
    *km2 = nearbyint(m2 / 100) / 10000;
    return 0;
}
