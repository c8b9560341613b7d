/* stretch.c: the range that a band is stretched over for the eye. */
#include <cpl_error.h>
#include <math.h>
#include <stdlib.h>

#include "common/error.h"
#include "common/log.h"
#include "view/scene.h"

#define BINS 4096
#define LOOKED_AT 512 /* longest side of what percentiles are taken from */

/* Radar that returned nothing is written as 0, also around the swath, and has no place on a scale of decibels. */
static bool usable(const struct scene *scene, const struct band *b, float v) {
    return isfinite(v) && !(b->has_nodata && v == (float)b->nodata) && !(scene->is_sar && v == 0);
}

/* The value below which a share of the samples lies, by a histogram between the least and the greatest. */
static void percentiles(const struct scene *scene, const struct band *b, const float *v, size_t n, struct stretch *out) {
    float low = INFINITY;
    float high = -INFINITY;
    size_t counted = 0;
    for (size_t i = 0; i < n; i++) {
        if (!usable(scene, b, v[i])) continue;
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
        counted++;
    }
    *out = (struct stretch){0, 255};
    if (!counted) return;
    *out = (struct stretch){(double)low, (double)low + 1};
    if (!(high > low)) return;

    unsigned bins[BINS] = {0};
    float factor = (BINS - 1) / (high - low);
    for (size_t i = 0; i < n; i++)
        if (usable(scene, b, v[i])) bins[(int)((v[i] - low) * factor)]++;
    size_t seen = 0;
    double bounds[2] = {(double)low, (double)high};
    double shares[2] = {0.02, 0.98};
    for (int i = 0, k = 0; i < BINS && k < 2; i++) {
        seen += bins[i];
        while (k < 2 && (double)seen >= shares[k] * (double)counted) bounds[k++] = (double)(low + (float)i / factor);
    }
    if (bounds[1] > bounds[0])
        *out = (struct stretch){bounds[0], bounds[1]};
    else
        *out = (struct stretch){(double)low, (double)high};
}

/* Takes the percentiles of the coarsest overview that still has some hundred pixels a side. */
static int look(struct scope *s, const struct scene *scene, int band, struct stretch *out) {
    const struct band *b = &scene->bands[band];
    struct raster *r;
    int err = scene_raster(s, scene, band, &r);
    if (err) return err;
    int level = 0;
    while (level + 1 < r->nlevels && r->levels[level].width > LOOKED_AT) level++;
    GDALRasterBandH source = raster_band(r, b->index, level);
    if (!source) return NADIR_ENOTFOUND;
    int width = r->levels[level].width;
    int height = r->levels[level].height;
    int longest = width > height ? width : height;
    int divide = (longest + LOOKED_AT - 1) / LOOKED_AT;
    int columns = (width + divide - 1) / divide;
    int lines = (height + divide - 1) / divide;
    size_t n = (size_t)columns * (size_t)lines;
    float *values = malloc(n * sizeof *values);
    unsigned char *mask = malloc(n);
    if (!values || !mask) {
        err = NADIR_ENOMEM;
        goto out;
    }
    if (GDALRasterIO(source, GF_Read, 0, 0, width, height, values, columns, lines, GDT_Float32, 0, 0) != CE_None ||
        GDALRasterIO(GDALGetMaskBand(source), GF_Read, 0, 0, width, height, mask, columns, lines, GDT_Byte, 0, 0) != CE_None) {
        log_warn(s, "raster cannot be read", "path", b->path, "gdal", CPLGetLastErrorMsg(), NULL);
        err = NADIR_EUNAVAILABLE;
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        if (!mask[i]) values[i] = NAN;
    percentiles(scene, b, values, n, out);
out:
    free(mask);
    free(values);
    return err;
}

int scene_stretch(struct scope *s, const struct scene *scene, int band, struct stretch *out) {
    const struct band *b = &scene->bands[band];
    if (b->has_percentiles) {
        *out = b->percentiles;
        return 0;
    }
    struct scene *mine = (struct scene *)scene; /* the stretches alone change, under the lock */
    int err = 0;
    (void)pthread_mutex_lock(&mine->lock);
    if (!mine->stretched[band]) {
        err = look(s, scene, band, &mine->stretches[band]);
        mine->stretched[band] = err == 0;
    }
    *out = mine->stretches[band];
    (void)pthread_mutex_unlock(&mine->lock);
    return err;
}
