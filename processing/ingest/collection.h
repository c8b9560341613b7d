/* collection.h: what a collection is called when ingest has to make it. */
#ifndef INGEST_COLLECTION_H
#define INGEST_COLLECTION_H

#include <jansson.h>

/** A STAC Collection for an id; the well-known ones have their title, licence, provider, keywords and times. New reference. */
json_t *collection_make(const char *id);

#endif
