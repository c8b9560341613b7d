/* static_catalog.h: the public catalogue as a folder of files that link to one another (STAC's self-contained catalogue). */
#ifndef DISCOVERY_STATIC_CATALOG_H
#define DISCOVERY_STATIC_CATALOG_H

#include <stdbool.h>

/** Writes to a folder that does not exist or is empty; it appears complete or not at all. collection: names with spaces
 *  between them, NULL: all. 0, or 2 after telling on standard error. */
int static_catalog_write(const char *folder, const char *collection, const char *base_url, bool quiet);

#endif
