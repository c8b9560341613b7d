/* style.h: the styles that bands make possible, and the colour ramps. */
#ifndef NADIR_VIEW_STYLE_H
#define NADIR_VIEW_STYLE_H

#include "view/scene.h"

extern const struct ramp ramp_vegetation; /* NDVI, -1..1 */
extern const struct ramp ramp_water;      /* NDWI, -1..1 */
extern const struct ramp ramp_elevation;  /* metres */

/** Fills the scene's styles from its bands. */
void style_list(struct scene *scene);

/** The ramp that a style of that id is drawn with, whatever the scene; NULL if it has none. */
const struct ramp *style_ramp(const char *id);

#endif
