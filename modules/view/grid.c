#include "view/grid.h"

#include <math.h>
#include <string.h>

#include "common/error.h"

/* Longitudes repeat: takes x to the turn that lies nearest the raster's middle. */
static double wrap(const struct raster *r, double x) {
    if (!r->geographic || !isfinite(x)) return x;
    double middle = (r->bounds[0] + r->bounds[2]) / 2;
    return x - 360 * floor((x - middle) / 360 + 0.5);
}

static void transform(OGRCoordinateTransformationH t, const struct raster *r, int count, double *x, double *y, int *ok) {
    (void)OCTTransformEx(t, count, x, y, NULL, ok);
    for (int i = 0; i < count; i++) {
        if (!ok[i] || !isfinite(x[i]) || !isfinite(y[i])) {
            x[i] = y[i] = NAN;
        } else {
            x[i] = wrap(r, x[i]);
        }
    }
}

static void map_position(const struct map *m, double column, double line, double *x, double *y) {
    *x = m->box[0] + (m->box[2] - m->box[0]) * column / m->width;
    *y = m->box[3] - (m->box[3] - m->box[1]) * line / m->height;
}

static void cell_exact(struct scope *s, OGRCoordinateTransformationH t, const struct map *map, const struct block *b,
                       const struct raster *r, struct grid *g, int cell) {
    enum { N = GRID_CELL * GRID_CELL };
    double *x = scope_alloc(s, N * sizeof *x);
    double *y = scope_alloc(s, N * sizeof *y);
    int ok[N];
    int left = b->x + cell % g->columns * GRID_CELL;
    int top = b->y + cell / g->columns * GRID_CELL;
    for (int i = 0; i < N; i++) {
        int column = i % GRID_CELL;
        int line = i / GRID_CELL;
        map_position(map, left + column + 0.5, top + line + 0.5, &x[i], &y[i]);
    }
    transform(t, r, N, x, y, ok);
    g->exact_x[cell] = x;
    g->exact_y[cell] = y;
}

/* True if interpolation at the cell's middle agrees with the exact position there. */
static bool cell_is_flat(const struct grid *g, int column, int row, double x, double y, double tolerance) {
    int stride = g->columns + 1;
    int i = row * stride + column;
    double mean_x = (g->x[i] + g->x[i + 1] + g->x[i + stride] + g->x[i + stride + 1]) / 4;
    double mean_y = (g->y[i] + g->y[i + 1] + g->y[i + stride] + g->y[i + stride + 1]) / 4;
    return fabs(mean_x - x) <= tolerance && fabs(mean_y - y) <= tolerance; /* false for NAN */
}

int grid_build(struct scope *s, const struct map *map, const struct block *block, const struct raster *raster, double tolerance,
               struct grid *out) {
    OGRCoordinateTransformationH t = crs_transformer(&map->crs, raster->srs, raster->srs_key);
    if (!t) return NADIR_EINVAL;
    struct grid g = {.width = block->width, .height = block->height};
    g.columns = (block->width + GRID_CELL - 1) / GRID_CELL;
    g.rows = (block->height + GRID_CELL - 1) / GRID_CELL;
    int nodes = (g.columns + 1) * (g.rows + 1);
    int cells = g.columns * g.rows;
    int all = nodes + cells;
    double *x = scope_alloc(s, (size_t)all * sizeof *x);
    double *y = scope_alloc(s, (size_t)all * sizeof *y);
    int *ok = scope_alloc(s, (size_t)all * sizeof *ok);
    g.x = x;
    g.y = y;
    g.exact_x = scope_alloc(s, (size_t)cells * sizeof *g.exact_x);
    g.exact_y = scope_alloc(s, (size_t)cells * sizeof *g.exact_y);

    for (int i = 0; i < nodes; i++) {
        int column = i % (g.columns + 1) * GRID_CELL;
        int line = i / (g.columns + 1) * GRID_CELL;
        map_position(map, block->x + column, block->y + line, &x[i], &y[i]);
    }
    for (int i = 0; i < cells; i++) {
        int column = i % g.columns * GRID_CELL + GRID_CELL / 2;
        int line = i / g.columns * GRID_CELL + GRID_CELL / 2;
        map_position(map, block->x + column, block->y + line, &x[nodes + i], &y[nodes + i]);
    }
    transform(t, raster, all, x, y, ok);
    for (int i = 0; i < cells; i++)
        if (!cell_is_flat(&g, i % g.columns, i / g.columns, x[nodes + i], y[nodes + i], tolerance))
            cell_exact(s, t, map, block, raster, &g, i);
    *out = g;
    return 0;
}

