/* items_read.c: /stac/collections/{collection}/items and …/items/{item}, read. items.c writes them. */
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/html.h"

int items_list(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection");
    struct scope *s = rq->scope;
    struct item_search search;
    struct fault f = {0};
    bool found;
    html_prefer(rq, rs);
    int err = search_from_args(rq, &search, &f);
    if (f.why) return fault_answer(rs, &f);
    if (!err) err = collection_seen(s, &rq->auth, collection, &found);
    if (err) return err;
    if (!found) return no_collection(rs, collection);
    search.query.collections = (struct names){1, &collection};

    const char *parent = scope_printf(s, "/stac/collections/%s", http_encode(s, collection));
    json_t *links = json_array();
    const char *self = scope_printf(s, "%s/items%s%s", parent, *rq->query ? "?" : "", rq->query);
    json_array_append_new(links, link_to(s, "self", GEOJSON, rq->base_url, self));
    json_array_append_new(links, link_to(s, "root", "application/json", rq->base_url, "/stac"));
    json_array_append_new(links, link_to(s, "parent", "application/json", rq->base_url, parent));
    json_array_append_new(links, link_to(s, "collection", "application/json", rq->base_url, parent));
    return features_answer(rq, rs, &search, links);
}

int items_get(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    const char *document, *version;
    size_t len;
    html_prefer(rq, rs);
    int err = query_item(rq->scope, &rq->auth, collection, item, &document, &len, &version);
    if (err == NADIR_ENOTFOUND)
        return response_error(rs, 404, "no-such-item", NULL,
                              "There is no item '%s' in collection '%s', or it is not yours to see.", item, collection);
    if (err) return err;
    if (!html_wanted(rq)) return document_answer(rq, rs, 200, GEOJSON, document, len, version);
    const json_t *parsed = document_parse(rq->scope, document, len, rq->base_url);
    return parsed ? html_item(rq, rs, parsed) : NADIR_EINTERNAL;
}
