/* item.h: the STAC item of a written product. */
#ifndef INGEST_ITEM_H
#define INGEST_ITEM_H

#include "product.h"

/** Builds the item; paths are <prefix>/<file>, relative to NADIR_DATA. The tree belongs to the scope. */
json_t *item_make(struct product *p, const char *collection, const char *prefix);

#endif
