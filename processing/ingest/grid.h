/* grid.h: opening rasters and reading their grids. */
#ifndef INGEST_GRID_H
#define INGEST_GRID_H

#include <gdal.h>

#include "product.h"

#define PIXELS_MOST 20000000000LL /* of a band: twice a full Sentinel-1 stripmap frame and more */

/** Opens a raster file read-only with the drivers that take self-contained files (no VRT, no services: those open other
 *  addresses). Refuses absurd sizes. Close with GDALClose. */
int raster_open(const char *path, GDALDatasetH *out, struct refusal *r);
/** Grid of a dataset with a geotransform. The WKT belongs to the scope. */
void grid_read(struct scope *s, GDALDatasetH dataset, struct grid *out);
/** "uint8", "int16", …: STAC raster extension's name of a GDAL type. */
const char *data_type_name(GDALDataType type);
/** The EPSG code of the UTM zone (or polar stereographic projection) of a place in degrees. */
int utm_epsg(double longitude, double latitude);

#endif
