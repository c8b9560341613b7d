/* drawing.h: a scene drawn in a style block by block, for what combines several scenes. render() draws one. */
#ifndef NADIR_VIEW_DRAWING_H
#define NADIR_VIEW_DRAWING_H

#include "view/grid.h"
#include "view/scene.h"

/* What a block is drawn with. The caller sets the first five members. */
struct drawing {
    struct scope *scope;
    const struct scene *scene;
    const struct style *style;
    const struct map *map;
    int margin; /* samples drawn around a block: 1 for shading */
    struct raster *rasters[EXPRESSION_BANDS];
    struct stretch stretches[EXPRESSION_BANDS];
    double shrink[EXPRESSION_BANDS];
    float *planes[EXPRESSION_BANDS]; /* samples of the style's bands */
    float *result;                   /* of an expression */
    unsigned char *valid;
};

/** Bands that a style is drawn from. */
int drawing_bands(const struct style *style);

/** Opens the style's rasters and makes room for blocks of at most width x height pixels and their margin; `touched` is the part
 *  of the map where the scene lies. End it with drawing_end, also after an error: as render(). */
int drawing_begin(struct drawing *d, const struct block *touched, int width, int height);
void drawing_end(struct drawing *d);

/** Fills planes, result and valid for a block. */
int drawing_sample(struct drawing *d, const struct block *b);

/** Colours what drawing_sample left, or what was put in its place. */
void drawing_paint(struct drawing *d, const struct block *b, unsigned char *rgba);

#endif
