/* mask.h: which pixels of a scene show the ground, by its scene classification: SCL of Sentinel-2 level 2A (Sentinel-2 Products
 * Specification, scene classification: vegetation, bare, water, unclassified and snow are kept) or QA_PIXEL of Landsat
 * collection 2 (USGS LSDS-1619, table 6-3: fill, dilated cloud, cirrus, cloud and cloud shadow are left out). */
#ifndef NADIR_VIEW_MASK_H
#define NADIR_VIEW_MASK_H

#include "view/drawing.h"
#include "view/picture.h"

/** True if the scene has a classification. */
bool mask_known(const struct scene *scene);

/** Sets bytes of `valid` (the block's pixels) to 0 where the ground is not seen. NADIR_ENOTFOUND if the scene has no
 * classification, or not its file. */
int mask_block(struct scope *s, const struct scene *scene, const struct map *map, const struct block *b, unsigned char *valid);

/** Makes transparent what does not show the ground. Errors as above. */
int mask_picture(struct scope *s, const struct scene *scene, const struct map *map, struct picture *picture);

#endif
