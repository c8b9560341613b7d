/* stac.h: what the files of the catalogue share.
 *
 * A collection or an item is checked once, when it is written, and stored as the finished JSON text that readers get. In that
 * text BASE_MARK stands for the public URL; answering is copying the text and replacing the mark. Nothing is parsed on a read.
 */
#ifndef DISCOVERY_STAC_H
#define DISCOVERY_STAC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/bus.h"
#include "common/db.h"
#include "common/http.h"

#define STAC_VERSION "1.0.0"
#define BASE_MARK "urn:nadir:base:"
#define GEOJSON "application/geo+json"
#define DOCUMENT_MOST (1024 * 1024) /* bytes of a stored document */
#define POSITIONS_MOST 20000        /* of a geometry */
#define INSTANT_SIZE 28             /* "2020-01-02T03:04:05.000000Z" and the end */
#define STATS_EXTENSION "https://stac-extensions.github.io/stats/v0.2.0/schema.json"
#define QUERYABLES_REL "http://www.opengis.net/def/rel/ogc/1.0/queryables"

/* The first fault of what a caller sent. */
struct fault {
    const char *field;
    const char *why; /* NULL: none */
};

/** Records a fault unless there is one already; returns NADIR_EINVAL. */
int fault_set(struct fault *f, const char *field, const char *why);
/** Answers 400 for a fault. */
int fault_answer(struct response *rs, const struct fault *f);

/* ---- instant.c ---- */

/** Normalises an RFC 3339 time to UTC with microseconds; such texts compare as the times do. NADIR_EINVAL if it is not one. */
int instant_parse(const char *text, size_t len, char out[INSTANT_SIZE]);
/** Parses STAC's datetime: an instant, or an interval "a/b" with at most one open end. NULL means open. */
int interval_parse(struct scope *s, const char *text, const char **from, const char **to, const char **why);

/* ---- documents.c ---- */

/* Bytes that grow. The memory is the scope's. */
struct text {
    char *data;
    size_t len, room;
};
struct text *text_new(struct scope *s, size_t room);
void text_add(struct text *t, const char *bytes, size_t len);
/** Adds a stored document (a zero ends it at len) with the public URL in place of the mark. */
void text_add_document(struct text *t, const char *document, size_t len, const char *base_url);
/** Compact JSON of a tree, in the scope. */
char *json_line(struct scope *s, const json_t *json);
/** Changes an object by a patch (RFC 7396): null removes, objects go deeper, other values replace. Returns the target. */
json_t *json_merge_patch(json_t *target, const json_t *patch);
/** Answers one stored document with its entity tag, or 304. */
int document_answer(struct request *rq, struct response *rs, int status, const char *type, const char *document, size_t len,
                    const char *version);
/** Answers a change: 204 with the new entity tag, or 200 with the document where `Prefer: return=representation` asks for it.
 */
int change_answer(struct request *rq, struct response *rs, const char *type, const char *document, const char *version);
/** True if the identifier may name a collection, an item or an asset: 1 to 256 of letters, digits and ._~:@+=,()- */
bool identifier_valid(const char *id);
/** True if an If-Match header was sent that does not name the version; it has answered 412 then. */
bool precondition_failed(const struct request *rq, struct response *rs, const char *version);

/** A link object {rel, type, href}; href is BASE_MARK or a base URL followed by the path. */
json_t *link_to(struct scope *s, const char *rel, const char *type, const char *base, const char *path);
/** The provider's own links that are kept (license, about, derived_from, …), without those that we write ourselves. */
json_t *links_kept(const json_t *links);
/** True for a relation that we write ourselves. */
bool link_is_ours(const char *rel);

/* ---- who sees what ---- */

/** An SQL condition on `item i` that holds for what the caller may see; it uses parameter $n (text). */
const char *visible_sql(struct scope *s, const struct auth *who, int n);
/** The value of that parameter. */
const char *visible_subject(const struct auth *who);

/* ---- item_document.c, collection_document.c ---- */

/* An item as it is stored. Everything belongs to the scope. */
struct item_row {
    const char *collection, *id;
    const char *datetime, *starts, *ends;
    const char *geometry; /* GeoJSON, or NULL */
    bool crosses;         /* its bbox crosses the antimeridian */
    const char *document;
    json_t *storage;      /* asset key -> nadir:path */
    json_t *event;        /* data of item.published, without the owner */
    const char *checksum; /* of its content (content_text); NULL: it tells none */
};

