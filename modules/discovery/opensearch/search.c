/* search.c: /opensearch/collections (the first step), …/{collection}/items (the second) and /opensearch/search (all items). */
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/opensearch/opensearch.h"

int opensearch_no_collection(struct response *rs, const char *id) {
    rs->error_code = "InvalidParameterValue";
    return response_error(rs, 404, "no-such-collection", "collection",
                          "There is no collection '%s', or it is not yours to see.", id);
}

int opensearch_collection_read(struct request *rq, const char *id, json_t **out) {
    const char *const ids[] = {id};
    struct query q = {.ids = {1, ids}, .limit = 1};
    struct collection_page page;
    struct fault f = {0};
    int err = collections_run(rq->scope, &rq->auth, &q, &page, &f);
    if (err || page.count == 0) return err ? err : NADIR_ENOTFOUND;
    *out = feed_entries(rq, page.documents, page.lengths, 1)[0];
    return 0;
}

/* ---- collections ---- */

int opensearch_collections(struct request *rq, struct response *rs) {
    struct opensearch search;
    struct collection_page page;
    struct fault f = {0};
    int err = opensearch_read(rq, true, &search, &f);
    if (!err) err = collections_run(rq->scope, &rq->auth, &search.query, &page, &f);
    if (err) return f.why ? opensearch_refuse(rs, &f) : err;
    struct feed feed = {.rq = rq,
                        .search = &search,
                        .title = "Nadir: collections",
                        .description = "/opensearch/description.xml",
                        .total = page.matched,
                        .count = page.count,
                        .entries = feed_entries(rq, page.documents, page.lengths, page.count),
                        .collections = true,
                        .next = page.next};
    return feed_answer(rs, &feed);
}

int opensearch_collection(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "collection");
    struct opensearch search = {.start = 1};
    struct fault f = {0};
    json_t *collection;
    if (opensearch_format(rq, &search.format, &f)) return opensearch_refuse(rs, &f);
    int err = opensearch_collection_read(rq, id, &collection);
    if (err == NADIR_ENOTFOUND) return opensearch_no_collection(rs, id);
    if (err) return err;
    struct feed feed = {.rq = rq, .search = &search, .count = 1, .entries = &collection, .collections = true};
    return search.format == FEED_ATOM ? atom_entry_answer(rs, &feed) : eo_geojson_entry_answer(rs, &feed);
}

/* ---- items ---- */

static int items_answer(struct request *rq, struct response *rs, const struct opensearch *search, const struct page *page,
                        const char *title, const char *description) {
    struct feed feed = {.rq = rq,
                        .search = search,
                        .title = title,
                        .description = description,
                        .total = page->matched,
                        .estimated = page->estimated,
                        .count = page->count,
                        .entries = feed_entries(rq, page->documents, page->lengths, page->count),
                        .next = page->next};
    return feed_answer(rs, &feed);
}

int opensearch_search(struct request *rq, struct response *rs) {
    struct opensearch search;
    struct page page;
    struct fault f = {0};
    int err = opensearch_read(rq, false, &search, &f);
    if (!err) err = query_run(rq->scope, &rq->auth, &search.query, &page, &f);
    if (err) return f.why ? opensearch_refuse(rs, &f) : err;
    return items_answer(rq, rs, &search, &page, "Nadir: items", "/opensearch/description.xml");
}

int opensearch_items(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "collection");
    struct scope *s = rq->scope;
    struct opensearch search;
    struct page page;
    struct fault f = {0};
    json_t *collection;
    int err = opensearch_read(rq, false, &search, &f);
    if (!err) {
        search.query.collections = (struct names){1, &id};
        err = query_run(s, &rq->auth, &search.query, &page, &f);
    }
    if (err) return f.why ? opensearch_refuse(rs, &f) : err;
    if (page.count == 0) { /* nothing found, or nothing there to search in */
        err = opensearch_collection_read(rq, id, &collection);
        if (err == NADIR_ENOTFOUND) return opensearch_no_collection(rs, id);
        if (err) return err;
    }
    return items_answer(rq, rs, &search, &page, scope_printf(s, "Nadir: items of %s", id),
                        scope_printf(s, "/opensearch/collections/%s/description.xml", http_encode(s, id)));
}

int opensearch_item(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *id = request_param(rq, "item"), *document, *version;
    struct opensearch search = {.start = 1};
    struct fault f = {0};
    size_t len;
    if (opensearch_format(rq, &search.format, &f)) return opensearch_refuse(rs, &f);
    int err = query_item(rq->scope, &rq->auth, collection, id, &document, &len, &version);
    if (err == NADIR_ENOTFOUND) {
        rs->error_code = "InvalidParameterValue";
        return response_error(rs, 404, "no-such-item", "item",
                              "There is no item '%s' in collection '%s', or it is not yours to see.", id, collection);
    }
    if (err) return err;
    struct feed feed = {.rq = rq, .search = &search, .count = 1, .entries = feed_entries(rq, &document, &len, 1)};
    return search.format == FEED_ATOM ? atom_entry_answer(rs, &feed) : eo_geojson_entry_answer(rs, &feed);
}
