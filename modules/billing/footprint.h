/* footprint.h: how much of a scene lies in an area of interest. */
#ifndef BILLING_FOOTPRINT_H
#define BILLING_FOOTPRINT_H

#include <jansson.h>

struct scope;

/** Checks an area of interest: a GeoJSON Polygon or MultiPolygon of at most 1,000 positions that does not cross itself and
 * whose edges are no longer than 180 degrees of longitude. 0, or NADIR_EINVAL with *why a constant sentence. */
int footprint_check_aoi(struct scope *s, const json_t *aoi, const char **why);

/** Area in km2, on the WGS 84 ellipsoid and rounded to 0.0001 km2 (100 m2), of a scene's footprint, or of its part inside a
 *  checked aoi where that is not NULL, without what lies in `held` (NULL, or an array of checked areas). A footprint drawn
 * across the antimeridian without being split is taken the short way. NADIR_EINVAL when the footprint is no surface,
 * NADIR_ETOOLARGE when the outlines have too many corners to be compared, or one that crosses itself to be mended. */
int footprint_area_km2(struct scope *s, const json_t *footprint, const json_t *aoi, const json_t *held, double *km2);

#endif
