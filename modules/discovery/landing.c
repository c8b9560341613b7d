/* landing.c: /stac, /stac/conformance and the description of the API. */
#include <string.h>

#include "common/config.h"
#include "common/module.h"
#include "discovery/collections.h"
#include "discovery/html.h"

#define OPENAPI_TYPE "application/vnd.oai.openapi;version=3.1"
#define OPENAPI_JSON_TYPE "application/vnd.oai.openapi+json;version=3.0"
#define STAC_API "https://api.stacspec.org/v1.0.0/"
#define OGC "http://www.opengis.net/spec/"

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
    STAC_API "core",
    STAC_API "collections",
    STAC_API "ogcapi-features",
    STAC_API "ogcapi-features#fields",
    STAC_API "ogcapi-features#filter",
    STAC_API "ogcapi-features#query",
    STAC_API "ogcapi-features#sort",
    STAC_API "ogcapi-features/extensions/transaction",
    STAC_API "collections/extensions/transaction",
    STAC_API "item-search",
    STAC_API "item-search#fields",
    STAC_API "item-search#filter",
    STAC_API "item-search#query",
    STAC_API "item-search#sort",
    "https://api.stacspec.org/v1.0.0-rc.1/item-search#free-text",
    "https://api.stacspec.org/v1.0.0-rc.1/ogcapi-features#free-text",
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search",
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search#fields",
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search#filter",
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search#free-text",
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search#query",
    "https://api.stacspec.org/v1.0.0-rc.1/collection-search#sort",
    "https://api.stacspec.org/v1.0.0-rc.2/children",
    "https://api.stacspec.org/v1.0.0-rc.3/browseable",
    "https://api.stacspec.org/v0.3.0/aggregation",
    OGC "ogcapi-common-2/1.0/conf/simple-query",
    OGC "ogcapi-features-1/1.0/conf/core",
    OGC "ogcapi-features-1/1.0/conf/geojson",
    OGC "ogcapi-features-1/1.0/conf/html",
    OGC "ogcapi-features-3/1.0/conf/filter",
    OGC "ogcapi-features-3/1.0/conf/features-filter",
    OGC "ogcapi-features-3/1.0/conf/queryables",
    OGC "cql2/1.0/conf/cql2-text",
    OGC "cql2/1.0/conf/cql2-json",
    OGC "cql2/1.0/conf/basic-cql2",
    OGC "cql2/1.0/conf/advanced-comparison-operators",
    OGC "cql2/1.0/conf/case-insensitive-comparison",
    OGC "cql2/1.0/conf/accent-insensitive-comparison",
    OGC "cql2/1.0/conf/basic-spatial-functions",
    OGC "cql2/1.0/conf/basic-spatial-functions-plus",
    OGC "cql2/1.0/conf/spatial-functions",
    OGC "cql2/1.0/conf/temporal-functions",
    OGC "cql2/1.0/conf/array-functions",
    OGC "cql2/1.0/conf/property-property",
    OGC "cql2/1.0/conf/arithmetic",
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

/* A child link for each collection; the collections' documents as well, where a page is made of them. */
static int children_add(struct request *rq, json_t *links, json_t *documents) {
    const struct query all = {.limit = COLLECTIONS_MOST};
    struct collection_page page;
    struct fault f = {0};
    int err = collections_run(rq->scope, &rq->auth, &all, &page, &f);
    for (size_t i = 0; !err && i < page.count; i++) {
        json_t *collection = document_parse(rq->scope, page.documents[i], page.lengths[i], rq->base_url);
        const char *id = json_string_value(json_object_get(collection, "id"));
        const char *path = scope_printf(rq->scope, "/stac/collections/%s", http_encode(rq->scope, id));
        json_t *link = link_to(rq->scope, "child", "application/json", rq->base_url, path);
        if (json_object_get(collection, "title")) json_object_set(link, "title", json_object_get(collection, "title"));
        json_array_append_new(links, link);
        json_array_append(documents, collection);
    }
    return err;
}

static json_t *landing_links(struct request *rq) {
    static const struct {
        const char *rel, *type, *path;
    } places[] = {
        {"self", "application/json", "/stac"},
        {"root", "application/json", "/stac"},
        {"alternate", "text/html", "/stac?f=html"},
        {"conformance", "application/json", "/stac/conformance"},
        {"data", "application/json", "/stac/collections"},
        {"children", "application/json", "/stac/children"},
        {"service-desc", OPENAPI_TYPE, "/stac/api"},
        {"service-desc", OPENAPI_JSON_TYPE, "/stac/api.json"},
        {"service-doc", "text/html", "/stac/api.html"},
        {QUERYABLES_REL, "application/schema+json", "/stac/queryables"},
        {"aggregate", "application/json", "/stac/aggregate"},
        {"aggregations", "application/json", "/stac/aggregations"},
    };
    json_t *links = scope_json(rq->scope, json_array());
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        json_array_append_new(links, link_to(rq->scope, places[i].rel, places[i].type, rq->base_url, places[i].path));
    json_array_append_new(links, search_link(rq, "GET"));
    json_array_append_new(links, search_link(rq, "POST"));
    return links;
}

int landing_get(struct request *rq, struct response *rs) {
    html_prefer(rq, rs);
    json_t *links = landing_links(rq), *collections = scope_json(rq->scope, json_array());
    int err = children_add(rq, links, collections);
    if (err) return err;
    json_t *catalog =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:O}", "type", "Catalog", "stac_version", STAC_VERSION, "id", "nadir",
                  "title", config_text("NADIR_CATALOGUE_TITLE", "Nadir"), "description",
                  config_text("NADIR_CATALOGUE_DESCRIPTION",
                              "Satellite scenes and products computed from them: search, look, buy, download and process."),
                  "conformsTo", conforms_to(), "links", links);
    if (html_wanted(rq)) return html_landing(rq, rs, scope_json(rq->scope, catalog), collections);
    return response_json(rs, 200, catalog);
}

int conformance_get(struct request *rq, struct response *rs) {
    html_prefer(rq, rs);
    if (html_wanted(rq)) return html_list(rq, rs, "conformsTo", scope_json(rq->scope, conforms_to()));
    return response_json(rs, 200, json_pack("{s:o}", "conformsTo", conforms_to()));
}

int api_get(struct request *rq, struct response *rs) {
    (void)rq;
    return response_data(rs, 200, OPENAPI_TYPE, openapi_begin, (size_t)(openapi_end - openapi_begin));
}

int api_json_get(struct request *rq, struct response *rs) {
    (void)rq;
    json_t *json = openapi_json(openapi_begin, (size_t)(openapi_end - openapi_begin));
    return json ? response_json_as(rs, 200, OPENAPI_JSON_TYPE, json) : NADIR_EINTERNAL;
}

int api_page_get(struct request *rq, struct response *rs) {
    struct html h;
    html_open(&h, rq);
    html_begin(&h, "STAC API", NULL);
    html_add(&h, "<p><a href=\"/stac/api\">OpenAPI 3.1</a> · <a href=\"https://stacspec.org/\">STAC API 1.0.0</a></p><pre>");
    html_text(&h, openapi_begin);
    html_add(&h, "</pre>");
    return html_end(&h, rs);
}
