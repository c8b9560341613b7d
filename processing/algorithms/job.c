#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "algorithm.h"

int fail(const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    (void)vfprintf(stderr, format, ap);
    va_end(ap);
    (void)fputc('\n', stderr);
    return FAILED;
}

void progress_say(int percent, const char *message) {
    static int last = -1;
    if (percent == last) return;
    last = percent;
    (void)printf("progress %d %s\n", percent, message);
    (void)fflush(stdout);
}

json_t *job_read(const char *path) {
    json_error_t why;
    json_t *job = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!job) (void)fail("%s: %s", path, why.text);
    return job;
}

int band_open(const json_t *job, const char *input, const char *asset, struct band *out) {
    *out = (struct band){.scale = 1, .nodata = NAN};
    const json_t *entry =
        json_object_get(json_object_get(json_object_get(json_object_get(job, "inputs"), input), "assets"), asset);
    const char *path = json_string_value(json_object_get(entry, "path"));
    if (!path) return fail("the scene has no band \"%s\"", asset);
    out->dataset = GDALOpenEx(path, GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, NULL, NULL, NULL);
    if (!out->dataset) return fail("band \"%s\" cannot be opened", asset);
    out->raster = GDALGetRasterBand(out->dataset, 1);
    if (!out->raster) return fail("band \"%s\" is empty", asset);
    out->mask = GDALGetMaskBand(out->raster);
    out->width = GDALGetRasterXSize(out->dataset);
    out->height = GDALGetRasterYSize(out->dataset);
    int has = 0;
    double value = GDALGetRasterScale(out->raster, &has);
    if (has) out->scale = value;
    value = GDALGetRasterOffset(out->raster, &has);
    if (has) out->offset = value;
    const json_t *facts = json_array_get(json_object_get(entry, "raster:bands"), 0);
    const json_t *scale = json_object_get(facts, "scale"), *offset = json_object_get(facts, "offset");
    const json_t *nodata = json_object_get(facts, "nodata");
    if (json_is_number(scale)) out->scale = json_number_value(scale);
    if (json_is_number(offset)) out->offset = json_number_value(offset);
    if (json_is_number(nodata)) out->nodata = json_number_value(nodata);
    return 0;
}

void band_close(struct band *b) {
    if (b->dataset) GDALClose(b->dataset);
    b->dataset = NULL;
}

int band_read(const struct band *b, int x, int y, int width, int height, double *buffer) {
    size_t count = (size_t)width * (size_t)height;
    unsigned char *mask = malloc(count);
    if (!mask) return fail("out of memory");
    CPLErr bad = GDALRasterIO(b->raster, GF_Read, x, y, width, height, buffer, width, height, GDT_Float64, 0, 0);
    if (bad == CE_None) bad = GDALRasterIO(b->mask, GF_Read, x, y, width, height, mask, width, height, GDT_Byte, 0, 0);
    for (size_t i = 0; bad == CE_None && i < count; i++) {
        /* NaN equals nothing, so a missing nodata value never matches. */
        buffer[i] = !mask[i] || buffer[i] == b->nodata ? NAN : buffer[i] * b->scale + b->offset;
    }
    free(mask);
    return bad == CE_None ? 0 : fail("a band could not be read at %d, %d", x, y);
}
