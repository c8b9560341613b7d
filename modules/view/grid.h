/* grid.h: where in a raster the pixels of a map lie.
 *
 * Transforming every pixel through PROJ would cost more than all else. The block's nodes every 16 pixels (and the middle of
 * every cell) are transformed; between them positions are interpolated bilinearly. A cell where that is off by more than
 * the tolerance at its middle, or where a node has no counterpart (past a pole or the far side of the earth), is
 * transformed pixel by pixel.
 */
#ifndef NADIR_VIEW_GRID_H
#define NADIR_VIEW_GRID_H

#include <stdbool.h>

#include "common/scope.h"
#include "view/crs.h"
#include "view/raster.h"

#define GRID_CELL 16

/* A map as it is asked for: width x height pixels that cover box (x0, y0, x1, y1) in crs, north up. */
struct map {
    struct crs crs;
    double box[4];
    int width, height;
};

/* A rectangle of the map's pixels; it may reach beyond the map. */
struct block {
    int x, y, width, height;
};

struct grid {
    int width, height; /* of the block, pixels */
    int columns, rows; /* cells */
    double *x, *y;     /* (columns + 1) * (rows + 1) nodes in the raster's system */
    double **exact_x;  /* columns * rows: NULL, or GRID_CELL * GRID_CELL positions */
    double **exact_y;
};

/** Finds the block's positions in the raster's system. tolerance is in units of that system. Memory is the scope's.
 *  NADIR_EINVAL when no transformation between the systems is known. */
int grid_build(struct scope *s, const struct map *map, const struct block *block, const struct raster *raster, double tolerance,
               struct grid *out);

/** The rectangle of the map's pixels that the raster may touch. False when it touches none. */
bool grid_touched(const struct map *map, struct raster *raster, struct block *out);

/** Full-resolution pixels of the raster a map pixel, in the middle of the block; at least a tiny positive number. */
double grid_shrink(const struct map *map, const struct block *block, const struct raster *raster);

/** Position of one point of the map's system in full-resolution pixels of the raster. False if it has none. */
bool grid_point(const struct crs *crs, const struct raster *raster, double x, double y, double *column, double *line);

#endif
