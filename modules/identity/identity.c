/* identity.c: the module: who people and clients are. Routes, start, and the sweeping of what has expired. */
#include "identity/identity.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "common/auth.h"
#include "common/id.h"
#include "common/log.h"
#include "common/module.h"
#include "identity/api_keys.h"
#include "identity/audit.h"
#include "identity/clients.h"
#include "identity/consent.h"
#include "identity/endpoints.h"
#include "identity/keys.h"
#include "identity/pages.h"
#include "identity/sign_in.h"
#include "identity/users.h"

#define FORM_MOST 16384

#define READ "identity:account.read"
#define WRITE "identity:account.write"

static const struct route routes[] = {
    {HTTP_GET, "/.well-known/openid-configuration", NULL, openid_configuration, .errors = ERRORS_OAUTH},
    {HTTP_GET, "/.well-known/oauth-authorization-server", NULL, openid_configuration, .errors = ERRORS_OAUTH},
    {HTTP_GET, "/oauth2/jwks", NULL, oauth2_jwks, .errors = ERRORS_OAUTH},
    {HTTP_GET, "/oauth2/authorize", NULL, oauth2_authorize, .errors = ERRORS_HTML},
    {HTTP_POST, "/oauth2/authorize", NULL, oauth2_authorize_post, .errors = ERRORS_HTML, .body_max = FORM_MOST},
    {HTTP_POST, "/oauth2/token", NULL, oauth2_token, .errors = ERRORS_OAUTH, .body_max = FORM_MOST},
    {HTTP_GET | HTTP_POST, "/oauth2/userinfo", "openid", oauth2_userinfo, .errors = ERRORS_OAUTH, .body_max = FORM_MOST},
    {HTTP_POST, "/oauth2/introspect", NULL, oauth2_introspect, .errors = ERRORS_OAUTH, .body_max = FORM_MOST},
    {HTTP_POST, "/oauth2/revoke", NULL, oauth2_revoke, .errors = ERRORS_OAUTH, .body_max = FORM_MOST},
    {HTTP_GET, "/oauth2/logout", NULL, oauth2_logout, .errors = ERRORS_HTML},
    {HTTP_POST, "/oauth2/logout", NULL, oauth2_logout_post, .errors = ERRORS_HTML, .body_max = FORM_MOST},

    {HTTP_GET, "/identity/style.css", NULL, page_style},
    {HTTP_GET, "/identity/login", NULL, login_get, .errors = ERRORS_HTML},
    {HTTP_POST, "/identity/login", NULL, login_post, WORK_SLOW, ERRORS_HTML, FORM_MOST},
    {HTTP_GET, "/identity/register", NULL, register_get, .errors = ERRORS_HTML},
    {HTTP_POST, "/identity/register", NULL, register_post, WORK_SLOW, ERRORS_HTML, FORM_MOST},
    {HTTP_POST, "/identity/consent", NULL, consent_post, .errors = ERRORS_HTML, .body_max = FORM_MOST},

    {HTTP_POST, "/identity/v1/users", NULL, users_create, WORK_SLOW, .body_max = FORM_MOST},
    {HTTP_GET, "/identity/v1/users", "identity:user.read", users_list, .role = "admin"},
    {HTTP_GET, "/identity/v1/users/{user}", "identity:user.read", users_get, .role = "admin"},
    {HTTP_PATCH, "/identity/v1/users/{user}", "identity:user.write", users_patch, .role = "admin"},
    {HTTP_PUT, "/identity/v1/users/{user}/roles", "identity:user.write", users_set_roles, .role = "admin"},
    {HTTP_GET, "/identity/v1/clients", "identity:user.read", clients_list, .role = "admin"},
    {HTTP_POST, "/identity/v1/clients", "identity:user.write", clients_create, .role = "admin"},
    {HTTP_GET, "/identity/v1/audit", "identity:user.read", audit_list, .role = "admin"},

    {HTTP_GET, "/identity/v1/me", READ, me_get},
    {HTTP_PATCH, "/identity/v1/me", WRITE, me_patch},
    {HTTP_PUT, "/identity/v1/me/password", WRITE, me_password, WORK_SLOW},
    {HTTP_POST, "/identity/v1/api-keys", WRITE, api_keys_create},
    {HTTP_GET, "/identity/v1/api-keys", READ, api_keys_list},
    {HTTP_DELETE, "/identity/v1/api-keys/{key}", WRITE, api_keys_delete},
};

struct db *identity_db(void) {
    return module_db("identity");
}

void secret_new(char out[SECRET_SIZE]) {
    struct scope s;
    unsigned char bytes[32];
    random_bytes(bytes, sizeof bytes);
    scope_init(&s, "identity", 0);
    memcpy(out, base64url_encode(&s, bytes, sizeof bytes), SECRET_SIZE);
    scope_end(&s);
}

const char *secret_hash(struct scope *s, const char *secret) {
    char *hex = scope_alloc(s, 65);
    auth_key_hash(secret, hex);
    return hex;
}

const char *sha256_base64url(struct scope *s, const char *text) {
    unsigned char digest[32];
    if (!EVP_Digest(text, strlen(text), digest, NULL, EVP_sha256(), NULL)) abort();
    return base64url_encode(s, digest, sizeof digest);
}

/* The database may still be starting; the keys are then read by the first request that needs them. */
static int start(void) {
    struct scope s;
    scope_init(&s, "identity", 10000);
    int err = keys_load(&s, identity_db());
    if (err) log_warn(&s, "the signing key cannot be read yet", "why", nadir_strerror(err), NULL);
    scope_end(&s);
    return err == NADIR_EUNAVAILABLE || err == NADIR_ETIMEOUT ? 0 : err;
}

/* Sweeps out what has expired. A used refresh token stays until its expiry, so that its reuse is known for what it is. */
static int tick(struct scope *s) {
    static const char spent_grants[] =
        "DELETE FROM oauth_grant g WHERE created_at < now() - interval '1 day' AND NOT EXISTS (SELECT 1 FROM refresh_token r "
        "WHERE r.grant_id = g.id) AND NOT EXISTS (SELECT 1 FROM access_token t WHERE t.grant_id = g.id) AND NOT EXISTS "
        "(SELECT 1 FROM authorization_code c WHERE c.grant_id = g.id)";
    static const char *const sweeps[] = {
        "DELETE FROM authorization_code WHERE expires_at < now() - interval '1 day'",
        "DELETE FROM refresh_token WHERE expires_at < now()",
        "DELETE FROM access_token WHERE expires_at < now()",
        "DELETE FROM session WHERE expires_at < now()",
        "DELETE FROM auth_revoked WHERE expires_at < now()",
        "DELETE FROM throttle WHERE updated_at < now() - interval '1 day'",
        "DELETE FROM auth_key WHERE expires_at < now()",
        spent_grants,
    };
    int err = keys_load(s, identity_db());
    for (size_t i = 0; !err && i < ARRAY_SIZE(sweeps); i++) err = db_query(s, identity_db(), NULL, sweeps[i], "");
    return err;
}

static const struct module identity = {
    .name = "identity",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .start = start,
    .tick = tick,
    .tick_ms = 60000,
};
NADIR_MODULE(identity)
