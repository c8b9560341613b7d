/* What is said of a raster in its STAC item. */
#include <cpl_conv.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdlib.h>
#include <string.h>

#include "algorithm.h"

#define EDGE 8 /* points an edge: a straight edge of the raster is a curve on the ellipsoid */

/* Longitude and latitude of the outline, counter-clockwise from the lower left (RFC 7946 section 3.1.6). */
static json_t *footprint(OGRSpatialReferenceH crs, const double t[6], int width, int height, json_t *bbox) {
    static const int corners[5][2] = {{0, 1}, {1, 1}, {1, 0}, {0, 0}, {0, 1}};
    double x[4 * EDGE], y[4 * EDGE];
    for (int i = 0; i < 4 * EDGE; i++) {
        int edge = i / EDGE;
        double part = (double)(i % EDGE) / EDGE;
        double column = (corners[edge][0] + (corners[edge + 1][0] - corners[edge][0]) * part) * width;
        double line = (corners[edge][1] + (corners[edge + 1][1] - corners[edge][1]) * part) * height;
        x[i] = t[0] + column * t[1] + line * t[2];
        y[i] = t[3] + column * t[4] + line * t[5];
    }
    OGRSpatialReferenceH wgs84 = OSRNewSpatialReference(NULL);
    (void)OSRImportFromEPSG(wgs84, 4326);
    OSRSetAxisMappingStrategy(wgs84, OAMS_TRADITIONAL_GIS_ORDER);
    OGRCoordinateTransformationH to = OCTNewCoordinateTransformation(crs, wgs84);
    int done = to && OCTTransform(to, 4 * EDGE, x, y, NULL);
    if (to) OCTDestroyCoordinateTransformation(to);
    OSRDestroySpatialReference(wgs84);
    if (!done) return NULL;
    double low[2] = {180, 90}, high[2] = {-180, -90};
    json_t *ring = json_array();
    for (int i = 0; i <= 4 * EDGE; i++) {
        int k = i % (4 * EDGE);
        if (!isfinite(x[k]) || !isfinite(y[k]) || fabs(x[k]) > 180 || fabs(y[k]) > 90) {
            json_decref(ring);
            return NULL;
        }
        low[0] = fmin(low[0], x[k]);
        low[1] = fmin(low[1], y[k]);
        high[0] = fmax(high[0], x[k]);
        high[1] = fmax(high[1], y[k]);
        (void)json_array_append_new(ring, json_pack("[f,f]", x[k], y[k]));
    }
    const double sides[4] = {low[0], low[1], high[0], high[1]};
    for (int i = 0; i < 4; i++) (void)json_array_append_new(bbox, json_real(sides[i]));
    return json_pack("{s:s,s:[o]}", "type", "Polygon", "coordinates", ring);
}

