/* values.h: what the bands of a layer hold at a place, for the services' GetFeatureInfo. */
#ifndef NADIR_VIEW_VALUES_H
#define NADIR_VIEW_VALUES_H

#include "view/layer.h"

#define VALUES_MOST 50 /* scenes of one layer */

enum values_format { VALUES_JSON, VALUES_TEXT, VALUES_HTML, VALUES_GML };

/** The format of a media type; application/json for NULL and "". False if it is none that is served. */
bool values_format(const char *media_type, enum values_format *out);

/** Adds a GeoJSON feature to the array for each of the layer's scenes, at most `most`, that has data at the place: what the
 * bands hold, and in a computed style the formula's value under the style's name. */
int values_add(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times, double lon,
               double lat, int most, json_t *features);

/** Answers the features. */
int values_answer(struct request *rq, struct response *rs, enum values_format format, json_t *features);

#endif
