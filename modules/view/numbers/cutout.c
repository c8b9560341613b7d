#include "view/numbers/cutout.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal_frmts.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/log.h"

#define METRES_A_DEGREE 111320.0
#define MASK_LINES 64
#define OFF_MOST 0.125 /* pixels that a position may be off where another system is asked for, as gdalwarp's */

static pthread_once_t drivers_once = PTHREAD_ONCE_INIT;

static void drivers_start(void) {
    GDALRegister_MEM();
    GDALRegister_COG();
}

/* ---- which pixels ---- */

static int finest(struct scope *s, struct cutout *c, struct raster **out) {
    *out = NULL;
    for (int i = 0; i < c->nbands; i++) {
        struct raster *r;
        int err = scene_raster(s, c->scene, c->bands[i], &r);
        if (err) return err;
        if (r->forward[2] != 0 || r->forward[4] != 0) return NADIR_EINVAL;
        if (!*out || r->pixel < (*out)->pixel) *out = r;
    }
    return *out ? 0 : NADIR_ENOTFOUND;
}

static void srs_free(void *srs) {
    OSRRelease(srs);
}

static int srs_set(struct scope *s, const struct crs *crs, const struct raster *r, struct cutout *c) {
    c->srs = crs ? OSRNewSpatialReference(NULL) : OSRClone(r->srs);
    if (!c->srs) return NADIR_ENOMEM;
    scope_defer(s, srs_free, c->srs);
    if (crs && OSRImportFromEPSG(c->srs, crs->epsg) != OGRERR_NONE) return NADIR_EINVAL;
    OSRSetAxisMappingStrategy(c->srs, OAMS_TRADITIONAL_GIS_ORDER);
    return 0;
}

/* The window of the scene's pixels as a box of the system that is asked for: left, bottom, right, top. */
static int box_find(const struct cutout *c, const struct raster *r, const struct block *w, double box[4]) {
    const double *f = r->forward;
    double x0 = f[0] + w->x * f[1], x1 = f[0] + (w->x + w->width) * f[1];
    double y0 = f[3] + (w->y + w->height) * f[5], y1 = f[3] + w->y * f[5];
    OGRCoordinateTransformationH t = OCTNewCoordinateTransformation(r->srs, c->srs);
    bool found = t && OCTTransformBounds(t, fmin(x0, x1), fmin(y0, y1), fmax(x0, x1), fmax(y0, y1), &box[0], &box[1], &box[2],
                                         &box[3], 21);
    OCTDestroyCoordinateTransformation(t);
    if (found && box[2] < box[0]) box[2] += 360; /* across the antimeridian */
    return found && isfinite(box[0] + box[1] + box[2] + box[3]) && box[2] > box[0] && box[3] > box[1] ? 0 : NADIR_EINVAL;
}

static double resolution_of(const struct cutout *c, const struct raster *r) {
    bool degrees = OSRIsGeographic(c->srs);
    if (degrees == r->geographic) return r->pixel;
    return degrees ? r->pixel / METRES_A_DEGREE : r->pixel * METRES_A_DEGREE;
}

static double pixels_between(double from, double to, double resolution) {
    return fmax(ceil((to - from) / resolution - 1e-6), 1);
}

/* Pixels of the raster that a pixel of the target takes, in the middle of it. */
static double shrink_of(const struct cutout *c, const struct raster *r) {
    const double *t = c->transform;
    if (!c->crs) return fmin(fabs(t[1] / r->forward[1]), fabs(t[5] / r->forward[5]));
    const struct map map = {*c->crs, {t[0], t[3] + c->height * t[5], t[0] + c->width * t[1], t[3]}, c->width, c->height};
    const struct block all = {0, 0, c->width, c->height};
    return grid_shrink(&map, &all, r);
}

