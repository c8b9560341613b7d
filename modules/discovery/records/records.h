/* records.h: OGC API - Records Part 1 (OGC 20-004r1): the collections of the catalogue as one searchable catalog of records.
 *
 * A record is made of the STAC Collection as it is stored, when it is read: there are few on a page.
 */
#ifndef DISCOVERY_RECORDS_H
#define DISCOVERY_RECORDS_H

#include "discovery/collections.h"
#include "discovery/html.h"
#include "discovery/stac.h"

#define RECORDS_CATALOG "datasets" /* the one catalog's id */
#define RECORDS_PATH "/records/collections/" RECORDS_CATALOG
#define SCHEMA_TYPE "application/schema+json"
#define CATALOG_TYPE "application/ogc-catalog+json"
#define RECORD_PROFILE "http://www.opengis.net/def/profile/OGC/0/ogc-record"
#define CATALOG_PROFILE "http://www.opengis.net/def/profile/OGC/0/ogc-catalog"

/* ---- record.c ---- */

/** The record (20-004r1 clause 8, a GeoJSON Feature) of a STAC Collection; a new reference. */
json_t *record_make(struct request *rq, const json_t *collection);
/** The boxes of a collection's spatial extent as GeoJSON, cut at the antimeridian; JSON null when there are none. Of several
 * boxes the first covers the others (STAC 1.0 collection-spec), which tell more exactly. A new reference. */
json_t *extent_geometry(const json_t *collection);

/* ---- queryables.c ---- */

/** The column that a record's property is found by, or NULL: no such property. sortable: one to order by. */
const char *record_property(const char *name, bool sortable);
/** Gives a filter's properties the names that the store has. NADIR_EINVAL with a fault for a name that is no queryable. */
int record_filter_rename(struct expr *filter, struct fault *f);

/* ---- html.c ---- */

/** Answers a document (stolen), or for a browser the page that shows it. */
int records_answer(struct request *rq, struct response *rs, const char *type, json_t *document, const char *title);

/* ---- handlers ---- */
int records_landing(struct request *rq, struct response *rs);
int records_conformance(struct request *rq, struct response *rs);
int records_catalogs(struct request *rq, struct response *rs);
int records_catalog(struct request *rq, struct response *rs);
int records_queryables(struct request *rq, struct response *rs);
int records_sortables(struct request *rq, struct response *rs);
int records_items(struct request *rq, struct response *rs);
int records_item(struct request *rq, struct response *rs);

/** True unless the path names another catalog than ours: it has answered 404 then. */
bool records_catalog_known(struct request *rq, struct response *rs);

#endif
