/* rule.h: how the scenes of a collection are put together where several cover a place.
 *
 * Arguments, their names in any case: mosaic=latest (the newest on top, as is usual), least-cloud (the clearest on top), median
 * (of each band, or of a formula's value) or max-ndvi (each pixel from the scene where it is greenest); mask=clouds leaves out
 * what the scene classification calls cloud, cloud shadow or cirrus; scenes=N takes the first N scenes only, by the rule's
 * order.
 */
#ifndef NADIR_VIEW_RULE_H
#define NADIR_VIEW_RULE_H

#include "view/computed.h"

enum mosaic_rule { MOSAIC_LATEST, MOSAIC_LEAST_CLOUD, MOSAIC_MEDIAN, MOSAIC_MAX_NDVI };

struct rule {
    enum mosaic_rule kind;
    bool masked;
    int scenes; /* 0: all that are there, which must not be too many */
};

/** Reads the arguments. False, with the complaint filled, when they are no good. */
bool rule_read(const struct request *rq, struct rule *out, struct complaint *complaint);

/** The arguments as "&name=value…", to be carried into another address; "" if none. */
const char *rule_query(const struct request *rq);

#endif
