/* cut.c: gdalwarp on the raster's own grid, with the areas as its cutline. */
#include "processing/cut/cut.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal_utils.h>
#include <math.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUTLINE "/vsimem/cutline.geojson"
#define EDGE_DEGREES 0.005 /* longest edge of the cutline: straight in degrees is bent on the raster's map */
#define MARGIN_DEGREES 0.1 /* the raster's bounds in degrees are those of its densified border */

static _Thread_local char message[400];

static int fail(const char **why, int end, const char *text) {
    snprintf(message, sizeof message, "%s%s%.300s", text, end == CUT_FAILED && *CPLGetLastErrorMsg() ? ": " : "",
             end == CUT_FAILED ? CPLGetLastErrorMsg() : "");
    *why = message;
    return end;
}

/* The areas as one geometry. The caller destroys it. NULL if one of them is no surface. */
static OGRGeometryH areas_join(const json_t *areas) {
    OGRGeometryH all = OGR_G_CreateGeometry(wkbMultiPolygon);
    const json_t *one;
    size_t i;
    json_array_foreach(areas, i, one) {
        char *text = json_dumps(one, JSON_COMPACT);
        OGRGeometryH area = text ? OGR_G_CreateGeometryFromJson(text) : NULL;
        free(text);
        area = area ? OGR_G_ForceToMultiPolygon(area) : NULL;
        if (!area || wkbFlatten(OGR_G_GetGeometryType(area)) != wkbMultiPolygon) {
            OGR_G_DestroyGeometry(area);
            OGR_G_DestroyGeometry(all);
            return NULL;
        }
        for (int k = 0; k < OGR_G_GetGeometryCount(area); k++) OGR_G_AddGeometry(all, OGR_G_GetGeometryRef(area, k));
        OGR_G_DestroyGeometry(area);
    }
    OGRGeometryH joined = OGR_G_UnionCascaded(all);
    OGR_G_DestroyGeometry(all);
    return joined;
}

static OGRGeometryH box_make(double west, double south, double east, double north) {
    char wkt[256], *text = wkt;
    snprintf(wkt, sizeof wkt, "POLYGON((%.12g %.12g,%.12g %.12g,%.12g %.12g,%.12g %.12g,%.12g %.12g))", west, south, east,
             south, east, north, west, north, west, south);
    OGRGeometryH box = NULL;
    (void)OGR_G_CreateFromWkt(&text, NULL, &box);
    return box;
}

/* The part of an area in a box, which is destroyed. */
static OGRGeometryH part_in(OGRGeometryH area, OGRGeometryH box) {
    OGRGeometryH part = box ? OGR_G_Intersection(area, box) : NULL;
    OGR_G_DestroyGeometry(box);
    return part;
}

struct grid {
    double t[6]; /* geotransform, north up */
    int columns, lines;
    OGRSpatialReferenceH srs; /* the dataset's, axes in the order x, y */
};

static int grid_read(GDALDatasetH raster, struct grid *g, const char **why) {
    OGRSpatialReferenceH srs = GDALGetSpatialRef(raster);
    if (!srs || GDALGetGeoTransform(raster, g->t) != CE_None || g->t[2] != 0 || g->t[4] != 0 || g->t[1] <= 0 || g->t[5] >= 0)
        return fail(why, CUT_FAILED, "the raster has no grid with north up");
    g->columns = GDALGetRasterXSize(raster);
    g->lines = GDALGetRasterYSize(raster);
    g->srs = OSRClone(srs);
    OSRSetAxisMappingStrategy(g->srs, OAMS_TRADITIONAL_GIS_ORDER);
    return 0;
}

/* The area near the raster, in degrees, with short edges; the rest of the world may not exist on the raster's map. NULL: none.
 */
