#include "view/raster.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <gdal_frmts.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "common/error.h"
#include "common/log.h"
#include "view/crs.h"

#define KEPT 96 /* three bands and the mask of as many scenes as a mosaic may have */

struct handle {
    char *path;
    char *version;
    struct raster raster;
    uint64_t used;
};

struct handles {
    struct handle list[KEPT];
    uint64_t clock;
};

static pthread_key_t thread_key;
static pthread_once_t gdal_once = PTHREAD_ONCE_INIT;

static void handle_close(struct handle *h) {
    if (h->raster.dataset) GDALClose(h->raster.dataset);
    CPLFree(h->raster.srs_key);
    free(h->path);
    free(h->version);
    *h = (struct handle){0};
}

static void handles_free(void *pointer) {
    struct handles *all = pointer;
    for (int i = 0; i < KEPT; i++) handle_close(&all->list[i]);
    free(all);
}

/* GDAL is started by the first picture, so that an idle process does not carry it. */
static void gdal_start(void) {
    (void)pthread_key_create(&thread_key, handles_free);
    CPLSetErrorHandler(CPLQuietErrorHandler);
    CPLSetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
    CPLSetConfigOption("GDAL_PAM_ENABLED", "NO");
    CPLSetConfigOption("GDAL_HTTP_TIMEOUT", "10");
    CPLSetConfigOption("GDAL_HTTP_CONNECTTIMEOUT", "3");
    CPLSetConfigOption("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", ".tif,.tiff");
    GDALSetCacheMax64(config_int("NADIR_VIEW_CACHE_MB", 8, 65536, 128) << 20);
    GDALRegister_GTiff();
}

static struct handles *handles_get(void) {
    (void)pthread_once(&gdal_once, gdal_start);
    struct handles *all = pthread_getspecific(thread_key);
    if (all) return all;
    all = calloc(1, sizeof *all);
    if (all && pthread_setspecific(thread_key, all)) {
        free(all);
        all = NULL;
    }
    return all;
}

/* An address is served only below a prefix that the operator listed. */
static bool remote_allowed(const char *path) {
    const char *at = config_text("NADIR_VIEW_REMOTE", "");
    if (strstr(path, "..")) return false;
    while (*at) {
        size_t len = strcspn(at, " ");
        if (len > strlen("https://") && strncmp(path, at, len) == 0) return true;
        at += len;
        at += strspn(at, " ");
    }
    return false;
}

/* Turns an asset's path into what GDAL opens. A local path must stay below NADIR_DATA even after symbolic links. */
static int locate(struct scope *s, const char *path, char **out) {
    if (strncmp(path, "https://", 8) == 0 || strncmp(path, "/vsi", 4) == 0) {
        if (!remote_allowed(path)) return NADIR_EDENIED;
        *out = path[0] == '/' ? scope_strdup(s, path) : scope_printf(s, "/vsicurl/%s", path);
        return 0;
    }
    const char *root = config_need("NADIR_DATA");
    if (!root) return NADIR_EINTERNAL;
    if (path[0] == '/' || path[0] == '\0' || strstr(path, "://")) return NADIR_EDENIED;
    char *real_root = realpath(root, NULL);
    char *real = realpath(scope_printf(s, "%s/%s", root, path), NULL);
    int err = 0;
    if (!real_root || !real) {
        err = NADIR_ENOTFOUND;
    } else {
        size_t len = strlen(real_root);
        if (strncmp(real, real_root, len) != 0 || real[len] != '/') err = NADIR_EDENIED;
    }
    if (!err) *out = scope_strdup(s, real);
    free(real);
    free(real_root);
    return err;
}

static int compare_levels(const void *a, const void *b) {
    const struct raster_level *left = a;
    const struct raster_level *right = b;
    return (left->shrink_x > right->shrink_x) - (left->shrink_x < right->shrink_x);
}

static void levels_fill(struct raster *r) {
    r->levels[0] = (struct raster_level){r->width, r->height, 1, 1};
    r->nlevels = 1;
    GDALRasterBandH band = GDALGetRasterBand(r->dataset, 1);
    int overviews = GDALGetOverviewCount(band);
    for (int i = 0; i < overviews && r->nlevels < RASTER_LEVELS; i++) {
        GDALRasterBandH overview = GDALGetOverview(band, i);
        int width = overview ? GDALGetRasterBandXSize(overview) : 0;
        int height = overview ? GDALGetRasterBandYSize(overview) : 0;
        if (width < 1 || height < 1) continue;
        r->levels[r->nlevels++] = (struct raster_level){width, height, (double)r->width / width, (double)r->height / height};
    }
    qsort(r->levels, (size_t)r->nlevels, sizeof r->levels[0], compare_levels);
}

