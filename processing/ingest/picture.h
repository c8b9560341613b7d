/* picture.h: what people see of a product: an 8-bit picture for maps, and a thumbnail. */
#ifndef INGEST_PICTURE_H
#define INGEST_PICTURE_H

#include "product.h"

/** Writes <folder>/visual.tif (three bands of 8 bits, JPEG COG with a mask where there is no data): the provider's own picture,
 * or red, green and blue stretched from the 2nd to the 98th percentile, or the false colours or the one band that there are. */
int visual_write(struct product *p, const char *folder, struct refusal *r);
/** Writes <folder>/thumbnail.png or .jpg of at most 512 pixels from the picture; transparent where there is no data. */
int thumbnail_write(struct product *p, const char *folder, struct refusal *r);

#endif
