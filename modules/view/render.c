#include "view/render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "view/drawing.h"
#include "view/sample.h"
#include "view/symbolizer.h"

#define BLOCK 512 /* pictures are drawn in blocks, so memory stays small and the deadline is seen */

int drawing_bands(const struct style *style) {
    switch (style->kind) {
    case STYLE_RGB:
    case STYLE_VISUAL:
        return 3;
    case STYLE_EXPRESSION:
        return style->expression->nbands;
    case STYLE_SYMBOL:
        return style->symbolizer->nchannels;
    default:
        return 1;
    }
}

int drawing_begin(struct drawing *d, const struct block *touched, int width, int height) {
    int count = drawing_bands(d->style);
    bool stretched = d->style->kind == STYLE_RGB || d->style->kind == STYLE_GRAY || d->style->kind == STYLE_DECIBEL ||
                     d->style->kind == STYLE_SYMBOL;
    for (int i = 0; i < count; i++) {
        int err = scene_raster(d->scope, d->scene, d->style->bands[i], &d->rasters[i]);
        if (err) return err;
        d->stretches[i] = (struct stretch){0, 255};
        if (stretched) err = scene_stretch(d->scope, d->scene, d->style->bands[i], &d->stretches[i]);
        if (err) return err;
        d->shrink[i] = grid_shrink(d->map, touched, d->rasters[i]);
    }
    size_t n = (size_t)(width + 2 * d->margin) * (size_t)(height + 2 * d->margin);
    for (int i = 0; i < count; i++) {
        d->planes[i] = malloc(n * sizeof(float));
        if (!d->planes[i]) return NADIR_ENOMEM;
    }
    if (d->style->kind == STYLE_EXPRESSION) {
        d->result = malloc(n * sizeof(float));
        if (!d->result) return NADIR_ENOMEM;
    }
    d->valid = malloc(n);
    return d->valid ? 0 : NADIR_ENOMEM;
}

void drawing_end(struct drawing *d) {
    for (int i = 0; i < EXPRESSION_BANDS; i++) free(d->planes[i]);
    free(d->result);
    free(d->valid);
}

/* Bands whose rasters are in one system share the positions of the block's pixels. */
static int sample_bands(struct drawing *d, const struct block *b) {
    int count = drawing_bands(d->style);
    for (int from = 0, to = 0; from < count; from = to) {
        struct sample_source sources[SAMPLE_SOURCES];
        struct grid grid;
        const struct raster *first = d->rasters[from];
        for (to = from; to < count && strcmp(d->rasters[to]->srs_key, first->srs_key) == 0; to++) {
            const struct band *band = &d->scene->bands[d->style->bands[to]];
            sources[to - from] = (struct sample_source){.raster = d->rasters[to],
                                                        .shrink = d->shrink[to],
                                                        .nodata = band->nodata,
                                                        .has_nodata = band->has_nodata,
                                                        .nearest = d->style->nearest,
                                                        .band = band->index};
        }
        double tolerance = 0.125 * first->pixel * fmax(d->shrink[from], 1);
        int err = grid_build(d->scope, d->map, b, first, tolerance, &grid);
        if (!err) err = sample_block(d->scope, &grid, sources, to - from, &d->planes[from], d->valid);
        if (err) return err;
    }
    return 0;
}

static void decibel_stretch(const struct stretch *amplitude, struct stretch *out) {
    double high = amplitude->high > 0 ? amplitude->high : 1;
    double low = amplitude->low > 0 ? amplitude->low : high / 100;
    *out = (struct stretch){20 * log10(low), 20 * log10(high)};
}

/* Metres on the ground that a map pixel is wide, in the middle of the block. */
static double ground_size(const struct map *m, const struct block *b) {
    double across = (m->box[2] - m->box[0]) / m->width;
    double x = m->box[0] + across * (b->x + b->width / 2.0);
    double y = m->box[3] - (m->box[3] - m->box[1]) * (b->y + b->height / 2.0) / m->height;
    if (m->crs.geographic) return across * 111320;
    if (m->crs.epsg != 3857 || !crs_convert(&m->crs, &crs_84, 1, &x, &y)) return across;
    return across * cos(y * M_PI / 180);
}

