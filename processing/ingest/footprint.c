/* footprint.c: a scene's valid pixels are convex but for clouds of holes, so their hull, followed along its edges, is its
 * footprint. */
#include <cpl_conv.h>
#include <gdal.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdlib.h>
#include <string.h>

#include "footprint.h"
#include "grid.h"

#define SAMPLE 512

/* The outermost valid pixels' corners of each row, in the raster's CRS. */
static OGRGeometryH outline_points(const unsigned char *mask, int w, int h, const struct grid *g) {
    OGRGeometryH points = OGR_G_CreateGeometry(wkbMultiPoint);
    double sx = (double)g->width / w, sy = (double)g->height / h;
    for (int y = 0; y < h; y++) {
        int first = 0, last = w - 1;
        while (first < w && !mask[(size_t)y * (size_t)w + (size_t)first]) first++;
        while (last >= first && !mask[(size_t)y * (size_t)w + (size_t)last]) last--;
        if (first > last) continue;
        const double columns[] = {first * sx, (last + 1) * sx}, rows[] = {y * sy, (y + 1) * sy};
        for (int i = 0; i < 4; i++) {
            OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
            double x = columns[i % 2], y_row = rows[i / 2];
            OGR_G_SetPoint_2D(point, 0, g->transform[0] + x * g->transform[1] + y_row * g->transform[2],
                              g->transform[3] + x * g->transform[4] + y_row * g->transform[5]);
            OGR_G_AddGeometryDirectly(points, point);
        }
    }
    return points;
}

/* The hull in the raster's CRS with points close enough along its edges that they stay on the ground after reprojection. */
static OGRGeometryH hull_find(GDALDatasetH dataset, const struct grid *g, bool geographic) {
    int w = g->width < SAMPLE ? g->width : SAMPLE, h = g->height < SAMPLE ? g->height : SAMPLE;
    unsigned char *mask = malloc((size_t)w * (size_t)h);
    OGRGeometryH hull = NULL;
    if (mask && GDALRasterIO(GDALGetMaskBand(GDALGetRasterBand(dataset, 1)), GF_Read, 0, 0, g->width, g->height, mask, w, h,
                             GDT_Byte, 0, 0) == CE_None) {
        OGRGeometryH points = outline_points(mask, w, h, g);
        OGRGeometryH rough = OGR_G_ConvexHull(points);
        double pixel = hypot(g->transform[1] * g->width / w, g->transform[5] * g->height / h);
        hull = OGR_G_Simplify(rough, pixel);
        if (hull && !geographic)
            OGR_G_Segmentize(hull, 16 * pixel < 1 ? 1 : fmax(16 * pixel, fabs(g->transform[1]) * g->width / 8));
        OGR_G_DestroyGeometry(rough);
        OGR_G_DestroyGeometry(points);
    }
    free(mask);
    return hull;
}

static OGRSpatialReferenceH crs84(void) {
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    OSRSetAxisMappingStrategy(srs, OAMS_TRADITIONAL_GIS_ORDER);
    return srs;
}

/* Six decimals: 0.1 m. */
static double rounded(double degrees, double most) {
    double r = round(degrees * 1e6) / 1e6;
    return fmax(-most, fmin(most, r));
}

/* Twice the signed area of a ring: positive when it runs counterclockwise. */
static double ring_turn(OGRGeometryH ring) {
    double sum = 0;
    for (int k = 0, n = OGR_G_GetPointCount(ring); k + 1 < n; k++)
        sum += OGR_G_GetX(ring, k) * OGR_G_GetY(ring, k + 1) - OGR_G_GetX(ring, k + 1) * OGR_G_GetY(ring, k);
    return sum;
}

/* A hull's one ring as GeoJSON, counterclockwise (RFC 7946 section 3.1.6). */
static json_t *rings_json(OGRGeometryH polygon) {
    OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, 0);
    int count = OGR_G_GetPointCount(ring);
    bool clockwise = ring_turn(ring) < 0;
    json_t *positions = json_array();
    for (int i = 0; i < count; i++) {
        int k = clockwise ? count - 1 - i : i;
        json_array_append_new(positions,
                              json_pack("[f, f]", rounded(OGR_G_GetX(ring, k), 180), rounded(OGR_G_GetY(ring, k), 90)));
    }
    return json_pack("[o]", positions);
}

static json_t *box_json(double west, double south, double east, double north) {
    return json_pack("[f, f, f, f]", rounded(west, 180), rounded(south, 90), rounded(east, 180), rounded(north, 90));
}

