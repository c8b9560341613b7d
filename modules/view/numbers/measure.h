/* measure.h: what a band or a formula holds within an area. */
#ifndef NADIR_VIEW_MEASURE_H
#define NADIR_VIEW_MEASURE_H

#include "view/numbers/cells.h"
#include "view/numbers/gate.h"
#include "view/numbers/tally.h"

struct share {
    int64_t count; /* pixels */
    double weight;
};

/* What is wanted besides the moments. */
struct wanted {
    bool samples; /* as stored, not physical */
    int npercentiles;
    double percentiles[PERCENTILES_MOST]; /* ascending */
    int bins;                             /* 0: no histogram */
    bool ranged;                          /* otherwise from the least to the greatest value */
    double range[2];
    int64_t pixels_most; /* to be read */
    struct gate *gate;   /* the request's, or NULL */
};

struct measure {
    struct tally tally;          /* of the valid pixels */
    struct share nodata, masked; /* within the area, but not counted */
    double percentiles[PERCENTILES_MOST];
    struct histogram *histogram; /* the scope's; NULL: none was wanted */
    int64_t pixels;              /* read, in one pass */
    int64_t cost;                /* what would have been read, where it is too much */
    int epsg;                    /* of the grid; 0: none */
    double pixel_x, pixel_y;     /* sides of its pixels, in units of its system */
    int overview;
    double tolerance; /* of the area's edges, pixels */
};

/** Measures. NADIR_EINVAL: the area or the bands do not fit together, see cells_begin. NADIR_ETOOLARGE: more pixels than
 *  wanted->pixels_most (out->cost tells). NADIR_EBUSY: other long work is going on. NADIR_ETIMEOUT, NADIR_ENOTFOUND,
 * NADIR_EUNAVAILABLE, NADIR_ENOMEM. */
int measure(struct scope *s, const struct scene *scene, const struct subject *subject, const struct area *area,
            const struct wanted *wanted, struct measure *out);

#endif
