/* footprint.h: where a product lies on Earth. */
#ifndef INGEST_FOOTPRINT_H
#define INGEST_FOOTPRINT_H

#include "product.h"

/** Sets geometry and bbox (CRS84): the convex outline of the valid pixels of <folder>/visual.tif, cut at the antimeridian. */
int footprint_find(struct product *p, const char *folder, struct refusal *r);

#endif
