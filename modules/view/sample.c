#include "view/sample.h"

#include <cpl_error.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/log.h"

#define WINDOW_MOST (48 << 20) /* source pixels of one block */
#define NOWHERE (-1e6f)

/* What is read of a raster: a window of one level, averaged down where the level is still too fine. */
struct window {
    int level, decimate;
    int level_width, level_height; /* of the whole level after decimation */
    float extent_x, extent_y;      /* the same, unrounded: the last pixel may be a part only */
    int x, y, width, height;       /* in decimated pixels */
    double affine[6];              /* map position to window pixel */
};

/* One row of the block: where its pixels' four neighbours lie in the window, and their weights out of 256. */
struct taps {
    float *column, *line; /* window pixels */
    int *offset;
    unsigned short *wx, *wy;
    unsigned char *inside;
};

/* A source with its window in memory. */
struct loaded {
    struct window window;
    GDALDataType type; /* GDT_Byte, GDT_UInt16 or GDT_Float32 */
    bool nearest;
    void *pixels;        /* of that type */
    unsigned char *mask; /* 1: has data; NULL: all have */
    unsigned char *mask_memory;
};

/* The loops over pixels exist twice: for any processor, and for those with AVX2, which most are. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#define VECTORISED __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define VECTORISED
#endif

static void window_level(struct window *w, const struct raster *r, double shrink) {
    w->level = raster_level_for(r, shrink);
    const struct raster_level *level = &r->levels[w->level];
    double left_over = shrink / level->shrink_x;
    w->decimate = left_over >= 3 ? (int)fmin(left_over, 1 << 20) : 1;
    w->level_width = (level->width + w->decimate - 1) / w->decimate;
    w->level_height = (level->height + w->decimate - 1) / w->decimate;
    w->extent_x = (float)level->width / (float)w->decimate;
    w->extent_y = (float)level->height / (float)w->decimate;
    double sx = 1 / (level->shrink_x * w->decimate);
    double sy = 1 / (level->shrink_y * w->decimate);
    for (int i = 0; i < 3; i++) {
        w->affine[i] = r->inverse[i] * sx;
        w->affine[i + 3] = r->inverse[i + 3] * sy;
    }
}

static void widen(double range[4], const double affine[6], double x, double y) {
    if (!isfinite(x)) return;
    double column = affine[0] + affine[1] * x + affine[2] * y;
    double line = affine[3] + affine[4] * x + affine[5] * y;
    range[0] = fmin(range[0], column);
    range[1] = fmin(range[1], line);
    range[2] = fmax(range[2], column);
    range[3] = fmax(range[3], line);
}

/* Finds the window that holds all positions of the grid and a margin for their neighbours. False: the raster is elsewhere. */
static bool window_place(struct window *w, const struct grid *g) {
    double range[4] = {HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL};
    int nodes = (g->columns + 1) * (g->rows + 1);
    for (int i = 0; i < nodes; i++) widen(range, w->affine, g->x[i], g->y[i]);
    for (int cell = 0; cell < g->columns * g->rows; cell++)
        for (int i = 0; g->exact_x[cell] && i < GRID_CELL * GRID_CELL; i++)
            widen(range, w->affine, g->exact_x[cell][i], g->exact_y[cell][i]);
    double left = fmax(floor(range[0]) - 2, 0);
    double top = fmax(floor(range[1]) - 2, 0);
    double right = fmin(ceil(range[2]) + 2, w->level_width);
    double bottom = fmin(ceil(range[3]) + 2, w->level_height);
    if (!(left < right && top < bottom)) return false;
    w->x = (int)left;
    w->y = (int)top;
    w->width = (int)(right - left);
    w->height = (int)(bottom - top);
    w->affine[0] -= w->x;
    w->affine[3] -= w->y;
    return true;
}

static int read_band(struct scope *s, GDALRasterBandH band, const struct window *w, void *out, GDALDataType type,
                     bool average) {
    int level_x = GDALGetRasterBandXSize(band);
    int level_y = GDALGetRasterBandYSize(band);
    int x = w->x * w->decimate;
    int y = w->y * w->decimate;
    int width = w->width * w->decimate;
    int height = w->height * w->decimate;
    if (x + width > level_x) width = level_x - x;
    if (y + height > level_y) height = level_y - y;
    GDALRasterIOExtraArg extra;
    INIT_RASTERIO_EXTRA_ARG(extra);
    if (w->decimate > 1 && average) extra.eResampleAlg = GRIORA_Average;
    if (GDALRasterIOEx(band, GF_Read, x, y, width, height, out, w->width, w->height, type, 0, 0, &extra) == CE_None) return 0;
    log_warn(s, "raster cannot be read", "gdal", CPLGetLastErrorMsg(), NULL);
    return NADIR_EUNAVAILABLE;
}