static OGRGeometryH area_near(const struct grid *g, OGRSpatialReferenceH degrees, OGRGeometryH area) {
    OGRCoordinateTransformationH to_degrees = OCTNewCoordinateTransformation(g->srs, degrees);
    double b[4], right = g->t[0] + g->columns * g->t[1], bottom = g->t[3] + g->lines * g->t[5];
    int ok = to_degrees && OCTTransformBounds(to_degrees, g->t[0], bottom, right, g->t[3], &b[0], &b[1], &b[2], &b[3], 50);
    OCTDestroyCoordinateTransformation(to_degrees);
    if (!ok) return NULL;
    double south = fmax(b[1] - MARGIN_DEGREES, -90), north = fmin(b[3] + MARGIN_DEGREES, 90);
    double west = b[0] - MARGIN_DEGREES, east = b[2] + MARGIN_DEGREES;
    OGRGeometryH near;
    if (b[0] <= b[2]) {
        near = part_in(area, box_make(fmax(west, -180), south, fmin(east, 180), north));
    } else { /* across the antimeridian */
        OGRGeometryH a = part_in(area, box_make(west, south, 180, north)),
                     c = part_in(area, box_make(-180, south, east, north));
        near = a && c ? OGR_G_Union(a, c) : NULL;
        OGR_G_DestroyGeometry(a);
        OGR_G_DestroyGeometry(c);
    }
    if (near && OGR_G_IsEmpty(near)) {
        OGR_G_DestroyGeometry(near);
        return NULL;
    }
    if (near) OGR_G_Segmentize(near, EDGE_DEGREES);
    return near;
}

/* The window of whole pixels around the area, as coordinates: left, bottom, right, top. */
static int window_of(const struct grid *g, OGRSpatialReferenceH degrees, OGRGeometryH area, double window[4]) {
    OGRCoordinateTransformationH to_raster = OCTNewCoordinateTransformation(degrees, g->srs);
    OGRGeometryH there = OGR_G_Clone(area);
    bool ok = to_raster && OGR_G_Transform(there, to_raster) == OGRERR_NONE;
    OCTDestroyCoordinateTransformation(to_raster);
    OGREnvelope e = {0};
    if (ok) OGR_G_GetEnvelope(there, &e);
    OGR_G_DestroyGeometry(there);
    if (!ok) return CUT_FAILED;
    double left = fmax(floor((e.MinX - g->t[0]) / g->t[1]), 0), right = fmin(ceil((e.MaxX - g->t[0]) / g->t[1]), g->columns);
    double top = fmax(floor((e.MaxY - g->t[3]) / g->t[5]), 0), bottom = fmin(ceil((e.MinY - g->t[3]) / g->t[5]), g->lines);
    if (left >= right || top >= bottom) return CUT_OUTSIDE;
    window[0] = g->t[0] + left * g->t[1];
    window[1] = g->t[3] + bottom * g->t[5];
    window[2] = g->t[0] + right * g->t[1];
    window[3] = g->t[3] + top * g->t[5];
    return 0;
}

static bool cutline_write(OGRGeometryH area) {
    static const char head[] = "{\"type\":\"Feature\",\"properties\":{},\"geometry\":";
    char *geometry = OGR_G_ExportToJson(area);
    VSILFILE *file = geometry ? VSIFOpenL(CUTLINE, "wb") : NULL;
    bool ok = file && VSIFWriteL(head, 1, sizeof head - 1, file) == sizeof head - 1 &&
              VSIFWriteL(geometry, 1, strlen(geometry), file) == strlen(geometry) && VSIFWriteL("}", 1, 1, file) == 1;
    if (file) ok = VSIFCloseL(file) == 0 && ok;
    CPLFree(geometry);
    return ok;
}

static char **add_number(char **list, double number) {
    return CSLAddString(list, CPLSPrintf("%.17g", number));
}

