/* colormaps.h: colour ramps that a caller may choose by name. */
#ifndef NADIR_VIEW_COLORMAPS_H
#define NADIR_VIEW_COLORMAPS_H

#include "common/scope.h"
#include "view/colour.h"

/** The ramp of that name laid over a range (its own, when range is NULL: 0 to 1, but for those of the built-in styles). The
 *  scope's memory. NULL if there is none such. */
const struct ramp *colormap_get(struct scope *s, const char *name, const struct stretch *range);

/** The names: an array, new reference. */
json_t *colormap_list(void);

#endif
