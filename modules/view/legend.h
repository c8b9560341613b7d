/* legend.h: colour ramps as pictures. */
#ifndef NADIR_VIEW_LEGEND_H
#define NADIR_VIEW_LEGEND_H

#include "view/colour.h"
#include "view/picture.h"

#define LEGEND_WIDTH 256
#define LEGEND_HEIGHT 20   /* the colours alone */
#define LEGEND_NUMBERED 38 /* with numbers below them */

/** A ramp from left to right. From LEGEND_NUMBERED high on, numbers stand below it. The scope's memory. */
int legend_across(struct scope *s, const struct ramp *ramp, int width, int height, struct picture *out);

/** A ramp from its high end above to its low end below, with numbers on its right where there is room. */
int legend_down(struct scope *s, const struct ramp *ramp, int width, int height, struct picture *out);

/** The distance of the numbers on a scale: 1, 2 or 5 times a power of ten, the least with at most `most` steps from low to
 * high.
 */
double legend_step(double low, double high, int most);

#endif
