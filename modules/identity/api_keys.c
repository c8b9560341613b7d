#include "identity/api_keys.h"

#include <string.h>

#include "common/auth.h"
#include "common/bus.h"
#include "common/fields.h"
#include "common/id.h"
#include "identity/accounts.h"
#include "identity/audit.h"
#include "identity/identity.h"
#include "identity/rights.h"
#include "identity/words.h"

#define KEYS_MOST 50 /* an account */
#define YEAR_S 31536000

static json_t *event_data(struct scope *s, const char *id, const char *hash, const char *account, const char *scope,
                          const char *roles, const char *expires_at) {
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s*}", "id", id, "hash", hash, "subject", account, "scope", scope, "roles",
                     words_array(s, roles), "expires_at", expires_at);
}

/* What a new key may do: the scopes asked for, all of which the caller must have. */
static const char *scope_asked(struct fields *f, const struct request *rq) {
    struct scope *s = rq->scope;
    const char *scope = words_either(s, field_string(f, "scope", 1, 2000), "");
    const char *strange = words_without(s, scope, rights_all(s));
    const char *beyond = words_without(s, scope, rq->auth.scope);
    if (*strange)
        field_fault(f, "scope", "There is no scope %s.", strange);
    else if (strstr(scope, "openid") || words_have(scope, "offline_access"))
        field_fault(f, "scope", "API keys are not for signing in; leave out openid and offline_access.");
    else if (*beyond)
        field_fault(f, "scope", "You do not have the scope %s yourself.", beyond);
    return scope;
}

/* POST /identity/v1/api-keys {name, scope, expires_in?} */
int api_keys_create(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    json_t *body;
    if (strcmp(rq->auth.client_id, "api-key") == 0)
        return response_error(rs, 403, "not-with-api-key", NULL, "An API key cannot make another; sign in.");
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *name = field_string(&f, "name", 1, 100);
    const char *scope = scope_asked(&f, rq);
    int64_t expires_in = field_int_or(&f, "expires_in", 60, 5 * YEAR_S, 0);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;

    char id[ID_SIZE], secret[SECRET_SIZE], hash[65];
    id_new(id);
    secret_new(secret);
    const char *key = scope_printf(s, "nk_%s", secret);
    auth_key_hash(key, hash);

    struct db_tx *tx;
    struct db_rows *rows;
    struct account a;
    int err = db_begin(s, identity_db(), &tx);
    if (err) return err;
    if ((err = account_lock(tx, rq->auth.subject, &a)) != 0) return err;
    if ((err = db_exec(tx, &rows, "SELECT count(*) FROM api_key WHERE account = $1", "s", a.id)) != 0) return err;
    if (a.disabled || db_int(rows, 0, 0) >= KEYS_MOST)
        return response_error(rs, 409, "too-many-keys", NULL, "An account has at most %d API keys; delete one first.",
                              KEYS_MOST);
    const char *roles = rights_roles_needed(s, scope, a.roles);
    err = db_exec(tx, &rows,
                  "INSERT INTO api_key (id, account, name, hash, scope, expires_at) VALUES ($1, $2, $3, $4, $5, "
                  "CASE WHEN $6 > 0 THEN now() + $6 * interval '1 second' END) RETURNING " RFC3339("expires_at"),
                  "sssssl", id, a.id, name, hash, scope, expires_in);
    if (err) return err;
    const char *expires_at = db_text(rows, 0, 0);
    err = db_exec(
        tx, NULL,
        "INSERT INTO auth_key (hash, id, subject, scope, roles, expires_at) VALUES ($1, $2, $3, $4, $5, $6::timestamptz)",
        "ssssss", hash, id, a.id, scope, roles, expires_at);
    if (!err) err = audit_add(tx, rq, "api_key.created", a.id, id, json_pack("{s:s,s:s}", "name", name, "scope", scope));
    if (!err) err = bus_emit(tx, "api_key.created", id, event_data(s, id, hash, a.id, scope, roles, expires_at));
    if (!err) err = db_commit(tx);
    if (err) return err;
    response_header(rs, "cache-control", "no-store");
    return response_json(
        rs, 201,
        json_pack("{s:s,s:s,s:s,s:s,s:s?}", "id", id, "key", key, "name", name, "scope", scope, "expires_at", expires_at));
}

/* GET /identity/v1/api-keys: one's own, at most KEYS_MOST. */
int api_keys_list(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int err =
        db_query(rq->scope, identity_db(), &rows,
                 "SELECT id, name, scope, " RFC3339("created_at") ", " RFC3339("expires_at") " FROM api_key "
                                                                                             "WHERE account = $1 ORDER BY id",
                 "s", rq->auth.subject);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < db_count(rows); i++)
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:s?}", "id", db_text(rows, i, 0), "name", db_text(rows, i, 1),
                                              "scope", db_text(rows, i, 2), "created_at", db_text(rows, i, 3), "expires_at",
                                              db_text(rows, i, 4)));
    return response_json(rs, 200, json_pack("{s:o,s:n}", "api_keys", list, "next"));
}

/* DELETE /identity/v1/api-keys/{key} */
int api_keys_delete(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "key");
    struct db_tx *tx;
    struct db_rows *rows;
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (err) return err;
    err = db_exec(tx, &rows, "DELETE FROM api_key WHERE id = $1 AND account = $2 RETURNING id", "ss", id, rq->auth.subject);
    if (err) return err;
    if (!db_count(rows)) return NADIR_ENOTFOUND;
    err = db_exec(tx, NULL, "DELETE FROM auth_key WHERE id = $1", "s", id);
    if (!err) err = audit_add(tx, rq, "api_key.revoked", rq->auth.subject, id, NULL);
    if (!err) err = bus_emit(tx, "api_key.revoked", id, json_pack("{s:s}", "id", id));
    if (!err) err = db_commit(tx);
    if (err) return err;
    auth_cache_clear();
    return response_empty(rs, 204);
}

int api_keys_follow_roles(struct db_tx *tx, const char *account, const char *roles) {
    struct scope *s = db_tx_scope(tx);
    struct db_rows *rows;
    const char *allowed = rights_allowed(s, roles);
    int err =
        db_exec(tx, &rows, "SELECT id, hash, scope, " RFC3339("expires_at") " FROM api_key WHERE account = $1", "s", account);
    for (int i = 0; !err && i < db_count(rows); i++) {
        const char *id = db_text(rows, i, 0), *hash = db_text(rows, i, 1), *expires_at = db_text(rows, i, 3);
        const char *scope = words_both(s, db_text(rows, i, 2), allowed), *needed = rights_roles_needed(s, scope, roles);
        err = db_exec(tx, NULL, "UPDATE api_key SET scope = $2 WHERE id = $1", "ss", id, scope);
        if (!err) err = db_exec(tx, NULL, "UPDATE auth_key SET scope = $2, roles = $3 WHERE id = $1", "sss", id, scope, needed);
        if (!err) err = bus_emit(tx, "api_key.created", id, event_data(s, id, hash, account, scope, needed, expires_at));
    }
    return err;
}