static json_t *number_or_null(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

/* Names of the raster extension. */
static const char *type_name(GDALDataType type) {
    switch (type) {
    case GDT_Byte:
        return "uint8";
    case GDT_UInt16:
        return "uint16";
    case GDT_Int16:
        return "int16";
    case GDT_UInt32:
        return "uint32";
    case GDT_Int32:
        return "int32";
    case GDT_Float32:
        return "float32";
    case GDT_Float64:
        return "float64";
    default:
        return NULL;
    }
}

/* The 2nd and 98th percentile, from a histogram between the extremes. */
static void percentiles(GDALRasterBandH band, double least, double most, struct stretch *out) {
    GUIntBig bins[256] = {0}, total = 0, sum = 0;
    out->low = least;
    out->high = most;
    if (!(most > least)) return;
    double width = (most - least) / 256;
    if (GDALGetRasterHistogramEx(band, least, most, 256, bins, 0, 1, NULL, NULL) != CE_None) return;
    for (int i = 0; i < 256; i++) total += bins[i];
    int low = -1, high = -1;
    for (int i = 0; i < 256; i++) {
        sum += bins[i];
        if (low < 0 && sum * 50 >= total) low = i;
        if (high < 0 && sum * 50 >= total * 49) high = i;
    }
    if (total == 0 || high <= low) return;
    out->low = least + width * low;
    out->high = least + width * (high + 1);
}

static json_t *band_facts(GDALRasterBandH band, struct stretch *stretch) {
    const char *type = type_name(GDALGetRasterDataType(band));
    if (!type) {
        (void)fail("the result has a data type that products cannot have");
        return NULL;
    }
    json_t *facts = json_pack("{s:s}", "data_type", type);
    int has = 0;
    double nodata = GDALGetRasterNoDataValue(band, &has);
    if (has) (void)json_object_set_new(facts, "nodata", isnan(nodata) ? json_string("nan") : json_real(nodata));
    double least = 0, most = 0, mean = 0, deviation = 0;
    /* It fails only where there is no valid pixel at all, which is a result like any other. */
    CPLPushErrorHandler(CPLQuietErrorHandler);
    CPLErr bad = GDALComputeRasterStatistics(band, 0, &least, &most, &mean, &deviation, NULL, NULL);
    CPLPopErrorHandler();
    const char *valid = GDALGetMetadataItem(band, "STATISTICS_VALID_PERCENT", NULL);
    json_t *statistics = json_pack("{s:f}", "valid_percent", bad == CE_None ? (valid ? CPLAtof(valid) : 100.0) : 0.0);
    if (bad == CE_None) {
        (void)json_object_set_new(statistics, "minimum", number_or_null(least));
        (void)json_object_set_new(statistics, "maximum", number_or_null(most));
        (void)json_object_set_new(statistics, "mean", number_or_null(mean));
        (void)json_object_set_new(statistics, "stddev", number_or_null(deviation));
    }
    (void)json_object_set_new(facts, "statistics", statistics);
    const char *name = GDALGetDescription(band);
    if (name && *name && strlen(name) <= 100) (void)json_object_set_new(facts, "description", json_string(name));
    if (stretch) percentiles(band, least, most, stretch);
    return facts;
}

static json_t *crs_facts(OGRSpatialReferenceH crs) {
    json_t *facts = json_object();
    OGRSpatialReferenceH copy = OSRClone(crs);
    CPLPushErrorHandler(CPLQuietErrorHandler);
    if (!OSRGetAuthorityCode(copy, NULL)) (void)OSRAutoIdentifyEPSG(copy);
    CPLPopErrorHandler();
    const char *authority = OSRGetAuthorityName(copy, NULL), *code = OSRGetAuthorityCode(copy, NULL);
    if (authority && code && strcmp(authority, "EPSG") == 0) {
        (void)json_object_set_new(facts, "proj:epsg", json_integer(strtol(code, NULL, 10)));
    } else {
        char *wkt = NULL;
        static const char *const options[] = {"FORMAT=WKT2", NULL};
        (void)OSRExportToWktEx(crs, &wkt, options);
        (void)json_object_set_new(facts, "proj:epsg", json_null());
        (void)json_object_set_new(facts, "proj:wkt2", json_string(wkt ? wkt : ""));
        CPLFree(wkt);
    }
    OSRDestroySpatialReference(copy);
    return facts;
}

json_t *facts_of(GDALDatasetH raster, struct stretch stretch[3], int *shown) {
    double t[6];
    OGRSpatialReferenceH crs = GDALGetSpatialRef(raster);
    if (!crs || GDALGetGeoTransform(raster, t) != CE_None) {
        (void)fail("the result has no coordinate reference system or geotransform: copy both from an input band");
        return NULL;
    }
    int width = GDALGetRasterXSize(raster), height = GDALGetRasterYSize(raster), bands = GDALGetRasterCount(raster);
    json_t *facts = crs_facts(crs), *bbox = json_array();
    json_t *geometry = footprint(crs, t, width, height, bbox);
    json_t *list = json_array();
    *shown = bands >= 3 ? 3 : 1;
    bool bad = !geometry;
    if (bad) (void)fail("the result's outline cannot be given in longitude and latitude");
    for (int i = 0; !bad && i < bands; i++) {
        if (i < *shown) stretch[i].band = i + 1;
        bad = json_array_append_new(list, band_facts(GDALGetRasterBand(raster, i + 1), i < *shown ? &stretch[i] : NULL)) != 0;
    }
    (void)json_object_set_new(facts, "proj:shape", json_pack("[i,i]", height, width));
    (void)json_object_set_new(facts, "proj:transform", json_pack("[f,f,f,f,f,f]", t[1], t[2], t[0], t[4], t[5], t[3]));
    (void)json_object_set_new(facts, "raster:bands", list);
    (void)json_object_set_new(facts, "bbox", bbox);
    if (geometry) (void)json_object_set_new(facts, "geometry", geometry);
    if (OSRIsProjected(crs)) {
        double metres = sqrt(fabs(t[1] * t[5] - t[2] * t[4])) * OSRGetLinearUnits(crs, NULL);
        (void)json_object_set_new(facts, "gsd", json_real(metres));
    }
    if (!bad) return facts;
    json_decref(facts);
    return NULL;
}