/* True if a pole of the earth lies in the raster: then the box of its edges says nothing of its inside. */
static bool holds_pole(const struct raster *r) {
    for (int sign = -1; sign <= 1; sign += 2) {
        double column, line;
        if (grid_point(&crs_84, r, 0, sign * 90.0, &column, &line) && column >= -1 && line >= -1 && column <= r->width + 1 &&
            line <= r->height + 1)
            return true;
    }
    return false;
}

/* The box of the raster's edges in the map's system. */
static void extent_find(const struct map *map, const struct raster *r, struct raster_extent *e) {
    e->epsg = map->crs.epsg;
    e->bounded = false;
    if ((r->geographic && r->bounds[2] - r->bounds[0] >= 359) || holds_pole(r)) return;
    OGRCoordinateTransformationH forward = crs_transformer(&map->crs, r->srs, r->srs_key);
    OGRCoordinateTransformationH back = forward ? OCTGetInverse(forward) : NULL;
    if (!back) return;
    double *box = e->box;
    e->bounded = OCTTransformBounds(back, r->bounds[0], r->bounds[1], r->bounds[2], r->bounds[3], &box[0], &box[1], &box[2],
                                    &box[3], 21) &&
                 isfinite(box[0]) && isfinite(box[1]) && isfinite(box[2]) && isfinite(box[3]) && box[0] < box[2] &&
                 box[1] < box[3];
    OCTDestroyCoordinateTransformation(back);
}

static const struct raster_extent *extent_of(const struct map *map, struct raster *r) {
    size_t count = sizeof r->extents / sizeof r->extents[0];
    struct raster_extent *slot = &r->extents[(size_t)map->crs.epsg % count];
    for (size_t i = 0; i < count; i++) {
        if (r->extents[i].epsg == map->crs.epsg) return &r->extents[i];
        if (r->extents[i].epsg == 0) slot = &r->extents[i];
    }
    extent_find(map, r, slot);
    return slot;
}

bool grid_touched(const struct map *map, struct raster *raster, struct block *out) {
    *out = (struct block){0, 0, map->width, map->height};
    const struct raster_extent *extent = extent_of(map, raster);
    if (!extent->bounded) return true; /* nothing is known: look everywhere */

    const double *box = extent->box;
    double period = crs_period(&map->crs);
    double across = (map->box[2] - map->box[0]) / map->width;
    double down = (map->box[3] - map->box[1]) / map->height;
    double top = fmax(floor((map->box[3] - box[3]) / down) - 2, 0);
    double bottom = fmin(ceil((map->box[3] - box[1]) / down) + 2, map->height);
    double left = HUGE_VAL;
    double right = -HUGE_VAL;
    for (int turn = -1; turn <= 1; turn++) {
        if (turn && period == 0) continue;
        double from = fmax(floor((box[0] + turn * period - map->box[0]) / across) - 2, 0);
        double to = fmin(ceil((box[2] + turn * period - map->box[0]) / across) + 2, map->width);
        if (from >= to) continue;
        left = fmin(left, from);
        right = fmax(right, to);
    }
    if (left >= right || top >= bottom) return false;
    *out = (struct block){(int)left, (int)top, (int)(right - left), (int)(bottom - top)};
    return true;
}

bool grid_point(const struct crs *crs, const struct raster *raster, double x, double y, double *column, double *line) {
    OGRCoordinateTransformationH t = crs_transformer(crs, raster->srs, raster->srs_key);
    int ok = 0;
    if (!t) return false;
    transform(t, raster, 1, &x, &y, &ok);
    if (!isfinite(x)) return false;
    const double *a = raster->inverse;
    *column = a[0] + a[1] * x + a[2] * y;
    *line = a[3] + a[4] * x + a[5] * y;
    return true;
}

double grid_shrink(const struct map *map, const struct block *block, const struct raster *raster) {
    /* The middle may lie beyond the system's reach where only a corner of a wide map is touched: then look at the corners. */
    const double tries[5][2] = {{0.5, 0.5}, {0, 0}, {1, 0}, {0, 1}, {1, 1}};
    for (int i = 0; i < 5; i++) {
        double c[3], l[3];
        bool ok = true;
        for (int k = 0; k < 3 && ok; k++) {
            double x, y;
            map_position(map, block->x + tries[i][0] * block->width + (k == 1),
                         block->y + tries[i][1] * block->height + (k == 2), &x, &y);
            ok = grid_point(&map->crs, raster, x, y, &c[k], &l[k]);
        }
        if (!ok) continue;
        double right = hypot(c[1] - c[0], l[1] - l[0]);
        double down = hypot(c[2] - c[0], l[2] - l[0]);
        return fmax(fmin(right, down), 1e-9);
    }
    return 1;
}
