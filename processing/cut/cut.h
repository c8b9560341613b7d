/* cut.h: a part of a raster: what was bought of it. */
#ifndef NADIR_CUT_H
#define NADIR_CUT_H

#include <jansson.h>

enum cut_end {
    CUT_DONE = 0,
    CUT_FAILED = 1,  /* the raster cannot be read, or the result not be written */
    CUT_OUTSIDE = 3, /* the areas do not touch the raster */
};

/** Writes the part of a raster that lies in any of the areas as a Cloud Optimized GeoTIFF on the raster's own grid: pixels are
 *  copied, never resampled; every pixel that an area touches is in, those around are no data (the raster's own value for it,
 * NaN for floating point without one, otherwise 0, declared as such). source: any name that GDAL opens. areas: an array of
 * GeoJSON Polygons and MultiPolygons (longitude, latitude, edges straight there, RFC 7946 section 3.1.1). to: a path that does
 * not exist. Returns an enum cut_end, with *why a sentence in thread-local memory unless it is CUT_DONE. */
int cut_raster(const char *source, const json_t *areas, const char *to, const char **why);

#endif