#define MARK_NODATA(T)                                                                                                         \
    do {                                                                                                                       \
        const T *pixel = l->pixels;                                                                                            \
        T nodata = (T)source->nodata;                                                                                          \
        for (size_t i = 0; i < n; i++) mask[i] = pixel[i] != nodata;                                                           \
    } while (0)

/* The band's mask in the window: from the nodata value, or from the raster's own mask or alpha band. */
static int mask_read(struct scope *s, GDALRasterBandH band, const struct sample_source *source, struct loaded *l) {
    size_t n = (size_t)l->window.width * (size_t)l->window.height;
    unsigned char *mask = l->mask_memory;
    int flags = GDALGetMaskFlags(band);
    if (flags & (GMF_PER_DATASET | GMF_ALPHA)) {
        int err = read_band(s, GDALGetMaskBand(band), &l->window, mask, GDT_Byte, false);
        if (err) return err;
        for (size_t i = 0; i < n; i++) mask[i] = mask[i] != 0;
    } else if (l->type == GDT_Float32) {
        const float *pixel = l->pixels;
        float nodata = source->has_nodata ? (float)source->nodata : NAN;
        for (size_t i = 0; i < n; i++) mask[i] = isfinite(pixel[i]) && pixel[i] != nodata;
    } else if (!source->has_nodata || source->nodata < 0 || source->nodata > (l->type == GDT_Byte ? 255 : 65535)) {
        return 0;
    } else if (l->type == GDT_Byte) {
        MARK_NODATA(unsigned char);
    } else {
        MARK_NODATA(unsigned short);
    }
    l->mask = memchr(mask, 0, n) ? mask : NULL;
    return 0;
}

/* Positions of a row's pixels in the window, interpolated between the grid's nodes. */
static void row_positions(const struct grid *g, const struct window *w, int y, struct taps *t) {
    const double *a = w->affine;
    int stride = g->columns + 1;
    int cell_row = y / GRID_CELL;
    double down = (y % GRID_CELL + 0.5) / GRID_CELL;
    for (int c = 0; c < g->columns; c++) {
        int from = c * GRID_CELL;
        int count = g->width - from < GRID_CELL ? g->width - from : GRID_CELL;
        int cell = cell_row * g->columns + c;
        if (g->exact_x[cell]) {
            const double *x = g->exact_x[cell] + y % GRID_CELL * GRID_CELL;
            const double *v = g->exact_y[cell] + y % GRID_CELL * GRID_CELL;
            for (int k = 0; k < count; k++) {
                bool known = isfinite(x[k]);
                t->column[from + k] = known ? (float)(a[0] + a[1] * x[k] + a[2] * v[k]) : NOWHERE;
                t->line[from + k] = known ? (float)(a[3] + a[4] * x[k] + a[5] * v[k]) : NOWHERE;
            }
            continue;
        }
        int i = cell_row * stride + c;
        double x0 = g->x[i] + (g->x[i + stride] - g->x[i]) * down;
        double y0 = g->y[i] + (g->y[i + stride] - g->y[i]) * down;
        double x1 = g->x[i + 1] + (g->x[i + 1 + stride] - g->x[i + 1]) * down;
        double y1 = g->y[i + 1] + (g->y[i + 1 + stride] - g->y[i + 1]) * down;
        double column = a[0] + a[1] * x0 + a[2] * y0;
        double line = a[3] + a[4] * x0 + a[5] * y0;
        double column_step = (a[1] * (x1 - x0) + a[2] * (y1 - y0)) / GRID_CELL;
        double line_step = (a[4] * (x1 - x0) + a[5] * (y1 - y0)) / GRID_CELL;
        for (int k = 0; k < count; k++) {
            t->column[from + k] = (float)(column + column_step * (k + 0.5));
            t->line[from + k] = (float)(line + line_step * (k + 0.5));
        }
    }
}

