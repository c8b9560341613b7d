/* zone.h: an area on a raster's grid, and how much of each pixel it covers.
 *
 * The weight of a pixel is the area of the polygon within it over its own area, both on the raster's map: exact, by summing up
 * signed trapezoids to the right of every edge, as scanline rasterizers with exact coverage do (Levien, "font-rs", 2016), and
 * no supersampling. Edges are straight in longitude and latitude (RFC 7946 section 3.1.1); on the map they are followed by
 * chords that are off by no more than a millionth of a pixel (a hundredth where a shape of many long edges would need too many
 * chords; `tolerance` tells). Weights within 1e-9 of 0 or 1 are taken for that.
 */
#ifndef NADIR_VIEW_ZONE_H
#define NADIR_VIEW_ZONE_H

#include "view/grid.h"
#include "view/numbers/area.h"
#include "view/raster.h"

#define ZONE_EDGES 400000

struct zone_edge {
    double x0, y0, x1, y1; /* pixels of the level; outer rings clockwise to the eye, holes the other way round */
};

struct zone {
    struct zone_edge *edges;
    size_t count, room;
    double tolerance;    /* pixels between a chord and its edge */
    double box[4];       /* left, top, right, bottom of all edges */
    struct block window; /* the pixels of the level that the area may touch; width 0: none */
};

/** Places an area on a level of a raster. End it with zone_end. NADIR_EINVAL: it cannot be drawn there, or not by ZONE_EDGES
 *  chords. NADIR_ENOMEM. */
int zone_make(const struct area *area, const struct raster *raster, int level, struct zone *out);
void zone_end(struct zone *z);

/** The weights of a block's pixels, from 0 to 1, line by line. NADIR_ENOMEM. */
int zone_weights(const struct zone *z, const struct block *b, double *out);

#endif
