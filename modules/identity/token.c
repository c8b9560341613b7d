/* token.c: POST /oauth2/token. Errors are those of RFC 6749 section 5.2. */
#include <openssl/crypto.h>
#include <string.h>

#include "common/log.h"
#include "identity/audit.h"
#include "identity/endpoints.h"
#include "identity/grants.h"
#include "identity/identity.h"
#include "identity/rights.h"
#include "identity/tokens.h"
#include "identity/words.h"

/* A client whose answer was lost sends the old refresh token again; so do two tabs at once. For so long that is no theft. */
#define GRACE_S 30
#define GRACE_USES 4

static int invalid_grant(struct response *rs, const char *why) {
    return response_error(rs, 400, "invalid_grant", NULL, "%s", why);
}

static int answer_tokens(struct response *rs, json_t *tokens) {
    response_header(rs, "cache-control", "no-store");
    response_header(rs, "pragma", "no-cache");
    return response_json(rs, 200, tokens);
}

/* A code or refresh token came again: whoever has it now has no right to it, so everything made from it ends. */
static int end_stolen(struct request *rq, struct response *rs, struct db_tx *tx, const struct grant *g, const char *what) {
    int err = grants_end(tx, "id", g->id);
    if (!err) err = audit_add(tx, rq, "grant.ended", g->client, g->account, json_pack("{s:s}", "reason", what));
    if (!err) err = db_commit(tx);
    if (err) return err;
    auth_cache_clear();
    log_warn(rq->scope, "a used code or refresh token came again", "what", what, "client", g->client, NULL);
    return invalid_grant(rs, "It was used before. Everything that came of it is void: sign in again.");
}

static int finish(struct request *rq, struct response *rs, struct db_tx *tx, const struct grant *g, const struct client *c,
                  const struct account *a) {
    json_t *tokens;
    int err = tokens_for_grant(tx, rq, g, c, a, &tokens);
    if (err == NADIR_EDENIED) return invalid_grant(rs, "The account is closed or may do nothing of that any more.");
    if (err) return err;
    err = db_commit(tx);
    if (!err) return answer_tokens(rs, tokens);
    json_decref(tokens);
    return err;
}

/* RFC 7636 section 4.6. */
static bool verifier_matches(struct scope *s, const char *verifier, const char *challenge) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    size_t len = strlen(verifier);
    if (len < 43 || len > 128 || strspn(verifier, letters) != len || strlen(challenge) != SECRET_SIZE - 1) return false;
    return CRYPTO_memcmp(sha256_base64url(s, verifier), challenge, SECRET_SIZE - 1) == 0;
}

static int code_exchange(struct request *rq, struct response *rs, const struct pairs *form, const struct client *c) {
    struct db_tx *tx;
    struct db_rows *rows;
    struct grant g;
    struct account a;
    const char *code = pairs_get(form, "code"), *uri = pairs_get(form, "redirect_uri"),
               *verifier = pairs_get(form, "code_verifier");
    if (!code || !*code) return response_error(rs, 400, "invalid_request", NULL, "code is missing.");
    if (!verifier || !*verifier) return response_error(rs, 400, "invalid_request", NULL, "code_verifier is missing.");

    int err = db_begin(rq->scope, identity_db(), &tx);
    if (err) return err;
    err = db_exec(tx, &rows,
                  "SELECT code, grant_id, redirect_uri, challenge, expires_at > now(), used_at IS NOT NULL "
                  "FROM authorization_code WHERE code = $1 FOR UPDATE",
                  "s", secret_hash(rq->scope, code));
    if (err) return err;
    if (!db_count(rows)) return invalid_grant(rs, "The code is not known or too old.");
    err = grant_lock(tx, db_text(rows, 0, 1), &g, &a);
    if (err) return err == NADIR_ENOTFOUND ? invalid_grant(rs, "The code is not known or too old.") : err;
    if (strcmp(g.client, c->id) != 0) return invalid_grant(rs, "The code was given to another client.");
    if (db_bool(rows, 0, 5)) return end_stolen(rq, rs, tx, &g, "code");
    if (!db_bool(rows, 0, 4) || g.ended) return invalid_grant(rs, "The code is too old.");
    if (!uri || strcmp(uri, db_text(rows, 0, 2)) != 0)
        return invalid_grant(rs, "redirect_uri is not that of the authorization.");
    if (!verifier_matches(rq->scope, verifier, db_text(rows, 0, 3))) return invalid_grant(rs, "code_verifier does not match.");
    err = db_exec(tx, NULL, "UPDATE authorization_code SET used_at = now() WHERE code = $1", "s", db_text(rows, 0, 0));
    if (!err)
        err = audit_add(tx, rq, "grant.created", g.account, c->id,
                        json_pack("{s:s,s:s}", "grant", g.id, "requested", g.requested));
    return err ? err : finish(rq, rs, tx, &g, c, &a);
}

