/* item_zip.c: GET /download/v1/items/{collection}/{item}/zip: a whole product, or the files named in `assets`, as one ZIP.
 *
 * The ZIP is not stored and not written by anybody: this makes a plan of it (zip.c), the gateway sends the plan's headers and
 * the product's own files between them (pieces/), with length, ranges and an entity tag. That needs each file's CRC-32, which
 * nadir-keeper computes when the item is catalogued (sums.c); who asks before that is done gets 202.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/config.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/nodes.h"
#include "download/cold.h"
#include "download/download.h"
#include "download/quota.h"
#include "download/sums.h"
#include "download/zip.h"

#define ZIP_TYPE "application/zip"

/* The files that go in, in the order of the item. */
struct choice {
    size_t count;
    struct right_asset *assets;
    const char **paths;
};

/* True if `list`, separated by commas, names the asset. */
static bool named(const char *list, const char *asset) {
    size_t len = strlen(asset);
    for (const char *p = list; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, asset, len) == 0 && (p[len] == ',' || p[len] == '\0')) return true;
    return false;
}

/* The provider's own archive holds what the other files hold; it goes in only when it is asked for, or all there is. */
static bool is_chosen(const char *wanted, const struct right_list *list, const struct right_asset *a) {
    if (wanted) return named(wanted, a->asset);
    return list->count == 1 || !asset_has_role(a->json, "archive");
}

/* Whether every name of `wanted` is a file's of the item. Otherwise it has answered. */
static bool all_there(struct request *rq, struct response *rs, const char *wanted, const struct right_list *list) {
    char *rest = scope_strdup(rq->scope, wanted), *name;
    while ((name = strsep(&rest, ",")) != NULL) {
        bool found = false;
        for (size_t i = 0; i < list->count && !found; i++) found = strcmp(list->assets[i].asset, name) == 0;
        if (found) continue;
        response_error(rs, 400, "no-such-asset", "assets", "This product has no file '%.100s'.", name);
        return false;
    }
    return true;
}

/* What goes in. False when it has answered. */
static bool choose(struct request *rq, struct response *rs, const struct right_list *list, struct choice *out) {
    const char *wanted = request_arg(rq, "assets");
    if (wanted && !all_there(rq, rs, wanted, list)) return false;
    out->assets = scope_alloc(rq->scope, (list->count + 1) * sizeof *out->assets);
    out->paths = scope_alloc(rq->scope, (list->count + 1) * sizeof *out->paths);
    for (size_t i = 0; i < list->count; i++) {
        const struct right_asset *a = &list->assets[i];
        if (!is_chosen(wanted, list, a)) continue;
        if (list->accesses[i] != ACCESS_GRANTED) {
            rights_refuse(rq, rs, list->accesses[i], a->collection, a->item);
            return false;
        }
        if (delivery_is_remote(a->path)) {
            response_error(rs, 409, "files-elsewhere", "assets",
                           "The file '%.100s' lies at another store: fetch it by its own address, or name the files to be put "
                           "together in `assets`.",
                           a->asset);
            return false;
        }
        out->assets[out->count] = *a;
        out->paths[out->count++] = a->path;
    }
    if (out->count > ZIP_FILES_MOST)
        response_error(rs, 409, "too-many-files", "assets", "A ZIP takes %d files; name some in `assets`.", ZIP_FILES_MOST);
    else if (out->count == 0)
        response_error(rs, 404, "no-files", NULL, "This product has no files here.");
    return out->count > 0 && out->count <= ZIP_FILES_MOST;
}

/* 202 while checksums are computed or files are fetched from the slower store; 404 or 409 where there is nothing to wait for.
 * True when all are there. */
static bool sums_ready(struct request *rq, struct response *rs, const struct choice *c, const struct sum *sums,
                       const char *subject, int *err) {
    size_t waiting = 0, cold = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct right_asset *a = &c->assets[i];
        if (sums[i].state == SUM_GONE) {
            log_error(rq->scope, "a catalogued file is missing", "path", a->path, NULL);
            *err = response_error(rs, 404, "file-missing", NULL,
                                  "The file '%.100s' is catalogued but not here at the moment; we were told.", a->asset);
            return false;
        }
        if (sums[i].state == SUM_READY && *a->sha256 && strcmp(a->sha256, sums[i].sha256) != 0) {
            log_error(rq->scope, "a file is not what its item says", "path", a->path, NULL);
            *err = response_error(rs, 409, "file-damaged", NULL,
                                  "The file '%.100s' is not what the catalogue says of it; we were told.", a->asset);
            return false;
        }
        waiting += sums[i].state == SUM_WAITING;
        cold += sums[i].state == SUM_COLD;
    }
    if (cold > 0) {
        *err = cold_send(rq, rs, subject, c->assets[0].collection, c->assets[0].item, c->paths, c->count);
        return false;
    }
    if (waiting == 0) return true;
    if ((*err = sums_ask(rq->scope, c->paths, c->count, sums)) != 0) return false;
    response_header(rs, "Retry-After", "2");
    response_header(rs, "Cache-Control", "no-store");
    *err = response_json(rs, 202,
                         json_pack("{s:s, s:I, s:s, s:s}", "state", "preparing", "files", (json_int_t)waiting, "detail",
                                   "Checksums of the product's files are being computed, once; ask again in 2 seconds.", "href",
                                   scope_printf(rq->scope, "%s%s", rq->base_url, rq->path)));
    return false;
}

