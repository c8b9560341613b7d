#include "view/numbers/cells.h"

#include <cpl_error.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/log.h"

#define READ_MOST (1 << 20) /* pixels of a band that are in memory at once */

/* ---- which bands, and where their pixels are on the grid ---- */

static int source_raster(struct cells *c, int band, struct raster **out) {
    int err = scene_raster(c->scope, c->scene, band, out);
    if (err) return err;
    const struct raster *r = *out;
    if (r->forward[2] != 0 || r->forward[4] != 0) return NADIR_EINVAL;
    return c->scene->bands[band].index <= r->bands ? 0 : NADIR_ENOTFOUND;
}

/* The grid is the finest of the bands whose values are asked for. */
static int grid_choose(struct cells *c, const int *bands, int count, int overview) {
    for (int i = 0; i < count; i++) {
        struct raster *r;
        int err = source_raster(c, bands[i], &r);
        if (err) return err;
        if (!c->grid || r->pixel < c->grid->pixel) c->grid = r;
    }
    c->overview = overview < c->grid->nlevels ? overview : c->grid->nlevels - 1;
    c->level = c->grid->levels[c->overview];
    return 0;
}

/* GDAL's mask of a nodata value would read all once more; only of floats does it compare otherwise than by equality. */
static void mask_choose(struct cell_source *source) {
    int flags = GDALGetMaskFlags(source->handle), has = 0;
    GDALDataType type = GDALGetRasterDataType(source->handle);
    source->nodata = NAN;
    if (flags == GMF_NODATA && GDALDataTypeIsInteger(type))
        source->nodata = GDALGetRasterNoDataValue(source->handle, &has);
    else if (flags != GMF_ALL_VALID)
        source->mask = GDALGetMaskBand(source->handle);
}

static int source_add(struct cells *c, int band) {
    struct cell_source *source = &c->sources[c->nsources];
    struct raster *r;
    int err = source_raster(c, band, &r);
    if (err) return err;
    if (strcmp(r->srs_key, c->grid->srs_key) != 0) return NADIR_EINVAL;
    const double *f = c->grid->forward, *i = r->inverse;
    int level = r == c->grid  ? c->overview
                : c->overview ? raster_level_for(r, c->grid->pixel * c->level.shrink_x / r->pixel)
                              : 0;
    const struct raster_level *l = &r->levels[level];
    source->band = &c->scene->bands[band];
    source->handle = raster_band(r, source->band->index, level);
    if (!source->handle) return NADIR_ENOTFOUND;
    source->width = l->width;
    source->height = l->height;
    source->to[0] = (i[0] + i[1] * f[0]) / l->shrink_x;
    source->to[1] = i[1] * f[1] * c->level.shrink_x / l->shrink_x;
    source->to[2] = (i[3] + i[5] * f[3]) / l->shrink_y;
    source->to[3] = i[5] * f[5] * c->level.shrink_y / l->shrink_y;
    source->same = fabs(source->to[0]) < 1e-6 && fabs(source->to[2]) < 1e-6 && fabs(source->to[1] - 1) < 1e-9 &&
                   fabs(source->to[3] - 1) < 1e-9 && l->width == c->level.width && l->height == c->level.height;
    mask_choose(source);
    c->nsources++;
    return 0;
}

static int sources_add(struct cells *c, const int *bands, int count) {
    int err = 0;
    for (int i = 0; !err && i < count; i++) err = source_add(c, bands[i]);
    return err;
}

/* A block of a side that keeps what is read of every band within bounds. */
static int side_of(const struct cells *c) {
    double side = CELLS_SIDE;
    for (int i = 0; i < c->nsources; i++) {
        double finer = fmax(fabs(c->sources[i].to[1]), fabs(c->sources[i].to[3]));
        side = fmin(side, sqrt(READ_MOST) / fmax(finer, 1e-3) - 4);
    }
    return (int)side;
}

