/* cog.c */
#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <gdal_utils.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cog.h"
#include "common/digest.h"
#include "grid.h"
#include "progress.h"

int cog_copy(GDALDatasetH source, const char *path, char **options, struct refusal *r) {
    CPLErrorReset();
    GDALDatasetH out = GDALCreateCopy(GDALGetDriverByName("COG"), path, source, FALSE, options, progress_gdal, NULL);
    if (!out) return refuse(r, "it cannot be written: %.300s", CPLGetLastErrorMsg());
    GDALClose(out);
    return CPLGetLastErrorType() == CE_Failure ? refuse(r, "it cannot be written: %.300s", CPLGetLastErrorMsg()) : 0;
}

static GDALDatasetH translate(GDALDatasetH source, char **arguments) {
    GDALTranslateOptions *options = GDALTranslateOptionsNew(arguments, NULL);
    int usage_error = 0;
    GDALDatasetH out = options ? GDALTranslate("", source, options, &usage_error) : NULL;
    GDALTranslateOptionsFree(options);
    return out;
}

/* Gives a view the provider's tie points where the file has neither place nor points of its own. */
static void tie_points_set(const struct product *p, GDALDatasetH view) {
    double transform[6];
    if (p->ntie_points < 3 || GDALGetGCPCount(view) > 0 || GDALGetGeoTransform(view, transform) == CE_None) return;
    GDAL_GCP *points = CPLCalloc((size_t)p->ntie_points, sizeof *points);
    for (int i = 0; i < p->ntie_points; i++) {
        const struct tie_point *t = &p->tie_points[i];
        points[i] = (GDAL_GCP){"", "", t->pixel + 0.5, t->line + 0.5, t->longitude, t->latitude, 0};
    }
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    OSRSetAxisMappingStrategy(srs, OAMS_TRADITIONAL_GIS_ORDER);
    GDALSetGCPs2(view, p->ntie_points, points, srs);
    OSRDestroySpatialReference(srs);
    CPLFree(points);
}

static bool is_float(GDALDataType type) {
    return type == GDT_Float32 || type == GDT_Float64;
}

/* A view of one band with what the user or the provider adds to the file: place and no data. */
static GDALDatasetH band_view(const struct product *p, const struct band *b, GDALDatasetH source) {
    GDALRasterBandH band = GDALGetRasterBand(source, b->index);
    int has_nodata = 0;
    GDALGetRasterNoDataValue(band, &has_nodata);
    char number[32];
    char **arguments = CSLAddString(NULL, "-of");
    arguments = CSLAddString(arguments, "VRT");
    arguments = CSLAddString(arguments, "-b");
    snprintf(number, sizeof number, "%d", b->index);
    arguments = CSLAddString(arguments, number);
    if (p->has_bounds) {
        const double corners[] = {p->bounds[0], p->bounds[3], p->bounds[2], p->bounds[1]}; /* upper left, lower right */
        arguments = CSLAddString(arguments, "-a_srs");
        arguments = CSLAddString(arguments, p->srs);
        arguments = CSLAddString(arguments, "-a_ullr");
        for (int i = 0; i < 4; i++) {
            snprintf(number, sizeof number, "%.15g", corners[i]);
            arguments = CSLAddString(arguments, number);
        }
    } else if (!GDALGetSpatialRef(source) && !GDALGetGCPSpatialRef(source) && p->srs) {
        arguments = CSLAddString(arguments, "-a_srs");
        arguments = CSLAddString(arguments, p->srs);
    }
    if (!has_nodata && b->has_nodata && !b->quality) {
        arguments = CSLAddString(arguments, "-a_nodata");
        snprintf(number, sizeof number, "%.15g", b->nodata);
        arguments = CSLAddString(arguments, number);
    } else if (!has_nodata && is_float(GDALGetRasterDataType(band))) {
        arguments = CSLAddString(arguments, "-a_nodata"); /* not-a-number is the custom where floats have gaps */
        arguments = CSLAddString(arguments, "nan");
    }
    GDALDatasetH view = translate(source, arguments);
    CSLDestroy(arguments);
    if (view) tie_points_set(p, view);
    return view;
}

/* Where the control points' middle lies, in degrees; false without control points. */
static bool control_centre(GDALDatasetH source, double *longitude, double *latitude) {
    int count = GDALGetGCPCount(source);
    const GDAL_GCP *points = GDALGetGCPs(source);
    if (count < 3) return false;
    *longitude = *latitude = 0;
    for (int i = 0; i < count; i++) {
        *longitude += points[i].dfGCPX / count;
        *latitude += points[i].dfGCPY / count;
    }
    return fabs(*longitude) <= 360 && fabs(*latitude) <= 90;
}

static bool needs_warp(GDALDatasetH view) {
    double t[6];
    if (GDALGetGeoTransform(view, t) != CE_None) return true;
    return t[2] != 0 || t[4] != 0 || t[1] < 0 || t[5] > 0;
}

