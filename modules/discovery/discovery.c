/* discovery.c: the catalogue: what the module serves and what it listens to. */
#include "common/module.h"
#include "discovery/stac.h"

#define WRITE "discovery:item.write"
#define ONE_DOCUMENT (DOCUMENT_MOST + 64 * 1024) /* nadir:path and links come and go between what is sent and what is kept */
#define MANY_DOCUMENTS (16 * 1024 * 1024)

static const struct route routes[] = {
    {.methods = HTTP_GET, .path = "/stac", .scope = SCOPE_OPTIONAL, .handler = landing_get},
    {.methods = HTTP_GET, .path = "/stac/", .scope = SCOPE_OPTIONAL, .handler = landing_get},
    {.methods = HTTP_GET, .path = "/stac/conformance", .handler = conformance_get},
    {.methods = HTTP_GET, .path = "/stac/api", .handler = api_get},
    {.methods = HTTP_GET, .path = "/stac/api.html", .handler = api_page_get},
    {.methods = HTTP_GET, .path = "/stac/search", .scope = SCOPE_OPTIONAL, .handler = search_get},
    {.methods = HTTP_POST, .path = "/stac/search", .scope = SCOPE_OPTIONAL, .handler = search_post, .body_max = ONE_DOCUMENT},
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
};

static const struct subscription subscriptions[] = {
    {"processing", "product.created", arrivals_product},
    {"sharing", "share.created", arrivals_share},
    {"sharing", "share.revoked", arrivals_unshare},
};

static const struct module discovery = {
    .name = "discovery",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
};
NADIR_MODULE(discovery)
