/* catalogue.c: collections as buckets that can be read. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/config.h"
#include "common/id.h"
#include "download/cuts.h"
#include "download/s3/s3.h"
#include "download/s3/visible.h"

#define ITEMS_PAGE 100

/* What lies elsewhere cannot be sent from here. */
static bool is_here(const char *path) {
    return strncmp(path, "/vsi", 4) != 0 && !strstr(path, "://");
}

/* ".tif" of "products/…/B4.tif", or "". */
static const char *suffix_of(const char *path) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    return dot && dot != base ? dot : "";
}

/* The asset's name with its file's suffix, unless it has that already. A part that was bought is a GeoTIFF. */
static char *file_name(struct scope *s, const struct right_asset *a, int access) {
    const char *suffix = access == ACCESS_AREA ? ".tif" : suffix_of(a->path);
    size_t len = strlen(a->asset), tail = strlen(suffix);
    bool has = len > tail && strcmp(a->asset + len - tail, suffix) == 0;
    return scope_printf(s, "%s%s", a->asset, has ? "" : suffix);
}

/* It has a hyphen, so that no client takes it for an MD5. The same as delivery_send makes where no SHA-256 is known. */
static char *etag_of(struct scope *s, const struct right_asset *a) {
    return scope_printf(s, "%s-%s", a->version, http_encode(s, a->asset));
}

int catalogue_find(struct s3_call *c, struct right_asset *out) {
    struct scope *s = c->rq->scope;
    const char *slash = strrchr(c->object, '/');
    struct right_list list;
    if (!slash || slash == c->object) return ACCESS_HIDDEN;
    int err =
        rights_assets(s, download_db(), &c->who, c->bucket, scope_strndup(s, c->object, (size_t)(slash - c->object)), &list);
    if (err) return err == NADIR_ENOTFOUND ? ACCESS_HIDDEN : err;
    for (size_t i = 0; i < list.count; i++) {
        bool here = list.accesses[i] == ACCESS_AREA || is_here(list.assets[i].path);
        if (!here || strcmp(file_name(s, &list.assets[i], list.accesses[i]), slash + 1) != 0) continue;
        *out = list.assets[i];
        return list.accesses[i];
    }
    return ACCESS_HIDDEN;
}

static int refuse(struct s3_fault *f, int access) {
    switch (access) {
    case ACCESS_SIGN_IN:
        return s3_fault_set(f, 403, "AccessDenied",
                            "This product is sold: sign the request with the key of whoever bought it.");
    case ACCESS_BUY:
        return s3_fault_set(f, 403, "AccessDenied",
                            "Buy this product first: ask for a quote at /billing/v1/quotes and order it.");
    case ACCESS_NOT_FOR_SALE:
        return s3_fault_set(f, 403, "AccessDenied", "This product is not offered: only those who already hold it may use it.");
    default:
        return s3_fault_set(f, 404, "NoSuchKey", "The specified key does not exist.");
    }
}

/* Clients ask again after 503 by themselves. */
static int part_open(struct s3_call *c, struct right_asset *a, struct s3_fault *f) {
    struct right_asset part;
    struct cut cut;
    int err = cut_find(c->rq->scope, a, c->who.subject, &part, &cut);
    if (err) return err;
    *a = part;
    if (cut.state == CUT_READY) return 0;
    if (cut.state == CUT_WAITING)
        return s3_fault_set(f, 503, "SlowDown", "The file is being cut to the area that you bought: ask again in 2 seconds.");
    return s3_fault_set(f, 403, "InvalidObjectState", "This file cannot be cut to the area that you bought.");
}

int catalogue_open(struct s3_call *c, struct right_asset *out, struct s3_fault *f) {
    int access = catalogue_find(c, out);
    if (access < 0 || access == ACCESS_GRANTED) return access;
    return access == ACCESS_AREA ? part_open(c, out, f) : refuse(f, access);
}

int catalogue_send(struct s3_call *c) {
    struct right_asset asset = {.sha256 = ""};
    struct s3_fault f = {0};
    int err = catalogue_open(c, &asset, &f);
    if (f.code) return s3_refuse(c, &f);
    if (err) return err;
    if (*asset.sha256) response_header(c->rs, "X-Checksum-Sha256", "%s", asset.sha256);
    asset.sha256 = ""; /* an entity tag of S3's would be taken for an MD5 */
    return delivery_send(c->rq, c->rs, &asset, c->who.subject);
}

