#include <cpl_string.h>
#include <math.h>
#include <stdlib.h>

#include "algorithm.h"

#define TILE 512
#define NODATA (-9999.0f)

static int same_grid(const struct band *red, const struct band *nir) {
    double a[6] = {0}, b[6] = {0};
    (void)GDALGetGeoTransform(red->dataset, a);
    (void)GDALGetGeoTransform(nir->dataset, b);
    bool same = red->width == nir->width && red->height == nir->height;
    for (int i = 0; i < 6; i++) same = same && a[i] == b[i];
    if (!same) {
        return fail("the bands red and nir do not lie on the same grid (%dx%d and %dx%d)", red->width, red->height, nir->width,
                    nir->height);
    }
    return 0;
}

static GDALDatasetH result_create(const struct band *like, const char *path) {
    char **options = NULL;
    options = CSLSetNameValue(options, "TILED", "YES");
    options = CSLSetNameValue(options, "BLOCKXSIZE", "512");
    options = CSLSetNameValue(options, "BLOCKYSIZE", "512");
    options = CSLSetNameValue(options, "COMPRESS", "ZSTD");
    options = CSLSetNameValue(options, "ZSTD_LEVEL", "1");
    options = CSLSetNameValue(options, "PREDICTOR", "3");
    options = CSLSetNameValue(options, "BIGTIFF", "IF_SAFER");
    GDALDatasetH out = GDALCreate(GDALGetDriverByName("GTiff"), path, like->width, like->height, 1, GDT_Float32, options);
    CSLDestroy(options);
    double transform[6];
    if (out && GDALGetGeoTransform(like->dataset, transform) == CE_None) (void)GDALSetGeoTransform(out, transform);
    if (out) (void)GDALSetSpatialRef(out, GDALGetSpatialRef(like->dataset));
    if (out) (void)GDALSetRasterNoDataValue(GDALGetRasterBand(out, 1), (double)NODATA);
    return out;
}

/* Both inputs' windows, read and turned into the index in place. */
static int tile(const struct band *red, const struct band *nir, GDALRasterBandH out, int x, int y, double *buffer) {
    int width = red->width - x < TILE ? red->width - x : TILE;
    int height = red->height - y < TILE ? red->height - y : TILE;
    size_t count = (size_t)width * (size_t)height;
    double *r = buffer, *n = buffer + (size_t)TILE * TILE;
    float *index = (float *)(buffer + 2 * (size_t)TILE * TILE);
    if (band_read(red, x, y, width, height, r) || band_read(nir, x, y, width, height, n)) return FAILED;
    for (size_t i = 0; i < count; i++) {
        double sum = n[i] + r[i];
        double value = (n[i] - r[i]) / sum;
        index[i] = sum != 0 && isfinite(value) ? (float)value : NODATA;
    }
    CPLErr bad = GDALRasterIO(out, GF_Write, x, y, width, height, index, width, height, GDT_Float32, 0, 0);
    return bad == CE_None ? 0 : fail("the result could not be written: %s", CPLGetLastErrorMsg());
}

static int tiles(const struct band *red, const struct band *nir, GDALDatasetH out) {
    double *buffer = malloc(sizeof(double) * TILE * TILE * 3);
    if (!buffer) return fail("out of memory");
    int bad = 0;
    for (int y = 0; !bad && y < red->height; y += TILE) {
        for (int x = 0; !bad && x < red->width; x += TILE) bad = tile(red, nir, GDALGetRasterBand(out, 1), x, y, buffer);
        progress_say((int)((int64_t)y * 100 / red->height), "computing the index");
    }
    free(buffer);
    return bad;
}

int ndvi_run(const char *job_path, const char *result) {
    struct band red = {0}, nir = {0};
    GDALDatasetH out = NULL;
    /* Enough for a row of tiles over files that are stored in lines; more would only be memory. */
    GDALSetCacheMax64((GIntBig)32 << 20);
    int bad = FAILED;
    json_t *job = job_read(job_path);
    if (!job || band_open(job, "scene", "red", &red) || band_open(job, "scene", "nir", &nir) || same_grid(&red, &nir)) {
        goto out;
    }
    out = result_create(&red, result);
    if (!out) {
        (void)fail("the result could not be created: %s", CPLGetLastErrorMsg());
        goto out;
    }
    GDALSetDescription(GDALGetRasterBand(out, 1), "NDVI");
    bad = tiles(&red, &nir, out);
    CPLErrorReset();
    GDALClose(out); /* writes the last blocks: it can still fail */
    out = NULL;
    if (!bad && CPLGetLastErrorType() >= CE_Failure) bad = fail("the result could not be written: %s", CPLGetLastErrorMsg());
    if (!bad) progress_say(100, "index computed");
out:
    if (out) GDALClose(out);
    band_close(&red);
    band_close(&nir);
    json_decref(job);
    return bad;
}