/* A narrower scope may be asked for; it holds for the new access token and its successors. */
static const char *narrowed(struct request *rq, const struct grant *g, const struct client *c, const struct account *a,
                            const char *asked, bool *possible) {
    const char *granted = rights_granted(rq->scope, g->requested, a->roles, c->scope, c->first_party);
    *possible = words_within(rq->scope, asked, granted);
    return words_both(rq->scope, asked, granted);
}

static int refresh(struct request *rq, struct response *rs, const struct pairs *form, const struct client *c) {
    struct db_tx *tx;
    struct db_rows *rows;
    struct grant g;
    struct account a;
    const char *token = pairs_get(form, "refresh_token"), *asked = pairs_get(form, "scope");
    if (!token || !*token) return response_error(rs, 400, "invalid_request", NULL, "refresh_token is missing.");
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (err) return err;
    err = db_exec(
        tx, &rows,
        "SELECT token, grant_id, expires_at > now(), used_at IS NOT NULL AND (used_at < now() - $2 * interval '1 second' "
        "OR uses >= $3) FROM refresh_token WHERE token = $1 FOR UPDATE",
        "sii", secret_hash(rq->scope, token), GRACE_S, GRACE_USES);
    if (err) return err;
    if (!db_count(rows)) return invalid_grant(rs, "The refresh token is not known.");
    err = grant_lock(tx, db_text(rows, 0, 1), &g, &a);
    if (err) return err == NADIR_ENOTFOUND ? invalid_grant(rs, "The refresh token is not known.") : err;
    if (strcmp(g.client, c->id) != 0) return invalid_grant(rs, "The refresh token was given to another client.");
    if (g.ended || !db_bool(rows, 0, 2))
        return invalid_grant(rs, "The refresh token has expired or was revoked: sign in again.");
    if (db_bool(rows, 0, 3)) return end_stolen(rq, rs, tx, &g, "refresh_token");
    if (asked && *asked) {
        bool possible;
        g.requested = narrowed(rq, &g, c, &a, asked, &possible);
        if (!possible) return response_error(rs, 400, "invalid_scope", NULL, "The scope goes beyond what was granted.");
    }
    err = db_exec(tx, NULL, "UPDATE refresh_token SET used_at = coalesce(used_at, now()), uses = uses + 1 WHERE token = $1",
                  "s", db_text(rows, 0, 0));
    return err ? err : finish(rq, rs, tx, &g, c, &a);
}

static int client_credentials(struct request *rq, struct response *rs, const struct pairs *form, const struct client *c) {
    struct db_tx *tx;
    json_t *tokens;
    const char *asked = pairs_get(form, "scope");
    const char *scope = asked && *asked ? words_both(rq->scope, asked, c->scope) : c->scope;
    if (!c->secret) return response_error(rs, 400, "unauthorized_client", NULL, "A public client cannot act for itself.");
    if (asked && *asked && !words_within(rq->scope, asked, c->scope))
        return response_error(rs, 400, "invalid_scope", NULL, "The client was not given all of that scope.");
    int err = tokens_for_client(rq, c, words_without(rq->scope, scope, "openid profile email offline_access"), &tokens);
    if (err) return err;
    scope_json(rq->scope, json_incref(tokens));
    err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = audit_add(tx, rq, "token.issued", c->id, c->id, json_pack("{s:s}", "scope", scope));
    if (!err) err = db_commit(tx);
    if (!err) return answer_tokens(rs, tokens);
    json_decref(tokens);
    return err;
}

/* RFC 6749 section 3.2: no parameter may come twice; which of the two would count? */
static bool comes_twice(const struct pairs *form) {
    for (size_t i = 0; i < form->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(form->list[i].name, form->list[j].name) == 0) return true;
    return false;
}

int oauth2_token(struct request *rq, struct response *rs) {
    struct pairs form;
    struct client c;
    if (request_form(rq, rs, &form)) return 0;
    if (comes_twice(&form)) return response_error(rs, 400, "invalid_request", NULL, "A parameter comes twice.");
    int known = client_authenticate(rq, rs, &form, &c);
    if (known) return known < 0 ? known : 0;
    const char *type = pairs_get(&form, "grant_type");
    if (!type || !*type) return response_error(rs, 400, "invalid_request", NULL, "grant_type is missing.");
    if (!words_have(GRANTS_ALL, type) || strchr(type, ' '))
        return response_error(rs, 400, "unsupported_grant_type", NULL, "grant_type is one of " GRANTS_ALL ".");
    if (!words_have(c.grants, type))
        return response_error(rs, 400, "unauthorized_client", NULL, "The client may not use this grant.");
    if (strcmp(type, "authorization_code") == 0) return code_exchange(rq, rs, &form, &c);
    if (strcmp(type, "refresh_token") == 0) return refresh(rq, rs, &form, &c);
    return client_credentials(rq, rs, &form, &c);
}
