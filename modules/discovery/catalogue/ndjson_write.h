/* ndjson_write.h: the public catalogue as lines of JSON, collections first, compressed: what load takes elsewhere. */
#ifndef DISCOVERY_NDJSON_WRITE_H
#define DISCOVERY_NDJSON_WRITE_H

#include <stdbool.h>

/** Writes a gzip file. collections: names with spaces between them, NULL: all. 0, or 2 after telling on standard error. */
int ndjson_write(const char *file, const char *collections, const char *base_url, bool quiet);

#endif