int cutout_plan(struct scope *s, const struct cutout_wish *wish, struct cutout *c) {
    struct raster *r;
    struct zone zone;
    double box[4] = {0, 0, 0, 0};
    c->width = c->height = 0;
    c->crs = wish->crs;
    int err = finest(s, c, &r);
    if (!err) err = srs_set(s, wish->crs, r, c);
    if (!err) err = zone_make(wish->area, r, 0, &zone);
    if (err) return err;
    struct block w = zone.window;
    zone_end(&zone);
    if (w.width == 0) return NADIR_ENOTFOUND;
    if (!wish->crs) { /* the scene's own pixels, or larger ones from the same corner */
        double size = wish->resolution > 0 ? wish->resolution / r->pixel : wish->scale > 0 ? 1 / wish->scale : 1;
        const double *f = r->forward;
        double step_x = wish->resolution > 0 ? copysign(wish->resolution, f[1]) : f[1] * size;
        double step_y = wish->resolution > 0 ? copysign(wish->resolution, f[5]) : f[5] * size;
        double own[6] = {f[0] + w.x * f[1], step_x, 0, f[3] + w.y * f[5], 0, step_y};
        memcpy(c->transform, own, sizeof own);
        c->width = (int)fmin(pixels_between(0, w.width * f[1], step_x), 1e9);
        c->height = (int)fmin(pixels_between(0, w.height * f[5], step_y), 1e9);
    } else {
        err = box_find(c, r, &w, box);
        if (err) return err;
        double size = wish->resolution > 0 ? wish->resolution : resolution_of(c, r) / (wish->scale > 0 ? wish->scale : 1);
        /* Corners lie on multiples of the pixel, so that answers of one scene fit each other. */
        double left = floor(box[0] / size + 1e-6) * size, top = ceil(box[3] / size - 1e-6) * size;
        double given[6] = {left, size, 0, top, 0, -size};
        memcpy(c->transform, given, sizeof given);
        c->width = (int)fmin(pixels_between(left, box[2], size), 1e9);
        c->height = (int)fmin(pixels_between(box[1], top, size), 1e9);
    }
    const struct raster_level *level = &r->levels[raster_level_for(r, shrink_of(c, r))];
    c->source_pixels = (int64_t)((double)w.width * w.height / (level->shrink_x * level->shrink_y) * c->nbands);
    return 0;
}

/* ---- making ---- */

struct target {
    const struct cutout *c;
    struct scope *scope;
    GDALDatasetH dataset;
    GDALDataType type;
    double nodata;
};

static int read_fault(struct scope *s, const char *what) {
    log_warn(s, what, "gdal", CPLGetLastErrorMsg(), NULL);
    return NADIR_EUNAVAILABLE;
}

static bool nodata_of(const struct band *b, GDALRasterBandH handle, double *out) {
    int has = 0;
    *out = b->has_nodata ? b->nodata : GDALGetRasterNoDataValue(handle, &has);
    return b->has_nodata || has;
}

/* The type that holds all bands, and the first nodata value that fits it: otherwise NaN or 0, as nadir-cut has it. */
static int target_kind(struct target *t) {
    bool found = false;
    double value = 0;
    t->type = GDT_Unknown;
    for (int i = 0; i < t->c->nbands; i++) {
        const struct band *b = &t->c->scene->bands[t->c->bands[i]];
        struct raster *r;
        int err = scene_raster(t->scope, t->c->scene, t->c->bands[i], &r);
        if (err) return err;
        GDALRasterBandH handle = raster_band(r, b->index, 0);
        if (!handle) return NADIR_ENOTFOUND;
        t->type = i ? GDALDataTypeUnion(t->type, GDALGetRasterDataType(handle)) : GDALGetRasterDataType(handle);
        if (!found && nodata_of(b, handle, &value)) {
            found = true;
            t->nodata = value;
        }
    }
    bool floating = t->type == GDT_Float32 || t->type == GDT_Float64;
    int clamped = 0, rounded = 0;
    if (found && !floating) (void)GDALAdjustValueToDataType(t->type, t->nodata, &clamped, &rounded);
    if (!found || clamped || rounded || (isnan(t->nodata) && !floating)) t->nodata = floating ? NAN : 0;
    return 0;
}

static int target_new(struct target *t) {
    const struct cutout *c = t->c;
    t->dataset = GDALCreate(GDALGetDriverByName("MEM"), "", c->width, c->height, c->nbands, t->type, NULL);
    if (!t->dataset) return NADIR_ENOMEM;
    double transform[6];
    memcpy(transform, c->transform, sizeof transform);
    (void)GDALSetGeoTransform(t->dataset, transform);
    (void)GDALSetSpatialRef(t->dataset, c->srs);
    for (int i = 0; i < c->nbands; i++) {
        const struct band *b = &c->scene->bands[c->bands[i]];
        GDALRasterBandH band = GDALGetRasterBand(t->dataset, i + 1);
        (void)GDALSetRasterNoDataValue(band, t->nodata);
        GDALSetDescription(band, b->name);
        if (b->scale != 1 || b->offset != 0) {
            (void)GDALSetRasterScale(band, b->scale);
            (void)GDALSetRasterOffset(band, b->offset);
        }
    }
    return 0;
}

