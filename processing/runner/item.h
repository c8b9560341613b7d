/* item.h: the STAC item of a result. */
#ifndef NADIR_RUNNER_ITEM_H
#define NADIR_RUNNER_ITEM_H

#include "processing/runner/product.h"
#include "processing/runner/queue.h"

/** STAC 1.0.0 with the projection, raster, file and processing extensions. Belongs to the scope; NULL when memory is out. */
json_t *item_make(struct scope *s, const struct job *job, const struct product *product, const char *public_url);

#endif
