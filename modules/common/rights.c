/* rights.c: keeps a module's copy of items, offers, entitlements and shares, and decides from it alone. */
#include "common/rights.h"

#include <string.h>

#include "common/log.h"

/* ---- what the events bring ---- */

static const char *member(const struct event *e, const char *name) {
    return json_string_value(json_object_get(e->data, name));
}

int rights_on_item(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *collection = member(e, "collection"), *item = member(e, "item");
    if (!collection || !item) return NADIR_EINVAL;
    if (strcmp(e->type, "item.removed") == 0)
        return db_exec(tx, NULL, "DELETE FROM right_item WHERE collection = $1 AND item = $2", "ss", collection, item);
    if (strcmp(e->type, "item.published") != 0 && strcmp(e->type, "item.updated") != 0) return 0;
    if (!json_is_object(json_object_get(e->data, "assets"))) return NADIR_EINVAL;
    return db_exec(tx, NULL,
                   "INSERT INTO right_item (collection, item, owner, version, data) VALUES ($1, $2, $3, $4, $5) "
                   "ON CONFLICT (collection, item) DO UPDATE "
                   "SET owner = excluded.owner, version = excluded.version, data = excluded.data",
                   "ssssj", collection, item, member(e, "owner"), e->id, e->data);
}

int rights_on_offer(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *offer = member(e, "offer");
    if (!offer) return NADIR_EINVAL;
    if (strcmp(e->type, "offer.withdrawn") == 0)
        return db_exec(tx, NULL, "DELETE FROM right_offer WHERE offer = $1", "s", offer);
    if (strcmp(e->type, "offer.published") != 0) return 0;
    const char *collection = member(e, "collection"), *model = member(e, "model");
    if (!collection || !model) return NADIR_EINVAL;
    return db_exec(tx, NULL,
                   "INSERT INTO right_offer (offer, collection, item, model) VALUES ($1, $2, $3, $4) ON CONFLICT (offer) DO "
                   "UPDATE SET collection = excluded.collection, item = excluded.item, model = excluded.model",
                   "ssss", offer, collection, member(e, "item"), model);
}

int rights_on_entitlement(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *entitlement = member(e, "entitlement");
    if (!entitlement) return NADIR_EINVAL;
    if (strcmp(e->type, "entitlement.revoked") == 0)
        return db_exec(tx, NULL, "DELETE FROM right_entitlement WHERE entitlement = $1", "s", entitlement);
    if (strcmp(e->type, "entitlement.granted") != 0) return 0;
    const char *subject = member(e, "subject"), *collection = member(e, "collection"), *item = member(e, "item");
    const json_t *aoi = json_object_get(e->data, "aoi");
    if (!subject || !collection || !item) return NADIR_EINVAL;
    return db_exec(tx, NULL,
                   "INSERT INTO right_entitlement (entitlement, subject, collection, item, expires_at, aoi) "
                   "VALUES ($1, $2, $3, $4, $5::timestamptz, $6::jsonb) ON CONFLICT (entitlement) DO UPDATE SET subject = "
                   "excluded.subject, collection = excluded.collection, item = excluded.item, "
                   "expires_at = excluded.expires_at, aoi = excluded.aoi",
                   "sssssj", entitlement, subject, collection, item, member(e, "expires_at"), aoi);
}

int rights_on_share(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *share = member(e, "share");
    if (!share) return NADIR_EINVAL;
    if (strcmp(e->type, "share.revoked") == 0) return db_exec(tx, NULL, "DELETE FROM right_share WHERE share = $1", "s", share);
    if (strcmp(e->type, "share.created") != 0) return 0;
    const char *owner = member(e, "owner"), *subject = member(e, "subject");
    const char *collection = member(e, "collection"), *item = member(e, "item");
    if (!owner || !subject || !collection) return NADIR_EINVAL; /* no item: the whole collection */
    return db_exec(tx, NULL,
                   "INSERT INTO right_share (share, owner, subject, collection, item) VALUES ($1, $2, $3, $4, $5) "
                   "ON CONFLICT (share) DO UPDATE SET owner = excluded.owner, subject = excluded.subject, "
                   "collection = excluded.collection, item = excluded.item",
                   "sssss", share, owner, subject, collection, item);
}

