/* items.c: GET /download/v1/items/{collection}/{item}: the files of a product and what the caller may do with each. */
#include "download/download.h"

static const char *access_name(int access) {
    switch (access) {
    case ACCESS_GRANTED:
        return "granted";
    case ACCESS_AREA:
        return "area";
    case ACCESS_SIGN_IN:
        return "sign_in";
    case ACCESS_BUY:
        return "buy";
    default:
        return "not_for_sale";
    }
}

/* Size and checksum are the whole file's: of a part they are told with its bytes. */
static json_t *asset_json(const struct request *rq, const struct right_asset *a, int access) {
    bool whole = access != ACCESS_AREA;
    const char *title = json_string_value(json_object_get(a->json, "title"));
    json_t *roles = json_object_get(a->json, "roles");
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:s?, s:s, s:s}", "asset", a->asset, "title", title ? title : a->asset, "type",
                     a->type, "roles", json_is_array(roles) ? json_incref(roles) : json_array(), "size",
                     whole && a->size >= 0 ? json_integer(a->size) : json_null(), "sha256",
                     whole && *a->sha256 ? a->sha256 : NULL, "access", access_name(access), "href",
                     download_href(rq, a->collection, a->item, a->asset));
}

int items_get(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    struct auth who = download_caller(rq);
    struct right_list list;
    int err = rights_assets(rq->scope, download_db(), &who, collection, item, &list);
    if (err == NADIR_ENOTFOUND) return rights_refuse(rq, rs, ACCESS_HIDDEN, collection, item);
    if (err) return err;
    json_t *assets = json_array();
    for (size_t i = 0; i < list.count; i++) json_array_append_new(assets, asset_json(rq, &list.assets[i], list.accesses[i]));
    response_header(rs, "Cache-Control", "private, no-cache");
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:s, s:O*, s:o}", "collection", collection, "item", item, "access",
                                   access_name(list.access), "areas", list.access == ACCESS_AREA ? list.areas : NULL, "assets",
                                   assets));
}
