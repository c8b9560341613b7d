/* parquet.h: stac-geoparquet, by GDAL's Parquet driver where GDAL was built with it (Debian 12's was not). */
#ifndef DISCOVERY_PARQUET_H
#define DISCOVERY_PARQUET_H

#include <gdal.h>

#include "discovery/catalogue/pipeline.h"

/** True for a name that ends as Parquet's do. */
bool parquet_named(const char *file);
/** The driver, or NULL after telling on standard error what is missing. */
GDALDriverH parquet_driver(void);

bool parquet_open(struct scope *s, const char *const *files, size_t count, struct source *out);
void parquet_close(struct source *source);

/** The STAC Item that a feature's columns tell (stac-geoparquet 1.0); a new reference. NULL: it is none. */
json_t *item_of_feature(OGRFeatureH feature);

/* ---- parquet_write.c ---- */

/** Writes the public items of collections (names with spaces between them, NULL: all) to a file. 0, or 2 after telling on
 * standard error. */
int parquet_write(const char *file, const char *collection, bool quiet);
/** The same into any layer: makes its columns first. */
int items_to_layer(OGRLayerH layer, const char *collection, long long *count);

#endif