/* Moves every position by degrees of longitude; only_west: just those below 0. */
static void shift(OGRGeometryH polygon, double degrees, bool only_west) {
    for (int i = 0; i < OGR_G_GetGeometryCount(polygon); i++) {
        OGRGeometryH ring = OGR_G_GetGeometryRef(polygon, i);
        for (int k = 0; k < OGR_G_GetPointCount(ring); k++) {
            double x = OGR_G_GetX(ring, k);
            if (!only_west || x < 0) OGR_G_SetPoint_2D(ring, k, x + degrees, OGR_G_GetY(ring, k));
        }
    }
}

static OGRGeometryH clip(OGRGeometryH polygon, double west, double east) {
    char wkt[200];
    snprintf(wkt, sizeof wkt, "POLYGON((%g -90,%g -90,%g 90,%g 90,%g -90))", west, east, east, west, west);
    char *text = wkt;
    OGRGeometryH box = NULL;
    OGR_G_CreateFromWkt(&text, NULL, &box);
    OGRGeometryH part = OGR_G_Intersection(polygon, box);
    OGR_G_DestroyGeometry(box);
    if (part && wkbFlatten(OGR_G_GetGeometryType(part)) == wkbPolygon && !OGR_G_IsEmpty(part)) return part;
    if (part) OGR_G_DestroyGeometry(part);
    return NULL;
}

/* A polygon that runs over 180 degrees, with all longitudes from 0 on: two parts (RFC 7946 section 3.1.9), bbox west > east. */
static int crossing_write(struct product *p, OGRGeometryH polygon) {
    OGRGeometryH east = clip(polygon, 0, 180), west = clip(polygon, 180, 360);
    if (!east || !west) {
        if (east) OGR_G_DestroyGeometry(east);
        if (west) OGR_G_DestroyGeometry(west);
        return -1;
    }
    shift(west, -360, false);
    OGREnvelope e, w;
    OGR_G_GetEnvelope(east, &e);
    OGR_G_GetEnvelope(west, &w);
    p->geometry = scope_json(
        p->scope, json_pack("{s:s, s:[o, o]}", "type", "MultiPolygon", "coordinates", rings_json(east), rings_json(west)));
    p->bbox = scope_json(p->scope, box_json(e.MinX, fmin(e.MinY, w.MinY), w.MaxX, fmax(e.MaxY, w.MaxY)));
    OGR_G_DestroyGeometry(east);
    OGR_G_DestroyGeometry(west);
    return 0;
}

static int polygon_write(struct product *p, OGRGeometryH polygon, bool geographic) {
    OGREnvelope box;
    OGR_G_GetEnvelope(polygon, &box);
    if (!geographic && box.MaxX - box.MinX > 180) {
        shift(polygon, 360, true);
        return crossing_write(p, polygon);
    }
    if (geographic && box.MaxX > 180 && box.MaxX - box.MinX < 360 && box.MinX >= 0 && box.MinX < 180)
        return crossing_write(p, polygon);
    if (geographic && box.MinX >= 180) shift(polygon, -360, false); /* 0…360 grids */
    OGR_G_GetEnvelope(polygon, &box);
    p->geometry = scope_json(p->scope, json_pack("{s:s, s:o}", "type", "Polygon", "coordinates", rings_json(polygon)));
    p->bbox = scope_json(p->scope, box_json(box.MinX, box.MinY, box.MaxX, box.MaxY));
    return 0;
}

int footprint_find(struct product *p, const char *folder, struct refusal *r) {
    GDALDatasetH visual;
    struct grid g;
    int err = raster_open(scope_printf(p->scope, "%s/visual.tif", folder), &visual, r);
    if (err) return err;
    grid_read(p->scope, visual, &g);
    OGRSpatialReferenceH from = OSRClone(GDALGetSpatialRef(visual)), to = crs84();
    OSRSetAxisMappingStrategy(from, OAMS_TRADITIONAL_GIS_ORDER);
    bool geographic = OSRIsGeographic(from);
    OGRGeometryH hull = hull_find(visual, &g, geographic);
    OGRCoordinateTransformationH transformation = OCTNewCoordinateTransformation(from, to);
    bool ok = hull && transformation && wkbFlatten(OGR_G_GetGeometryType(hull)) == wkbPolygon &&
              OGR_G_Transform(hull, transformation) == OGRERR_NONE && polygon_write(p, hull, geographic) == 0;
    if (hull) OGR_G_DestroyGeometry(hull);
    if (transformation) OCTDestroyCoordinateTransformation(transformation);
    OSRDestroySpatialReference(from);
    OSRDestroySpatialReference(to);
    GDALClose(visual);
    return ok ? 0 : refuse(r, "it has no valid pixels, or no place on Earth");
}
