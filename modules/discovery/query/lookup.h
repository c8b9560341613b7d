/* lookup.h: connections of their own for statements that are planned once for all values, and for those that may be given up.
 */
#ifndef DISCOVERY_LOOKUP_H
#define DISCOVERY_LOOKUP_H

#include "common/db.h"

/** The module's database for statements whose best plan is the same whatever their values: an item by its key, and what a place
 * holds of a window of time within one partition. Planning them anew, as other searches need it (migrations/discovery/002),
 * costs as much as running them, and three times a look-up by key. */
struct db *lookup_db(void);

/** The same for counts: few connections, and the server ends a statement that takes longer than NADIR_COUNT_MS (500), so that
 * the most laborious query costs no more; the caller gets NADIR_ETIMEOUT. */
struct db *count_db(void);

#endif
