#include "identity/tokens.h"

#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#include "common/config.h"
#include "common/id.h"
#include "common/jwt.h"
#include "identity/identity.h"
#include "identity/keys.h"
#include "identity/rights.h"
#include "identity/words.h"

#define REFRESH_DAYS 30
#define ID_TOKEN_S 3600

int tokens_access_seconds(void) {
    return (int)config_int("NADIR_ACCESS_TOKEN_SECONDS", 60, 86400, 1800);
}

int grant_lock(struct db_tx *tx, const char *id, struct grant *out, struct account *a) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows, "SELECT account FROM oauth_grant WHERE id = $1", "s", id);
    if (err) return err;
    if (!db_count(rows)) return NADIR_ENOTFOUND;
    err = account_lock(tx, db_text(rows, 0, 0), a);
    if (err) return err;
    err = db_exec(tx, &rows,
                  "SELECT id, client, account, session, requested, nonce, floor(extract(epoch FROM signed_in))::bigint, "
                  "ended_at IS NOT NULL FROM oauth_grant WHERE id = $1 FOR UPDATE",
                  "s", id);
    if (err) return err;
    if (!db_count(rows)) return NADIR_ENOTFOUND;
    *out = (struct grant){.id = db_text(rows, 0, 0),
                          .client = db_text(rows, 0, 1),
                          .account = db_text(rows, 0, 2),
                          .session = db_text(rows, 0, 3),
                          .requested = db_text(rows, 0, 4),
                          .nonce = db_text(rows, 0, 5),
                          .signed_in = db_int(rows, 0, 6),
                          .ended = db_bool(rows, 0, 7)};
    return 0;
}

/* RFC 9068. jti is given out too. */
static int access_token(const struct request *rq, const char *subject, const char *client, const char *scope, const char *roles,
                        char jti[ID_SIZE], char **out) {
    struct scope *s = rq->scope;
    int err = keys_load(s, identity_db());
    if (err) return err;
    json_int_t now = (json_int_t)time(NULL);
    id_new(jti);
    json_t *claims =
        scope_json(s, json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:s,s:I,s:I}", "iss", rq->base_url, "aud", "nadir", "sub", subject,
                                "client_id", client, "scope", scope, "roles", words_array(s, roles), "jti", jti, "iat", now,
                                "exp", now + (json_int_t)tokens_access_seconds()));
    return jwt_sign(s, keys_signing(), "at+jwt", claims, out);
}

/* OpenID Connect Core section 3.1.3.6: the left half of the access token's SHA-256. */
static const char *at_hash(struct scope *s, const char *token) {
    unsigned char digest[32];
    if (!EVP_Digest(token, strlen(token), digest, NULL, EVP_sha256(), NULL)) return NULL;
    return base64url_encode(s, digest, 16);
}

static int id_token(const struct request *rq, const struct grant *g, const struct account *a, const char *scope,
                    const char *access, char **out) {
    struct scope *s = rq->scope;
    json_int_t now = (json_int_t)time(NULL);
    json_t *claims =
        scope_json(s, json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:s*,s:s,s:s}", "iss", rq->base_url, "sub", a->id, "aud", g->client,
                                "iat", now, "exp", now + (json_int_t)ID_TOKEN_S, "auth_time", (json_int_t)g->signed_in, "nonce",
                                g->nonce, "at_hash", at_hash(s, access), "sid", sha256_base64url(s, g->session)));
    if (words_have(scope, "profile")) json_object_set_new(claims, "name", json_string(a->name));
    if (words_have(scope, "email")) json_object_set_new(claims, "email", json_string(a->email));
    return jwt_sign(s, keys_signing(), "JWT", claims, out);
}

static json_t *answer(const char *access, const char *scope) {
    return json_pack("{s:s,s:s,s:i,s:s}", "access_token", access, "token_type", "Bearer", "expires_in", tokens_access_seconds(),
                     "scope", scope);
}

int tokens_for_grant(struct db_tx *tx, const struct request *rq, const struct grant *g, const struct client *c,
                     const struct account *a, json_t **out) {
    struct scope *s = rq->scope;
    char jti[ID_SIZE], refresh[SECRET_SIZE], *access, *identity = NULL;
    const char *scope = rights_granted(s, g->requested, a->roles, c->scope, c->first_party);
    bool refreshable = words_have(c->grants, "refresh_token");
    if (!*scope || a->disabled) return NADIR_EDENIED;
    int err = access_token(rq, a->id, c->id, scope, a->roles, jti, &access);
    if (!err && words_have(scope, "openid")) err = id_token(rq, g, a, scope, access, &identity);
    if (!err)
        err = db_exec(tx, NULL,
                      "INSERT INTO access_token (jti, grant_id, expires_at) VALUES ($1, $2, now() + $3 * interval '1 second')",
                      "ssi", jti, g->id, tokens_access_seconds());
    if (!err && refreshable) {
        secret_new(refresh);
        err = db_exec(tx, NULL,
                      "INSERT INTO refresh_token (token, grant_id, expires_at) VALUES ($1, $2, now() + $3 * interval '1 day')",
                      "ssi", secret_hash(s, refresh), g->id, REFRESH_DAYS);
    }
    if (err) return err;
    *out = answer(access, scope);
    if (refreshable) json_object_set_new(*out, "refresh_token", json_string(refresh));
    if (identity) json_object_set_new(*out, "id_token", json_string(identity));
    return 0;
}

int tokens_for_client(const struct request *rq, const struct client *c, const char *scope, json_t **out) {
    char jti[ID_SIZE], *access;
    int err = access_token(rq, c->id, c->id, scope, "", jti, &access);
    if (!err) *out = answer(access, scope);
    return err;
}
