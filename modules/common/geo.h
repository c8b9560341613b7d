/* geo.h: the geometry that several modules need. Coordinates are longitude, latitude in degrees on WGS 84 (OGC:CRS84). */
#ifndef NADIR_GEO_H
#define NADIR_GEO_H

#include <jansson.h>

/** Parses "w,s,e,n" or six numbers (heights are dropped) with finite values, latitudes within +-90 and s <= n; longitudes
 * within +-180, w > e crosses the antimeridian. Returns 0, or NADIR_EINVAL with *why a constant sentence. */
int geo_bbox_parse(const char *text, double bbox[4], const char **why);
/** The same from a JSON array of 4 or 6 numbers. */
int geo_bbox_from_json(const json_t *array, double bbox[4], const char **why);

/** Checks a GeoJSON geometry (RFC 7946): known type, finite positions in range, closed rings of 4 or more positions, at most
 *  `most` positions. Returns 0, or NADIR_EINVAL with *why a constant sentence. */
int geo_geometry_check(const json_t *geometry, size_t most, const char **why);

/** Area in square metres of a checked Polygon or MultiPolygon on the WGS 84 ellipsoid, its edges straight in longitude and
 * latitude as RFC 7946 section 3.1.1 has them (Snyder 1987, equation 3-12); holes are taken off. 0 for other types. */
double geo_area(const json_t *geometry);

/** The bounding box of a geometry; a geometry that spans more than 180 degrees of longitude is not taken as crossing. */
int geo_bounds(const json_t *geometry, double bbox[4]);

#endif
