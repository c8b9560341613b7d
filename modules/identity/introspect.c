/* introspect.c: /oauth2/introspect (RFC 7662) and /oauth2/revoke (RFC 7009). */
#include <string.h>

#include "common/auth.h"
#include "identity/audit.h"
#include "identity/clients.h"
#include "identity/endpoints.h"
#include "identity/grants.h"
#include "identity/identity.h"

/* Reads the form, the calling client and the token. Returns 0, or 1 when answered, or a negative enum nadir_error. */
static int read_call(struct request *rq, struct response *rs, struct client *c, const char **token) {
    struct pairs form;
    if (request_form(rq, rs, &form)) return 1;
    int known = client_authenticate(rq, rs, &form, c);
    if (known) return known;
    *token = pairs_get(&form, "token");
    if (*token && **token) return 0;
    response_error(rs, 400, "invalid_request", NULL, "token is missing.");
    return 1;
}

/* A refresh token, which only its own client may ask about. */
static int introspect_refresh(struct request *rq, const struct client *c, const char *token, json_t **out) {
    struct db_rows *rows;
    int err = db_query(
        rq->scope, identity_db(), &rows,
        "SELECT g.account, g.requested, floor(extract(epoch FROM r.expires_at))::bigint FROM refresh_token r "
        "JOIN oauth_grant g ON g.id = r.grant_id JOIN account a ON a.id = g.account WHERE r.token = $1 AND g.client = $2 "
        "AND r.expires_at > now() AND r.used_at IS NULL AND g.ended_at IS NULL AND a.disabled_at IS NULL",
        "ss", secret_hash(rq->scope, token), c->id);
    if (err || !db_count(rows)) return err;
    *out = json_pack("{s:b,s:s,s:s,s:s,s:I}", "active", 1, "client_id", c->id, "sub", db_text(rows, 0, 0), "scope",
                     db_text(rows, 0, 1), "exp", (json_int_t)db_int(rows, 0, 2));
    return 0;
}

int oauth2_introspect(struct request *rq, struct response *rs) {
    struct client c;
    struct auth a;
    const char *token, *why;
    json_t *answer = NULL;
    int known = read_call(rq, rs, &c, &token);
    if (known) return known < 0 ? known : 0;
    if (!c.secret) return response_error(rs, 401, "invalid_client", NULL, "Only a confidential client may ask about tokens.");
    int err = auth_verify(rq->scope, identity_db(), token, &a, &why);
    if (err == 0) {
        answer = json_pack("{s:b,s:s,s:s,s:s,s:s,s:s,s:s}", "active", 1, "sub", a.subject, "client_id", a.client_id, "scope",
                           a.scope, "jti", a.token_id, "iss", rq->base_url, "token_type", "Bearer");
        if (a.expires) json_object_set_new(answer, "exp", json_integer((json_int_t)a.expires));
    } else if (err == NADIR_EUNAUTH) {
        err = introspect_refresh(rq, &c, token, &answer);
        if (err) return err;
    } else {
        return err;
    }
    response_header(rs, "cache-control", "no-store");
    return response_json(rs, 200, answer ? answer : json_pack("{s:b}", "active", 0));
}

/* Ends the grant of a refresh token of this client. *found tells that it was one. */
static int revoke_refresh(struct request *rq, struct db_tx *tx, const struct client *c, const char *token, bool *found) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "SELECT g.id, g.account FROM refresh_token r JOIN oauth_grant g ON g.id = r.grant_id "
                      "WHERE r.token = $1 AND g.client = $2",
                      "ss", secret_hash(rq->scope, token), c->id);
    if (err) return err;
    *found = db_count(rows) > 0;
    if (!*found) return 0;
    err = grants_end(tx, "id", db_text(rows, 0, 0));
    return err ? err : audit_add(tx, rq, "grant.ended", c->id, db_text(rows, 0, 1), json_pack("{s:s}", "reason", "revoked"));
}

/* An access token of this client; another's, or one that is no good anyway, is left alone and not told apart. */
static int revoke_access(struct request *rq, struct db_tx *tx, const struct client *c, const char *token) {
    struct auth a;
    const char *why;
    if (strncmp(token, "nk_", 3) == 0) return 0; /* API keys are their owner's to delete */
    int err = auth_verify(rq->scope, identity_db(), token, &a, &why);
    if (err == NADIR_EUNAUTH || (!err && strcmp(a.client_id, c->id) != 0)) return 0;
    if (!err) err = grants_void_token(tx, a.token_id, a.expires);
    return err ? err : audit_add(tx, rq, "token.revoked", c->id, a.subject, json_pack("{s:s}", "jti", a.token_id));
}

int oauth2_revoke(struct request *rq, struct response *rs) {
    struct client c;
    struct db_tx *tx;
    const char *token;
    bool found;
    int known = read_call(rq, rs, &c, &token);
    if (known) return known < 0 ? known : 0;
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = revoke_refresh(rq, tx, &c, token, &found);
    if (!err && !found) err = revoke_access(rq, tx, &c, token);
    if (!err) err = db_commit(tx);
    if (err) return err;
    auth_cache_clear();
    return response_json(rs, 200, json_object());
}
