/* readers.h: from a provider's metadata to a product. Each checks the provider's lists and checksums first. */
#ifndef INGEST_READERS_H
#define INGEST_READERS_H

#include "options.h"
#include "source.h"

/** Landsat Level 1 and 2 (Collections 1 and 2, and before) of TM, ETM+ and OLI/TIRS. */
int landsat_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r);
/** Sentinel-1 Level 1 GRD. */
int sentinel1_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r);
/** Sentinel-2 Level 1C and 2A in the compact format. */
int sentinel2_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r);
/** Rasters without metadata of a provider: a file, or a folder of single-band files. */
int raster_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r);

#endif