/* ---- paths ---- */

/* A relative path stays below its root when no segment is empty, "." or "..". */
static bool path_stays(const char *path) {
    for (const char *p = path;; p++) {
        size_t len = strcspn(p, "/");
        if (len == 0 || (len == 1 && p[0] == '.') || (len == 2 && p[0] == '.' && p[1] == '.')) return false;
        p += len;
        if (*p == '\0') return true;
    }
}

bool rights_path_safe(const char *path) {
    static const char *const remote[] = {"https://", "http://", "/vsicurl/https://", "/vsicurl/http://", "/vsis3/",
                                         "/vsigs/",  "/vsiaz/"};
    if (!path || !*path || strlen(path) > 2000 || strchr(path, '\\')) return false;
    for (const char *p = path; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f) return false;
    for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
        if (strncmp(path, remote[i], strlen(remote[i])) == 0) return path[strlen(remote[i])] != '\0';
    return path_stays(path);
}

/* ---- decisions ---- */

/* Everything that bears on one item, in one statement. $3 is the caller (NULL: anonymous): comparisons with NULL are never
 * true. `free` is NULL where nothing is offered; the item's own offers hide those of its collection. */
#define RIGHTS_SQL(what)                                                                                                       \
    "SELECT i.owner, i.version, " what ","                                                                                     \
    " coalesce(i.owner = $3, false) AS own,"                                                                                   \
    " EXISTS (SELECT FROM right_share s WHERE s.subject = $3 AND s.collection = $1"                                            \
    "         AND (s.item = $2 OR s.item IS NULL) AND s.owner = i.owner),"                                                     \
    " EXISTS (SELECT FROM right_entitlement e WHERE e.subject = $3 AND e.collection = $1 AND e.item = $2"                      \
    "         AND e.aoi IS NULL AND (e.expires_at IS NULL OR e.expires_at > now())),"                                          \
    " coalesce((SELECT bool_or(o.model = 'free') FROM right_offer o WHERE o.collection = $1 AND o.item = $2),"                 \
    "          (SELECT bool_or(o.model = 'free') FROM right_offer o WHERE o.collection = $1 AND o.item IS NULL)) AS free,"     \
    " (SELECT jsonb_agg(e.aoi ORDER BY e.aoi::text) FROM right_entitlement e WHERE e.subject = $3 AND e.collection = $1"       \
    "         AND e.item = $2 AND e.aoi IS NOT NULL AND (e.expires_at IS NULL OR e.expires_at > now())) AS areas"              \
    " FROM right_item i WHERE i.collection = $1 AND i.item = $2"

enum column { COL_OWNER, COL_VERSION, COL_DATA, COL_OWN, COL_SHARED, COL_ENTITLED, COL_FREE, COL_AREAS };

static const char *subject_of(const struct auth *who) {
    return who ? who->subject : NULL;
}

static bool visible(const struct db_rows *r) {
    return db_is_null(r, 0, COL_OWNER) || db_bool(r, 0, COL_OWN) || db_bool(r, 0, COL_SHARED) || db_bool(r, 0, COL_ENTITLED) ||
           !db_is_null(r, 0, COL_AREAS);
}

static void item_fill(struct scope *s, const struct db_rows *r, const char *collection, const char *item,
                      struct right_item *out) {
    *out = (struct right_item){
        .collection = collection,
        .item = item,
        .owner = db_text(r, 0, COL_OWNER),
        .version = db_text(r, 0, COL_VERSION),
        .json = db_json(s, r, 0, COL_DATA),
    };
}