/* ---- listing ---- */

static int by_key(const void *a, const void *b) {
    const struct s3_entry *x = a, *y = b;
    return strcmp(x->key, y->key);
}

/* Size and time as the gateway will tell them with the bytes; where the data is not mounted, the catalogue's size, and the
 * time that its event's id (UUIDv7) begins with. */
struct s3_entry catalogue_entry(struct scope *s, const struct right_asset *a, const char *key) {
    struct s3_entry e = {.key = key, .etag = etag_of(s, a), .size = a->size > 0 ? a->size : 0};
    struct stat st;
    if (stat(scope_printf(s, "%s/%s", config_text("NADIR_DATA", ""), a->path), &st) == 0 && S_ISREG(st.st_mode)) {
        e.size = (int64_t)st.st_size;
        e.at = (int64_t)st.st_mtime;
        e.modified = s3_time(s, e.at);
        return e;
    }
    int64_t ms = id_valid(a->version) ? strtoll(scope_printf(s, "%.8s%.4s", a->version, a->version + 9), NULL, 16) : 0;
    e.at = ms / 1000;
    e.modified = s3_time(s, e.at);
    return e;
}

static int item_entries(struct s3_call *c, const char *item, const char *prefix, const char *after, struct s3_page *page,
                        size_t *room) {
    struct scope *s = c->rq->scope;
    struct right_list list;
    int err = rights_assets(s, download_db(), &c->who, c->bucket, item, &list);
    if (err) return err == NADIR_ENOTFOUND ? 0 : err; /* it went meanwhile */
    if (page->count + list.count > *room) {
        *room = 2 * (page->count + list.count);
        struct s3_entry *more = scope_alloc(s, *room * sizeof *more);
        if (page->count) memcpy(more, page->list, page->count * sizeof *more);
        page->list = more;
    }
    size_t first = page->count;
    for (size_t i = 0; i < list.count; i++) {
        struct right_asset *a = &list.assets[i];
        struct s3_fault f = {0};
        int access = list.accesses[i];
        if (access != ACCESS_AREA && (access != ACCESS_GRANTED || !is_here(a->path))) continue;
        const char *key = scope_printf(s, "%s/%s", item, file_name(s, a, access));
        if (strncmp(key, prefix, strlen(prefix)) != 0 || strcmp(key, after) <= 0) continue;
        err = access == ACCESS_AREA ? part_open(c, a, &f) : 0;
        if (err && err != NADIR_EINVAL && err != NADIR_ECONFLICT) return err;
        if (err && f.status != 503) continue; /* it cannot be cut, or the right ended meanwhile */
        page->list[page->count] = catalogue_entry(s, a, key);
        page->list[page->count++].preparing = err != 0;
    }
    if (page->count > first) qsort(page->list + first, page->count - first, sizeof *page->list, by_key);
    return 0;
}

/* "item/" of a key, or the whole text where there is no slash: what item keys are compared with. */
static char *item_part(struct scope *s, const char *text) {
    const char *slash = strchr(text, '/');
    return slash ? scope_strndup(s, text, (size_t)(slash - text) + 1) : scope_strdup(s, text);
}

int catalogue_page(struct s3_call *c, const char *prefix, const char *after, struct s3_page *out) {
    struct scope *s = c->rq->scope;
    struct db_rows *r;
    const char *least = item_part(s, prefix), *from = item_part(s, after);
    const char *most = strchr(prefix, '/') ? least : scope_printf(s, "%s" S3_LAST, prefix);
    int err = db_query(
        s, download_db(), &r,
        "SELECT i.item FROM right_item i WHERE i.collection = $1 AND (i.item || '/') COLLATE \"C\" >= $2"
        " AND (i.item || '/') COLLATE \"C\" <= $3 AND" S3_VISIBLE("$4") " ORDER BY (i.item || '/') COLLATE \"C\" LIMIT $5",
        "ssssi", c->bucket, strcmp(from, least) > 0 ? from : least, most, c->who.subject, ITEMS_PAGE);
    size_t room = 0;
    *out = (struct s3_page){0};
    for (int i = 0; !err && i < db_count(r); i++) err = item_entries(c, db_text(r, i, 0), prefix, after, out, &room);
    if (!err && db_count(r) == ITEMS_PAGE) out->last = scope_printf(s, "%s/" S3_LAST, db_text(r, ITEMS_PAGE - 1, 0));
    return err;
}
