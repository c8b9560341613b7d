/* logout.c: /oauth2/logout (OpenID Connect RP-Initiated Logout 1.0).
 *
 * With an ID token of the person who is signed in here, the client has shown that it speaks of them, and the session ends at
 * once. Without one, anybody could have made the link, so a page asks first. A browser is sent only to addresses that the
 * client registered. */
#include <string.h>
#include <time.h>

#include "common/auth.h"
#include "common/jwt.h"
#include "identity/audit.h"
#include "identity/clients.h"
#include "identity/endpoints.h"
#include "identity/identity.h"
#include "identity/keys.h"
#include "identity/pages.h"
#include "identity/sessions.h"

#define HINT_AGE_S 31536000 /* an ID token serves as a hint long after it has expired */

struct logout {
    const char *subject; /* whose ID token was shown; NULL: none, or not a good one */
    const char *target;  /* where to go on; NULL: nowhere */
    const char *wrong;   /* why the request is refused; NULL: it is not */
};

static int read_hint(struct request *rq, const char *hint, const char **subject, const char **client) {
    json_t *claims;
    const char *why;
    int err = keys_load(rq->scope, identity_db());
    if (err) return err;
    const struct jwt_expect expect = {.typ = "JWT", .issuer = rq->base_url, .now = (int64_t)time(NULL), .leeway_s = HINT_AGE_S};
    if (jwt_verify(rq->scope, keys_set(), hint, &expect, &claims, &why) != 0) return 0;
    *subject = json_string_value(json_object_get(claims, "sub"));
    *client = json_string_value(json_object_get(claims, "aud"));
    return 0;
}

static int read_logout(struct request *rq, const struct pairs *args, struct logout *out) {
    const char *hint = pairs_get(args, "id_token_hint"), *target = pairs_get(args, "post_logout_redirect_uri");
    const char *state = pairs_get(args, "state"), *named = pairs_get(args, "client_id"), *client = NULL;
    struct client c;
    *out = (struct logout){0};
    int err = hint && *hint ? read_hint(rq, hint, &out->subject, &client) : 0;
    if (err) return err;
    if (hint && *hint && !out->subject) out->wrong = "The ID token that was sent along is not one of this server.";
    if (client && named && strcmp(client, named) != 0) out->wrong = "The ID token was given to another application.";
    if (!client) client = named;
    if (!target || !*target || out->wrong) return 0;
    out->wrong = "The application did not register the address that it would send you to.";
    err = client ? client_by_id(rq->scope, identity_db(), client, &c) : NADIR_ENOTFOUND;
    if (err) return err == NADIR_ENOTFOUND ? 0 : err;
    if (!client_may_log_out_to(rq->scope, &c, target)) return 0;
    out->wrong = NULL;
    out->target = target;
    if (state && *state)
        out->target =
            scope_printf(rq->scope, "%s%cstate=%s", target, strchr(target, '?') ? '&' : '?', http_encode(rq->scope, state));
    return 0;
}

static int done(struct request *rq, struct response *rs, const char *target) {
    enum lang lang = lang_of(rq);
    if (target) return response_redirect(rs, 303, target);
    return page_note(rq, rs, 200, text_in(lang, TEXT_SIGN_OUT), text_in(lang, TEXT_SIGNED_OUT));
}

static int end(struct request *rq, struct response *rs, const struct session *session, const char *target) {
    struct db_tx *tx;
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = session_end(rq, rs, tx, session->id);
    if (!err) err = audit_add(tx, rq, "sign_out", session->account.id, session->account.id, NULL);
    if (!err) err = db_commit(tx);
    if (err) return err;
    auth_cache_clear();
    return done(rq, rs, target);
}

static const char *hidden(struct scope *s, const struct pairs *args, const char *name) {
    const char *value = pairs_get(args, name);
    if (!value) return "";
    return scope_printf(s, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name, http_escape(s, value));
}

static int ask(struct request *rq, struct response *rs, const struct pairs *args, const char *target) {
    struct scope *s = rq->scope;
    enum lang lang = lang_of(rq);
    const char *body =
        scope_printf(s,
                     "<h1>%s</h1>\n<p>%s</p>\n<form method=\"post\" action=\"/oauth2/logout\">\n"
                     "<input type=\"hidden\" name=\"csrf\" value=\"%s\">\n%s%s%s%s<button>%s</button>\n</form>\n<p "
                     "class=\"after\"><a href=\"/\">%s</a></p>",
                     text_in(lang, TEXT_SIGN_OUT), text_in(lang, TEXT_SIGN_OUT_ASK), form_token(rq, rs),
                     hidden(s, args, "client_id"), hidden(s, args, "post_logout_redirect_uri"), hidden(s, args, "state"),
                     hidden(s, args, "id_token_hint"), text_in(lang, TEXT_SIGN_OUT), text_in(lang, TEXT_BACK));
    return page_send(rq, rs, 200, lang, text_in(lang, TEXT_SIGN_OUT), body, target);
}

static int log_out(struct request *rq, struct response *rs, const struct pairs *args, bool confirmed) {
    struct logout logout;
    struct session session;
    int err = read_logout(rq, args, &logout);
    if (err) return err;
    if (logout.wrong) return page_note(rq, rs, 400, "This link does not work", logout.wrong);
    err = session_find(rq, identity_db(), &session);
    if (err == NADIR_ENOTFOUND) return done(rq, rs, logout.target);
    if (err) return err;
    bool proved = logout.subject && strcmp(logout.subject, session.account.id) == 0;
    if (confirmed || proved) return end(rq, rs, &session, logout.target);
    return ask(rq, rs, args, logout.target);
}

int oauth2_logout(struct request *rq, struct response *rs) {
    return log_out(rq, rs, &rq->args, false);
}

int oauth2_logout_post(struct request *rq, struct response *rs) {
    struct pairs form;
    if (request_form(rq, rs, &form)) return 0;
    return log_out(rq, rs, &form, form_checked(rq, &form));
}
