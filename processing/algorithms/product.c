/* From whatever raster an algorithm wrote to a product. This runs in a sandbox of its own: the file is hostile until it has
 * been decoded and written again, and only the GeoTIFF driver ever looks at it (a VRT could name other files). */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdio.h>
#include <string.h>

#include "algorithm.h"

#define MOST_BANDS 16
#define MOST_PIXELS 4000000000LL

static int check(GDALDatasetH raster) {
    int bands = GDALGetRasterCount(raster);
    long long pixels = (long long)GDALGetRasterXSize(raster) * GDALGetRasterYSize(raster);
    if (bands < 1 || bands > MOST_BANDS) return fail("the result has %d bands; 1 to %d are allowed", bands, MOST_BANDS);
    if (pixels > MOST_PIXELS) return fail("the result has %lld pixels; at most %lld are allowed", pixels, MOST_PIXELS);
    return 0;
}

static int cog_write(GDALDatasetH raster, const char *path) {
    GDALDataType type = GDALGetRasterDataType(GDALGetRasterBand(raster, 1));
    bool measured = type == GDT_Float32 || type == GDT_Float64; /* classes must not be averaged */
    char **options = NULL;
    options = CSLSetNameValue(options, "COMPRESS", "ZSTD");
    options = CSLSetNameValue(options, "LEVEL", "1");
    options = CSLSetNameValue(options, "PREDICTOR", "YES");
    options = CSLSetNameValue(options, "BLOCKSIZE", "512");
    options = CSLSetNameValue(options, "BIGTIFF", "IF_SAFER");
    options = CSLSetNameValue(options, "NUM_THREADS", "2");
    options = CSLSetNameValue(options, "OVERVIEW_RESAMPLING", measured ? "AVERAGE" : "NEAREST");
    GDALDatasetH cog = GDALCreateCopy(GDALGetDriverByName("COG"), path, raster, 0, options, NULL, NULL);
    CSLDestroy(options);
    if (!cog) return fail("the product could not be written: %s", CPLGetLastErrorMsg());
    GDALClose(cog);
    return 0;
}

static int facts_write(const json_t *facts, const char *path) {
    return json_dump_file(facts, path, JSON_COMPACT) == 0 ? 0 : fail("facts.json could not be written");
}

int product_run(const char *result, const char *folder, const char *key) {
    static const char *const drivers[] = {"GTiff", NULL};
    char path[1024];
    struct stretch stretch[3] = {{0}};
    int shown = 0, bad = FAILED;
    CPLSetConfigOption("GDAL_GEOREF_SOURCES", "INTERNAL");
    GDALDatasetH raster = GDALOpenEx(result, GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, drivers, NULL, NULL);
    if (!raster) return fail("the result is not a readable GeoTIFF: %s", CPLGetLastErrorMsg());
    json_t *facts = NULL;
    if (check(raster)) goto out;
    progress_say(0, "measuring the result");
    facts = facts_of(raster, stretch, &shown);
    if (!facts) goto out;
    progress_say(30, "writing the product");
    (void)snprintf(path, sizeof(path), "%s/%s.tif", folder, key);
    if (cog_write(raster, path)) goto out;
    progress_say(70, "painting its picture");
    if (picture_make(raster, stretch, shown, key, folder)) goto out;
    (void)snprintf(path, sizeof(path), "%s/facts.json", folder);
    bad = facts_write(facts, path);
    if (!bad) progress_say(100, "product written");
out:
    json_decref(facts);
    GDALClose(raster);
    return bad;
}
