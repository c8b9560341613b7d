/* items.c: GET /download/v1/items/{collection}/{item}: the files of a product and what the caller may do with each. */
#include "download/download.h"
#include "download/sums.h"

const char *download_access(int access) {
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

/* Size and checksums are the whole file's: of a part they are told with its bytes. MD5 and CRC-32 are known once the file was
 * read; where the catalogue says no SHA-256, that one is told then. */
static json_t *asset_json(const struct request *rq, const struct right_asset *a, int access, const struct sum *sum) {
    bool whole = access != ACCESS_AREA, read = whole && sum->md5;
    const char *sha256 = *a->sha256 ? a->sha256 : read ? sum->sha256 : NULL;
    int64_t size = a->size < 0 && read ? sum->size : a->size;
    const char *title = json_string_value(json_object_get(a->json, "title"));
    json_t *roles = json_object_get(a->json, "roles");
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:s?, s:s?, s:o, s:b, s:s, s:s}", "asset", a->asset, "title", title ? title : a->asset,
        "type", a->type, "roles", json_is_array(roles) ? json_incref(roles) : json_array(), "size",
        whole && size >= 0 ? json_integer(size) : json_null(), "sha256", whole ? sha256 : NULL, "md5", read ? sum->md5 : NULL,
        "crc32", read ? json_string(scope_printf(rq->scope, "%08x", sum->crc32)) : json_null(), "cold", sum->state == SUM_COLD,
        "access", download_access(access), "href", download_href(rq, a->collection, a->item, a->asset));
}

/* What is known of the files that lie here, in the order of the list. */
static int sums_of(struct scope *s, const struct right_list *list, struct sum **out) {
    const char **paths = scope_alloc(s, (list->count + 1) * sizeof *paths);
    *out = scope_alloc(s, (list->count + 1) * sizeof **out);
    for (size_t i = 0; i < list->count; i++) paths[i] = list->assets[i].path;
    return sums_find(s, paths, list->count, *out);
}

int items_get(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    struct auth who = download_caller(rq);
    struct right_list list;
    struct sum *sums;
    int err = rights_assets(rq->scope, download_db(), &who, collection, item, &list);
    if (err == NADIR_ENOTFOUND) return rights_refuse(rq, rs, ACCESS_HIDDEN, collection, item);
    if (!err) err = sums_of(rq->scope, &list, &sums);
    if (err) return err;
    json_t *assets = json_array();
    for (size_t i = 0; i < list.count; i++)
        json_array_append_new(assets, asset_json(rq, &list.assets[i], list.accesses[i], &sums[i]));
    const char *self = scope_printf(rq->scope, "%s%s", rq->base_url, rq->path);
    response_header(rs, "Cache-Control", "private, no-cache");
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:s, s:O*, s:o, s:s, s:s}", "collection", collection, "item", item, "access",
                                   download_access(list.access), "areas", list.access == ACCESS_AREA ? list.areas : NULL,
                                   "assets", assets, "zip", scope_printf(rq->scope, "%s/zip", self), "manifest",
                                   scope_printf(rq->scope, "%s/manifest", self)));
}
