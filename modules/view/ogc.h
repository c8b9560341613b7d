/* ogc.h: OGC API - Tiles Part 1 (20-057) and OGC API - Maps Part 1 (20-058) of the layers, below /view/ogc. A collection of the
 * API is a layer; as a name in an address it has ':' where layer.h has '/'. */
#ifndef NADIR_VIEW_OGC_H
#define NADIR_VIEW_OGC_H

#include "view/layer.h"
#include "view/tile_matrix.h"
#include "view/view.h"

#define REL_MAP "http://www.opengis.net/def/rel/ogc/1.0/map"
#define REL_STYLES "http://www.opengis.net/def/rel/ogc/1.0/styles"
#define REL_TILESETS_MAP "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map"
#define REL_TILESETS_VECTOR "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
#define REL_TILING_SCHEME "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
#define REL_TILING_SCHEMES "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
#define REL_CONFORMANCE "http://www.opengis.net/def/rel/ogc/1.0/conformance"
#define REL_DATA "http://www.opengis.net/def/rel/ogc/1.0/data"

/** A link object; `path` goes on after the gateway's address. */
json_t *ogc_link(const struct request *rq, const char *rel, const char *type, const char *title, const char *path);

/** A layer's name as it stands in an address. */
const char *ogc_id(struct scope *s, const struct layer *layer);

/** The layer and style that the path names, and the time that `datetime` does. Answers and returns false. */
bool ogc_read(struct request *rq, struct response *rs, struct layer *layer, struct look *look, struct times *times);

/** The picture's format, by f and Accept. Answers and returns false. */
bool ogc_picture_format(struct request *rq, struct response *rs, enum picture_format *out);

/** The tile that the path names. Answers 404 and returns false (20-057 requirement 6). */
bool ogc_read_tile(struct request *rq, struct response *rs, struct tile_set *set, int *level, int *row, int *column);

/** Answers why a layer could not be drawn. Returns 0 or a negative enum nadir_error that is still to be answered. */
int ogc_fail_picture(struct request *rq, struct response *rs, const struct layer *layer, int err);

/** Encodes and answers what was drawn of a layer. */
int ogc_answer_picture(struct request *rq, struct response *rs, const struct layer *layer, struct picture *picture,
                       enum picture_format format);

#endif
