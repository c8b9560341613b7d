/* search.h: what STAC's ways of asking for items share: /search by GET and POST and /collections/{collection}/items. */
#ifndef DISCOVERY_SEARCH_H
#define DISCOVERY_SEARCH_H

#include "discovery/query/query.h"

/* What of each item is wanted (STAC API fields extension 1.0.0). Paths are as a caller writes them:
 * "properties.eo:cloud_cover".
 */
#define SELECTION_MOST 100

struct selection {
    bool asked;    /* false: items go out as they are stored, unparsed */
    bool narrowed; /* only what is included; otherwise all but what is excluded */
    size_t nincluded, nexcluded;
    const char *included[SELECTION_MOST], *excluded[SELECTION_MOST];
};

struct item_search {
    struct query query;
    struct selection selection;
};

/* ---- search_parts.c: what GET and POST read alike ---- */

int search_limit(long long limit, struct query *q, struct fault *f);
/** Adds one sort key; field may begin with "properties.". */
int search_sort_add(struct scope *s, const char *field, size_t len, bool descending, struct query *q, struct fault *f);
/** "a,b,c" as names. */
int search_names(struct scope *s, const char *text, const char *field, struct names *out, struct fault *f);
int search_names_json(const json_t *array, struct scope *s, const char *field, struct names *out, struct fault *f);
/** A sort specification "+a,-b,c". */
int search_sort_text(struct scope *s, const char *text, struct query *q, struct fault *f);
/** Parses a filter: text or JSON, as lang says (NULL: by what it looks like). crs must be NULL or CRS84. */
int search_filter(struct scope *s, const json_t *filter, const char *lang, const char *crs, struct expr **out, struct fault *f);

/* ---- search_get.c, search_post.c ---- */

/** Reads the query string. NADIR_EINVAL with a fault. */
int search_from_args(struct request *rq, struct item_search *out, struct fault *f);
int search_from_json(struct scope *s, const json_t *body, struct item_search *out, struct fault *f);

/* ---- fields.c ---- */

/** Reads "a,+b,-c" ("" asks for the default set) / {"include": […], "exclude": […]}. */
int selection_from_text(struct scope *s, const char *text, struct selection *out, struct fault *f);
int selection_from_json(struct scope *s, const json_t *fields, struct selection *out, struct fault *f);
/** The wanted part of a parsed document; the document may be changed and is given to the scope. defaults: the names that stand
 *  for an empty selection, ended by NULL. */
json_t *selection_apply(struct scope *s, const struct selection *selection, json_t *document, const char *const *defaults);

/* ---- page_link.c ---- */

/** The link to the page of a token: the same search as the request's, by its own method; a GET whose address would get too long
 *  for a server is given as POST. token NULL: the first page. The caller owns it. */
json_t *page_link(struct request *rq, const char *rel, const char *token);

/* ---- features.c ---- */

/** Runs the search and answers the page as a FeatureCollection, or as HTML for a browser. path: of the resource, without query.
 *  links (stolen): the resource's own besides those of paging. */
int features_answer(struct request *rq, struct response *rs, const struct item_search *search, json_t *links);

#endif
