/* manifests.c: /download/v1/manifests and /download/v1/items/{collection}/{item}/manifest: what to fetch, for programs that
 * fetch.
 *
 * Asking for a manifest is no download: nothing is counted. Who is signed in gets signed links, so that programs need no token;
 * others get the plain addresses of what is free.
 */
#include <string.h>

#include "common/fields.h"
#include "common/metrics.h"
#include "common/nodes.h"
#include "download/download.h"
#include "download/manifest.h"
#include "download/sums.h"

#define PRODUCTS_MOST 100
#define FILES_MOST 2000
#define LINK_SECONDS 86400

static const char *const formats[] = {"json", "metalink", "curl", NULL};

static int manifest_answer(struct response *rs, const struct manifest *m, const char *format) {
    if (m->count == m->room)
        return response_error(rs, 422, "too-many-files", "products", "A manifest takes %d files; ask for fewer products.",
                              FILES_MOST);
    response_header(rs, "Cache-Control", "private, no-store");
    metrics_add("nadir_download_manifest_total", 1);
    if (strcmp(format, "metalink") == 0) return manifest_metalink(rs, m);
    return strcmp(format, "curl") == 0 ? manifest_curl(rs, m) : manifest_json(rs, m);
}

static void leave_out(struct manifest *m, const struct right_asset *a, int access) {
    json_array_append_new(m->left_out, json_pack("{s:s, s:s, s:s, s:s}", "collection", a->collection, "item", a->item, "asset",
                                                 a->asset, "access", download_access(access)));
}

/* Two addresses of other stores may end alike. */
static const char *distinct(struct scope *s, const struct manifest *m, size_t from, const char *name, const char *asset) {
    for (size_t i = from; i < m->count; i++)
        if (strcmp(m->files[i].name, name) == 0) return scope_printf(s, "%s_%s", name, http_encode(s, asset));
    return name;
}

static int file_add(struct request *rq, struct manifest *m, const struct right_asset *a, const struct sum *sum,
                    const char *name, int64_t seconds) {
    bool read = sum->md5 != NULL;
    struct manifest_file f = {.name = name, .type = a->type, .collection = a->collection, .item = a->item, .asset = a->asset};
    f.sha256 = *a->sha256 ? a->sha256 : read ? sum->sha256 : NULL;
    f.md5 = read && strcmp(f.sha256, sum->sha256) == 0 ? sum->md5 : NULL;
    f.size = a->size < 0 && read ? sum->size : a->size;
    f.href = download_href(rq, a->collection, a->item, a->asset);
    int err =
        download_caller(rq).subject ? links_href(rq, a->collection, a->item, a->asset, seconds, &f.href, &m->expires_at) : 0;
    m->files[m->count++] = f;
    return err == NADIR_ETOOLARGE ? 0 : err; /* the plain address then */
}

/* The files of a product that the caller may have. `wanted` (NULL: all) is an array of asset names. */
static int product_add(struct request *rq, struct manifest *m, const struct right_list *list, const json_t *wanted,
                       int64_t seconds) {
    struct scope *s = rq->scope;
    const char **paths = scope_alloc(s, (list->count + 1) * sizeof *paths);
    const char **names = scope_alloc(s, (list->count + 1) * sizeof *names);
    struct sum *sums = scope_alloc(s, (list->count + 1) * sizeof *sums);
    for (size_t i = 0; i < list->count; i++) paths[i] = list->assets[i].path;
    int err = sums_find(s, paths, list->count, sums);
    const char *root = nodes_root(s, list->item.item, paths, list->count);
    nodes_name(s, paths, list->count, names);
    size_t from = m->count, at;
    for (size_t i = 0; !err && i < list->count && m->count < m->room; i++) {
        const struct right_asset *a = &list->assets[i];
        json_t *each;
        bool chosen = !wanted;
        json_array_foreach((json_t *)wanted, at,
                           each) if (json_is_string(each) && strcmp(json_string_value(each), a->asset) == 0) chosen = true;
        if (!chosen) continue;
        if (list->accesses[i] != ACCESS_GRANTED) {
            leave_out(m, a, list->accesses[i]);
            continue;
        }
        const char *name = scope_printf(s, "%s/%s", root, names[i]);
        err = file_add(rq, m, a, &sums[i], distinct(s, m, from, name, a->asset), seconds);
    }
    return err;
}

static void manifest_init(struct scope *s, struct manifest *m) {
    *m = (struct manifest){.room = FILES_MOST + 1, .left_out = scope_json(s, json_array())};
    m->files = scope_alloc(s, m->room * sizeof *m->files);
}

int items_manifest(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    const char *format = request_arg(rq, "format");
    struct auth who = download_caller(rq);
    struct right_list list;
    struct manifest m;
    int64_t seconds;
    if (!format) format = "json";
    if (strcmp(format, "json") != 0 && strcmp(format, "metalink") != 0 && strcmp(format, "curl") != 0)
        return response_error(rs, 400, "invalid-format", "format", "A manifest is json, metalink or curl.");
    if (request_arg_int(rq, rs, "expires_in", LINK_SECONDS_LEAST, LINK_SECONDS_MOST, LINK_SECONDS, &seconds)) return 0;
    int err = rights_assets(rq->scope, download_db(), &who, collection, item, &list);
    if (err == NADIR_ENOTFOUND) return rights_refuse(rq, rs, ACCESS_HIDDEN, collection, item);
    manifest_init(rq->scope, &m);
    if (!err) err = product_add(rq, &m, &list, NULL, seconds);
    if (!err && m.count == 0 && list.access != ACCESS_GRANTED) return rights_refuse(rq, rs, list.access, collection, item);
    return err ? err : manifest_answer(rs, &m, format);
}

/* One entry of `products`. False when it has answered, or *err is set. */
static bool entry_add(struct request *rq, struct response *rs, struct manifest *m, const json_t *entry, int64_t seconds,
                      int *err) {
    struct fields f = fields_of(entry);
    const char *collection = field_string(&f, "collection", 1, 256);
    const char *item = field_string(&f, "item", 1, 256);
    const json_t *assets = field_array_or_null(&f, "assets", FILES_MOST);
    struct right_list list;
    fields_closed(&f);
    if (fields_fail(&f, rs)) return false;
    *err = rights_assets(rq->scope, download_db(), &rq->auth, collection, item, &list);
    if (*err == NADIR_ENOTFOUND) {
        *err = response_error(rs, 404, "not-found", "products", "There is no product %.100s of collection %.100s.", item,
                              collection);
        return false;
    }
    if (!*err) *err = product_add(rq, m, &list, assets, seconds);
    return *err == 0;
}

int manifests_create(struct request *rq, struct response *rs) {
    json_t *body;
    const json_t *entry;
    struct manifest m;
    size_t i;
    int err = 0;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const json_t *products = field_array(&f, "products", 1, PRODUCTS_MOST);
    const char *format = field_choice_or(&f, "format", formats, "json");
    int64_t seconds = field_int_or(&f, "expires_in", LINK_SECONDS_LEAST, LINK_SECONDS_MOST, LINK_SECONDS);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    manifest_init(rq->scope, &m);
    json_array_foreach((json_t *)products, i, entry) if (!entry_add(rq, rs, &m, entry, seconds, &err)) return err;
    return manifest_answer(rs, &m, format);
}
