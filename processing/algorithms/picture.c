/* The picture of a product: what a map shows of it and its thumbnail. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal_utils.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "algorithm.h"

#define TILE 512

typedef unsigned char colour[3];

/* ColorBrewer RdYlGn, the customary scale of vegetation indices, and matplotlib's viridis for any other single band. */
static const colour red_green[] = {{165, 0, 38},    {215, 48, 39},   {244, 109, 67},  {253, 174, 97},
                                   {254, 224, 139}, {255, 255, 191}, {217, 239, 139}, {166, 217, 106},
                                   {102, 189, 99},  {26, 152, 80},   {0, 104, 55}};
static const colour viridis[] = {{68, 1, 84},    {71, 45, 123}, {59, 82, 139},  {44, 114, 142}, {33, 145, 140},
                                 {40, 174, 128}, {94, 201, 98}, {173, 220, 48}, {253, 231, 37}};

struct ramp {
    const colour *stops;
    int count;
};

/* The colour at part 0..1 of a ramp, linear between its stops. */
static void ramp_at(const struct ramp *ramp, double part, unsigned char out[3]) {
    double at = part * (ramp->count - 1);
    int stop = (int)at >= ramp->count - 1 ? ramp->count - 2 : (int)at;
    for (int k = 0; k < 3; k++) {
        double from = ramp->stops[stop][k], to = ramp->stops[stop + 1][k];
        out[k] = (unsigned char)lround(from + (to - from) * (at - stop));
    }
}

static double part_of(double value, const struct stretch *s) {
    double part = s->high > s->low ? (value - s->low) / (s->high - s->low) : 0.5;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

struct painter {
    GDALDatasetH from, to;
    const struct stretch *stretch;
    int bands; /* 1 or 3 */
    struct ramp ramp;
    double *values;        /* bands tiles */
    unsigned char *mask;   /* one tile */
    unsigned char *pixels; /* three tiles, then the mask */
};

static CPLErr transfer(GDALRasterBandH band, GDALRWFlag way, const int window[4], void *buffer, GDALDataType type) {
    return GDALRasterIO(band, way, window[0], window[1], window[2], window[3], buffer, window[2], window[3], type, 0, 0);
}

/* Reads the shown bands; a pixel is in the picture's mask if it is valid in all of them. */
static CPLErr read_tile(struct painter *p, const int window[4], size_t count) {
    unsigned char *valid = p->pixels + 3 * count;
    memset(valid, 255, count);
    for (int b = 0; b < p->bands; b++) {
        GDALRasterBandH band = GDALGetRasterBand(p->from, p->stretch[b].band);
        double *values = p->values + (size_t)b * count;
        if (transfer(band, GF_Read, window, values, GDT_Float64) != CE_None) return CE_Failure;
        if (transfer(GDALGetMaskBand(band), GF_Read, window, p->mask, GDT_Byte) != CE_None) return CE_Failure;
        for (size_t i = 0; i < count; i++) {
            if (!p->mask[i] || !isfinite(values[i])) valid[i] = 0;
        }
    }
    return CE_None;
}

static void colour_tile(struct painter *p, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned char rgb[3] = {0};
        if (p->pixels[3 * count + i]) {
            if (p->bands == 1) ramp_at(&p->ramp, part_of(p->values[i], &p->stretch[0]), rgb);
            for (int b = 0; p->bands == 3 && b < 3; b++) {
                rgb[b] = (unsigned char)lround(255 * part_of(p->values[(size_t)b * count + i], &p->stretch[b]));
            }
        }
        for (size_t b = 0; b < 3; b++) p->pixels[b * count + i] = rgb[b];
    }
}

static int paint_tile(struct painter *p, const int window[4]) {
    size_t count = (size_t)window[2] * (size_t)window[3];
    CPLErr bad = read_tile(p, window, count);
    if (bad == CE_None) colour_tile(p, count);
    for (size_t b = 0; b < 3 && bad == CE_None; b++) {
        bad = transfer(GDALGetRasterBand(p->to, (int)b + 1), GF_Write, window, p->pixels + b * count, GDT_Byte);
    }
    GDALRasterBandH mask = GDALGetMaskBand(GDALGetRasterBand(p->to, 1));
    if (bad == CE_None) bad = transfer(mask, GF_Write, window, p->pixels + 3 * count, GDT_Byte);
    return bad == CE_None ? 0 : fail("the picture could not be painted: %s", CPLGetLastErrorMsg());
}

static int paint_tiles(struct painter *p) {
    int columns = GDALGetRasterXSize(p->from), lines = GDALGetRasterYSize(p->from), bad = 0;
    for (int y = 0; y < lines && !bad; y += TILE) {
        for (int x = 0; x < columns && !bad; x += TILE) {
            const int window[4] = {x, y, columns - x < TILE ? columns - x : TILE, lines - y < TILE ? lines - y : TILE};
            bad = paint_tile(p, window);
        }
    }
    return bad;
}

