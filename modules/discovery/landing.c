/* landing.c: /stac, /stac/conformance and the description of the API. */
#include <string.h>

#include "common/module.h"
#include "discovery/stac.h"

#define OPENAPI_TYPE "application/vnd.oai.openapi;version=3.1"
#define CHILDREN_MOST 1000

/* openapi.yaml as it stands beside this file, linked in. */
__asm__(".section .rodata\n"
        ".local openapi_begin\n"
        ".local openapi_end\n"
        "openapi_begin:\n"
        ".incbin \"" OPENAPI_FILE "\"\n"
        "openapi_end: .byte 0\n"
        ".previous\n");
extern const char openapi_begin[], openapi_end[];

static const char *const classes[] = {
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "https://api.stacspec.org/v1.0.0/ogcapi-features/extensions/transaction",
    "https://api.stacspec.org/v1.0.0/collections/extensions/transaction",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
};

static json_t *conforms_to(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_SIZE(classes); i++) json_array_append_new(list, json_string(classes[i]));
    return list;
}

static json_t *search_link(struct request *rq, const char *method) {
    json_t *link = link_to(rq->scope, "search", GEOJSON, rq->base_url, "/stac/search");
    json_object_set_new(link, "method", json_string(method));
    return link;
}

/* A child link for each collection. */
static int children_add(struct request *rq, json_t *links) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, "SELECT id FROM collection ORDER BY id LIMIT $1", "i",
                       CHILDREN_MOST);
    if (err) return err;
    for (int row = 0; row < db_count(rows); row++) {
        const char *path = scope_printf(rq->scope, "/stac/collections/%s", http_encode(rq->scope, db_text(rows, row, 0)));
        json_array_append_new(links, link_to(rq->scope, "child", "application/json", rq->base_url, path));
    }
    return 0;
}

int landing_get(struct request *rq, struct response *rs) {
    static const struct {
        const char *rel, *type, *path;
    } places[] = {
        {"self", "application/json", "/stac"},
        {"root", "application/json", "/stac"},
        {"conformance", "application/json", "/stac/conformance"},
        {"data", "application/json", "/stac/collections"},
        {"service-desc", OPENAPI_TYPE, "/stac/api"},
        {"service-doc", "text/html", "/stac/api.html"},
    };
    json_t *links = scope_json(rq->scope, json_array());
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        json_array_append_new(links, link_to(rq->scope, places[i].rel, places[i].type, rq->base_url, places[i].path));
    json_array_append_new(links, search_link(rq, "GET"));
    json_array_append_new(links, search_link(rq, "POST"));
    int err = children_add(rq, links);
    if (err) return err;
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:O}", "type", "Catalog", "stac_version", STAC_VERSION, "id",
                                   "nadir", "title", "Nadir", "description",
                                   "Satellite scenes and products computed from them: search, look, buy, download and process.",
                                   "conformsTo", conforms_to(), "links", links));
}

int conformance_get(struct request *rq, struct response *rs) {
    (void)rq;
    return response_json(rs, 200, json_pack("{s:o}", "conformsTo", conforms_to()));
}

int api_get(struct request *rq, struct response *rs) {
    (void)rq;
    return response_data(rs, 200, OPENAPI_TYPE, openapi_begin, (size_t)(openapi_end - openapi_begin));
}

int api_page_get(struct request *rq, struct response *rs) {
    const char *description = http_escape(rq->scope, openapi_begin);
    return response_text(
        rs, 200, "text/html; charset=utf-8",
        scope_printf(rq->scope,
                     "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Nadir: the STAC API</title>"
                     "<h1>The STAC API</h1><p>It is a <a href=\"https://stacspec.org/\">STAC API</a> 1.0.0. Start "
                     "at <a href=\"%s/stac\">the landing page</a>. Its <a href=\"%s/stac/api\">description</a> for "
                     "programs (OpenAPI 3.1):</p><pre>%s</pre></html>",
                     rq->base_url, rq->base_url, description));
}
