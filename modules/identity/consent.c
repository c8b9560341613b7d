#include "identity/consent.h"

#include <string.h>

#include "identity/audit.h"
#include "identity/identity.h"
#include "identity/pages.h"
#include "identity/rights.h"
#include "identity/words.h"

int consent_given(struct scope *s, struct db *db, const char *account, const char *client, const char *scope, bool *given) {
    struct db_rows *rows;
    int err = db_query(s, db, &rows, "SELECT scope FROM consent WHERE account = $1 AND client = $2", "ss", account, client);
    if (!err) *given = db_count(rows) && words_within(s, scope, db_text(rows, 0, 0));
    return err;
}

/* A scope in words: "read: billing order". */
static const char *scope_words(struct scope *s, enum lang lang, const char *scope) {
    static const struct {
        const char *scope;
        enum text text;
    } named[] = {{"openid", TEXT_SCOPE_OPENID},
                 {"profile", TEXT_SCOPE_PROFILE},
                 {"email", TEXT_SCOPE_EMAIL},
                 {"offline_access", TEXT_SCOPE_OFFLINE}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (strcmp(scope, named[i].scope) == 0) return text_in(lang, named[i].text);
    const char *verb = strrchr(scope, '.'), *colon = strchr(scope, ':');
    if (!verb || !colon || colon > verb) return scope;
    const char *what = scope_printf(s, "%.*s %.*s", (int)(colon - scope), scope, (int)(verb - colon - 1), colon + 1);
    return text_put(s, lang, strcmp(verb, ".read") == 0 ? TEXT_SCOPE_READ : TEXT_SCOPE_WRITE, what);
}

int consent_page(const struct request *rq, struct response *rs, const struct authorization *a, const struct session *session,
                 const char *scope) {
    struct scope *s = rq->scope;
    enum lang lang = lang_of(rq);
    const char *items = "", *word, *at = scope;
    while ((word = words_next(s, &at)))
        items = scope_printf(s, "%s<li title=\"%s\">%s</li>\n", items, http_escape(s, word),
                             http_escape(s, scope_words(s, lang, word)));
    const char *title = text_put(s, lang, TEXT_CONSENT, a->client.name);
    const char *body = scope_printf(
        s,
        "<h1>%s</h1>\n<p>%s</p>\n<ul>\n%s</ul>\n<form method=\"post\" action=\"/identity/consent%s\">\n"
        "<input type=\"hidden\" name=\"csrf\" value=\"%s\">\n<input type=\"hidden\" name=\"return\" value=\"%s\">\n"
        "<button name=\"answer\" value=\"allow\">%s</button>\n<button class=\"second\" name=\"answer\" "
        "value=\"deny\">%s</button>\n"
        "</form>",
        http_escape(s, title), http_escape(s, text_put(s, lang, TEXT_CONSENT_WHO, session->account.email)), items,
        lang_query(rq), form_token(rq, rs), http_escape(s, authorization_target(s, a, "consent login select_account")),
        text_in(lang, TEXT_ALLOW), text_in(lang, TEXT_DENY));
    return page_send(rq, rs, 200, lang, title, body, a->redirect_uri);
}

static int consent_keep(struct request *rq, const struct authorization *a, const struct session *session) {
    struct scope *s = rq->scope;
    struct db_tx *tx;
    struct db_rows *rows;
    const char *granted = rights_granted(s, a->scope, session->account.roles, a->client.scope, false);
    int err = db_begin(s, identity_db(), &tx);
    if (!err)
        err = db_exec(tx, &rows, "SELECT scope FROM consent WHERE account = $1 AND client = $2 FOR UPDATE", "ss",
                      session->account.id, a->client.id);
    if (err) return err;
    const char *all = db_count(rows) ? words_either(s, db_text(rows, 0, 0), granted) : granted;
    err = db_exec(tx, NULL,
                  "INSERT INTO consent (account, client, scope) VALUES ($1, $2, $3) "
                  "ON CONFLICT (account, client) DO UPDATE SET scope = excluded.scope, granted_at = now()",
                  "sss", session->account.id, a->client.id, all);
    if (!err)
        err = audit_add(tx, rq, "consent.granted", session->account.id, a->client.id, json_pack("{s:s}", "scope", granted));
    return err ? err : db_commit(tx);
}

int consent_post(struct request *rq, struct response *rs) {
    struct pairs form;
    struct authorization a;
    struct session session;
    const char *error, *why;
    if (request_form(rq, rs, &form)) return 0;
    const char *target = pairs_get(&form, "return"), *answer = pairs_get(&form, "answer");
    int state = authorization_read_return(rq->scope, identity_db(), target, &a, &error, &why);
    if (state < 0) return state;
    if (state != AUTHORIZATION_GOOD) return page_note(rq, rs, 400, "This form does not work", why);
    int err = session_find(rq, identity_db(), &session);
    if (err && err != NADIR_ENOTFOUND) return err;
    /* A form from elsewhere, or of a session that has ended: the request begins anew and asks again. */
    if (err || !form_checked(rq, &form))
        return response_redirect(rs, 303, scope_printf(rq->scope, "%s%s", rq->base_url, target));
    if (!answer || strcmp(answer, "allow") != 0)
        return authorization_answer(rq, rs, &a, "error", "access_denied", "The person did not agree.");
    err = consent_keep(rq, &a, &session);
    return err ? err : response_redirect(rs, 303, scope_printf(rq->scope, "%s%s", rq->base_url, target));
}
