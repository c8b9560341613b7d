/* crs.h: the coordinate systems a map may be asked in, and transformers into the system of a raster.
 *
 * Coordinates inside the module are always x, y (easting, northing, or longitude, latitude), whatever order the authority
 * of the system gives its axes; `lat_first` says that a protocol which honours the authority (WMS 1.3.0) turns them round.
 */
#ifndef NADIR_VIEW_CRS_H
#define NADIR_VIEW_CRS_H

#include <ogr_srs_api.h>
#include <stdbool.h>

struct crs {
    int epsg;        /* 4326 also for CRS:84 */
    bool geographic; /* degrees */
    bool lat_first;  /* the name asks for latitude first */
};

/** The longest side of Web Mercator's square from its middle, metres: pi times the radius of 6378137 m. */
#define MERCATOR_HALF 20037508.342789244

/** Web Mercator (EPSG:3857). */
extern const struct crs crs_mercator;
/** Longitude, latitude on WGS 84. */
extern const struct crs crs_84;

/** Reads "EPSG:3857", "CRS:84", "OGC:CRS84", or the OGC URI of either. Served: 3857, 4326, CRS:84, the UTM zones on WGS 84
 *  (326zz, 327zz) and the polar stereographic 3031 and 3413. NADIR_EINVAL for any other. */
int crs_parse(const char *name, struct crs *out);

/** The width of the world in the system's x for those that repeat there (degrees and Mercator), or 0. */
double crs_period(const struct crs *crs);

/** A transformer from crs to a raster's system, kept by this thread. key names the raster's system uniquely. Borrowed until
 *  the thread has asked for 15 others. NULL when there is none. */
OGRCoordinateTransformationH crs_transformer(const struct crs *crs, OGRSpatialReferenceH raster, const char *key);

/** Transforms between two served systems in place. False if any point has no counterpart. */
bool crs_convert(const struct crs *from, const struct crs *to, int count, double *x, double *y);

/** The bounds in `to` of a box in `from` (its edges are followed in 20 steps each). False when there are none. */
bool crs_convert_box(const struct crs *from, const struct crs *to, const double box[4], double out[4]);

#endif
