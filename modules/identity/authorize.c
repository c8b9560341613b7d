/* authorize.c: /oauth2/authorize. Someone comes from a client; who are they, do they agree, and back with a code. */
#include <string.h>
#include <time.h>

#include "common/id.h"
#include "identity/authorization.h"
#include "identity/consent.h"
#include "identity/endpoints.h"
#include "identity/identity.h"
#include "identity/rights.h"
#include "identity/sessions.h"
#include "identity/sign_in.h"
#include "identity/words.h"

#define CODE_S 60

/* Grant and code in one transaction; the grant is of no use until the code is redeemed. */
static int answer_code(struct request *rq, struct response *rs, const struct authorization *a, const struct session *session) {
    struct db_tx *tx;
    char id[ID_SIZE], code[SECRET_SIZE];
    id_new(id);
    secret_new(code);
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (err) return err;
    err = db_exec(tx, NULL,
                  "INSERT INTO oauth_grant (id, client, account, session, requested, nonce, signed_in) "
                  "VALUES ($1, $2, $3, $4, $5, $6, to_timestamp($7))",
                  "ssssssl", id, a->client.id, session->account.id, session->id, a->scope, a->nonce, session->signed_in);
    if (!err)
        err = db_exec(tx, NULL,
                      "INSERT INTO authorization_code (code, grant_id, redirect_uri, challenge, expires_at) "
                      "VALUES ($1, $2, $3, $4, now() + $5 * interval '1 second')",
                      "ssssi", secret_hash(rq->scope, code), id, a->redirect_uri, a->challenge, CODE_S);
    if (!err) err = db_commit(tx);
    return err ? err : authorization_answer(rq, rs, a, "code", code, NULL);
}

/* What must happen on a page before a code is given: 0 nothing, otherwise the OpenID error of prompt=none. */
static const char *needs_sign_in(const struct authorization *a, const struct session *session) {
    if (!session) return "login_required";
    if (words_have(a->prompt, "login") || words_have(a->prompt, "select_account")) return "login_required";
    if (a->max_age >= 0 && (int64_t)time(NULL) - session->signed_in > a->max_age) return "login_required";
    return NULL;
}

static int authorize_with(struct request *rq, struct response *rs, const struct authorization *a,
                          const struct session *session) {
    struct scope *s = rq->scope;
    bool silent = words_have(a->prompt, "none");
    const char *needed = needs_sign_in(a, session);
    if (needed && silent) return authorization_answer(rq, rs, a, "error", needed, "Nobody is signed in.");
    if (words_have(a->prompt, "create") && !session)
        return register_page(rq, rs, 200, authorization_target(s, a, "create"), NULL, TEXT_NONE);
    if (needed)
        return sign_in_page(rq, rs, 200, authorization_target(s, a, "login select_account"), a->login_hint ? a->login_hint : "",
                            TEXT_NONE, 0);

    const char *granted = rights_granted(s, a->scope, session->account.roles, a->client.scope, a->client.first_party);
    if (!*granted) return authorization_answer(rq, rs, a, "error", "invalid_scope", "Nothing of that scope can be granted.");
    bool agreed = true;
    if (!a->client.first_party) {
        int err = consent_given(s, identity_db(), session->account.id, a->client.id, granted, &agreed);
        if (err) return err;
        if (words_have(a->prompt, "consent")) agreed = false;
    }
    if (!agreed && silent)
        return authorization_answer(rq, rs, a, "error", "consent_required", "The person has not agreed yet.");
    if (!agreed) return consent_page(rq, rs, a, session, granted);
    return answer_code(rq, rs, a, session);
}

/* GET /oauth2/authorize */
int oauth2_authorize(struct request *rq, struct response *rs) {
    struct authorization a;
    struct session session;
    const char *error, *why;
    int state = authorization_read(rq->scope, identity_db(), &rq->args, &a, &error, &why);
    if (state < 0) return state;
    if (state == AUTHORIZATION_LOST) return page_note(rq, rs, 400, "This link does not work", why);
    if (state == AUTHORIZATION_REFUSED) return authorization_answer(rq, rs, &a, "error", error, why);
    int err = session_find(rq, identity_db(), &session);
    if (err && err != NADIR_ENOTFOUND) return err;
    return authorize_with(rq, rs, &a, err ? NULL : &session);
}

/* POST /oauth2/authorize (OpenID Connect Core section 3.1.2.1): the same, after a redirect that lets the browser send its
 * cookies. */
int oauth2_authorize_post(struct request *rq, struct response *rs) {
    const char *target = scope_printf(rq->scope, "/oauth2/authorize?%s", rq->body);
    struct pairs form;
    if (request_form(rq, rs, &form)) return 0;
    if (!return_checked(target))
        return page_note(rq, rs, 400, "This link does not work", "The request is malformed or too long.");
    return response_redirect(rs, 303, scope_printf(rq->scope, "%s%s", rq->base_url, target));
}
