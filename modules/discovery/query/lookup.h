/* lookup.h: connections for statements that find one row by its key. */
#ifndef DISCOVERY_LOOKUP_H
#define DISCOVERY_LOOKUP_H

#include "common/db.h"

/** The module's database, where a statement is planned once for all values: planning anew, as searches need it (see
 *  migrations/discovery/002), would cost a look-up by key three times what the look-up itself does.. */
struct db *lookup_db(void);

#endif
