/* picture.c */
#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <gdal_utils.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cog.h"
#include "common/digest.h"
#include "grid.h"
#include "picture.h"
#include "progress.h"

#define SAMPLE 1024 /* pixels a side that percentiles are taken from */
#define THUMBNAIL 512

/* One channel: a band of an open file, and the linear stretch to 0…255. */
struct channel {
    GDALDatasetH dataset;
    int index;
    double low, high;
};

/* The bands to show: red, green, blue; else infrared composites; else one band three times. */
static void choose(struct product *p, struct band *chosen[3]) {
    static const char *const choices[][3] = {{"red", "green", "blue"}, {"swir16", "nir", "red"}, {"nir", "red", "green"}};
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        bool same = true;
        for (int c = 0; c < 3; c++) {
            chosen[c] = product_find(p, choices[i][c]);
            same = same && chosen[c] && chosen[c]->grid.width == chosen[0]->grid.width &&
                   chosen[c]->grid.height == chosen[0]->grid.height;
        }
        if (same) return;
    }
    struct band *one = &p->bands[0];
    for (int i = 0; i < p->nbands && one->quality; i++) one = &p->bands[i];
    chosen[0] = chosen[1] = chosen[2] = one;
}

static int ascending(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* Percentiles of the valid pixels of a sample, by rank. */
static int stretch_find(struct channel *c, struct refusal *r) {
    int width = GDALGetRasterXSize(c->dataset), height = GDALGetRasterYSize(c->dataset);
    int w = width < SAMPLE ? width : SAMPLE, h = height < SAMPLE ? height : SAMPLE;
    GDALRasterBandH band = GDALGetRasterBand(c->dataset, c->index);
    size_t n = (size_t)w * (size_t)h, valid = 0;
    float *values = malloc(n * sizeof *values);
    unsigned char *mask = malloc(n);
    bool ok = values && mask && GDALRasterIO(band, GF_Read, 0, 0, width, height, values, w, h, GDT_Float32, 0, 0) == CE_None &&
              GDALRasterIO(GDALGetMaskBand(band), GF_Read, 0, 0, width, height, mask, w, h, GDT_Byte, 0, 0) == CE_None;
    for (size_t i = 0; ok && i < n; i++)
        if (mask[i] && isfinite(values[i])) values[valid++] = values[i];
    if (ok && valid > 0) {
        qsort(values, valid, sizeof *values, ascending);
        c->low = (double)values[valid * 2 / 100];
        c->high = (double)values[valid - 1 - valid * 2 / 100];
    }
    if (c->high <= c->low) c->high = c->low + 1;
    free(values);
    free(mask);
    return ok ? 0 : refuse(r, "the picture cannot be made: %.300s", CPLGetLastErrorMsg());
}

/* Strips of 256 rows: stretched channels and, fourth, the mask (valid in all channels). *gaps tells whether any pixel is
 * masked. */
static int strips_write(const struct channel channels[3], GDALDatasetH out, bool *gaps) {
    int width = GDALGetRasterXSize(out), height = GDALGetRasterYSize(out), rows = 256;
    size_t n = (size_t)width * (size_t)rows;
    float *values = malloc(n * sizeof *values);
    unsigned char *mask = malloc(n), *all = malloc(n), *bytes = malloc(n);
    bool ok = values && mask && all && bytes;
    for (int y = 0; ok && y < height; y += rows) {
        int h = height - y < rows ? height - y : rows;
        size_t count = (size_t)width * (size_t)h;
        memset(all, 255, count);
        for (int c = 0; ok && c < 3; c++) {
            GDALRasterBandH band = GDALGetRasterBand(channels[c].dataset, channels[c].index);
            ok = GDALRasterIO(band, GF_Read, 0, y, width, h, values, width, h, GDT_Float32, 0, 0) == CE_None &&
                 GDALRasterIO(GDALGetMaskBand(band), GF_Read, 0, y, width, h, mask, width, h, GDT_Byte, 0, 0) == CE_None;
            double scale = 255 / (channels[c].high - channels[c].low);
            for (size_t i = 0; ok && i < count; i++) {
                double v = ((double)values[i] - channels[c].low) * scale;
                if (!mask[i] || isnan(v)) all[i] = 0;
                bytes[i] = v <= 0 || isnan(v) ? 0 : v >= 255 ? 255 : (unsigned char)lround(v);
            }
            ok = ok && GDALRasterIO(GDALGetRasterBand(out, c + 1), GF_Write, 0, y, width, h, bytes, width, h, GDT_Byte, 0, 0) ==
                           CE_None;
        }
        for (size_t i = 0; i < count && !*gaps; i++) *gaps = all[i] == 0;
        ok = ok && GDALRasterIO(GDALGetRasterBand(out, 4), GF_Write, 0, y, width, h, all, width, h, GDT_Byte, 0, 0) == CE_None;
        progress_gdal((double)y / height / 2, NULL, NULL);
    }
    free(values);
    free(mask);
    free(all);
    free(bytes);
    return ok ? 0 : -1;
}

/* A temporary file of red, green, blue and alpha on the channels' grid. */
static GDALDatasetH rgba_create(const char *path, GDALDatasetH like) {
    static char *options[] = {"TILED=YES", "COMPRESS=ZSTD", "PHOTOMETRIC=RGB", "ALPHA=YES", "BIGTIFF=IF_SAFER", NULL};
    GDALDatasetH out = GDALCreate(GDALGetDriverByName("GTiff"), path, GDALGetRasterXSize(like), GDALGetRasterYSize(like), 4,
                                  GDT_Byte, options);
    double transform[6];
    if (!out) return NULL;
    if (GDALGetGeoTransform(like, transform) == CE_None) GDALSetGeoTransform(out, transform);
    GDALSetSpatialRef(out, GDALGetSpatialRef(like));
    return out;
}

/* The picture as a JPEG COG; without its mask where nothing is masked. */
static int rgba_publish(GDALDatasetH rgba, bool gaps, const char *path, struct refusal *r) {
    char *with_mask[] = {"-of", "VRT", "-b", "1", "-b", "2", "-b", "3", "-mask", "4", NULL};
    char *opaque[] = {"-of", "VRT", "-b", "1", "-b", "2", "-b", "3", NULL};
    static char *jpeg[] = {"COMPRESS=JPEG",      "QUALITY=85",       "BLOCKSIZE=256", "OVERVIEWS=IGNORE_EXISTING",
                           "RESAMPLING=AVERAGE", "BIGTIFF=IF_SAFER", "NUM_THREADS=2", NULL};
    GDALTranslateOptions *options = GDALTranslateOptionsNew(gaps ? with_mask : opaque, NULL);
    int usage_error = 0;
    GDALDatasetH view = GDALTranslate("", rgba, options, &usage_error);
    GDALTranslateOptionsFree(options);
    int err = view ? cog_copy(view, path, jpeg, r) : refuse(r, "the picture cannot be made");
    if (view) GDALClose(view);
    return err;
}

static void channels_close(struct channel channels[3]) {
    for (int c = 0; c < 3; c++)
        if (channels[c].dataset && (c == 0 || channels[c].dataset != channels[0].dataset)) GDALClose(channels[c].dataset);
}

/* Opens what is shown: the provider's picture as it is, or the written bands with their stretch. */
static int channels_open(struct product *p, const char *folder, struct channel channels[3], struct refusal *r) {
    struct band *chosen[3];
    choose(p, chosen);
    bool own =
        p->true_colour && !p->has_bounds; /* a file without place is shown from the bands, which have been given theirs */
    for (int c = 0, err; c < 3; c++) {
        const char *path = own ? p->true_colour : scope_printf(p->scope, "%s/%s.tif", folder, chosen[c]->key);
        channels[c] = (struct channel){.index = own ? c + 1 : 1, .high = 255};
        if ((err = raster_open(path, &channels[c].dataset, r))) return err;
        if (!p->true_colour && (err = stretch_find(&channels[c], r))) return err;
    }
    return GDALGetRasterCount(channels[0].dataset) < (own ? 3 : 1) ? refuse(r, "the provider's picture has not three bands")
                                                                   : 0;
}

int visual_write(struct product *p, const char *folder, struct refusal *r) {
    const char *path = scope_printf(p->scope, "%s/visual.tif", folder),
               *temporary = scope_printf(p->scope, "%s/visual.rgba.tif", folder);
    struct channel channels[3] = {0};
    bool gaps = false;
    int err = channels_open(p, folder, channels, r);
    GDALDatasetH rgba = err ? NULL : rgba_create(temporary, channels[0].dataset);
    if (!err && (!rgba || strips_write(channels, rgba, &gaps)))
        err = refuse(r, "the picture cannot be made: %.300s", CPLGetLastErrorMsg());
    if (!err) {
        GDALFlushCache(rgba);
        grid_read(p->scope, rgba, &p->visual.grid);
        err = rgba_publish(rgba, gaps, path, r);
    }
    if (rgba) GDALClose(rgba);
    channels_close(channels);
    unlink(temporary);
    char hex[129];
    if (!err && digest_file(path, "SHA256", hex, &p->visual.size)) err = refuse(r, "the picture cannot be read back");
    if (!err) snprintf(p->visual.sha256, sizeof p->visual.sha256, "%.64s", hex);
    return err;
}

/* Where the picture has gaps a PNG keeps them transparent; otherwise a JPEG is a tenth of the size. */
int thumbnail_write(struct product *p, const char *folder, struct refusal *r) {
    GDALDatasetH visual;
    int err = raster_open(scope_printf(p->scope, "%s/visual.tif", folder), &visual, r);
    if (err) return err;
    bool gaps = GDALGetMaskFlags(GDALGetRasterBand(visual, 1)) == GMF_PER_DATASET;
    int width = GDALGetRasterXSize(visual), height = GDALGetRasterYSize(visual), longest = width > height ? width : height;
    double factor = longest > THUMBNAIL ? (double)THUMBNAIL / longest : 1;
    char w[16], h[16];
    snprintf(w, sizeof w, "%d", width * factor < 1 ? 1 : (int)lround(width * factor));
    snprintf(h, sizeof h, "%d", height * factor < 1 ? 1 : (int)lround(height * factor));
    const char *path = scope_printf(p->scope, "%s/thumbnail.%s", folder, gaps ? "png" : "jpg");
    char **arguments = NULL;
    const char *const list[] = {"-of", gaps ? "PNG" : "JPEG", "-outsize", w, h, "-r", "average", "-b", "1", "-b", "2", "-b",
                                "3"};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) arguments = CSLAddString(arguments, list[i]);
    if (gaps) arguments = CSLAddString(CSLAddString(arguments, "-b"), "mask");
    if (gaps) arguments = CSLAddString(CSLAddString(arguments, "-colorinterp_4"), "alpha");
    GDALTranslateOptions *options = GDALTranslateOptionsNew(arguments, NULL);
    int usage_error = 0;
    GDALDatasetH out = options ? GDALTranslate(path, visual, options, &usage_error) : NULL;
    if (!out) err = refuse(r, "the thumbnail cannot be made: %.300s", CPLGetLastErrorMsg());
    if (out) GDALClose(out);
    GDALTranslateOptionsFree(options);
    CSLDestroy(arguments);
    GDALClose(visual);
    p->thumbnail = (struct extra){.key = "thumbnail",
                                  .type = gaps ? "image/png" : "image/jpeg",
                                  .role = "thumbnail",
                                  .title = "Thumbnail",
                                  .path = path,
                                  .name = gaps ? "thumbnail.png" : "thumbnail.jpg"};
    char hex[129];
    if (!err && digest_file(path, "SHA256", hex, &p->thumbnail.size)) err = refuse(r, "the thumbnail cannot be read back");
    if (!err) snprintf(p->thumbnail.sha256, sizeof p->thumbnail.sha256, "%.64s", hex);
    return err;
}
