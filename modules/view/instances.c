/* instances.c: /view/v1/instances. */
#include "view/instances.h"

#include <string.h>
#include <time.h>

#include "common/fields.h"
#include "common/id.h"
#include "common/metrics.h"
#include "common/module.h"
#include "common/page.h"

#define INSTANCES_MOST 20 /* of one person */
#define TOKEN_BYTES 32
#define TOKEN_LENGTH 43 /* in base64url */
#define DAY 86400
#define SECONDS_USUAL (INT64_C(365) * DAY)
#define SECONDS_MOST (INT64_C(3650) * DAY)
#define QUOTA_USUAL 50000
#define QUOTA_MOST 500000
#define CLIENT "instance"

#define INSTANT(column) "to_char(" column " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define TODAY "(now() AT TIME ZONE 'UTC')::date"
#define COLUMNS                                                                                                                \
    "instance, name, quota, CASE WHEN day = " TODAY                                                                            \
    " THEN used ELSE 0 END, " INSTANT("used_at") ", " INSTANT("created_at") ", " INSTANT("expires_at")

bool instances_asked(const struct request *rq) {
    return rq->auth.client_id && strcmp(rq->auth.client_id, CLIENT) == 0;
}

const char *instances_home(const struct request *rq) {
    if (!instances_asked(rq)) return rq->base_url;
    return scope_strndup(rq->scope, rq->base_url, strlen(rq->base_url) - TOKEN_LENGTH - strlen("/i/"));
}

/* ---- use ---- */

static int unknown(struct response *rs) {
    metrics_add("nadir_view_instance_requests_total{result=\"refused\"}", 1);
    response_header(rs, "cache-control", "no-store");
    return response_error(rs, 401, "invalid-instance", "instance",
                          "There is no such instance, or it was revoked or has expired: make another at /view/v1/instances.");
}

static int over_quota(struct response *rs, int64_t quota) {
    metrics_add("nadir_view_instance_requests_total{result=\"over_quota\"}", 1);
    response_header(rs, "retry-after", "%lld", (long long)(DAY - time(NULL) % DAY));
    response_header(rs, "cache-control", "no-store");
    return response_error(rs, 429, "over-quota", "instance",
                          "This instance had its %lld requests of today: it goes on at midnight UTC.", (long long)quota);
}

/* Why it was not counted. */
static int refuse(const struct request *rq, struct response *rs, const char *hash) {
    struct db_rows *r;
    int err = db_query(rq->scope, module_db("view"), &r, "SELECT quota FROM instance WHERE hash = $1 AND expires_at > now()",
                       "s", hash);
    if (err) return err;
    return db_count(r) ? over_quota(rs, db_int(r, 0, 0)) : unknown(rs);
}

int instances_enter(struct request *rq, struct response *rs) {
    const char *token = request_header(rq, "x-nadir-instance");
    struct db_rows *r;
    char hash[65];
    if (!token || !*token || rq->auth.subject) return 0;
    if (strlen(token) != TOKEN_LENGTH) return unknown(rs);
    auth_key_hash(token, hash);
    /* A count that a crash of the database loses is no matter: it is not waited for until it is on the disk. */
    int err = db_query(rq->scope, module_db("view"), &r,
                       "UPDATE instance SET used = CASE WHEN day = " TODAY " THEN used ELSE 0 END + 1, day = " TODAY
                       ", used_at = now() FROM set_config('synchronous_commit', 'off', true) AS sync"
                       " WHERE hash = $1 AND sync = 'off' AND expires_at > now() AND (day <> " TODAY " OR used < quota)"
                       " RETURNING instance, subject, extract(epoch FROM expires_at)::bigint",
                       "s", hash);
    if (err) return err;
    if (!db_count(r)) return refuse(rq, rs, hash);
    metrics_add("nadir_view_instance_requests_total{result=\"served\"}", 1);
    rq->auth = (struct auth){.token_id = db_text(r, 0, 0),
                             .subject = db_text(r, 0, 1),
                             .client_id = CLIENT,
                             .scope = "",
                             .roles = "",
                             .is_user = true,
                             .expires = db_int(r, 0, 2)};
    rq->base_url = scope_printf(rq->scope, "%s/i/%s", rq->base_url, token);
    return 0;
}

int instances_on_disabled(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *user = json_string_value(json_object_get(e->data, "user"));
    const char *at = json_string_value(json_object_get(e->data, "at"));
    if (!user || !at) return NADIR_EINVAL;
    /* The event tells whole seconds. */
    return db_exec(tx, NULL, "DELETE FROM instance WHERE subject = $1 AND date_trunc('second', created_at) <= $2::timestamptz",
                   "ss", user, at);
}

/* ---- management ---- */

