/* assets.c: GET /download/v1/items/{collection}/{item}/assets/{asset}: rights first, then the bytes. */
#include "download/download.h"

int assets_get(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    struct auth who = download_caller(rq);
    struct right_asset asset;
    int access = rights_asset(rq->scope, download_db(), &who, collection, item, request_param(rq, "asset"), &asset);
    if (access < 0) return access;
    if (access == ACCESS_GRANTED || access == ACCESS_AREA) return asset_send(rq, rs, access, &asset, who.subject);
    if (rq->auth.subject && !who.subject)
        return response_error(rs, 403, "insufficient-scope", NULL, "This credential lacks the scope %s.", DOWNLOAD_SCOPE);
    return rights_refuse(rq, rs, access, collection, item);
}
