/* raster.h: open rasters. A GDAL dataset belongs to one thread at a time, so every thread keeps its own handles, the least
 * recently used being closed. Only GeoTIFF is registered: what is served here was made into COGs by ingest or a runner.
 */
#ifndef NADIR_VIEW_RASTER_H
#define NADIR_VIEW_RASTER_H

#include <gdal.h>
#include <stdbool.h>

#include "common/scope.h"

#define RASTER_LEVELS 16 /* full resolution and its overviews */

struct raster_level {
    int width, height;
    double shrink_x, shrink_y; /* full-resolution pixels a pixel of this level */
};

/* The box of a raster's edges in a map's system, remembered as it is asked for again with every tile. */
struct raster_extent {
    int epsg;     /* 0: free */
    bool bounded; /* false: there is no such box */
    double box[4];
};

struct raster {
    GDALDatasetH dataset;
    int width, height, bands;
    double inverse[6]; /* inverse geotransform: map to pixel, as GDALApplyGeoTransform takes it */
    double forward[6];
    double bounds[4];         /* in the raster's own system */
    double pixel;             /* side of a pixel in units of the raster's system */
    OGRSpatialReferenceH srs; /* borrowed from the dataset; axes are mapped to x, y */
    char *srs_key;
    bool geographic;
    struct raster_level levels[RASTER_LEVELS]; /* 0: full resolution, then from fine to coarse */
    int nlevels;
    struct raster_extent extents[4];
};

/** Opens a raster for this thread, or finds it open. path is relative to NADIR_DATA, or an address below one of the prefixes
 *  in NADIR_VIEW_REMOTE; version changes when the file's content does. *out is borrowed until the thread has opened 95 others.
 *  NADIR_ENOTFOUND when the file is not there or no georeferenced GeoTIFF, NADIR_EDENIED when the path leads elsewhere. */
int raster_open(struct scope *s, const char *path, const char *version, struct raster **out);

/** Band (from 1) of a level. NULL if there is none. */
GDALRasterBandH raster_band(const struct raster *r, int band, int level);

/** Bounds in longitude and latitude. False when they cannot be told. */
bool raster_bounds_84(const struct raster *r, double bounds[4]);

/** The coarsest level that still has at least one pixel for each of `shrink` full-resolution pixels. */
int raster_level_for(const struct raster *r, double shrink);

#endif