/* An instance outlives the credential that made it, so a credential with a part of a person's rights cannot make one. */
static bool may_manage(struct request *rq, struct response *rs) {
    const char *client = rq->auth.client_id ? rq->auth.client_id : "";
    if (strcmp(client, "api-key") != 0 && !instances_asked(rq)) return true;
    response_error(rs, 403, "sign-in-needed", NULL, "Instances are made and revoked by a person who has signed in.");
    return false;
}

static json_t *instance_json(const struct db_rows *r, int row) {
    return json_pack("{s:s, s:s, s:I, s:I, s:s?, s:s, s:s}", "instance", db_text(r, row, 0), "name", db_text(r, row, 1),
                     "quota", (json_int_t)db_int(r, row, 2), "used_today", (json_int_t)db_int(r, row, 3), "used_at",
                     db_text(r, row, 4), "created_at", db_text(r, row, 5), "expires_at", db_text(r, row, 6));
}

static int insert(struct request *rq, const char *name, const char *hash, int64_t quota, int64_t seconds,
                  struct db_rows **rows) {
    char id[ID_SIZE];
    struct db_tx *tx;
    id_new(id);
    int err = db_begin(rq->scope, module_db("view"), &tx);
    /* Two requests at once cannot pass the limit together. */
    if (!err)
        err = db_exec(tx, NULL, "SELECT pg_advisory_xact_lock(hashtextextended('instance ' || $1, 0))", "s", rq->auth.subject);
    if (!err) err = db_exec(tx, NULL, "DELETE FROM instance WHERE subject = $1 AND expires_at < now()", "s", rq->auth.subject);
    if (!err)
        err = db_exec(tx, rows,
                      "INSERT INTO instance (instance, subject, name, hash, quota, expires_at)"
                      " SELECT $1, $2, $3, $4, $5, now() + $6::bigint * interval '1 second'"
                      " WHERE (SELECT count(*) FROM instance WHERE subject = $2) < $7 RETURNING " COLUMNS,
                      "ssssili", id, rq->auth.subject, name, hash, (int)quota, seconds, INSTANCES_MOST);
    return err ? err : db_commit(tx);
}

int instances_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (!may_manage(rq, rs) || request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *name = field_string(&f, "name", 1, 100);
    int64_t seconds = field_int_or(&f, "expires_in", 1, SECONDS_MOST, SECONDS_USUAL);
    int64_t quota = field_int_or(&f, "quota", 1, QUOTA_MOST, QUOTA_USUAL);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;

    unsigned char random[TOKEN_BYTES];
    char hash[65];
    struct db_rows *r;
    random_bytes(random, sizeof random);
    const char *token = base64url_encode(rq->scope, random, sizeof random);
    auth_key_hash(token, hash);
    int err = insert(rq, name, hash, quota, seconds, &r);
    if (err) return err;
    if (!db_count(r))
        return response_error(rs, 409, "too-many-instances", NULL, "You have %d instances: revoke one first.", INSTANCES_MOST);
    json_t *made = instance_json(r, 0);
    json_object_set_new(made, "token", json_string(token));
    json_object_set_new(made, "wms", json_sprintf("%s/i/%s/view/wms", rq->base_url, token));
    json_object_set_new(made, "wmts", json_sprintf("%s/i/%s/view/wmts/1.0.0/WMTSCapabilities.xml", rq->base_url, token));
    json_object_set_new(made, "ogc", json_sprintf("%s/i/%s/view/ogc", rq->base_url, token));
    json_object_set_new(made, "tiles",
                        json_sprintf("%s/i/%s/view/tiles/{collection}/{item}/{style}/{z}/{x}/{y}.png", rq->base_url, token));
    response_header(rs, "cache-control", "no-store");
    return response_json(rs, 201, made);
}

int instances_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *r;
    if (!may_manage(rq, rs) || page_read(rq, rs, &page)) return 0;
    int err = db_query(rq->scope, module_db("view"), &r,
                       "SELECT " COLUMNS " FROM instance WHERE subject = $1 AND expires_at > now()"
                       " AND ($2::text IS NULL OR instance > $2) ORDER BY instance LIMIT $3",
                       "ssl", rq->auth.subject, page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) json_array_append_new(list, instance_json(r, i));
    response_header(rs, "cache-control", "no-store");
    return response_json(rs, 200, json_pack("{s:o, s:o}", "instances", list, "next", page_next(rq->scope, r, &page, 0)));
}

int instances_revoke(struct request *rq, struct response *rs) {
    struct db_rows *r;
    if (!may_manage(rq, rs)) return 0;
    int err = db_query(rq->scope, module_db("view"), &r, "DELETE FROM instance WHERE instance = $1 AND subject = $2", "ss",
                       request_param(rq, "instance"), rq->auth.subject);
    if (err) return err;
    if (!db_affected(r)) return response_error(rs, 404, "no-such-instance", "instance", "You have no such instance.");
    return response_empty(rs, 204);
}
