/* composite.h: one picture of several scenes of a place, pixel by pixel: the median, or the greenest. */
#ifndef NADIR_VIEW_COMPOSITE_H
#define NADIR_VIEW_COMPOSITE_H

#include "view/layer.h"

/** Draws by look->rule, MOSAIC_MEDIAN or MOSAIC_MAX_NDVI. Values are compared as physical quantities, and coloured as the first
 * scene's style has it. Scenes that have not what the look, the mask or the rule needs are left out. Errors as render(). */
int composite_draw(struct request *rq, const struct look *look, const struct map *map, const struct scene *const *scenes,
                   int count, struct picture *out);

#endif
