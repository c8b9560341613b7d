/* frame.h: which part of the earth a picture shows and how large it is, as OGC API - Maps Part 1 (20-058) asks for them: bbox,
 * bbox-crs, crs, width and height. */
#ifndef NADIR_VIEW_FRAME_H
#define NADIR_VIEW_FRAME_H

#include "view/grid.h"
#include "view/view.h"

/** Reads crs (Web Mercator if not given). Answers 400 and returns false. */
bool frame_crs(const struct request *rq, struct response *rs, struct crs *out);

/** Reads bbox in bbox-crs into map->box, in map->crs; `usual` (longitude, latitude; NULL: bbox must be given) otherwise.
 *  Answers 400 and returns false. */
bool frame_box(const struct request *rq, struct response *rs, const double usual[4], struct map *map);

/** Reads width and height; what is not given follows from the box's shape. Answers 400 and returns false. */
bool frame_size(const struct request *rq, struct response *rs, struct map *map);

#endif
