/* html.h: what a browser is shown: one small design for every resource of the STAC API, made on the server, without scripts and
 * without anything from other hosts. */
#ifndef DISCOVERY_HTML_H
#define DISCOVERY_HTML_H

#include "discovery/query/query.h"

/** True if the caller would rather have HTML: f=html, or an Accept header that prefers text/html to JSON. f=json wins. */
bool html_wanted(const struct request *rq);
/** Has errors answered as a page where html_wanted, and tells caches that the answer depends on who asks how. Call it first. */
void html_prefer(const struct request *rq, struct response *rs);

/* ---- pages; each takes the parsed document that a program would get, its marks replaced ---- */

int html_landing(struct request *rq, struct response *rs, const json_t *catalog, const json_t *collections);
/** A catalog of catalogs or of items, by its child and item links. */
int html_catalog(struct request *rq, struct response *rs, const json_t *catalog);
/** A list of addresses. */
int html_list(struct request *rq, struct response *rs, const char *title, const json_t *addresses);
int html_collections(struct request *rq, struct response *rs, const json_t *collections, int64_t matched, const json_t *links);
int html_collection(struct request *rq, struct response *rs, const json_t *collection);
int html_items(struct request *rq, struct response *rs, const struct page *page, const json_t *links);
int html_item(struct request *rq, struct response *rs, const json_t *item);
int html_style_get(struct request *rq, struct response *rs);

/** A stored document, parsed, with the public URL in place of the mark. It belongs to the scope; NULL if it is no JSON. */
json_t *document_parse(struct scope *s, const char *document, size_t len, const char *base_url);

/* ---- html_frame.c: what the pages are made of ---- */

/* Texts of ours, in the reader's language. */
enum say {
    SAY_CATALOGUE,
    SAY_COLLECTIONS,
    SAY_COLLECTION,
    SAY_ITEMS,
    SAY_SEARCH,
    SAY_SEARCH_HINT,
    SAY_WORDS,
    SAY_TIME,
    SAY_PLACE,
    SAY_AS_JSON,
    SAY_API,
    SAY_NEXT,
    SAY_PREVIOUS,
    SAY_FIRST,
    SAY_FOUND,
    SAY_FOUND_ABOUT,
    SAY_NOTHING,
    SAY_PROPERTIES,
    SAY_ASSETS,
    SAY_LINKS,
    SAY_LICENCE,
    SAY_PROVIDERS,
    SAY_EXTENT,
    SAY_KEYWORDS,
    SAY_NAME,
    SAY_KIND,
    SAY_SIZE,
    SAY_CLOUD,
    SAY_FOOTPRINT,
    SAY_OPEN_END,
    SAY_SUMMARIES,
    SAY_SKIP,
    SAY_PORTAL,
    SAY_ALL,
    SAY_COUNT
};

struct html {
    struct request *rq;
    struct text *text;
    int language;
};

const char *html_say(const struct html *h, enum say what);
/** Adds text of ours. Dynamic text goes through html_text. */
void html_add(struct html *h, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Adds escaped text. */
void html_text(struct html *h, const char *text);
/** Adds an escaped address that may be followed: http(s) or a path of ours; others become "#". */
void html_href(struct html *h, const char *href);
/** Adds a value: a text, a number, a list of them, or JSON. */
void html_value(struct html *h, const json_t *value);
/** Begins a page in the reader's language; what is said by html_say is known from here on. */
void html_open(struct html *h, struct request *rq);
/** Writes the head. crumbs: names with addresses (below the base URL), ended by NULL. */
void html_begin(struct html *h, const char *title, const char *const *crumbs);
int html_end(struct html *h, struct response *rs);

/** A drawing of a GeoJSON geometry or of a box (either may be NULL), as inline SVG. */
void html_map(struct html *h, const json_t *geometry, const json_t *bbox, bool small);

#endif