static const char *nodata_of(GDALDatasetH raster) {
    int has = 0;
    GDALRasterBandH band = GDALGetRasterBand(raster, 1);
    double value = GDALGetRasterNoDataValue(band, &has);
    GDALDataType type = GDALGetRasterDataType(band);
    if (!has) return type == GDT_Float32 || type == GDT_Float64 ? "nan" : "0";
    return isnan(value) ? "nan" : CPLSPrintf("%.17g", value);
}

static int warp(GDALDatasetH raster, const struct grid *g, const double window[4], const char *to, const char **why) {
    static const char *const fixed[] = {"-of",      "COG",
                                        "-r",       "near",
                                        "-co",      "COMPRESS=DEFLATE",
                                        "-co",      "PREDICTOR=YES",
                                        "-co",      "BLOCKSIZE=256",
                                        "-co",      "BIGTIFF=IF_SAFER",
                                        "-co",      "NUM_THREADS=2",
                                        "-wo",      "CUTLINE_ALL_TOUCHED=TRUE",
                                        "-wm",      "128",
                                        "-cutline", CUTLINE};
    char **list = NULL;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) list = CSLAddString(list, fixed[i]);
    bool classes = GDALGetRasterColorTable(GDALGetRasterBand(raster, 1)) != NULL;
    list = CSLAddString(CSLAddString(list, "-co"), classes ? "RESAMPLING=NEAREST" : "RESAMPLING=AVERAGE");
    list = CSLAddString(CSLAddString(list, "-dstnodata"), nodata_of(raster));
    list = CSLAddString(list, "-te");
    for (int i = 0; i < 4; i++) list = add_number(list, window[i]);
    list = CSLAddString(list, "-tr");
    list = add_number(add_number(list, g->t[1]), -g->t[5]);
    GDALWarpAppOptions *options = GDALWarpAppOptionsNew(list, NULL);
    CSLDestroy(list);
    CPLErrorReset();
    int usage = 0;
    GDALDatasetH out = options ? GDALWarp(to, NULL, 1, &raster, options, &usage) : NULL;
    GDALWarpAppOptionsFree(options);
    if (out) GDALClose(out);
    if (!out || CPLGetLastErrorType() == CE_Failure) return fail(why, CUT_FAILED, "the part cannot be written");
    return CUT_DONE;
}

static int cut_near(GDALDatasetH raster, const struct grid *g, OGRGeometryH area, const char *to, const char **why) {
    OGRSpatialReferenceH degrees = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(degrees, 4326);
    OSRSetAxisMappingStrategy(degrees, OAMS_TRADITIONAL_GIS_ORDER);
    double window[4];
    OGRGeometryH near = area_near(g, degrees, area);
    int end = near ? window_of(g, degrees, near, window) : CUT_OUTSIDE;
    if (!end && !cutline_write(near)) end = CUT_FAILED;
    if (end == CUT_OUTSIDE)
        (void)fail(why, end, "the area does not touch the raster");
    else if (end)
        (void)fail(why, end, "the area cannot be drawn on the raster's map");
    else
        end = warp(raster, g, window, to, why);
    (void)VSIUnlink(CUTLINE);
    OGR_G_DestroyGeometry(near);
    OSRDestroySpatialReference(degrees);
    return end;
}

int cut_raster(const char *source, const json_t *areas, const char *to, const char **why) {
    struct grid g = {0};
    GDALDatasetH raster = GDALOpenEx(source, GDAL_OF_RASTER | GDAL_OF_VERBOSE_ERROR, NULL, NULL, NULL);
    if (!raster || GDALGetRasterCount(raster) < 1) {
        GDALClose(raster);
        return fail(why, CUT_FAILED, "the raster cannot be opened");
    }
    int end = grid_read(raster, &g, why);
    OGRGeometryH area = end ? NULL : areas_join(areas);
    if (!end && !area) end = fail(why, CUT_FAILED, "the areas are not polygons");
    if (!end) end = cut_near(raster, &g, area, to, why);
    OGR_G_DestroyGeometry(area);
    OSRDestroySpatialReference(g.srs);
    GDALClose(raster);
    return end;
}