static int paint(struct painter *p) {
    p->values = malloc(sizeof(double) * TILE * TILE * (size_t)p->bands);
    p->mask = malloc((size_t)TILE * TILE);
    p->pixels = malloc((size_t)TILE * TILE * 4);
    int bad = p->values && p->mask && p->pixels ? paint_tiles(p) : fail("out of memory");
    free(p->values);
    free(p->mask);
    free(p->pixels);
    return bad;
}

/* A plain tiled picture as long as it is painted: a COG cannot be written tile by tile. */
static GDALDatasetH canvas(GDALDatasetH like, const char *path) {
    static const char *const options[] = {"TILED=YES",    "BLOCKXSIZE=512",  "BLOCKYSIZE=512",   "COMPRESS=ZSTD",
                                          "ZSTD_LEVEL=1", "PHOTOMETRIC=RGB", "BIGTIFF=IF_SAFER", NULL};
    GDALDatasetH to = GDALCreate(GDALGetDriverByName("GTiff"), path, GDALGetRasterXSize(like), GDALGetRasterYSize(like), 3,
                                 GDT_Byte, (char **)options);
    double transform[6];
    if (!to) return NULL;
    if (GDALGetGeoTransform(like, transform) == CE_None) (void)GDALSetGeoTransform(to, transform);
    (void)GDALSetSpatialRef(to, GDALGetSpatialRef(like));
    (void)GDALCreateDatasetMaskBand(to, GMF_PER_DATASET);
    return to;
}

static int thumbnail(GDALDatasetH picture, const char *path) {
    int width = GDALGetRasterXSize(picture), height = GDALGetRasterYSize(picture);
    double factor = 512.0 / (width > height ? width : height);
    char w[24], h[24];
    if (factor > 1) factor = 1;
    (void)snprintf(w, sizeof(w), "%ld", lround(fmax(1, width * factor)));
    (void)snprintf(h, sizeof(h), "%ld", lround(fmax(1, height * factor)));
    char *const arguments[] = {"-of",
                               "PNG",
                               "-outsize",
                               w,
                               h,
                               "-r",
                               "average",
                               "-b",
                               "1",
                               "-b",
                               "2",
                               "-b",
                               "3",
                               "-b",
                               "mask",
                               "-colorinterp",
                               "red,green,blue,alpha",
                               NULL};
    GDALTranslateOptions *options = GDALTranslateOptionsNew((char **)arguments, NULL);
    GDALDatasetH out = options ? GDALTranslate(path, picture, options, NULL) : NULL;
    GDALTranslateOptionsFree(options);
    if (!out) return fail("the thumbnail could not be made: %s", CPLGetLastErrorMsg());
    GDALClose(out);
    return 0;
}

static int visual(GDALDatasetH picture, const char *path) {
    static const char *const options[] = {
        "COMPRESS=JPEG",    "QUALITY=85", "BLOCKSIZE=512", "OVERVIEW_RESAMPLING=AVERAGE", "NUM_THREADS=2",
        "BIGTIFF=IF_SAFER", NULL};
    GDALDatasetH cog = GDALCreateCopy(GDALGetDriverByName("COG"), path, picture, 0, (char **)options, NULL, NULL);
    if (!cog) return fail("the picture could not be written: %s", CPLGetLastErrorMsg());
    GDALClose(cog);
    return 0;
}

int picture_make(GDALDatasetH raster, const struct stretch *stretch, int bands, const char *key, const char *folder) {
    char work[1024], path[1024];
    bool vegetation = strcmp(key, "ndvi") == 0;
    struct stretch own[3];
    memcpy(own, stretch, sizeof(own[0]) * (size_t)bands);
    /* A fixed scale makes two dates comparable at a glance. */
    if (vegetation) own[0].low = -0.2, own[0].high = 0.9;
    struct painter p = {.from = raster, .stretch = own, .bands = bands};
    p.ramp = vegetation ? (struct ramp){red_green, sizeof(red_green) / sizeof(red_green[0])}
                        : (struct ramp){viridis, sizeof(viridis) / sizeof(viridis[0])};
    /* The mask belongs into the file, not beside it. */
    CPLSetConfigOption("GDAL_TIFF_INTERNAL_MASK", "YES");
    (void)snprintf(work, sizeof(work), "%s/canvas.tif", folder);
    p.to = canvas(raster, work);
    if (!p.to) return fail("the picture could not be created: %s", CPLGetLastErrorMsg());
    int bad = paint(&p);
    GDALClose(p.to);
    p.to = bad ? NULL : GDALOpen(work, GA_ReadOnly);
    if (!bad && !p.to) bad = fail("the picture cannot be opened again");
    (void)snprintf(path, sizeof(path), "%s/visual.tif", folder);
    if (!bad) bad = visual(p.to, path);
    if (p.to) GDALClose(p.to);
    /* From the picture's overviews: the canvas has none, and averaging all its pixels takes minutes for a large scene. */
    p.to = bad ? NULL : GDALOpen(path, GA_ReadOnly);
    if (!bad && !p.to) bad = fail("the picture cannot be opened again");
    (void)snprintf(path, sizeof(path), "%s/thumbnail.png", folder);
    if (!bad) bad = thumbnail(p.to, path);
    if (p.to) GDALClose(p.to);
    (void)VSIUnlink(work);
    return bad;
}