/* One asset's file:checksum, a multihash in hex. */
struct content {
    const char *data; /* not ended; NULL: none */
    size_t len;
    bool of_data; /* the asset's role is data */
};

/** What an item's content is known by is the least checksum of its data assets, or of all where it has no such: takes `one` if
 * it is less. A checksum of under 16 or over 256 digits is none. */
void content_least(struct content *least, struct content one);
/** The least checksum in lower case; NULL: there is none, or it is not hexadecimal. */
const char *content_text(struct scope *s, const struct content *least);

/** Checks a STAC Item for a collection and makes its row. id: the item that is replaced, or NULL. NADIR_EINVAL with a fault. */
int item_row_make(struct scope *s, const char *collection, const char *id, const json_t *item, struct item_row *out,
                  struct fault *f);

struct collection_row {
    const char *id;
    const char *owner; /* NULL: public */
    const char *document;
    json_t *event; /* data of collection.published */
};
int collection_row_make(struct scope *s, const char *id, const json_t *collection, struct collection_row *out, struct fault *f);

/** Inserts a collection and its event. NADIR_ECONFLICT if there is one of that name. */
int collection_insert(struct db_tx *tx, const struct collection_row *row);
/* ---- validity.c ---- */

/** Why a checked GeoJSON geometry is not valid (OGC 06-103r4 clause 6.1): a clause in the scope, such as "is not valid:
 *  Self-intersection[1 2]"; NULL: it is. One that is valid only if it is taken as crossing the antimeridian uncut sets
 * *crosses. */
const char *geometry_fault(struct scope *s, const char *geojson, bool *crosses);

/* ---- item_store.c ---- */

/* What of a stored item a change must know; from a row that the transaction holds. */
struct item_held {
    const char *version, *owner, *datetime;
};
/** Inserts an item, its footprint and its event. owner NULL: the collection's. NADIR_ECONFLICT if it is there, NADIR_ENOTFOUND
 * if the collection is not. version (may be NULL): its entity tag. */
int item_insert(struct db_tx *tx, const struct item_row *row, const char *owner, const char **version);
/** Writes the row over the item; the same content again changes nothing and is no event. *version: its entity tag. */
int item_update(struct db_tx *tx, const struct item_row *row, const struct item_held *held, const char **version);
int item_delete(struct db_tx *tx, const char *collection, const char *item, const struct item_held *held);

#define LIMIT_DEFAULT 10
#define LIMIT_MOST 10000

/** A PostgreSQL array literal of texts. */
char *array_literal(struct scope *s, const char *const *texts, size_t count);

/* ---- openapi_json.c ---- */

/** The description of the API as OpenAPI 3.0 in JSON (a new reference), from OpenAPI 3.1 in YAML. NULL if it is not YAML. */
json_t *openapi_json(const char *yaml, size_t len);

/* ---- handlers ---- */
int landing_get(struct request *rq, struct response *rs);
int conformance_get(struct request *rq, struct response *rs);
int api_get(struct request *rq, struct response *rs);
int api_json_get(struct request *rq, struct response *rs);
int api_page_get(struct request *rq, struct response *rs);
int children_list(struct request *rq, struct response *rs);
int collections_queryables(struct request *rq, struct response *rs);
int queryables_get(struct request *rq, struct response *rs);
int queryables_collection_get(struct request *rq, struct response *rs);
int bulk_items(struct request *rq, struct response *rs);
int browse_get(struct request *rq, struct response *rs);
int collections_list(struct request *rq, struct response *rs);
int collections_create(struct request *rq, struct response *rs);
int collections_get(struct request *rq, struct response *rs);
int collections_replace(struct request *rq, struct response *rs);
int collections_patch(struct request *rq, struct response *rs);
int collections_delete(struct request *rq, struct response *rs);
int items_list(struct request *rq, struct response *rs);
int items_create(struct request *rq, struct response *rs);
int items_get(struct request *rq, struct response *rs);
int items_replace(struct request *rq, struct response *rs);
int items_patch(struct request *rq, struct response *rs);
int items_delete(struct request *rq, struct response *rs);
int search_get(struct request *rq, struct response *rs);
int search_post(struct request *rq, struct response *rs);

/* ---- events of others ---- */
int arrivals_product(struct scope *s, struct db_tx *tx, const struct event *e);
int arrivals_share(struct scope *s, struct db_tx *tx, const struct event *e);
int arrivals_unshare(struct scope *s, struct db_tx *tx, const struct event *e);

#endif
