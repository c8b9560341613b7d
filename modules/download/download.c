/* download.c: files for those who may have them: decides and leaves the sending to the gateway. */
#include "download/download.h"

#include <string.h>

#include "common/config.h"
#include "common/log.h"
#include "common/module.h"
#include "download/cold.h"
#include "download/quota.h"
#include "download/s3/doors.h"
#include "download/sums.h"

#define SWEEP_MS 60000

static const struct route routes[] = {
    {.methods = HTTP_GET, .path = "/download/v1/items/{collection}/{item}", .scope = SCOPE_OPTIONAL, .handler = items_get},
    {.methods = HTTP_GET,
     .path = "/download/v1/items/{collection}/{item}/assets/{asset}",
     .scope = SCOPE_OPTIONAL,
     .handler = assets_get},
    {.methods = HTTP_GET, .path = "/download/v1/items/{collection}/{item}/zip", .scope = SCOPE_OPTIONAL, .handler = items_zip},
    {.methods = HTTP_GET,
     .path = "/download/v1/items/{collection}/{item}/manifest",
     .scope = SCOPE_OPTIONAL,
     .handler = items_manifest},
    {.methods = HTTP_POST,
     .path = "/download/v1/manifests",
     .scope = DOWNLOAD_SCOPE,
     .handler = manifests_create,
     .body_max = 65536},
    {.methods = HTTP_POST, .path = "/download/v1/links", .scope = DOWNLOAD_SCOPE, .handler = links_create, .body_max = 16384},
    {.methods = HTTP_GET, .path = "/download/v1/links/{token}", .handler = links_get},
    {.methods = HTTP_POST,
     .path = "/download/v1/links/{token}",
     .scope = DOWNLOAD_SCOPE,
     .handler = links_renew,
     .body_max = 1024},
    {.methods = HTTP_GET, .path = "/download/v1/orders", .scope = DOWNLOAD_SCOPE, .handler = orders_list},
    {.methods = HTTP_GET, .path = "/download/v1/orders/{order}", .scope = DOWNLOAD_SCOPE, .handler = orders_get},
    {.methods = HTTP_DELETE, .path = "/download/v1/orders/{order}", .scope = DOWNLOAD_SCOPE, .handler = orders_delete},
    {.methods = HTTP_GET, .path = "/download/v1/entitlements", .scope = DOWNLOAD_SCOPE, .handler = entitlements_list},
    {.methods = HTTP_GET, .path = "/download/v1/quota", .scope = DOWNLOAD_SCOPE, .handler = quota_get},
    {.methods = HTTP_GET,
     .path = "/download/v1/quotas/{user}",
     .scope = DOWNLOAD_SCOPE,
     .handler = quotas_get,
     .role = "admin"},
    {.methods = HTTP_PUT,
     .path = "/download/v1/quotas/{user}",
     .scope = DOWNLOAD_SCOPE,
     .handler = quotas_put,
     .body_max = 16384,
     .role = "admin"},
    {.methods = HTTP_GET, .path = "/download/v1/s3-keys", .scope = DOWNLOAD_SCOPE, .handler = s3_keys_list},
    {.methods = HTTP_POST,
     .path = "/download/v1/s3-keys",
     .scope = DOWNLOAD_SCOPE,
     .handler = s3_keys_create,
     .body_max = 16384},
    {.methods = HTTP_DELETE, .path = "/download/v1/s3-keys/{key}", .scope = DOWNLOAD_SCOPE, .handler = s3_keys_revoke},
    /* Signed by their callers, which the handlers check (s3/caller.c). Their bodies are files of the gateway's. */
    {.methods = HTTP_GET, .path = "/s3-admit", .handler = s3_admit, .errors = ERRORS_S3},
    {.methods = HTTP_GET, .path = "/s3", .handler = s3_get, .errors = ERRORS_S3},
    {.methods = HTTP_GET, .path = "/s3/", .handler = s3_get, .errors = ERRORS_S3},
    {.methods = HTTP_GET, .path = "/s3/{bucket}", .handler = s3_get, .errors = ERRORS_S3},
    {.methods = HTTP_PUT, .path = "/s3/{bucket}", .handler = s3_put, .errors = ERRORS_S3},
    {.methods = HTTP_POST, .path = "/s3/{bucket}", .handler = s3_post, .errors = ERRORS_S3},
    {.methods = HTTP_DELETE, .path = "/s3/{bucket}", .handler = s3_delete, .errors = ERRORS_S3},
    {.methods = HTTP_GET, .path = "/s3/{bucket}/{key*}", .handler = s3_get, .errors = ERRORS_S3},
    {.methods = HTTP_PUT, .path = "/s3/{bucket}/{key*}", .handler = s3_put, .errors = ERRORS_S3, .work = WORK_SLOW},
    {.methods = HTTP_POST, .path = "/s3/{bucket}/{key*}", .handler = s3_post, .errors = ERRORS_S3, .work = WORK_SLOW},
    {.methods = HTTP_DELETE, .path = "/s3/{bucket}/{key*}", .handler = s3_delete, .errors = ERRORS_S3},
};

static const struct subscription subscriptions[] = {RIGHTS_SUBSCRIPTIONS,
                                                    {"discovery", "item.*", sums_on_item},
                                                    {"billing", "entitlement.granted", cuts_on_entitlement},
                                                    {"identity", "user.disabled", links_on_disabled}};

/* A short secret would make links forgeable: better no module than that. */
static int start(void) {
    const char *secret = config_need("NADIR_LINK_SECRET");
    if (secret && strlen(secret) >= 32) return 0;
    log_error(NULL, "NADIR_LINK_SECRET must have 32 characters or more", NULL);
    return NADIR_EINVAL;
}

/* Writes what was counted and is still in memory. */
static void quota_end(void) {
    struct scope s;
    scope_init(&s, "download", 5000);
    (void)quota_flush(&s);
    scope_end(&s);
}

static int tick(struct scope *s) {
    int flushed = quota_flush(s), swept = quota_sweep(s), stored = store_sweep(s);
    return flushed ? flushed : swept ? swept : stored;
}

static const struct module download = {
    .name = "download",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .start = start,
    .stop = quota_end,
    .tick = tick,
    .tick_ms = SWEEP_MS,
};
NADIR_MODULE(download)

struct db *download_db(void) {
    return module_db("download");
}

struct auth download_caller(const struct request *rq) {
    return auth_has_scope(&rq->auth, DOWNLOAD_SCOPE) ? rq->auth : (struct auth){0};
}

char *download_href(const struct request *rq, const char *collection, const char *item, const char *asset) {
    return scope_printf(rq->scope, "%s/download/v1/items/%s/%s/assets/%s", rq->base_url, http_encode(rq->scope, collection),
                        http_encode(rq->scope, item), http_encode(rq->scope, asset));
}