/* Pixel centres lie at .5, so the upper left neighbour of a position is at position - 0.5, rounded down. */
VECTORISED static void row_taps(const struct window *w, int width, struct taps *t) {
    float left = (float)-w->x;
    float top = (float)-w->y;
    float right = w->extent_x - (float)w->x;
    float bottom = w->extent_y - (float)w->y;
    float most_x = (float)(w->width - 1);
    float most_y = (float)(w->height - 1);
    int last_x = w->width > 1 ? w->width - 2 : 0;
    int last_y = w->height > 1 ? w->height - 2 : 0;
    for (int i = 0; i < width; i++) {
        float x = t->column[i];
        float y = t->line[i];
        t->inside[i] = (x >= left) & (x < right) & (y >= top) & (y < bottom);
        float u = x - 0.5F;
        float v = y - 0.5F;
        u = u < 0 ? 0 : u;
        v = v < 0 ? 0 : v;
        u = u > most_x ? most_x : u;
        v = v > most_y ? most_y : v;
        int column = (int)u;
        int line = (int)v;
        column = column > last_x ? last_x : column;
        line = line > last_y ? last_y : line;
        t->wx[i] = (unsigned short)((u - (float)column) * 256 + 0.5F);
        t->wy[i] = (unsigned short)((v - (float)line) * 256 + 0.5F);
        t->offset[i] = line * w->width + column;
    }
}

/* All weight to the nearest of the four. */
static void row_snap(struct taps *t, int width) {
    for (int i = 0; i < width; i++) {
        t->wx[i] = t->wx[i] >= 128 ? 256 : 0;
        t->wy[i] = t->wy[i] >= 128 ? 256 : 0;
    }
}

/* Weighted by 256 * 256, a 16-bit sample just fits 32 bits: the whole of bilinear interpolation is integer. */
#define ROW_PLAIN(T, SUM, SCALE)                                                                                               \
    do {                                                                                                                       \
        const T *pixel = l->pixels;                                                                                            \
        for (int i = 0; i < width; i++) {                                                                                      \
            const T *p = pixel + t->offset[i];                                                                                 \
            SUM wx = t->wx[i];                                                                                                 \
            SUM wy = t->wy[i];                                                                                                 \
            SUM above = (SUM)p[0] * (256 - wx) + (SUM)p[dx] * wx;                                                              \
            SUM below = (SUM)p[dy] * (256 - wx) + (SUM)p[dy + dx] * wx;                                                        \
            out[i] = (float)(above * (256 - wy) + below * wy) * (SCALE);                                                       \
        }                                                                                                                      \
    } while (0)

/* Where some neighbours have no data: the nearest must have, and the others' weights are shared out. */
#define ROW_MASKED(T)                                                                                                          \
    do {                                                                                                                       \
        const T *pixel = l->pixels;                                                                                            \
        for (int i = 0; i < width; i++) {                                                                                      \
            int at[4] = {t->offset[i], t->offset[i] + dx, t->offset[i] + dy, t->offset[i] + dy + dx};                          \
            float wx = t->wx[i];                                                                                               \
            float wy = t->wy[i];                                                                                               \
            float weight[4] = {(256 - wx) * (256 - wy), wx * (256 - wy), (256 - wx) * wy, wx * wy};                            \
            int nearest = (wx >= 128) + 2 * (wy >= 128);                                                                       \
            float sum = 0;                                                                                                     \
            float weights = 0;                                                                                                 \
            for (int k = 0; k < 4; k++) {                                                                                      \
                if (!l->mask[at[k]]) continue;                                                                                 \
                sum += (float)pixel[at[k]] * weight[k];                                                                        \
                weights += weight[k];                                                                                          \
            }                                                                                                                  \
            valid[i] &= l->mask[at[nearest]];                                                                                  \
            out[i] = weights > 0 ? sum / weights : 0;                                                                          \
        }                                                                                                                      \
    } while (0)

VECTORISED static void row_bytes(const struct loaded *l, const struct taps *t, int dx, int dy, int width, float *out) {
    ROW_PLAIN(unsigned char, unsigned, 1 / 65536.0F);
}

VECTORISED static void row_shorts(const struct loaded *l, const struct taps *t, int dx, int dy, int width, float *out) {
    ROW_PLAIN(unsigned short, unsigned, 1 / 65536.0F);
}

VECTORISED static void row_floats(const struct loaded *l, const struct taps *t, int dx, int dy, int width, float *out) {
    ROW_PLAIN(float, float, 1 / 65536.0F);
}

