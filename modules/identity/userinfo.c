/* userinfo.c: /oauth2/userinfo (OpenID Connect Core section 5.3): who the bearer of a token with the scope openid is. */
#include "identity/accounts.h"
#include "identity/endpoints.h"
#include "identity/identity.h"
#include "identity/words.h"

int oauth2_userinfo(struct request *rq, struct response *rs) {
    struct account a;
    int err = account_by_id(rq->scope, identity_db(), rq->auth.subject, &a);
    if (err) return err == NADIR_ENOTFOUND ? NADIR_EUNAUTH : err;
    json_t *claims = json_pack("{s:s}", "sub", a.id);
    if (words_have(rq->auth.scope, "profile")) json_object_set_new(claims, "name", json_string(a.name));
    if (words_have(rq->auth.scope, "email")) json_object_set_new(claims, "email", json_string(a.email));
    /* The address was typed in, not proved. */
    if (words_have(rq->auth.scope, "email")) json_object_set_new(claims, "email_verified", json_false());
    json_object_set_new(claims, "roles", words_array(rq->scope, a.roles));
    response_header(rs, "cache-control", "no-store");
    return response_json(rs, 200, claims);
}
