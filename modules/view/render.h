/* render.h: draws a scene in a style onto a map. */
#ifndef NADIR_VIEW_RENDER_H
#define NADIR_VIEW_RENDER_H

#include "view/grid.h"
#include "view/picture.h"
#include "view/scene.h"

#define RENDER_REVISION 1 /* part of every ETag: raise it when pictures change */

/** Draws. The picture's memory belongs to the scope; what the scene does not cover is transparent. NADIR_ETIMEOUT when the
 * scope's deadline passes between blocks; NADIR_ENOTFOUND when a raster of the scene cannot be opened; errors of sample_block.
 */
int render(struct scope *s, const struct scene *scene, const struct style *style, const struct map *map, struct picture *out);

/** The sample of a band at a position in longitude and latitude (nearest pixel). False in *found: no data there. */
int render_point(struct scope *s, const struct scene *scene, int band, double lon, double lat, bool *found, double *value);

/** The value of a style's expression there. False in *found: a band has no data, or the formula no value. */
int render_point_computed(struct scope *s, const struct scene *scene, const struct style *style, double lon, double lat,
                          bool *found, double *value);

#endif
