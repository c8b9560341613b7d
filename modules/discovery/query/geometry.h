/* geometry.h: geometries that callers wrote: WKT and GeoJSON, by GEOS. Longitude and latitude in degrees, two-dimensional. */
#ifndef DISCOVERY_GEOMETRY_H
#define DISCOVERY_GEOMETRY_H

#include "discovery/stac.h"

#define GEOMETRY_DEPTH_MOST 8 /* brackets around a position */
#define MENDED_MOST 300       /* positions of a geometry that is not valid */

/** Reads WKT (OGC 06-103r4 clause 7; heights are dropped) as GeoJSON that geo_geometry_check passed. The tree belongs to the
 *  scope. NADIR_EINVAL with *why a constant sentence. */
int geometry_from_wkt(struct scope *s, const char *wkt, size_t len, const json_t **out, const char **why);

/** A copy without heights and foreign members, all numbers real. NADIR_EINVAL with *why if it is no GeoJSON geometry. */
int geometry_flat(struct scope *s, const json_t *geojson, const json_t **out, const char **why);

/** How many positions a checked GeoJSON geometry has. */
size_t geometry_positions(const json_t *geojson);

/** A box as GeoJSON: a polygon, two where west > east, or a line or a point where it has no width or height. */
const json_t *geometry_from_box(struct scope *s, const double box[4]);

/** GeoJSON as hexadecimal EWKB in EPSG:4326, made valid. NULL if there is nothing valid in it, or if it is not
 *  valid and has more than MENDED_MOST positions. */
const char *geometry_ewkb(struct scope *s, const json_t *geojson);

#endif