static int folder_make(struct scope *s, const char *path) {
    if (mkdir(path, 0755) == 0 || errno == EEXIST) return 0;
    log_error(s, "a folder cannot be made", "folder", path, NULL);
    return NADIR_EUNAVAILABLE;
}

/* The plan in its place, named by its content; *key is that name. One of the right length is whole: it was renamed there. */
static int plan_keep(struct scope *s, const struct zip_plan *plan, const struct choice *c, const struct sum *sums,
                     const char **key) {
    const char *data = config_need("NADIR_DATA");
    char *hex = scope_alloc(s, 65);
    struct stat st;
    char *text = scope_alloc(s, plan->index_len + c->count * 64 + 1);
    memcpy(text, plan->index, plan->index_len);
    for (size_t i = 0; i < c->count; i++) memcpy(text + plan->index_len + 64 * i, sums[i].sha256, 64);
    digest_text(text, hex);
    *key = hex;
    if (!data) return NADIR_EINTERNAL;
    const char *folder = scope_printf(s, "%s/zips/%.2s", data, hex), *path = scope_printf(s, "%s/%s", folder, hex);
    int64_t size = (int64_t)(plan->index_len + plan->literals_len) +
                   (int64_t)strlen(scope_printf(s, "nadir-pieces 1 %zu %lld\n", plan->index_len, (long long)plan->total));
    if (stat(path, &st) == 0 && st.st_size == size) {
        (void)utimensat(AT_FDCWD, path, NULL, 0); /* the sweep spares what is used */
        return 0;
    }
    int err = folder_make(s, scope_printf(s, "%s/zips", data));
    if (!err) err = folder_make(s, folder);
    return err ? err : zip_plan_write(s, plan, path);
}

static int zip_send(struct request *rq, struct response *rs, const struct right_list *list, const struct choice *c,
                    const struct sum *sums, const char *subject) {
    struct scope *s = rq->scope;
    struct zip_member *members = scope_alloc(s, c->count * sizeof *members);
    const char **names = scope_alloc(s, c->count * sizeof *names), *key;
    const char *root = nodes_root(s, list->item.item, c->paths, c->count);
    nodes_name(s, c->paths, c->count, names);
    for (size_t i = 0; i < c->count; i++)
        members[i] = (struct zip_member){scope_printf(s, "%s/%s", root, names[i]), c->paths[i], sums[i].size, sums[i].mtime,
                                         sums[i].crc32};
    struct zip_plan plan;
    zip_layout(s, members, c->count, &plan);
    int err = plan_keep(s, &plan, c, sums, &key);
    if (err) return err;
    response_header(rs, "Cache-Control", "private, no-cache");
    if (response_not_modified(rq, rs, key)) return 0;
    if (!request_header(rq, "if-range") && delivery_past_end(request_header(rq, "range"), plan.total)) {
        response_header(rs, "Content-Range", "bytes */%lld", (long long)plan.total);
        return response_error(rs, 416, "range-past-end", "Range", "The archive has %lld bytes; nothing lies there.",
                              (long long)plan.total);
    }
    if (!quota_take(rq, rs, subject, key, plan.total, quota_bytes(request_header(rq, "range"), plan.total))) return 0;
    response_header(rs, "Content-Disposition", "attachment; filename=\"%.150s.zip\"", root);
    metrics_add("nadir_download_zip_total", 1);
    err = delivery_record(rq, list->item.collection, list->item.item, NULL, subject, plan.total);
    return err ? err : response_accel(rs, ZIP_TYPE, scope_printf(s, "/_pieces/zips/%.2s/%s", key, key));
}

int zip_answer(struct request *rq, struct response *rs, const struct auth *who, const char *collection, const char *item) {
    struct right_list list;
    struct choice chosen = {0};
    int err = rights_assets(rq->scope, download_db(), who, collection, item, &list);
    if (err == NADIR_ENOTFOUND) return rights_refuse(rq, rs, ACCESS_HIDDEN, collection, item);
    if (err || !choose(rq, rs, &list, &chosen)) return err;
    struct sum *sums = scope_alloc(rq->scope, chosen.count * sizeof *sums);
    err = sums_find(rq->scope, chosen.paths, chosen.count, sums);
    if (err || !sums_ready(rq, rs, &chosen, sums, who->subject, &err)) return err;
    return zip_send(rq, rs, &list, &chosen, sums, who->subject);
}

int items_zip(struct request *rq, struct response *rs) {
    struct auth who = download_caller(rq);
    return zip_answer(rq, rs, &who, request_param(rq, "collection"), request_param(rq, "item"));
}
