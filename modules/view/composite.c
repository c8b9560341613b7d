/* composite.c: rasters stay open for a few others only, so that a block is made scene by scene: each is sampled, and what it
 * has is put by. Blocks are as large as the memory for that allows; a tile is one. */
#include "view/composite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "view/drawing.h"
#include "view/mask.h"
#include "view/mosaic.h"

#define MEMORY_MOST (32u << 20) /* of what is put by */
#define BLOCK 512

/* What the scenes have of a block. Of each pixel and plane there is room for `room` values; all planes have as many. */
struct pile {
    int planes, room;
    size_t n;
    float *values;             /* [plane][pixel][value] */
    unsigned char *filled;     /* values of a pixel */
    float *greenest;           /* of MOSAIC_MAX_NDVI, which has room for one */
    const struct scene *scene; /* the first, whose style colours */
    struct style style;
};

static int pile_begin(struct pile *p, int planes, int room, size_t n) {
    *p = (struct pile){.planes = planes, .room = room, .n = n};
    p->values = malloc((size_t)planes * n * (size_t)room * sizeof(float));
    p->filled = calloc(n, 1);
    p->greenest = malloc(n * sizeof(float));
    return p->values && p->filled && p->greenest ? 0 : NADIR_ENOMEM;
}

static void pile_end(struct pile *p) {
    free(p->values);
    free(p->filled);
    free(p->greenest);
}

/* A formula has one value; other styles as many planes as bands. */
static int planes_of(const struct style *style) {
    return style->kind == STYLE_EXPRESSION ? 1 : drawing_bands(style);
}

static float *plane_of(const struct drawing *d, int plane) {
    return d->style->kind == STYLE_EXPRESSION ? d->result : d->planes[plane];
}

/* From samples to physical quantities: scenes of one collection may be scaled differently. */
static void quantity_of(const struct drawing *d, int plane, double *scale, double *offset) {
    const struct band *band = &d->scene->bands[d->style->bands[plane]];
    bool computed = d->style->kind == STYLE_EXPRESSION;
    *scale = computed || band->scale == 0 ? 1 : band->scale;
    *offset = computed ? 0 : band->offset;
}

static void put_by(struct pile *p, const struct drawing *d, const float *green) {
    for (int plane = 0; plane < p->planes; plane++) {
        const float *from = plane_of(d, plane);
        double scale, offset;
        quantity_of(d, plane, &scale, &offset);
        for (size_t i = 0; i < p->n; i++) {
            if (!d->valid[i] || (green && p->filled[i] && !(green[i] > p->greenest[i]))) continue;
            size_t at = green ? 0 : p->filled[i];
            p->values[((size_t)plane * p->n + i) * (size_t)p->room + at] = (float)((double)from[i] * scale + offset);
        }
    }
    for (size_t i = 0; i < p->n; i++) {
        if (!d->valid[i]) continue;
        if (!green) {
            p->filled[i]++;
        } else if (!p->filled[i] || green[i] > p->greenest[i]) {
            p->greenest[i] = green[i];
            p->filled[i] = 1;
        }
    }
}

/* Samples a scene in a style. False in *there: it does not reach the map. */
static int sample(struct scope *s, const struct scene *scene, const struct style *style, const struct map *map,
                  const struct block *b, struct drawing *d, bool *there) {
    struct raster *raster;
    struct block touched;
    *d = (struct drawing){.scope = s, .scene = scene, .style = style, .map = map};
    int err = scene_raster(s, scene, style->bands[0], &raster);
    *there = !err && grid_touched(map, raster, &touched);
    if (!*there) return err;
    err = drawing_begin(d, &touched, b->width, b->height);
    return err ? err : drawing_sample(d, b);
}

/* The vegetation index; what it has no value for is not valid any more. */
static int sample_green(struct scope *s, const struct drawing *d, const struct block *b, struct drawing *green) {
    const struct style *style = scene_style(d->scene, "ndvi");
    bool there;
    *green = (struct drawing){0};
    if (!style || style->kind != STYLE_EXPRESSION) return NADIR_ENOTFOUND;
    int err = sample(s, d->scene, style, d->map, b, green, &there);
    if (err || !there) return err ? err : NADIR_ENOTFOUND;
    for (size_t i = 0; i < (size_t)b->width * (size_t)b->height; i++) d->valid[i] &= green->valid[i];
    return 0;
}