/* The raster at the level that is fine enough. A level is a dataset of its own to GDAL's warper; close it where *own is set. */
static GDALDatasetH source_open(const struct raster *r, double shrink, bool *own) {
    int level = raster_level_for(r, shrink);
    *own = level > 0;
    if (level == 0) return r->dataset;
    GDALRasterBandH full = GDALGetRasterBand(r->dataset, 1);
    int count = GDALGetOverviewCount(full), at = 0;
    while (at < count && GDALGetRasterBandXSize(GDALGetOverview(full, at)) != r->levels[level].width) at++;
    char option[40];
    (void)snprintf(option, sizeof option, "OVERVIEW_LEVEL=%d", at);
    const char *const options[] = {option, "GEOREF_SOURCES=INTERNAL", NULL}, *const drivers[] = {"GTiff", NULL},
                      *const none[] = {NULL};
    return GDALOpenEx(GDALGetDescription(r->dataset), GDAL_OF_RASTER | GDAL_OF_READONLY, drivers, options, none);
}

static int go_on(double done, const char *text, void *scope) {
    (void)done;
    (void)text;
    return scope_left_ms(scope, 1000) > 0;
}

static double *number_new(double value) {
    double *out = CPLMalloc(sizeof *out);
    *out = value;
    return out;
}

static int *index_new(int value) {
    int *out = CPLMalloc(sizeof *out);
    *out = value;
    return out;
}

static int warp(struct target *t, GDALDatasetH source, const struct band *b, int at) {
    GDALWarpOptions *o = GDALCreateWarpOptions();
    double nodata;
    o->hSrcDS = source;
    o->hDstDS = t->dataset;
    o->nBandCount = 1;
    o->panSrcBands = index_new(b->index);
    o->panDstBands = index_new(at);
    o->eResampleAlg = t->c->resampling;
    o->dfWarpMemoryLimit = 32 << 20;
    if (nodata_of(b, GDALGetRasterBand(source, b->index), &nodata)) o->padfSrcNoDataReal = number_new(nodata);
    o->padfDstNoDataReal = number_new(t->nodata);
    o->papszWarpOptions = CSLSetNameValue(o->papszWarpOptions, "INIT_DEST", "NO_DATA");
    o->pfnProgress = go_on;
    o->pProgressArg = t->scope;
    void *exact = GDALCreateGenImgProjTransformer2(source, t->dataset, NULL);
    void *near = exact ? GDALCreateApproxTransformer(GDALGenImgProjTransform, exact, OFF_MOST) : NULL;
    o->pTransformerArg = near;
    o->pfnTransformer = GDALApproxTransform;
    GDALWarpOperationH operation = near ? GDALCreateWarpOperation(o) : NULL;
    bool done = operation && GDALChunkAndWarpImage(operation, 0, 0, t->c->width, t->c->height) == CE_None;
    if (operation) GDALDestroyWarpOperation(operation);
    if (near) GDALDestroyApproxTransformer(near);
    if (exact) GDALDestroyGenImgProjTransformer(exact);
    GDALDestroyWarpOptions(o);
    if (done) return 0;
    return scope_left_ms(t->scope, 1000) == 0 ? NADIR_ETIMEOUT : read_fault(t->scope, "part of a raster cannot be made");
}

static int band_fill(struct target *t, int i) {
    const struct band *b = &t->c->scene->bands[t->c->bands[i]];
    struct raster *r;
    bool own;
    int err = scene_raster(t->scope, t->c->scene, t->c->bands[i], &r);
    if (err) return err;
    CPLErrorReset();
    GDALDatasetH source = source_open(r, shrink_of(t->c, r), &own);
    if (!source) return read_fault(t->scope, "raster cannot be read");
    err = warp(t, source, b, i + 1);
    if (own) GDALClose(source);
    return err;
}