static int memory_get(struct cells *c) {
    size_t n = (size_t)c->side * (size_t)c->side;
    c->weights = malloc(n * sizeof(double));
    c->values = malloc(n * sizeof(double));
    c->states = malloc(n);
    c->results = malloc(n * sizeof(float));
    c->samples = malloc(READ_MOST * sizeof(double));
    c->masks = malloc(READ_MOST);
    bool ok = c->weights && c->values && c->states && c->results && c->samples && c->masks;
    for (int i = 0; i < c->nsources; i++) {
        c->sources[i].plane = malloc(n * sizeof(float));
        ok = ok && c->sources[i].plane;
    }
    return ok ? 0 : NADIR_ENOMEM;
}

int cells_begin(struct scope *s, const struct scene *scene, const struct subject *subject, const struct area *area,
                struct cells *c) {
    *c = (struct cells){.scope = s, .scene = scene, .subject = subject, .block = {-1, -1, 0, 0}};
    const int *bands = subject->formula ? subject->formula->bands : &subject->band;
    int count = subject->formula ? subject->formula->nbands : 1;
    int err = grid_choose(c, bands, count, subject->overview);
    if (!err) err = sources_add(c, bands, count);
    c->nvalues = c->nsources;
    if (!err && subject->where) err = sources_add(c, subject->where->bands, subject->where->nbands);
    if (!err) err = zone_make(area, c->grid, c->overview, &c->zone);
    if (err) return err;
    c->side = side_of(c);
    return c->side < 1 ? NADIR_EINVAL : memory_get(c);
}

void cells_end(struct cells *c) {
    zone_end(&c->zone);
    for (int i = 0; i < c->nsources; i++) free(c->sources[i].plane);
    free(c->weights);
    free(c->values);
    free(c->states);
    free(c->results);
    free(c->samples);
    free(c->masks);
    c->nsources = 0;
    c->weights = c->values = c->samples = NULL;
    c->states = c->masks = NULL;
    c->results = NULL;
}

int64_t cells_cost(const struct cells *c) {
    double cost = 0, window = (double)c->zone.window.width * c->zone.window.height;
    for (int i = 0; i < c->nsources; i++) cost += window * fmax(fabs(c->sources[i].to[1] * c->sources[i].to[3]), 1);
    return (int64_t)fmin(cost, 9e18);
}

/* ---- reading ---- */

static int read_window(struct cells *c, const struct cell_source *source, const struct block *w) {
    size_t n = (size_t)w->width * (size_t)w->height;
    CPLErrorReset();
    if (GDALRasterIO(source->handle, GF_Read, w->x, w->y, w->width, w->height, c->samples, w->width, w->height, GDT_Float64, 0,
                     0) != CE_None ||
        (source->mask && GDALRasterIO(source->mask, GF_Read, w->x, w->y, w->width, w->height, c->masks, w->width, w->height,
                                      GDT_Byte, 0, 0) != CE_None)) {
        log_warn(c->scope, "raster cannot be read", "gdal", CPLGetLastErrorMsg(), NULL);
        return NADIR_EUNAVAILABLE;
    }
    double own = source->nodata, items = source->band->has_nodata ? source->band->nodata : NAN;
    for (size_t i = 0; i < n; i++) {
        double v = c->samples[i];
        if (!isfinite(v) || v == own || v == items || (source->mask && !c->masks[i])) c->samples[i] = NAN;
    }
    c->pixels += (int64_t)n;
    return 0;
}

static int clamped(double position, int most) {
    return (int)fmin(fmax(floor(position), 0), most);
}

/* The pixels of a window that hold the middles of the block's. */
static void pick(struct cells *c, struct cell_source *source, const struct block *w, double *values) {
    const struct block *b = &c->block;
    const double *to = source->to;
    for (int y = 0; y < b->height; y++) {
        double line = floor(to[2] + to[3] * (b->y + y + 0.5));
        for (int x = 0; x < b->width; x++) {
            double column = floor(to[0] + to[1] * (b->x + x + 0.5));
            bool inside = column >= w->x && line >= w->y && column < w->x + w->width && line < w->y + w->height;
            double v = inside ? c->samples[(size_t)(line - w->y) * (size_t)w->width + (size_t)(column - w->x)] : NAN;
            size_t at = (size_t)y * (size_t)b->width + (size_t)x;
            if (values)
                values[at] = v;
            else
                source->plane[at] = (float)v;
        }
    }
}

