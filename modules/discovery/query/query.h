/* query.h: what is searched for, whatever door it came through, and the page that answers it.
 *
 * Tables (migrations/discovery): `item` (collection, id, owner, version, datetime, document, storage), found by its key,
 * holds the finished documents; `footprint` holds what they are found by, by range of datetime: collection, id, owner, datetime
 * timestamptz, during tstzrange (the time covered, [start, end]), geom geometry(4326), cloud_cover float8 (eo:cloud_cover),
 * properties jsonb (all of the item's), words tsvector (NULL: no text of its own). A search finds rows of footprint, orders
 * them, and only then fetches the documents of the page.
 */
#ifndef DISCOVERY_QUERY_H
#define DISCOVERY_QUERY_H

#include "discovery/query/expr.h"

#define SORTS_MOST 8
#define NAMES_MOST 1000
#define WORDS_MOST 2000 /* bytes of a free-text search: PostgreSQL takes minutes to read a megabyte of words */

struct sort {
    const char *property; /* as in EXPR_PROPERTY */
    bool descending;
};

struct names {
    size_t count; /* 0: any */
    const char *const *list;
};

struct query {
    const char *area;      /* EWKB in hex or EWKT, EPSG:4326, valid (query_area); NULL: anywhere */
    const char *inside;    /* a box: what lies in it meets the area for certain (query_box); NULL: not known */
    const char *from, *to; /* as interval_parse gives them; NULL: open */
    struct names collections, ids;
    const struct expr *filter; /* or NULL */
    const char *words;         /* free text (STAC API free-text: terms separated by commas or blanks, any of them), or NULL */
    bool words_all;            /* all of the terms instead, "in quotes" a phrase: OpenSearch's searchTerms */
    struct sort sorts[SORTS_MOST];
    size_t nsorts;     /* 0: newest first */
    int limit;         /* 1 to LIMIT_MOST; 0: only count */
    int64_t offset;    /* rows passed over, for doors that page by index; 0 with a token */
    const char *token; /* of a page before or after, or NULL */
    bool uncounted;    /* the caller does not want numberMatched */
    bool count_only;   /* nor documents: the page's are NULL */
};

struct page {
    size_t count;
    const char **documents; /* stored texts: BASE_MARK stands for the public URL (text_add_document) */
    size_t *lengths;
    int64_t matched;  /* all that match; -1 when uncounted. With a token: what the first page counted */
    bool estimated;   /* matched is an estimate: see count.c */
    const char *next; /* token of the next page; NULL: this is the last */
    const char *prev; /* token of the page before; NULL: this is the first */
};

/** Runs a query as the caller may see the catalogue. NADIR_EINVAL with a fault (foreign token, filter, sort). */
int query_run(struct scope *s, const struct auth *who, const struct query *q, struct page *out, struct fault *f);

/** Adds "FROM footprint f WHERE …" with all of the query's conditions and rights, for aggregation and counting. */
int query_from_where(struct sql *sql, const struct auth *who, const struct query *q, struct fault *f);

/** A place to search in: checks GeoJSON and makes it valid. Field names the fault. */
int query_area(struct scope *s, const json_t *geojson, const char *field, const char **out, struct fault *f);
/** The same of a box (west > east crosses the antimeridian) and of WKT. */
const char *query_area_box(struct scope *s, const double box[4]);
void query_box(struct scope *s, const double box[4], struct query *q); /* sets area and inside */
int query_area_wkt(struct scope *s, const char *wkt, const char *field, const char **out, struct fault *f);

/** The stored document of one item the caller may see, NADIR_ENOTFOUND otherwise. */
int query_item(struct scope *s, const struct auth *who, const char *collection, const char *id, const char **document,
               size_t *len, const char **version);

#endif