int rights_item(struct scope *s, struct db *db, const struct auth *who, const char *collection, const char *item,
                struct right_item *out) {
    struct db_rows *r;
    int err = db_query(s, db, &r, RIGHTS_SQL("i.data"), "sss", collection, item, subject_of(who));
    if (err) return err;
    if (db_count(r) == 0 || !visible(r)) return NADIR_ENOTFOUND;
    item_fill(s, r, collection, item, out);
    return 0;
}

bool asset_has_role(const json_t *asset, const char *role) {
    const json_t *each;
    size_t i;
    json_array_foreach(json_object_get(asset, "roles"), i, each) {
        if (json_is_string(each) && strcmp(json_string_value(each), role) == 0) return true;
    }
    return false;
}

static const char *roles_text(struct scope *s, const json_t *asset) {
    const json_t *each;
    size_t i;
    const char *all = "";
    json_array_foreach(json_object_get(asset, "roles"), i, each) {
        if (json_is_string(each)) all = scope_printf(s, "%s%s%s", all, *all ? " " : "", json_string_value(each));
    }
    return all;
}

static int64_t asset_size(const json_t *asset) {
    const json_t *size = json_object_get(asset, "size");
    if (!json_is_integer(size)) size = json_object_get(asset, "file:size");
    return json_is_integer(size) && json_integer_value(size) >= 0 ? json_integer_value(size) : -1;
}

/* `sha256`, or the digest in a `file:checksum` multihash (0x12 sha2-256, 0x20 its length; multiformats.io/multihash). */
static const char *asset_sha256(const json_t *asset) {
    const char *hex = json_string_value(json_object_get(asset, "sha256"));
    if (!hex) {
        hex = json_string_value(json_object_get(asset, "file:checksum"));
        if (hex && strncmp(hex, "1220", 4) != 0) hex = NULL;
        if (hex) hex += 4;
    }
    return hex && strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64 ? hex : "";
}

/* A part can be cut from rasters that GDAL reads as pictures of the ground; an archive is sold whole. */
static bool can_be_cut(const json_t *asset) {
    const char *type = json_string_value(json_object_get(asset, "type"));
    return type && (strncmp(type, "image/tiff", 10) == 0 || strncmp(type, "image/jp2", 9) == 0);
}

static int decide(const struct db_rows *r, const json_t *asset, const struct auth *who) {
    if (db_bool(r, 0, COL_OWN) || db_bool(r, 0, COL_SHARED) || db_bool(r, 0, COL_ENTITLED)) return ACCESS_GRANTED;
    if (asset_has_role(asset, "thumbnail") || asset_has_role(asset, "overview") || asset_has_role(asset, "metadata"))
        return ACCESS_GRANTED;
    if (db_bool(r, 0, COL_FREE)) return ACCESS_GRANTED;
    if (!db_is_null(r, 0, COL_AREAS) && (!asset || can_be_cut(asset))) return ACCESS_AREA;
    if (db_is_null(r, 0, COL_FREE)) return ACCESS_NOT_FOR_SALE;
    return subject_of(who) ? ACCESS_BUY : ACCESS_SIGN_IN;
}

/* False if the asset has no path that may be opened. */
static bool asset_fill(struct scope *s, const struct right_item *item, const char *asset, const json_t *json,
                       struct right_asset *out) {
    const char *path = json_string_value(json_object_get(json, "path"));
    if (!rights_path_safe(path)) {
        log_warn(s, "asset has no path that may be opened", "collection", item->collection, "item", item->item, "asset", asset,
                 NULL);
        return false;
    }
    const char *type = json_string_value(json_object_get(json, "type"));
    *out = (struct right_asset){
        .collection = item->collection,
        .item = item->item,
        .asset = asset,
        .path = path,
        .type = type ? type : "application/octet-stream",
        .roles = roles_text(s, json),
        .size = asset_size(json),
        .sha256 = asset_sha256(json),
        .version = item->version,
        .json = json,
    };
    return true;
}

