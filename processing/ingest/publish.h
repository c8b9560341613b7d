/* publish.h: the catalogue, over its public interface (STAC API - Transaction), as any other front office. */
#ifndef INGEST_PUBLISH_H
#define INGEST_PUBLISH_H

#include "product.h"

enum published { PUBLISHED_CREATED, PUBLISHED_UPDATED };

/** Adds the item, or puts it in the place of the one of that name; makes the collection if it is not there. Addresses and
 * secret come from NADIR_URL, NADIR_CLIENT_ID and NADIR_CLIENT_SECRET. */
int publish_item(struct scope *s, const char *collection, const json_t *item, enum published *out, struct refusal *r);

#endif
