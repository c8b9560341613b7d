/* lookup.h: connections whose statements are planned once for all values. */
#ifndef DISCOVERY_LOOKUP_H
#define DISCOVERY_LOOKUP_H

#include "common/db.h"

/** The module's database for statements whose best plan is the same whatever their values: an item by its key, and what a place
 * holds of a window of time within one partition. Planning them anew, as other searches need it (migrations/discovery/002),
 * costs as much as running them, and three times a look-up by key. */
struct db *lookup_db(void);

#endif