static int describe(struct raster *r) {
    r->width = GDALGetRasterXSize(r->dataset);
    r->height = GDALGetRasterYSize(r->dataset);
    r->bands = GDALGetRasterCount(r->dataset);
    r->srs = GDALGetSpatialRef(r->dataset);
    if (r->bands < 1 || !r->srs) return NADIR_ENOTFOUND;
    if (GDALGetGeoTransform(r->dataset, r->forward) != CE_None || !GDALInvGeoTransform(r->forward, r->inverse))
        return NADIR_ENOTFOUND;
    if (OSRExportToWkt(r->srs, &r->srs_key) != OGRERR_NONE) return NADIR_ENOTFOUND;
    OSRSetAxisMappingStrategy(r->srs, OAMS_TRADITIONAL_GIS_ORDER);
    r->geographic = OSRIsGeographic(r->srs);
    r->pixel = sqrt(fabs(r->forward[1] * r->forward[5] - r->forward[2] * r->forward[4]));
    r->bounds[0] = r->bounds[1] = HUGE_VAL;
    r->bounds[2] = r->bounds[3] = -HUGE_VAL;
    for (int corner = 0; corner < 4; corner++) {
        double x, y;
        GDALApplyGeoTransform(r->forward, corner & 1 ? r->width : 0, corner & 2 ? r->height : 0, &x, &y);
        r->bounds[0] = fmin(r->bounds[0], x);
        r->bounds[1] = fmin(r->bounds[1], y);
        r->bounds[2] = fmax(r->bounds[2], x);
        r->bounds[3] = fmax(r->bounds[3], y);
    }
    levels_fill(r);
    return 0;
}

static int handle_open(struct scope *s, struct handle *h, const char *path, const char *version) {
    static const char *const drivers[] = {"GTiff", NULL};
    static const char *const options[] = {"GEOREF_SOURCES=INTERNAL", NULL};
    static const char *const siblings[] = {NULL};
    char *file = NULL;
    int err = locate(s, path, &file);
    if (err) {
        log_warn(s, "asset path refused", "path", path, "error", nadir_strerror(err), NULL);
        return err;
    }
    CPLErrorReset();
    h->raster.dataset = GDALOpenEx(file, GDAL_OF_RASTER | GDAL_OF_READONLY, drivers, options, siblings);
    err = h->raster.dataset ? describe(&h->raster) : NADIR_ENOTFOUND;
    h->path = strdup(path);
    h->version = strdup(version);
    if (!err && (!h->path || !h->version)) err = NADIR_ENOMEM;
    if (err) {
        log_warn(s, "raster cannot be opened", "path", path, "gdal", CPLGetLastErrorMsg(), NULL);
        handle_close(h);
    }
    return err;
}

int raster_open(struct scope *s, const char *path, const char *version, struct raster **out) {
    struct handles *all = handles_get();
    if (!all) return NADIR_ENOMEM;
    struct handle *slot = &all->list[0];
    for (int i = 0; i < KEPT; i++) {
        struct handle *h = &all->list[i];
        if (h->path && strcmp(h->path, path) == 0 && strcmp(h->version, version) == 0) {
            h->used = ++all->clock;
            *out = &h->raster;
            return 0;
        }
        if (h->used < slot->used) slot = h;
    }
    handle_close(slot);
    int err = handle_open(s, slot, path, version);
    if (err) return err;
    slot->used = ++all->clock;
    *out = &slot->raster;
    return 0;
}

GDALRasterBandH raster_band(const struct raster *r, int band, int level) {
    if (band < 1 || band > r->bands || level < 0 || level >= r->nlevels) return NULL;
    GDALRasterBandH full = GDALGetRasterBand(r->dataset, band);
    if (level == 0) return full;
    int overviews = GDALGetOverviewCount(full);
    for (int i = 0; i < overviews; i++) {
        GDALRasterBandH overview = GDALGetOverview(full, i);
        if (overview && GDALGetRasterBandXSize(overview) == r->levels[level].width) return overview;
    }
    return NULL;
}

bool raster_bounds_84(const struct raster *r, double bounds[4]) {
    OGRCoordinateTransformationH forward = crs_transformer(&crs_84, r->srs, r->srs_key);
    OGRCoordinateTransformationH back = forward ? OCTGetInverse(forward) : NULL;
    if (!back) return false;
    const double *b = r->bounds;
    bool found = OCTTransformBounds(back, b[0], b[1], b[2], b[3], &bounds[0], &bounds[1], &bounds[2], &bounds[3], 21) &&
                 isfinite(bounds[0]) && isfinite(bounds[1]) && isfinite(bounds[2]) && isfinite(bounds[3]);
    OCTDestroyCoordinateTransformation(back);
    return found;
}

int raster_level_for(const struct raster *r, double shrink) {
    int level = 0;
    /* A tenth of tolerance: a tile matrix that is a hair finer than an overview should not read four times the pixels. */
    while (level + 1 < r->nlevels && r->levels[level + 1].shrink_x <= shrink * 1.1) level++;
    return level;
}
