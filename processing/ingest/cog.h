/* cog.h: the serving profile of a band: one cloud-optimised GeoTIFF, 256-pixel blocks, ZSTD with a predictor, overviews down to
 * less than 512 pixels, statistics inside; no data and masks are kept. Measured choice: reading a tile costs half of what it
 * does with 512-pixel DEFLATE blocks. */
#ifndef INGEST_COG_H
#define INGEST_COG_H

#include <gdal.h>

#include "product.h"

/** Writes <folder>/<key>.tif from a band's source and fills in what was written. Sources with ground control points, or
 * rotated, are warped to a north-up grid first. */
int band_write(struct product *p, struct band *b, const char *folder, struct refusal *r);
/** Copies a dataset as a COG. options is a NULL-ended list of the COG driver's; they are not changed. */
int cog_copy(GDALDatasetH source, const char *path, char **options, struct refusal *r);

#endif
