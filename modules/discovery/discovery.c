/* discovery.c: the catalogue: what the module serves and what it listens to. */
#include "common/module.h"
#include "discovery/aggregate.h"
#include "discovery/csw/csw.h"
#include "discovery/harvest/harvest.h"
#include "discovery/html.h"
#include "discovery/odata/routes.h"
#include "discovery/opensearch/opensearch.h"
#include "discovery/records/records.h"
#include "discovery/saved/saved.h"
#include "discovery/odata/routes.h"
#include "discovery/stac.h"

#define WRITE "discovery:item.write"
#define ONE_DOCUMENT (DOCUMENT_MOST + 64 * 1024) /* nadir:path and links come and go between what is sent and what is kept */
#define MANY_DOCUMENTS (16 * 1024 * 1024)
#define BULK_DOCUMENTS (48 * 1024 * 1024)

static const struct route routes[] = {
    {.methods = HTTP_GET, .path = "/stac", .scope = SCOPE_OPTIONAL, .handler = landing_get},
    {.methods = HTTP_GET, .path = "/stac/", .scope = SCOPE_OPTIONAL, .handler = landing_get},
    {.methods = HTTP_GET, .path = "/stac/conformance", .handler = conformance_get},
    {.methods = HTTP_GET, .path = "/stac/api", .handler = api_get},
    {.methods = HTTP_GET, .path = "/stac/api.html", .handler = api_page_get},
    {.methods = HTTP_GET, .path = "/stac/style.css", .handler = html_style_get},
    {.methods = HTTP_GET, .path = "/stac/children", .scope = SCOPE_OPTIONAL, .handler = children_list},
    {.methods = HTTP_GET, .path = "/stac/search", .scope = SCOPE_OPTIONAL, .handler = search_get},
    {.methods = HTTP_POST, .path = "/stac/search", .scope = SCOPE_OPTIONAL, .handler = search_post, .body_max = ONE_DOCUMENT},
    {.methods = HTTP_GET, .path = "/stac/aggregate", .scope = SCOPE_OPTIONAL, .handler = aggregate_get, .work = WORK_HEAVY},
    {.methods = HTTP_POST,
     .path = "/stac/aggregate",
     .scope = SCOPE_OPTIONAL,
     .handler = aggregate_post,
     .work = WORK_HEAVY,
     .body_max = ONE_DOCUMENT},
    {.methods = HTTP_GET, .path = "/stac/aggregations", .scope = SCOPE_OPTIONAL, .handler = aggregations_get},
    {.methods = HTTP_GET,
     .path = "/stac/collections/{collection}/aggregate",
     .scope = SCOPE_OPTIONAL,
     .handler = aggregate_get,
     .work = WORK_HEAVY},
    {.methods = HTTP_POST,
     .path = "/stac/collections/{collection}/aggregate",
     .scope = SCOPE_OPTIONAL,
     .handler = aggregate_post,
     .work = WORK_HEAVY,
     .body_max = ONE_DOCUMENT},
    {.methods = HTTP_GET,
     .path = "/stac/collections/{collection}/aggregations",
     .scope = SCOPE_OPTIONAL,
     .handler = aggregations_get},
    {.methods = HTTP_GET, .path = "/stac/queryables", .scope = SCOPE_OPTIONAL, .handler = queryables_get},
    {.methods = HTTP_GET,
     .path = "/stac/collections/{collection}/queryables",
     .scope = SCOPE_OPTIONAL,
     .handler = queryables_collection_get},
    {.methods = HTTP_GET, .path = "/stac/collections-queryables", .handler = collections_queryables},
    {.methods = HTTP_GET, .path = "/stac/collections", .scope = SCOPE_OPTIONAL, .handler = collections_list},
    {.methods = HTTP_POST,
     .path = "/stac/collections",
     .scope = WRITE,
     .handler = collections_create,
     .body_max = ONE_DOCUMENT},
    {.methods = HTTP_GET, .path = "/stac/collections/{collection}", .scope = SCOPE_OPTIONAL, .handler = collections_get},
    {.methods = HTTP_PUT,
     .path = "/stac/collections/{collection}",
     .scope = WRITE,
     .handler = collections_replace,
     .body_max = ONE_DOCUMENT},
    {.methods = HTTP_PATCH,
     .path = "/stac/collections/{collection}",
     .scope = WRITE,
     .handler = collections_patch,
     .body_max = ONE_DOCUMENT},
    {.methods = HTTP_DELETE, .path = "/stac/collections/{collection}", .scope = WRITE, .handler = collections_delete},
    {.methods = HTTP_GET, .path = "/stac/collections/{collection}/items", .scope = SCOPE_OPTIONAL, .handler = items_list},
    {.methods = HTTP_POST,
     .path = "/stac/collections/{collection}/items",
     .scope = WRITE,
     .handler = items_create,
     .body_max = MANY_DOCUMENTS},
    {.methods = HTTP_POST,
     .path = "/stac/collections/{collection}/bulk_items",
     .scope = WRITE,
     .handler = bulk_items,
     .work = WORK_SLOW,
     .body_max = BULK_DOCUMENTS},
    {.methods = HTTP_GET, .path = "/stac/collections/{collection}/items/{item}", .scope = SCOPE_OPTIONAL, .handler = items_get},
    {.methods = HTTP_PUT,
     .path = "/stac/collections/{collection}/items/{item}",
     .scope = WRITE,
     .handler = items_replace,
     .body_max = ONE_DOCUMENT},
    {.methods = HTTP_PATCH,
     .path = "/stac/collections/{collection}/items/{item}",
     .scope = WRITE,
     .handler = items_patch,
     .body_max = ONE_DOCUMENT},
    {.methods = HTTP_DELETE, .path = "/stac/collections/{collection}/items/{item}", .scope = WRITE, .handler = items_delete},
    /* CSW */
    {.methods = HTTP_GET, .path = "/csw", .scope = SCOPE_OPTIONAL, .handler = csw_get, .errors = ERRORS_CSW},
    {.methods = HTTP_POST,
     .path = "/csw",
     .scope = SCOPE_OPTIONAL,
     .handler = csw_post,
     .errors = ERRORS_CSW,
     .body_max = CSW_BODY_MOST},
    /* OpenSearch */
    {.methods = HTTP_GET,
     .path = "/opensearch/description.xml",
     .scope = SCOPE_OPTIONAL,
     .handler = opensearch_description,
     .errors = ERRORS_OWS},
    {.methods = HTTP_GET,
     .path = "/opensearch/collections",
     .scope = SCOPE_OPTIONAL,
     .handler = opensearch_collections,
     .errors = ERRORS_OWS},
    {.methods = HTTP_GET,
     .path = "/opensearch/collections/{collection}",
     .scope = SCOPE_OPTIONAL,
     .handler = opensearch_collection,
     .errors = ERRORS_OWS},
    {.methods = HTTP_GET,
     .path = "/opensearch/collections/{collection}/description.xml",
     .scope = SCOPE_OPTIONAL,
     .handler = opensearch_collection_description,
     .errors = ERRORS_OWS},
    {.methods = HTTP_GET,
     .path = "/opensearch/collections/{collection}/items",
     .scope = SCOPE_OPTIONAL,
     .handler = opensearch_items,
     .errors = ERRORS_OWS},
    {.methods = HTTP_GET,
     .path = "/opensearch/collections/{collection}/items/{item}",
     .scope = SCOPE_OPTIONAL,
     .handler = opensearch_item,
     .errors = ERRORS_OWS},
    {.methods = HTTP_GET,
     .path = "/opensearch/search",
     .scope = SCOPE_OPTIONAL,
     .handler = opensearch_search,
     .errors = ERRORS_OWS},
    /* OGC API - Records */
    {.methods = HTTP_GET, .path = "/records", .handler = records_landing},
    {.methods = HTTP_GET, .path = "/records/", .handler = records_landing},
    {.methods = HTTP_GET, .path = "/records/conformance", .handler = records_conformance},
    {.methods = HTTP_GET, .path = "/records/collections", .handler = records_catalogs},
    {.methods = HTTP_GET, .path = "/records/collections/{catalog}", .handler = records_catalog},
    {.methods = HTTP_GET, .path = "/records/collections/{catalog}/queryables", .handler = records_queryables},
    {.methods = HTTP_GET, .path = "/records/collections/{catalog}/sortables", .handler = records_sortables},
    {.methods = HTTP_GET, .path = "/records/collections/{catalog}/items", .scope = SCOPE_OPTIONAL, .handler = records_items},
    {.methods = HTTP_GET,
     .path = "/records/collections/{catalog}/items/{record}",
     .scope = SCOPE_OPTIONAL,
     .handler = records_item},

    {.methods = HTTP_POST, .path = "/discovery/v1/saved-searches", .scope = SAVED_WRITE, .handler = searches_create},
    {.methods = HTTP_GET, .path = "/discovery/v1/saved-searches", .scope = SAVED_READ, .handler = searches_list},
    {.methods = HTTP_GET, .path = "/discovery/v1/saved-searches/{search}", .scope = SAVED_READ, .handler = searches_get},
    {.methods = HTTP_PATCH, .path = "/discovery/v1/saved-searches/{search}", .scope = SAVED_WRITE, .handler = searches_patch},
    {.methods = HTTP_DELETE, .path = "/discovery/v1/saved-searches/{search}", .scope = SAVED_WRITE, .handler = searches_delete},
    {.methods = HTTP_GET,
     .path = "/discovery/v1/saved-searches/{search}/matches",
     .scope = SAVED_READ,
     .handler = matches_list},
    {.methods = HTTP_GET,
     .path = "/discovery/v1/saved-searches/{search}/deliveries",
     .scope = SAVED_READ,
     .handler = deliveries_list},
    ODATA_ROUTES,
    HARVEST_ROUTES,
};

static const struct subscription subscriptions[] = {
    {"processing", "product.created", arrivals_product},
    {"sharing", "share.created", arrivals_share},
    {"sharing", "share.revoked", arrivals_unshare},
    {"identity", "user.*", people_on_user},
};

static int start(void) {
    int err = saved_start();
    return err ? err : harvest_start();
}

static void stop(void) {
    harvest_stop();
    saved_stop();
}

static const struct module discovery = {
    .name = "discovery",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .start = start,
    .stop = stop,
    .db_most = 12, /* the harvest holds two of them while it works */
};
NADIR_MODULE(discovery)
