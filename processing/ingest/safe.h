/* safe.h: does a product hold what its provider says it does? */
#ifndef INGEST_SAFE_H
#define INGEST_SAFE_H

#include "product.h"
#include "xml.h"

/** Checks every file that a SAFE's manifest.safe lists: there, of that size, with that checksum (MD5 or SHA3-256). A wrong
 *  one is named before a missing one. */
int safe_verify(struct scope *s, const char *folder, xmlDoc *manifest, bool allow_missing, struct refusal *r);
/** Checks the files that a Landsat *_MD5.txt lists. */
int md5_list_verify(const char *folder, const char *list, bool allow_missing, struct refusal *r);

#endif