/* Warps control-point or rotated rasters to a north-up grid in a temporary file. */
static int warp(GDALDatasetH view, const struct band *b, const char *temporary, GDALDatasetH *out, struct refusal *r) {
    double longitude = 0, latitude = 0;
    char srs[32];
    bool by_points = control_centre(view, &longitude, &latitude);
    double t[6];
    if (!by_points && GDALGetGeoTransform(view, t) != CE_None)
        return refuse(r, "it has no place on Earth: give --bounds (and --srs)");
    char **arguments = CSLAddString(NULL, "-of");
    static const char *const fixed[] = {"GTiff",        "-co",          "TILED=YES",        "-co", "COMPRESS=ZSTD", "-co",
                                        "ZSTD_LEVEL=1", "-co",          "BIGTIFF=IF_SAFER", "-wm", "128",           "-multi",
                                        "-wo",          "NUM_THREADS=2"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) arguments = CSLAddString(arguments, fixed[i]);
    arguments = CSLAddString(arguments, "-r");
    arguments = CSLAddString(arguments, b->quality ? "near" : "bilinear");
    if (by_points) {
        snprintf(srs, sizeof srs, "EPSG:%d", utm_epsg(longitude, latitude));
        arguments = CSLAddString(CSLAddString(arguments, "-tps"), "-t_srs");
        arguments = CSLAddString(arguments, srs);
    }
    GDALWarpAppOptions *options = GDALWarpAppOptionsNew(arguments, NULL);
    GDALWarpAppOptionsSetProgress(options, progress_gdal, NULL);
    int usage_error = 0;
    *out = GDALWarp(temporary, NULL, 1, &view, options, &usage_error);
    GDALWarpAppOptionsFree(options);
    CSLDestroy(arguments);
    return *out ? 0 : refuse(r, "it cannot be warped to a map: %.300s", CPLGetLastErrorMsg());
}

/* Statistics over every valid pixel; they go into the file with the copy. A band without valid pixels has none. */
static void statistics_read(GDALRasterBandH band, struct statistics *out) {
    CPLPushErrorHandler(CPLQuietErrorHandler);
    *out = (struct statistics){0};
    if (GDALComputeRasterStatistics(band, FALSE, &out->minimum, &out->maximum, &out->mean, &out->stddev, NULL, NULL) ==
        CE_None) {
        const char *percent = GDALGetMetadataItem(band, "STATISTICS_VALID_PERCENT", NULL);
        out->valid_percent = percent ? CPLAtof(percent) : 100;
    }
    CPLPopErrorHandler();
}

static int view_write(struct product *p, struct band *b, GDALDatasetH view, const char *path, struct refusal *r) {
    GDALRasterBandH band = GDALGetRasterBand(view, 1);
    int has_nodata = 0;
    GDALSetMetadataItem(band, "NBITS", NULL, "IMAGE_STRUCTURE"); /* Sentinel-2 packs 15 bits; predictors need whole bytes */
    GDALSetMetadata(view, NULL, "IMD");                          /* Landsat's metadata would become a file beside each band */
    grid_read(p->scope, view, &b->grid);
    if (!b->grid.wkt) return refuse(r, "its coordinate system is not told: give --srs");
    statistics_read(band, &b->statistics);
    if (b->scaled) {
        GDALSetRasterScale(band, b->scale);
        GDALSetRasterOffset(band, b->offset);
    }
    b->data_type = data_type_name(GDALGetRasterDataType(band));
    b->out_nodata = GDALGetRasterNoDataValue(band, &has_nodata);
    b->out_has_nodata = has_nodata;
    char *options[] = {"COMPRESS=ZSTD",
                       "PREDICTOR=YES",
                       "BLOCKSIZE=256",
                       "OVERVIEWS=IGNORE_EXISTING",
                       "BIGTIFF=IF_SAFER",
                       "NUM_THREADS=2",
                       b->quality ? "RESAMPLING=NEAREST" : "RESAMPLING=AVERAGE",
                       NULL};
    int err = cog_copy(view, path, options, r);
    char hex[129];
    if (!err && digest_file(path, "SHA256", hex, &b->size)) err = refuse(r, "%s cannot be read back", path);
    if (!err) snprintf(b->sha256, sizeof b->sha256, "%.64s", hex);
    return err;
}

int band_write(struct product *p, struct band *b, const char *folder, struct refusal *r) {
    const char *path = scope_printf(p->scope, "%s/%s.tif", folder, b->key);
    const char *temporary = scope_printf(p->scope, "%s/%s.warped.tif", folder, b->key);
    GDALDatasetH source, warped = NULL;
    int err = raster_open(b->file, &source, r);
    if (err) return err;
    GDALDatasetH view = band_view(p, b, source);
    if (!view) err = refuse(r, "it cannot be read: %.300s", CPLGetLastErrorMsg());
    if (!err && needs_warp(view)) {
        if (!(err = warp(view, b, temporary, &warped, r))) {
            char *arguments[] = {"-of", "VRT", NULL};
            GDALClose(view);
            view = translate(warped, arguments);
            err = view ? 0 : refuse(r, "it cannot be read back");
        }
    }
    if (!err) err = view_write(p, b, view, path, r);
    if (view) GDALClose(view);
    if (warped) GDALClose(warped);
    GDALClose(source);
    unlink(temporary);
    return err;
}