int drawing_sample(struct drawing *d, const struct block *b) {
    size_t n = (size_t)b->width * (size_t)b->height;
    memset(d->valid, 1, n);
    int err = sample_bands(d, b);
    if (err || d->style->kind != STYLE_EXPRESSION) return err;
    const float *planes[EXPRESSION_BANDS];
    memcpy(planes, d->planes, sizeof planes);
    err = expression_run(d->style->expression, planes, d->result, n);
    if (!err) colour_validate(d->result, d->valid, n);
    return err;
}

void drawing_paint(struct drawing *d, const struct block *b, unsigned char *rgba) {
    const struct style *style = d->style;
    const struct band *first = &d->scene->bands[style->bands[0]];
    const float *const planes[3] = {d->planes[0], d->planes[1], d->planes[2]};
    size_t n = (size_t)b->width * (size_t)b->height;
    struct stretch db;
    switch (style->kind) {
    case STYLE_RGB:
    case STYLE_VISUAL:
        colour_rgb(planes, d->stretches, d->valid, n, rgba);
        break;
    case STYLE_DECIBEL:
        if (d->stretches[0].low >= 0) { /* amplitude; a band with negative samples is in decibel already */
            colour_decibel(d->planes[0], 20, d->valid, n);
            decibel_stretch(&d->stretches[0], &db);
            colour_gray(planes[0], &db, d->valid, n, rgba);
            break;
        }
        colour_gray(planes[0], &d->stretches[0], d->valid, n, rgba);
        break;
    case STYLE_GRAY:
        colour_gray(planes[0], &d->stretches[0], d->valid, n, rgba);
        break;
    case STYLE_EXPRESSION:
        if (style->ramp)
            colour_ramp(d->result, style->ramp, d->valid, n, rgba);
        else
            colour_gray(d->result, &style->rescale, d->valid, n, rgba);
        break;
    case STYLE_SYMBOL:
        symbolizer_paint(style->symbolizer, planes, d->stretches, d->valid, n, rgba);
        break;
    case STYLE_RAMP:
    case STYLE_ELEVATION:
        if (first->scale != 1 || first->offset != 0)
            for (size_t i = 0; i < n; i++) d->planes[0][i] = d->planes[0][i] * (float)first->scale + (float)first->offset;
        colour_ramp(planes[0], style->ramp, d->valid, n, rgba);
        break;
    }
}

/* The block with its margin is painted whole; what lies inside the margin is copied into the picture. */
static void put(struct drawing *d, const struct block *wide, const struct block *b, const unsigned char *painted,
                struct picture *out) {
    size_t stride = (size_t)wide->width * 4;
    size_t len = (size_t)b->width * 4;
    for (int y = 0; y < b->height; y++) {
        const unsigned char *from = painted + (size_t)(y + d->margin) * stride + (size_t)d->margin * 4;
        memcpy(out->rgba + ((size_t)(b->y + y) * (size_t)out->width + (size_t)b->x) * 4, from, len);
    }
}

static void shade(struct drawing *d, const struct block *b, struct picture *out) {
    unsigned char *rows = malloc((size_t)b->width * (size_t)b->height * 4);
    if (!rows) return; /* the colours alone are a picture too */
    size_t len = (size_t)b->width * 4;
    for (int pass = 0; pass < 2; pass++) {
        for (int y = 0; y < b->height; y++) {
            unsigned char *in_picture = out->rgba + ((size_t)(b->y + y) * (size_t)out->width + (size_t)b->x) * 4;
            unsigned char *row = rows + (size_t)y * len;
            memcpy(pass ? in_picture : row, pass ? row : in_picture, len);
        }
        if (!pass) colour_hillshade(d->planes[0], d->valid, b->width, b->height, ground_size(d->map, b), rows);
    }
    free(rows);
}