/* A band's samples at the middles of the block's pixels: in full precision if `values`, otherwise into its plane. */
static int source_read(struct cells *c, struct cell_source *source, double *values) {
    const struct block *b = &c->block;
    const double *to = source->to;
    struct block w = *b;
    if (!source->same) {
        w.x = clamped(to[0] + to[1] * b->x, source->width - 1);
        w.y = clamped(to[2] + to[3] * b->y, source->height - 1);
        w.width = clamped(to[0] + to[1] * (b->x + b->width), source->width - 1) + 1 - w.x;
        w.height = clamped(to[2] + to[3] * (b->y + b->height), source->height - 1) + 1 - w.y;
    }
    if (w.width < 1 || w.height < 1 || (int64_t)w.width * w.height > READ_MOST) return NADIR_EINVAL;
    int err = read_window(c, source, &w);
    size_t n = (size_t)b->width * (size_t)b->height;
    if (!err && !source->same)
        pick(c, source, &w, values);
    else if (!err && values)
        memcpy(values, c->samples, n * sizeof *values);
    else
        for (size_t i = 0; !err && i < n; i++) source->plane[i] = (float)c->samples[i];
    return err;
}

static int formula_run(struct cells *c, const struct expression *formula, const struct cell_source *sources, size_t n) {
    const float *planes[EXPRESSION_BANDS] = {0};
    for (int i = 0; i < formula->nbands; i++) planes[i] = sources[i].plane;
    return expression_run(formula, planes, c->results, n);
}

static int block_read(struct cells *c, size_t n) {
    const struct subject *subject = c->subject;
    int err = 0;
    for (int i = 0; !err && i < c->nsources; i++)
        err = source_read(c, &c->sources[i], i == 0 && !subject->formula ? c->values : NULL);
    if (!err && subject->formula) {
        err = formula_run(c, subject->formula, c->sources, n);
        for (size_t i = 0; !err && i < n; i++) c->values[i] = c->results[i];
    }
    if (!err && subject->where) err = formula_run(c, subject->where, &c->sources[c->nvalues], n);
    for (size_t i = 0; !err && i < n; i++) {
        if (c->weights[i] <= 0)
            c->states[i] = CELL_OUTSIDE;
        else if (isnan(c->values[i]))
            c->states[i] = CELL_NODATA;
        else
            c->states[i] = subject->where && !(fabsf(c->results[i]) > 0) ? CELL_MASKED : CELL_VALID;
    }
    return err;
}

/* The next block in the zone's window, aligned to the raster's own blocks. False: that was the last. */
static bool block_step(struct cells *c) {
    const struct block *w = &c->zone.window;
    struct block *b = &c->block;
    int x = b->x < 0 ? w->x : b->x + b->width, y = b->x < 0 ? w->y : b->y;
    if (w->width == 0) return false;
    if (x >= w->x + w->width) {
        x = w->x;
        y = b->y + b->height;
    }
    if (y >= w->y + w->height) return false;
    int right = (x / c->side + 1) * c->side, bottom = (y / c->side + 1) * c->side;
    b->x = x;
    b->y = y;
    b->width = (right < w->x + w->width ? right : w->x + w->width) - x;
    b->height = (bottom < w->y + w->height ? bottom : w->y + w->height) - y;
    return true;
}

int cells_next(struct cells *c, bool *more) {
    while ((*more = block_step(c))) {
        size_t n = (size_t)c->block.width * (size_t)c->block.height;
        bool any = false;
        if (scope_left_ms(c->scope, 1000) == 0) return NADIR_ETIMEOUT;
        int err = zone_weights(&c->zone, &c->block, c->weights);
        for (size_t i = 0; i < n && !any; i++) any = c->weights[i] > 0;
        if (!err && any) err = block_read(c, n);
        if (err || any) return err;
    }
    c->block = (struct block){-1, -1, 0, 0};
    return 0;
}
