/* area.h: the polygon that a request asks about. */
#ifndef NADIR_VIEW_AREA_H
#define NADIR_VIEW_AREA_H

#include <ogr_api.h>

#include "common/http.h"

#define AREA_POSITIONS 10000
#define AREA_BODY (1 << 20)

struct area {
    OGRGeometryH shape; /* valid polygons, longitude and latitude, edges straight there (RFC 7946 section 3.1.1) */
    double square_metres;
    double box[4]; /* west, south, east, north of all parts; of an area across the antimeridian -180 to 180 */
};

/** Reads the body of a POST, a GeoJSON Polygon or MultiPolygon or a Feature of one, or the bbox= of a GET (west past east:
 *  across the antimeridian). Memory is the request's. Answers 4xx and returns false where there is none. */
bool area_read(struct request *rq, struct response *rs, struct area *out);

/** An area of a checked Polygon or MultiPolygon. False: its rings cross each other or themselves. */
bool area_of(struct scope *s, const json_t *geometry, struct area *out);

#endif
