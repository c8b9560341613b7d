/* Areas on a raster: rings of any positions are refused, or give weights from 0 to 1 that do not depend on the blocks they are
 * asked in and sum up to no more than the raster has pixels. */
#include <math.h>
#include <ogr_srs_api.h>

#include "common/geo.h"
#include "fuzz.h"
#include "view/numbers/zone.h"

#define SIDE 40

/* Two bytes a coordinate, over four degrees around the raster; 255 255 ends a ring, and with a 1 after it a polygon, too. */
static json_t *shape_read(const uint8_t *data, size_t size) {
    json_t *polygons = json_array(), *rings = json_array(), *ring = json_array();
    for (size_t i = 0; i + 4 <= size; i += 4) {
        if (data[i] == 255 && data[i + 1] == 255) {
            if (json_array_size(ring)) json_array_append(ring, json_array_get(ring, 0));
            json_array_append_new(rings, ring);
            ring = json_array();
            if (data[i + 2] == 1) {
                json_array_append_new(polygons, rings);
                rings = json_array();
            }
            continue;
        }
        double x = 13 + (data[i] * 256 + data[i + 1]) / 16384.0, y = 43 + (data[i + 2] * 256 + data[i + 3]) / 16384.0;
        json_array_append_new(ring, json_pack("[ff]", x, y));
    }
    if (json_array_size(ring)) json_array_append(ring, json_array_get(ring, 0));
    json_array_append_new(rings, ring);
    json_array_append_new(polygons, rings);
    return json_pack("{s:s, s:o}", "type", "MultiPolygon", "coordinates", polygons);
}

/* 40 x 40 pixels of 2 km in UTM 33 north, once. */
static const struct raster *raster_made(void) {
    static struct raster r = {.width = SIDE, .height = SIDE, .forward = {480000, 2000, 0, 5000000, 0, -2000}, .nlevels = 1};
    if (r.srs) return &r;
    r.srs = OSRNewSpatialReference(NULL);
    must(OSRImportFromEPSG(r.srs, 32633) == OGRERR_NONE && OSRExportToWkt(r.srs, &r.srs_key) == OGRERR_NONE);
    OSRSetAxisMappingStrategy(r.srs, OAMS_TRADITIONAL_GIS_ORDER);
    r.levels[0] = (struct raster_level){SIDE, SIDE, 1, 1};
    const double bounds[4] = {480000, 5000000 - SIDE * 2000, 480000 + SIDE * 2000, 5000000};
    memcpy(r.bounds, bounds, sizeof bounds);
    must(GDALInvGeoTransform(r.forward, r.inverse));
    return &r;
}

static void weights_read(const struct zone *zone, int side, double *out) {
    double block[SIDE * SIDE];
    for (int y = 0; y < SIDE; y += side) {
        for (int x = 0; x < SIDE; x += side) {
            const struct block b = {x, y, SIDE - x < side ? SIDE - x : side, SIDE - y < side ? SIDE - y : side};
            must(zone_weights(zone, &b, block) == 0);
            for (int i = 0; i < b.width * b.height; i++) out[(y + i / b.width) * SIDE + x + i % b.width] = block[i];
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct scope s;
    struct area area;
    struct zone zone;
    const char *why = NULL;
    static double one[SIDE * SIDE], other[SIDE * SIDE];
    scope_init(&s, "fuzz", 0);
    const json_t *shape = scope_json(&s, shape_read(data, size));
    if (geo_geometry_check(shape, AREA_POSITIONS, &why) == 0 && area_of(&s, shape, &area) &&
        zone_make(&area, raster_made(), 0, &zone) == 0) {
        weights_read(&zone, SIDE, one);
        weights_read(&zone, 7, other);
        for (int i = 0; i < SIDE * SIDE; i++) must(one[i] >= 0 && one[i] <= 1 && fabs(one[i] - other[i]) < 1e-6);
        zone_end(&zone);
    }
    scope_end(&s);
    return 0;
}
