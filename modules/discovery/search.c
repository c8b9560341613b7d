/* search.c: /stac/search. */
#include "discovery/search.h"
#include "common/module.h"
#include "discovery/html.h"

static json_t *search_links(struct request *rq) {
    const char *self =
        *rq->query && rq->method == HTTP_GET ? scope_printf(rq->scope, "/stac/search?%s", rq->query) : "/stac/search";
    json_t *links = json_array();
    json_array_append_new(links, link_to(rq->scope, "self", GEOJSON, rq->base_url, self));
    json_array_append_new(links, link_to(rq->scope, "root", "application/json", rq->base_url, "/stac"));
    return links;
}

int search_get(struct request *rq, struct response *rs) {
    struct item_search search;
    struct fault f = {0};
    html_prefer(rq, rs);
    int err = search_from_args(rq, &search, &f);
    if (f.why) return fault_answer(rs, &f);
    return err ? err : features_answer(rq, rs, &search, search_links(rq));
}

int search_post(struct request *rq, struct response *rs) {
    struct item_search search;
    struct fault f = {0};
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    int err = search_from_json(rq->scope, body, &search, &f);
    if (f.why) return fault_answer(rs, &f);
    return err ? err : features_answer(rq, rs, &search, search_links(rq));
}
