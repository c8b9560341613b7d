/* queryables.h: summaries of items' properties and the JSON Schema that is made of them. */
#ifndef DISCOVERY_QUERYABLES_H
#define DISCOVERY_QUERYABLES_H

#include "discovery/stac.h"

/** Merges a summary (properties_summary of migrations/discovery/009; may be NULL) into another: bounds and lists widen. */
void summary_merge(json_t *into, const json_t *summary);

/** The schemas of the item's own members and of the properties in a summary (a new reference). */
json_t *queryables_schema(const json_t *summary);

/** The same of what the caller may see in a collection (NULL: in all), in the scope. NADIR_ENOTFOUND if there is no such
 * collection for the caller. */
int queryables_read(struct request *rq, const char *collection, json_t **out);

#endif
