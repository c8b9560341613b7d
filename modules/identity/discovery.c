/* discovery.c: what clients read first: /.well-known/openid-configuration (OpenID Connect Discovery 1.0, RFC 8414) and the
 * keys. */
#include "identity/endpoints.h"
#include "identity/identity.h"
#include "identity/keys.h"
#include "identity/rights.h"
#include "identity/words.h"

static void add_address(struct request *rq, json_t *doc, const char *name, const char *path) {
    json_object_set_new(doc, name, json_string(scope_printf(rq->scope, "%s%s", rq->base_url, path)));
}

int openid_configuration(struct request *rq, struct response *rs) {
    json_t *doc = json_pack("{s:s}", "issuer", rq->base_url);
    add_address(rq, doc, "authorization_endpoint", "/oauth2/authorize");
    add_address(rq, doc, "token_endpoint", "/oauth2/token");
    add_address(rq, doc, "userinfo_endpoint", "/oauth2/userinfo");
    add_address(rq, doc, "jwks_uri", "/oauth2/jwks");
    add_address(rq, doc, "introspection_endpoint", "/oauth2/introspect");
    add_address(rq, doc, "revocation_endpoint", "/oauth2/revoke");
    add_address(rq, doc, "end_session_endpoint", "/oauth2/logout");
    json_t *lists =
        json_pack("{s:[s],s:[s],s:[ssss],s:[s],s:[s],s:[s],s:[sss],s:[sss],s:[sss],s:[ssssssssss],s:[sss]}",
                  "response_types_supported", "code", "response_modes_supported", "query", "prompt_values_supported", "none",
                  "login", "consent", "create", "code_challenge_methods_supported", "S256", "subject_types_supported", "public",
                  "id_token_signing_alg_values_supported", "ES256", "grant_types_supported", "authorization_code",
                  "refresh_token", "client_credentials", "token_endpoint_auth_methods_supported", "client_secret_basic",
                  "client_secret_post", "none", "revocation_endpoint_auth_methods_supported", "client_secret_basic",
                  "client_secret_post", "none", "claims_supported", "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce",
                  "name", "email", "roles", "ui_locales_supported", "en", "fr", "de");
    json_object_update_new(doc, lists);
    json_object_set_new(doc, "introspection_endpoint_auth_methods_supported",
                        json_pack("[ss]", "client_secret_basic", "client_secret_post"));
    json_object_set_new(doc, "scopes_supported", words_array(rq->scope, rights_all(rq->scope)));
    json_object_set_new(doc, "authorization_response_iss_parameter_supported", json_true());
    json_object_set_new(doc, "request_parameter_supported", json_false());
    json_object_set_new(doc, "request_uri_parameter_supported", json_false());
    response_header(rs, "cache-control", "public, max-age=300");
    return response_json(rs, 200, doc);
}

int oauth2_jwks(struct request *rq, struct response *rs) {
    int err = keys_load(rq->scope, identity_db());
    if (err) return err;
    response_header(rs, "cache-control", "public, max-age=300");
    return response_text(rs, 200, "application/jwk-set+json", keys_public());
}