static void row_masked(const struct loaded *l, const struct taps *t, int dx, int dy, int width, float *out,
                       unsigned char *valid) {
    if (l->type == GDT_Byte)
        ROW_MASKED(unsigned char);
    else if (l->type == GDT_UInt16)
        ROW_MASKED(unsigned short);
    else
        ROW_MASKED(float);
}

static void sample_row(const struct loaded *l, const struct taps *t, int width, float *out, unsigned char *valid) {
    int dx = l->window.width > 1 ? 1 : 0;
    int dy = l->window.height > 1 ? l->window.width : 0;
    if (l->mask)
        row_masked(l, t, dx, dy, width, out, valid);
    else if (l->type == GDT_Byte)
        row_bytes(l, t, dx, dy, width, out);
    else if (l->type == GDT_UInt16)
        row_shorts(l, t, dx, dy, width, out);
    else
        row_floats(l, t, dx, dy, width, out);
    for (int x = 0; x < width; x++) valid[x] &= t->inside[x];
}

/* Reads a source's window. Its memory is freed by the caller, whatever comes. */
static int load(struct scope *s, const struct sample_source *source, struct loaded *l) {
    size_t n = (size_t)l->window.width * (size_t)l->window.height;
    if (n > WINDOW_MOST) return NADIR_ETOOLARGE;
    GDALRasterBandH band = raster_band(source->raster, source->band, l->window.level);
    if (!band) return NADIR_ENOTFOUND;
    l->type = GDALGetRasterDataType(band);
    if (l->type != GDT_Byte && l->type != GDT_UInt16) l->type = GDT_Float32;
    l->pixels = malloc(n * (size_t)GDALGetDataTypeSizeBytes(l->type));
    l->mask_memory = malloc(n);
    if (!l->pixels || !l->mask_memory) return NADIR_ENOMEM;
    l->nearest = source->nearest;
    int err = read_band(s, band, &l->window, l->pixels, l->type, !source->nearest);
    return err ? err : mask_read(s, band, source, l);
}

static int taps_make(struct taps *t, int width) {
    size_t row = (size_t)width;
    void *memory = malloc(row * (2 * sizeof(float) + sizeof(int) + 2 * sizeof(unsigned short) + 1));
    if (!memory) return NADIR_ENOMEM;
    t->column = memory;
    t->line = t->column + row;
    t->offset = (int *)(t->line + row);
    t->wx = (unsigned short *)(t->offset + row);
    t->wy = t->wx + row;
    t->inside = (unsigned char *)(t->wy + row);
    return 0;
}

/* Bands mostly lie on the same pixels: then their neighbours and weights are the same. */
static bool same_place(const struct window *a, const struct window *b) {
    bool same = a->level_width == b->level_width && a->level_height == b->level_height && a->x == b->x && a->y == b->y &&
                a->width == b->width && a->height == b->height;
    for (int i = 0; i < 6; i++) same = same && a->affine[i] == b->affine[i];
    return same;
}

static void resample(const struct grid *g, const struct loaded *all, int count, struct taps *t, float *const *planes,
                     unsigned char *valid) {
    for (int y = 0; y < g->height; y++) {
        size_t row = (size_t)y * (size_t)g->width;
        for (int i = 0; i < count; i++) {
            const struct window *w = &all[i].window;
            if (i == 0 || all[i].nearest != all[i - 1].nearest || !same_place(w, &all[i - 1].window)) {
                row_positions(g, w, y, t);
                row_taps(w, g->width, t);
                if (all[i].nearest) row_snap(t, g->width);
            }
            sample_row(&all[i], t, g->width, planes[i] + row, valid + row);
        }
    }
}

int sample_block(struct scope *s, const struct grid *grid, const struct sample_source *sources, int count, float *const *planes,
                 unsigned char *valid) {
    struct loaded all[SAMPLE_SOURCES] = {0};
    struct taps taps = {0};
    int err = taps_make(&taps, grid->width);
    for (int i = 0; !err && i < count; i++) {
        window_level(&all[i].window, sources[i].raster, sources[i].shrink);
        if (!window_place(&all[i].window, grid)) {
            memset(valid, 0, (size_t)grid->width * (size_t)grid->height);
            goto out;
        }
        err = load(s, &sources[i], &all[i]);
    }
    if (!err) resample(grid, all, count, &taps, planes, valid);
out:
    for (int i = 0; i < count; i++) {
        free(all[i].pixels);
        free(all[i].mask_memory);
    }
    free(taps.column);
    return err;
}
