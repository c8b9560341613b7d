#include "identity/sessions.h"

#include <openssl/crypto.h>
#include <string.h>

#include "identity/grants.h"
#include "identity/identity.h"

#define SESSION_COOKIE "nadir_session"
#define BROWSER_COOKIE "nadir_browser"
#define SESSION_S (7 * 86400)
#define BROWSER_S (30 * 86400)

/* ---- cookies ---- */

static bool is_https(const struct request *rq) {
    return strncmp(rq->base_url, "https:", 6) == 0;
}

void cookie_set(const struct request *rq, struct response *rs, const char *name, const char *value, int max_age_s) {
    response_header(rs, "set-cookie", "%s%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", is_https(rq) ? "__Host-" : "",
                    name, value, max_age_s, is_https(rq) ? "; Secure" : "");
}

const char *cookie_get(const struct request *rq, const char *name) {
    const char *value = request_cookie(rq, is_https(rq) ? scope_printf(rq->scope, "__Host-%s", name) : name);
    return value && strlen(value) == SECRET_SIZE - 1 ? value : NULL;
}

/* ---- sessions ---- */

int session_find(const struct request *rq, struct db *db, struct session *out) {
    const char *cookie = cookie_get(rq, SESSION_COOKIE);
    struct db_rows *rows;
    if (!cookie) return NADIR_ENOTFOUND;
    const char *id = secret_hash(rq->scope, cookie);
    int err = db_query(
        rq->scope, db, &rows,
        "SELECT account, floor(extract(epoch FROM signed_in))::bigint, seen_at < now() - interval '5 minutes' FROM session "
        "WHERE id = $1 AND expires_at > now() AND seen_at > now() - interval '1 day'",
        "s", id);
    if (err) return err;
    if (!db_count(rows)) return NADIR_ENOTFOUND;
    out->id = id;
    out->signed_in = db_int(rows, 0, 1);
    err = account_by_id(rq->scope, db, db_text(rows, 0, 0), &out->account);
    if (err) return err;
    if (out->account.disabled) return NADIR_ENOTFOUND;
    if (db_bool(rows, 0, 2)) (void)db_query(rq->scope, db, NULL, "UPDATE session SET seen_at = now() WHERE id = $1", "s", id);
    return 0;
}

/* The browser's session of before ends. What the same person was granted in it goes on in the new one, so that signing out
 * later ends that too; what another person was granted ends now. */
static int session_replace(struct db_tx *tx, const char *old, const char *fresh, const struct account *a) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows, "DELETE FROM session WHERE id = $1 RETURNING account", "s", old);
    if (err || !db_count(rows)) return err;
    if (strcmp(db_text(rows, 0, 0), a->id) != 0) return grants_end(tx, "session", old);
    return db_exec(tx, NULL, "UPDATE oauth_grant SET session = $2 WHERE session = $1 AND ended_at IS NULL", "ss", old, fresh);
}

int session_start(const struct request *rq, struct response *rs, struct db_tx *tx, const struct account *a) {
    char secret[SECRET_SIZE];
    const char *old = cookie_get(rq, SESSION_COOKIE);
    secret_new(secret);
    const char *id = secret_hash(rq->scope, secret);
    int err =
        db_exec(tx, NULL, "INSERT INTO session (id, account, expires_at) VALUES ($1, $2, now() + $3 * interval '1 second')",
                "ssi", id, a->id, SESSION_S);
    if (!err && old) err = session_replace(tx, secret_hash(rq->scope, old), id, a);
    if (!err) cookie_set(rq, rs, SESSION_COOKIE, secret, SESSION_S);
    return err;
}

int session_end(const struct request *rq, struct response *rs, struct db_tx *tx, const char *id) {
    int err = db_exec(tx, NULL, "DELETE FROM session WHERE id = $1", "s", id);
    if (!err) err = grants_end(tx, "session", id);
    if (!err) cookie_set(rq, rs, SESSION_COOKIE, "", 0);
    return err;
}

/* ---- forms ---- */

static const char *token_for(const struct request *rq, const char *browser) {
    const char *session = cookie_get(rq, SESSION_COOKIE);
    return sha256_base64url(rq->scope, scope_printf(rq->scope, "nadir form %s %s", browser, session ? session : ""));
}

const char *form_token(const struct request *rq, struct response *rs) {
    const char *browser = cookie_get(rq, BROWSER_COOKIE);
    if (!browser) {
        char *secret = scope_alloc(rq->scope, SECRET_SIZE);
        secret_new(secret);
        cookie_set(rq, rs, BROWSER_COOKIE, secret, BROWSER_S);
        browser = secret;
    }
    return token_for(rq, browser);
}

bool form_checked(const struct request *rq, const struct pairs *form) {
    const char *browser = cookie_get(rq, BROWSER_COOKIE), *sent = pairs_get(form, "csrf");
    const char *origin = request_header(rq, "origin");
    if (!browser || !sent || strlen(sent) != SECRET_SIZE - 1) return false;
    if (origin && strcmp(origin, rq->base_url) != 0) return false;
    return CRYPTO_memcmp(sent, token_for(rq, browser), SECRET_SIZE - 1) == 0;
}