static int draw_block(struct drawing *d, const struct block *b, struct picture *out) {
    struct block wide = {b->x - d->margin, b->y - d->margin, b->width + 2 * d->margin, b->height + 2 * d->margin};
    size_t n = (size_t)wide.width * (size_t)wide.height;
    int err = drawing_sample(d, &wide);
    if (err) return err;
    unsigned char *painted = malloc(n * 4);
    if (!painted) return NADIR_ENOMEM;
    drawing_paint(d, &wide, painted);
    put(d, &wide, b, painted, out);
    free(painted);
    if (d->margin) shade(d, b, out);
    return 0;
}

int render(struct scope *s, const struct scene *scene, const struct style *style, const struct map *map, struct picture *out) {
    struct drawing d = {.scope = s, .scene = scene, .style = style, .map = map};
    struct raster *first;
    struct block touched;
    int err = picture_new(s, map->width, map->height, out);
    if (!err) err = scene_raster(s, scene, style->bands[0], &first);
    if (err) return err;
    if (!grid_touched(map, first, &touched)) return 0;
    d.margin = style->kind == STYLE_ELEVATION ? 1 : 0;
    err = drawing_begin(&d, &touched, touched.width < BLOCK ? touched.width : BLOCK,
                        touched.height < BLOCK ? touched.height : BLOCK);
    for (int y = 0; !err && y < touched.height; y += BLOCK) {
        for (int x = 0; !err && x < touched.width; x += BLOCK) {
            struct block b = {touched.x + x, touched.y + y, touched.width - x, touched.height - y};
            b.width = b.width < BLOCK ? b.width : BLOCK;
            b.height = b.height < BLOCK ? b.height : BLOCK;
            err = scope_left_ms(s, 1000) > 0 ? draw_block(&d, &b, out) : NADIR_ETIMEOUT;
        }
    }
    drawing_end(&d);
    return err;
}

int render_point(struct scope *s, const struct scene *scene, int band, double lon, double lat, bool *found, double *value) {
    struct raster *r;
    double column, line;
    *found = false;
    int err = scene_raster(s, scene, band, &r);
    if (err) return err;
    if (!grid_point(&crs_84, r, lon, lat, &column, &line)) return 0;
    if (!(column >= 0 && line >= 0 && column < r->width && line < r->height)) return 0;
    const struct band *source = &scene->bands[band];
    GDALRasterBandH handle = raster_band(r, source->index, 0);
    if (!handle) return NADIR_ENOTFOUND;
    unsigned char mask = 0;
    if (GDALRasterIO(handle, GF_Read, (int)column, (int)line, 1, 1, value, 1, 1, GDT_Float64, 0, 0) != CE_None ||
        GDALRasterIO(GDALGetMaskBand(handle), GF_Read, (int)column, (int)line, 1, 1, &mask, 1, 1, GDT_Byte, 0, 0) != CE_None)
        return NADIR_EUNAVAILABLE;
    *found = mask && isfinite(*value) && !(source->has_nodata && *value == source->nodata);
    return 0;
}

int render_point_computed(struct scope *s, const struct scene *scene, const struct style *style, double lon, double lat,
                          bool *found, double *value) {
    const float *planes[EXPRESSION_BANDS] = {0};
    float samples[EXPRESSION_BANDS];
    float result;
    *found = false;
    for (int i = 0; i < style->expression->nbands; i++) {
        bool there;
        double sample;
        int err = render_point(s, scene, style->bands[i], lon, lat, &there, &sample);
        if (err || !there) return err;
        samples[i] = (float)sample;
        planes[i] = &samples[i];
    }
    int err = expression_run(style->expression, planes, &result, 1);
    *found = !err && isfinite(result);
    *value = (double)result;
    return err;
}
