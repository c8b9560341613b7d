/* collection_store.h: a collection into the catalogue. */
#ifndef DISCOVERY_COLLECTION_STORE_H
#define DISCOVERY_COLLECTION_STORE_H

#include "discovery/catalogue/batch.h"

/** Creates a collection; one that is there is replaced with upsert, and otherwise stays. The row takes the outcome. */
int collection_store(struct scope *s, struct db *db, const struct collection_row *collection, struct batch_row *row,
                     bool upsert);

#endif
