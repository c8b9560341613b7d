/* cells.h: values and weights of a zone's pixels, block by block.
 *
 * Pixels are those of one band's grid: the band asked for, or of a formula's bands the one with the smallest pixels. Other
 * bands are read at the middle of its pixels (the pixel that holds it: nearest neighbour).
 */
#ifndef NADIR_VIEW_CELLS_H
#define NADIR_VIEW_CELLS_H

#include "view/numbers/zone.h"
#include "view/scene.h"

#define CELLS_BANDS (2 * EXPRESSION_BANDS)
#define CELLS_SIDE 512 /* longest side of a block */

/* What is asked of a scene: a band, or a formula (then band is -1), where another formula (NULL: everywhere) holds. */
struct subject {
    int band;
    const struct expression *formula;
    const struct expression *where;
    int overview; /* 0: full resolution */
};

enum cell {
    CELL_VALID = 0,
    CELL_OUTSIDE, /* weight 0 */
    CELL_NODATA,
    CELL_MASKED, /* has data, but `where` does not hold or has none there */
};

struct cell_source {
    const struct band *band;
    GDALRasterBandH handle, mask; /* mask NULL: nodata tells all */
    double nodata;                /* the file's, NaN if there is none */
    int width, height;
    double to[4]; /* own pixel = to[0] + to[1] * column, to[2] + to[3] * line, of positions on the grid */
    bool same;    /* is on the grid */
    float *plane; /* samples, NaN where there are none */
};

struct cells {
    struct scope *scope;
    const struct scene *scene;
    const struct subject *subject;
    const struct raster *grid;
    struct raster_level level;
    int overview; /* that is read */
    struct zone zone;
    struct cell_source sources[CELLS_BANDS];
    int nsources, nvalues; /* the first nvalues are the formula's or the band, the others where's */
    int side;              /* of a block */
    int64_t pixels;        /* read so far, of all bands */
    struct block block;    /* the present one */
    /* of its pixels, line by line */
    double *weights, *values;
    unsigned char *states; /* enum cell */
    double *samples;       /* as read */
    unsigned char *masks;
    float *results;
};

/** Begins; *c need not be set. End with cells_end, also after a failure. NADIR_ENOTFOUND: a raster is not there.
 *  NADIR_EINVAL: the bands lie on different maps, or the area cannot be drawn there. NADIR_ENOMEM. */
int cells_begin(struct scope *s, const struct scene *scene, const struct subject *subject, const struct area *area,
                struct cells *c);
void cells_end(struct cells *c);

/** How many pixels the zone's window has, of all bands: what cells_next will read at most. */
int64_t cells_cost(const struct cells *c);

/** The next block of which some pixel counts. *more false: there was none left; then it begins anew. Values are samples of the
 *  band, or physical results of the formula. NADIR_ETIMEOUT when the scope's deadline has passed, NADIR_EUNAVAILABLE. */
int cells_next(struct cells *c, bool *more);

#endif
