/* links.c: /download/v1/links: addresses that carry their own permission, for tools that cannot sign in.
 *
 * A link uses the right of the one who made it: it is checked when the link is made and again at each use, so a link ends with
 * the entitlement, with the share, or when its maker's account is closed, even before it expires.
 */
#include <string.h>
#include <time.h>

#include "common/config.h"
#include "common/fields.h"
#include "download/download.h"

static const char *link_secret(void) {
    return config_text("NADIR_LINK_SECRET", "");
}

static char *utc(struct scope *s, int64_t at) {
    time_t t = (time_t)at;
    struct tm tm;
    char *out = scope_alloc(s, 32);
    gmtime_r(&t, &tm);
    strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
    return out;
}

int links_href(struct request *rq, const char *collection, const char *item, const char *asset, int64_t seconds,
               const char **href, const char **expires_at) {
    char *token;
    int64_t now = (int64_t)time(NULL);
    struct link link = {rq->auth.subject, collection, item, asset, now, now + seconds};
    int err = link_token_make(rq->scope, link_secret(), &link, &token);
    if (err) return err;
    *href = scope_printf(rq->scope, "%s/download/v1/links/%s", rq->base_url, token);
    *expires_at = utc(rq->scope, link.expires);
    return 0;
}

/* What the caller may do with what is to be linked: a file, or (asset NULL) the whole product. */
static int link_access(struct request *rq, const char *collection, const char *item, const char *asset) {
    struct right_asset of;
    struct right_list list;
    if (asset) return rights_asset(rq->scope, download_db(), &rq->auth, collection, item, asset, &of);
    int err = rights_assets(rq->scope, download_db(), &rq->auth, collection, item, &list);
    if (err == NADIR_ENOTFOUND) return ACCESS_HIDDEN;
    return err ? err : list.access;
}

/* A new link, as far as the caller may use what it leads to. */
static int link_answer(struct request *rq, struct response *rs, const char *collection, const char *item, const char *asset,
                       int64_t seconds) {
    int access = link_access(rq, collection, item, asset);
    if (access < 0) return access;
    if (access != ACCESS_GRANTED && (access != ACCESS_AREA || !asset)) return rights_refuse(rq, rs, access, collection, item);

    const char *href, *expires_at;
    int err = links_href(rq, collection, item, asset ? asset : "", seconds, &href, &expires_at);
    if (err == NADIR_ETOOLARGE)
        return response_error(rs, 422, "link-too-long", "item", "These names are too long for a link; use an access token.");
    if (err) return err;
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, 201, json_pack("{s:s, s:s}", "href", href, "expires_at", expires_at));
}

int links_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *collection = field_string(&f, "collection", 1, 256);
    const char *item = field_string(&f, "item", 1, 256);
    const char *asset = field_string_or(&f, "asset", 1, 256, NULL);
    int64_t seconds = field_int_or(&f, "expires_in", LINK_SECONDS_LEAST, LINK_SECONDS_MOST, 3600);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;

    return link_answer(rq, rs, collection, item, asset, seconds);
}

/* What a link's token says, or an answer: 403 for one that was not made here. */
static bool link_read(struct request *rq, struct response *rs, struct link *out, int *err) {
    *err = link_token_read(rq->scope, link_secret(), request_param(rq, "token"), out);
    if (*err == NADIR_EDENIED)
        *err = response_error(rs, 403, "link-forged", NULL, "This link was not made here or was changed; ask for a new one.");
    else if (!*err)
        return true;
    return false;
}

/* A longer life for whoever made it, also after it expired: programs that keep only the address need nothing else. */
int links_renew(struct request *rq, struct response *rs) {
    struct link link;
    json_t *body = NULL;
    int err;
    if (rq->body_len > 0 && request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body ? body : scope_json(rq->scope, json_object()));
    int64_t seconds = field_int_or(&f, "expires_in", LINK_SECONDS_LEAST, LINK_SECONDS_MOST, 3600);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;
    if (!link_read(rq, rs, &link, &err)) return err;
    if (strcmp(link.subject, rq->auth.subject) != 0)
        return response_error(rs, 403, "link-of-another", NULL, "Only whoever made a link can renew it.");
    return link_answer(rq, rs, link.collection, link.item, *link.asset ? link.asset : NULL, seconds);
}

/* Its links are void, and its keys of the S3 door are removed. */
int links_on_disabled(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *user = json_string_value(json_object_get(e->data, "user"));
    const char *at = json_string_value(json_object_get(e->data, "at"));
    if (!user || !at) return NADIR_EINVAL;
    int err = db_exec(tx, NULL, "DELETE FROM s3_key WHERE subject = $1 AND created_at <= $2::timestamptz", "ss", user, at);
    if (err) return err;
    return db_exec(tx, NULL,
                   "INSERT INTO link_void (subject, before) VALUES ($1, $2::timestamptz) ON CONFLICT (subject) DO UPDATE"
                   " SET before = greatest(link_void.before, excluded.before)",
                   "ss", user, at);
}

static int maker_is_gone(struct request *rq, const struct link *link, bool *gone) {
    struct db_rows *r;
    int err = db_query(rq->scope, download_db(), &r,
                       "SELECT FROM link_void WHERE subject = $1 AND before >= to_timestamp($2::bigint)", "sl", link->subject,
                       link->issued);
    if (!err) *gone = db_count(r) > 0;
    return err;
}

int links_get(struct request *rq, struct response *rs) {
    struct link link;
    bool gone = false;
    int err;
    if (!link_read(rq, rs, &link, &err)) return err;
    if (link.expires <= (int64_t)time(NULL))
        return response_error(rs, 410, "link-expired", NULL, "This link expired at %s; ask for a new one.",
                              utc(rq->scope, link.expires));
    if ((err = maker_is_gone(rq, &link, &gone)) != 0) return err;

    struct right_asset asset;
    const struct auth maker = {.subject = link.subject, .scope = DOWNLOAD_SCOPE, .roles = ""};
    response_header(rs, "Referrer-Policy", "no-referrer");
    if (!*link.asset && !gone) return zip_answer(rq, rs, &maker, link.collection, link.item);
    int access = rights_asset(rq->scope, download_db(), &maker, link.collection, link.item, link.asset, &asset);
    if (access < 0) return access;
    if (gone || (access != ACCESS_GRANTED && access != ACCESS_AREA))
        return response_error(rs, 403, "link-revoked", NULL, "Whoever made this link may no longer use the product.");
    return asset_send(rq, rs, access, &asset, link.subject);
}
