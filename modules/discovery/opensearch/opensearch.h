/* opensearch.h: OpenSearch 1.1 with the Geo and Time (OGC 10-032r8) and Earth Observation (OGC 13-026r9) extensions, in the two
 * steps of the CEOS best practice: find a collection, read its description document, search its items.
 *
 * A parameter has the name that a description document's template gives it; the names that Mundi's, Resto's and FedEO's clients
 * send are taken too. What comes out is Atom, or GeoJSON as OGC 17-047 writes it.
 */
#ifndef DISCOVERY_OPENSEARCH_H
#define DISCOVERY_OPENSEARCH_H

#include "discovery/query/query.h"

#define OPENSEARCH_COUNT 10 /* items a page unless asked otherwise */
#define OPENSEARCH_COUNT_MOST 1000
#define OPENSEARCH_START_MOST 1000000000

#define ATOM_TYPE "application/atom+xml"
#define DESCRIPTION_TYPE "application/opensearchdescription+xml"

/* ---- ranges.c ---- */

/* A value as OGC 13-026r9 table 8 has it: a set {a,b}, one value, or an interval [a,b], ]a,b[, [a or b]. */
struct range {
    bool interval;
    size_t count; /* of the set */
    const char **members;
    const char *least, *most; /* of the interval; NULL: open end */
    bool above, below;        /* the end itself is left out */
};
#define RANGE_MEMBERS_MOST 100

/** NADIR_EINVAL with a fault in `field` when it is none of these. */
int range_parse(struct scope *s, const char *text, const char *field, struct range *out, struct fault *f);

/* ---- criteria.c ---- */

enum criterion_kind {
    CRITERION_TEXT,   /* a text, whatever its case */
    CRITERION_LIST,   /* a list of texts */
    CRITERION_NUMBER, /* ranges */
    CRITERION_TIME,   /* ranges */
    CRITERION_SENSOR, /* told from which properties there are */
};

/* A parameter of the EO extension and the STAC properties that hold it. */
struct criterion {
    const char *name;    /* in a query; also the local name in the EO namespace */
    const char *aliases; /* separated by blanks; may be "" */
    enum criterion_kind kind;
    bool of_items, of_collections; /* in the second step; in the first: collections by their summaries */
    const char *properties[3];     /* any of them */
    const char *title;
};
extern const struct criterion criteria[];
extern const size_t criteria_count;

/** The condition that a criterion's value states, or NULL with a fault. of_collections: over summaries, which are lists. */
struct expr *criterion_expr(struct scope *s, const struct criterion *c, const char *value, bool of_collections,
                            struct fault *f);
/** The STAC property to sort by for a name of ours ("cloudCover", "date", "time:start"), or NULL. */
const char *criterion_sort_property(struct scope *s, const char *name);

/* ---- place.c ---- */

/** Reads geo:box, geo:geometry, geo:lat/lon/radius and geo:relation into the query. */
int place_read(struct request *rq, struct query *q, struct fault *f);
/** A circle as WKT, its points `radius` metres from the middle on the sphere of the mean radius (IUGG 6371008.8 m). A circle
 *  over a pole or the antimeridian is cut there. */
const char *circle_wkt(struct scope *s, double lat, double lon, double radius);

/* ---- parameters.c ---- */

enum feed_format { FEED_ATOM, FEED_GEOJSON };

struct opensearch {
    struct query query;
    int64_t start; /* index of the first item, from 1; also when a token tells where to go on */
    enum feed_format format;
};

/** The value of the first of these names (separated by blanks) that was sent and is not empty, whatever its case. */
const char *argument_any(const struct request *rq, const char *names);
/** Reads all parameters. of_collections: those of the first step. */
int opensearch_read(struct request *rq, bool of_collections, struct opensearch *out, struct fault *f);
/** The format that was asked for by `format`, else by Accept; Atom otherwise. */
int opensearch_format(const struct request *rq, enum feed_format *out, struct fault *f);
/** Answers 400 as an OWS exception report. */
int opensearch_refuse(struct response *rs, const struct fault *f);

/* ---- feed.c ---- */

/* What a page tells besides its entries. */
struct feed {
    struct request *rq;
    const struct opensearch *search;
    const char *title;
    const char *description; /* path of the description document */
    int64_t total;           /* -1: unknown */
    bool estimated;
    size_t count;
    json_t **entries; /* STAC items or collections with public addresses */
    bool collections; /* what they are */
    const char *next; /* token, or NULL */
    bool more;        /* there is a next page, by index when there is no token */
};

/* A link of a feed or an entry. */
struct feed_link {
    const char *rel, *type, *href, *title;
    json_int_t length; /* bytes; 0: unknown */
};
#define FEED_LINKS_MOST 256

/** The page's own links: self, search, first, previous, next, last. Returns how many. */
size_t feed_links(const struct feed *feed, struct feed_link *out);
/** An item's or a collection's links, for either format. Returns how many. */
size_t entry_links(const struct feed *feed, const json_t *entry, struct feed_link *out);
/** The address at which OpenSearch has the entry. */
const char *entry_address(const struct feed *feed, const json_t *entry);
/** When the entry was last changed; never NULL. */
const char *entry_updated(const json_t *entry);
/** "from/to", or NULL. */
const char *entry_date(struct scope *s, const json_t *entry);
/** Parses stored documents of a page, the public URL in them. */
json_t **feed_entries(struct request *rq, const char *const *documents, const size_t *lengths, size_t count);
/** Answers in the format asked for. */
int feed_answer(struct response *rs, const struct feed *feed);

/* ---- atom.c, geojson.c ---- */
int atom_answer(struct response *rs, const struct feed *feed);
int atom_entry_answer(struct response *rs, const struct feed *feed);
int eo_geojson_answer(struct response *rs, const struct feed *feed);
int eo_geojson_entry_answer(struct response *rs, const struct feed *feed);

/* ---- search.c ---- */

/** One collection that the caller may see. NADIR_ENOTFOUND otherwise. */
int opensearch_collection_read(struct request *rq, const char *id, json_t **out);
int opensearch_no_collection(struct response *rs, const char *id);

/* ---- handlers ---- */
int opensearch_description(struct request *rq, struct response *rs);
int opensearch_collection_description(struct request *rq, struct response *rs);
int opensearch_collections(struct request *rq, struct response *rs);
int opensearch_collection(struct request *rq, struct response *rs);
int opensearch_items(struct request *rq, struct response *rs);
int opensearch_item(struct request *rq, struct response *rs);
int opensearch_search(struct request *rq, struct response *rs);

#endif