static int add_scene(struct request *rq, const struct look *look, const struct map *map, const struct scene *scene,
                     const struct block *b, struct pile *p) {
    struct style style;
    struct drawing d, green = {0};
    bool there;
    int err = mosaic_style(rq, scene, NULL, look, &style);
    if (err) return err;
    if (p->scene && (p->style.kind != style.kind || planes_of(&style) != p->planes)) return NADIR_ENOTFOUND;
    err = sample(rq->scope, scene, &style, map, b, &d, &there);
    if (!err && there && look->rule.masked) err = mask_block(rq->scope, scene, map, b, d.valid);
    if (!err && there && look->rule.kind == MOSAIC_MAX_NDVI) err = sample_green(rq->scope, &d, b, &green);
    if (!err && there) {
        if (!p->scene) {
            p->scene = scene;
            p->style = style;
        }
        put_by(p, &d, green.result);
    }
    drawing_end(&green);
    drawing_end(&d);
    return err;
}

static float median(float *values, int count) {
    for (int i = 1; i < count; i++) {
        float value = values[i];
        int at = i;
        for (; at > 0 && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* Puts the medians in the place of the first scene's samples, and colours them. */
static int paint(struct request *rq, const struct map *map, const struct block *b, struct pile *p, struct picture *out) {
    struct drawing d = {.scope = rq->scope, .scene = p->scene, .style = &p->style, .map = map};
    unsigned char *painted = malloc(p->n * 4);
    int err = painted ? drawing_begin(&d, b, b->width, b->height) : NADIR_ENOMEM;
    for (int plane = 0; !err && plane < p->planes; plane++) {
        double scale, offset;
        float *to = plane_of(&d, plane);
        quantity_of(&d, plane, &scale, &offset);
        for (size_t i = 0; i < p->n; i++) {
            float *values = p->values + ((size_t)plane * p->n + i) * (size_t)p->room;
            to[i] = p->filled[i] ? (float)(((double)median(values, p->filled[i]) - offset) / scale) : 0;
            d.valid[i] = p->filled[i] > 0;
        }
    }
    if (!err) drawing_paint(&d, b, painted);
    for (int y = 0; !err && y < b->height; y++)
        memcpy(out->rgba + 4 * ((size_t)(b->y + y) * (size_t)out->width + (size_t)b->x),
               painted + 4 * (size_t)y * (size_t)b->width, 4 * (size_t)b->width);
    drawing_end(&d);
    free(painted);
    return err;
}

static int draw_block(struct request *rq, const struct look *look, const struct map *map, const struct scene *const *scenes,
                      int count, const struct block *b, int planes, struct picture *out) {
    struct pile p;
    int err = pile_begin(&p, planes, look->rule.kind == MOSAIC_MEDIAN ? count : 1, (size_t)b->width * (size_t)b->height);
    for (int i = 0; !err && i < count; i++) {
        err = scope_left_ms(rq->scope, 1000) > 0 ? add_scene(rq, look, map, scenes[i], b, &p) : NADIR_ETIMEOUT;
        if (err == NADIR_ENOTFOUND) err = 0; /* the others are there */
    }
    if (!err && p.scene) err = paint(rq, map, b, &p, out);
    pile_end(&p);
    return err;
}

/* As many planes as the first scene that can be drawn; 0: none can. */
static int count_planes(struct request *rq, const struct look *look, const struct scene *const *scenes, int count) {
    struct style style;
    for (int i = 0; i < count; i++)
        if (!mosaic_style(rq, scenes[i], NULL, look, &style)) return planes_of(&style);
    return 0;
}

int composite_draw(struct request *rq, const struct look *look, const struct map *map, const struct scene *const *scenes,
                   int count, struct picture *out) {
    int planes = count_planes(rq, look, scenes, count);
    int err = picture_new(rq->scope, map->width, map->height, out);
    if (err || !planes) return err;
    int room = look->rule.kind == MOSAIC_MEDIAN ? count : 1;
    int side = (int)sqrt((double)MEMORY_MOST / ((double)planes * room * sizeof(float)));
    side = side < BLOCK ? side : BLOCK;
    for (int y = 0; !err && y < map->height; y += side) {
        for (int x = 0; !err && x < map->width; x += side) {
            struct block b = {x, y, map->width - x, map->height - y};
            b.width = b.width < side ? b.width : side;
            b.height = b.height < side ? b.height : side;
            err = draw_block(rq, look, map, scenes, count, &b, planes, out);
        }
    }
    return err;
}