int rights_asset(struct scope *s, struct db *db, const struct auth *who, const char *collection, const char *item,
                 const char *asset, struct right_asset *out) {
    struct db_rows *r;
    struct right_item of;
    int err =
        db_query(s, db, &r, RIGHTS_SQL("i.data -> 'assets' -> $4::text"), "ssss", collection, item, subject_of(who), asset);
    if (err) return err;
    if (db_count(r) == 0 || !visible(r) || db_is_null(r, 0, COL_DATA)) return ACCESS_HIDDEN;
    item_fill(s, r, collection, item, &of);
    if (!asset_fill(s, &of, asset, of.json, out)) return ACCESS_HIDDEN;
    out->areas = db_json(s, r, 0, COL_AREAS);
    return decide(r, out->json, who);
}

int rights_assets(struct scope *s, struct db *db, const struct auth *who, const char *collection, const char *item,
                  struct right_list *out) {
    struct db_rows *r;
    int err = db_query(s, db, &r, RIGHTS_SQL("i.data"), "sss", collection, item, subject_of(who));
    if (err) return err;
    if (db_count(r) == 0 || !visible(r)) return NADIR_ENOTFOUND;
    *out = (struct right_list){.access = decide(r, NULL, who), .areas = db_json(s, r, 0, COL_AREAS)};
    item_fill(s, r, collection, item, &out->item);
    json_t *assets = json_object_get(out->item.json, "assets"), *asset;
    out->assets = scope_alloc(s, (json_object_size(assets) + 1) * sizeof *out->assets);
    out->accesses = scope_alloc(s, (json_object_size(assets) + 1) * sizeof *out->accesses);
    const char *key;
    json_object_foreach(assets, key, asset) {
        if (!asset_fill(s, &out->item, key, asset, &out->assets[out->count])) continue;
        out->assets[out->count].areas = out->areas;
        out->accesses[out->count++] = decide(r, asset, who);
    }
    return 0;
}

/* ---- answers ---- */

/* 402 in problem+json with the members that lead to the purchase. */
static int refuse_unpaid(const struct request *rq, struct response *rs, const char *collection, const char *item) {
    char *offers = scope_printf(rq->scope, "%s/billing/v1/offers?collection=%s&item=%s", rq->base_url,
                                http_encode(rq->scope, collection), http_encode(rq->scope, item));
    char *quotes = scope_printf(rq->scope, "%s/billing/v1/quotes", rq->base_url);
    const char *detail = scope_printf(rq->scope, "Buy this product first: ask for a quote at %s and order it.", quotes);
    response_header(rs, "Link", "<%s>; rel=\"payment\"", offers);
    if (rs->errors != ERRORS_PROBLEM) return response_error(rs, 402, "payment-required", NULL, "%s", detail);
    return response_json_as(rs, 402, "application/problem+json",
                            json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "type", "urn:nadir:problem:payment-required", "title",
                                      "Payment Required", "status", 402, "detail", detail, "offers", offers, "quotes", quotes));
}

int rights_refuse(const struct request *rq, struct response *rs, int access, const char *collection, const char *item) {
    switch (access) {
    case ACCESS_SIGN_IN:
        response_header(rs, "WWW-Authenticate", "Bearer");
        return response_error(rs, 401, "sign-in", NULL, "Sign in and send an access token to use this product.");
    case ACCESS_BUY:
    case ACCESS_AREA: /* where a part does not do */
        return refuse_unpaid(rq, rs, collection, item);
    case ACCESS_NOT_FOR_SALE:
        return response_error(rs, 403, "not-for-sale", NULL,
                              "This product is not offered: only those who already hold it may use it.");
    default:
        return response_error(rs, 404, "not-found", NULL, "There is no such product or file; search /stac for what there is.");
    }
}