/* The target's grid as a raster, for zones. */
static bool grid_raster(const struct cutout *c, struct raster *r) {
    *r = (struct raster){.width = c->width, .height = c->height, .srs = c->srs, .geographic = OSRIsGeographic(c->srs)};
    memcpy(r->forward, c->transform, sizeof r->forward);
    r->levels[0] = (struct raster_level){c->width, c->height, 1, 1};
    r->nlevels = 1;
    double right = c->transform[0] + c->width * c->transform[1], bottom = c->transform[3] + c->height * c->transform[5];
    r->bounds[0] = fmin(c->transform[0], right);
    r->bounds[1] = fmin(c->transform[3], bottom);
    r->bounds[2] = fmax(c->transform[0], right);
    r->bounds[3] = fmax(c->transform[3], bottom);
    return GDALInvGeoTransform(r->forward, r->inverse) && OSRExportToWkt(c->srs, &r->srs_key) == OGRERR_NONE;
}

static int lines_mask(struct target *t, const struct zone *zone, int line, double *weights, double *samples) {
    const struct cutout *c = t->c;
    struct block b = {0, line, c->width, line + MASK_LINES < c->height ? MASK_LINES : c->height - line};
    size_t n = (size_t)b.width * (size_t)b.height;
    int err = zone_weights(zone, &b, weights);
    for (int i = 1; !err && i <= c->nbands; i++) {
        GDALRasterBandH band = GDALGetRasterBand(t->dataset, i);
        if (GDALRasterIO(band, GF_Read, 0, b.y, b.width, b.height, samples, b.width, b.height, GDT_Float64, 0, 0) != CE_None)
            return NADIR_EUNAVAILABLE;
        for (size_t k = 0; k < n; k++)
            if (weights[k] <= 0) samples[k] = t->nodata;
        if (GDALRasterIO(band, GF_Write, 0, b.y, b.width, b.height, samples, b.width, b.height, GDT_Float64, 0, 0) != CE_None)
            return NADIR_EUNAVAILABLE;
    }
    return err;
}

static int mask_apply(struct target *t) {
    const struct cutout *c = t->c;
    struct raster grid;
    struct zone zone = {0};
    size_t n = (size_t)c->width * MASK_LINES;
    double *weights = malloc(n * sizeof *weights), *samples = malloc(n * sizeof *samples);
    int err = weights && samples ? 0 : NADIR_ENOMEM;
    if (!err && !grid_raster(c, &grid)) err = NADIR_EINVAL;
    if (!err) {
        err = zone_make(c->mask, &grid, 0, &zone);
        CPLFree(grid.srs_key);
    }
    for (int line = 0; !err && line < c->height; line += MASK_LINES) err = lines_mask(t, &zone, line, weights, samples);
    zone_end(&zone);
    free(samples);
    free(weights);
    return err;
}

static int encode(struct target *t, const void **data, size_t *len) {
    static atomic_uint counter;
    static const char *const cog[] = {"COMPRESS=DEFLATE", "PREDICTOR=YES", "BLOCKSIZE=256", "RESAMPLING=NEAREST", NULL};
    static const char *const plain[] = {"COMPRESS=DEFLATE", "TILED=YES", "BLOCKXSIZE=256", "BLOCKYSIZE=256", NULL};
    char name[64];
    vsi_l_offset size = 0;
    (void)snprintf(name, sizeof name, "/vsimem/cutout-%u.tif", atomic_fetch_add(&counter, 1));
    CPLErrorReset();
    bool optimized = t->c->cloud_optimized;
    GDALDatasetH file = GDALCreateCopy(GDALGetDriverByName(optimized ? "COG" : "GTiff"), name, t->dataset, FALSE,
                                       (char **)(optimized ? cog : plain), go_on, t->scope);
    if (file) GDALClose(file);
    GByte *bytes = file ? VSIGetMemFileBuffer(name, &size, TRUE) : NULL;
    (void)VSIUnlink(name);
    if (!bytes)
        return scope_left_ms(t->scope, 1000) == 0 ? NADIR_ETIMEOUT : read_fault(t->scope, "a GeoTIFF cannot be written");
    scope_defer(t->scope, VSIFree, bytes);
    *data = bytes;
    *len = (size_t)size;
    return 0;
}

int cutout_make(struct scope *s, const struct cutout *c, const void **data, size_t *len) {
    struct target t = {.c = c, .scope = s};
    (void)pthread_once(&drivers_once, drivers_start);
    int err = target_kind(&t);
    if (!err) err = target_new(&t);
    for (int i = 0; !err && i < c->nbands; i++) err = band_fill(&t, i);
    if (!err && c->mask) err = mask_apply(&t);
    if (!err) err = encode(&t, data, len);
    if (t.dataset) GDALClose(t.dataset);
    return err;
}
