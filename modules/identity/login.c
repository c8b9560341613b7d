/* login.c: /identity/login: who are you? */
#include <string.h>

#include "common/log.h"
#include "common/metrics.h"
#include "identity/accounts.h"
#include "identity/audit.h"
#include "identity/authorization.h"
#include "identity/identity.h"
#include "identity/passwords.h"
#include "identity/sessions.h"
#include "identity/sign_in.h"
#include "identity/throttle.h"

/* The client that the person wants to go on to; NULL when there is none. */
static const struct authorization *leads_to(const struct request *rq, const char *target, struct authorization *a) {
    const char *error, *why;
    if (!target) return NULL;
    return authorization_read_return(rq->scope, identity_db(), target, a, &error, &why) == AUTHORIZATION_GOOD ? a : NULL;
}

static const char *return_fields(const struct request *rq, struct response *rs, const char *target) {
    return scope_printf(
        rq->scope, "<input type=\"hidden\" name=\"csrf\" value=\"%s\">\n<input type=\"hidden\" name=\"return\" value=\"%s\">\n",
        form_token(rq, rs), target ? http_escape(rq->scope, target) : "");
}

/* The address of the other page, with the way back and the language. */
static const char *page_link(const struct request *rq, const char *path, const char *target) {
    const char *query = lang_query(rq);
    if (!target) return scope_printf(rq->scope, "%s%s", path, query);
    return scope_printf(rq->scope, "%s%s%sreturn=%s", path, query, *query ? "&amp;" : "?", http_encode(rq->scope, target));
}

int sign_in_page(const struct request *rq, struct response *rs, int status, const char *target, const char *email,
                 enum text fault, int wait_s) {
    struct scope *s = rq->scope;
    enum lang lang = lang_of(rq);
    struct authorization store;
    const struct authorization *to = leads_to(rq, target, &store);
    const char *alert = text_put(s, lang, fault, scope_printf(s, "%d", wait_s));
    const char *body = scope_printf(
        s,
        "<h1>%s</h1>\n<p class=\"soft\">%s</p>\n%s<form method=\"post\" action=\"/identity/login%s\">\n%s"
        "<label for=\"email\">%s</label>\n<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required "
        "maxlength=\"254\" value=\"%s\"%s%s>\n<label for=\"password\">%s</label>\n<input id=\"password\" name=\"password\" "
        "type=\"password\" autocomplete=\"current-password\" required maxlength=\"256\"%s%s>\n<button>%s</button>\n</form>\n"
        "<p class=\"after\">%s <a href=\"%s\">%s</a></p>",
        text_in(lang, TEXT_SIGN_IN), to ? http_escape(s, text_put(s, lang, TEXT_SIGN_IN_TO, to->client.name)) : "",
        page_alert(s, alert), lang_query(rq), return_fields(rq, rs, target), text_in(lang, TEXT_EMAIL), http_escape(s, email),
        *alert ? " aria-describedby=\"fault\"" : "", *email ? "" : " autofocus", text_in(lang, TEXT_PASSWORD),
        *alert ? " aria-describedby=\"fault\"" : "", *email ? " autofocus" : "", text_in(lang, TEXT_SIGN_IN),
        text_in(lang, TEXT_NO_ACCOUNT), page_link(rq, "/identity/register", target), text_in(lang, TEXT_REGISTER));
    return page_send(rq, rs, status, lang, text_in(lang, TEXT_SIGN_IN), body, to ? to->redirect_uri : NULL);
}

/* GET /identity/login?return= */
int login_get(struct request *rq, struct response *rs) {
    struct session session;
    const char *target = return_checked(request_arg(rq, "return"));
    int err = session_find(rq, identity_db(), &session);
    if (!err && !target) return response_redirect(rs, 303, scope_printf(rq->scope, "%s/", rq->base_url));
    if (err && err != NADIR_ENOTFOUND) return err;
    return sign_in_page(rq, rs, 200, target, "", TEXT_NONE, 0);
}

static int refused(struct request *rq, const char *account, const char *reason) {
    struct db_tx *tx;
    metrics_add("nadir_sign_ins_total{result=\"refused\"}", 1);
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = audit_add(tx, rq, "sign_in.refused", "", account, json_pack("{s:s}", "reason", reason));
    return err ? err : db_commit(tx);
}

static int signed_in(struct request *rq, struct response *rs, const struct account *a, const char *target) {
    struct db_tx *tx;
    int err = throttle_forget(rq, identity_db(), a->email);
    if (!err) err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = session_start(rq, rs, tx, a);
    if (!err) err = audit_add(tx, rq, "sign_in", a->id, a->id, NULL);
    if (!err) err = db_commit(tx);
    if (err) return err;
    metrics_add("nadir_sign_ins_total{result=\"good\"}", 1);
    return response_redirect(rs, 303, scope_printf(rq->scope, "%s%s", rq->base_url, target ? target : "/"));
}

/* POST /identity/login {csrf, return, email, password} */
int login_post(struct request *rq, struct response *rs) {
    struct pairs form;
    struct account a = {0};
    int wait_s = 0;
    if (request_form(rq, rs, &form)) return 0;
    const char *target = return_checked(pairs_get(&form, "return"));
    const char *email = pairs_get(&form, "email"), *password = pairs_get(&form, "password");
    if (!email) email = "";
    if (!password) password = "";
    if (!form_checked(rq, &form)) return sign_in_page(rq, rs, 403, target, email, TEXT_FORM_STALE, 0);
    if (strlen(email) > 254 || strlen(password) > PASSWORD_MOST) return sign_in_page(rq, rs, 400, target, "", TEXT_WRONG, 0);

    int err = throttle_try(rq, identity_db(), email, &wait_s);
    if (err == NADIR_EBUSY) {
        response_header(rs, "retry-after", "%d", wait_s);
        return sign_in_page(rq, rs, 429, target, email, TEXT_THROTTLED, wait_s);
    }
    if (err) return err;
    err = account_by_email(rq->scope, identity_db(), email, &a);
    if (err && err != NADIR_ENOTFOUND) return err;
    bool known = !err;
    if (!password_matches(known ? a.password : NULL, password)) {
        err = refused(rq, known ? a.id : "", "password");
        return err ? err : sign_in_page(rq, rs, 401, target, email, TEXT_WRONG, 0);
    }
    if (a.disabled) {
        err = refused(rq, a.id, "disabled");
        return err ? err : sign_in_page(rq, rs, 403, target, email, TEXT_DISABLED, 0);
    }
    return signed_in(rq, rs, &a, target);
}

/* ---- /identity/register ---- */

int register_page(const struct request *rq, struct response *rs, int status, const char *target, const struct pairs *form,
                  enum text fault) {
    struct scope *s = rq->scope;
    enum lang lang = lang_of(rq);
    struct authorization store;
    const struct authorization *to = leads_to(rq, target, &store);
    const char *email = form ? pairs_get(form, "email") : NULL, *name = form ? pairs_get(form, "name") : NULL;
    const char *body = scope_printf(
        s,
        "<h1>%s</h1>\n%s<form method=\"post\" action=\"/identity/register%s\">\n%s"
        "<label for=\"name\">%s</label>\n<input id=\"name\" name=\"name\" autocomplete=\"name\" required maxlength=\"100\" "
        "value=\"%s\" autofocus>\n"
        "<label for=\"email\">%s</label>\n<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required "
        "maxlength=\"254\" value=\"%s\">\n"
        "<label for=\"password\">%s</label>\n<input id=\"password\" name=\"password\" type=\"password\" "
        "autocomplete=\"new-password\" required minlength=\"10\" maxlength=\"256\" aria-describedby=\"hint\">\n"
        "<p class=\"hint\" id=\"hint\">%s</p>\n<button>%s</button>\n</form>\n"
        "<p class=\"after\">%s <a href=\"%s\">%s</a></p>",
        text_in(lang, TEXT_REGISTER), page_alert(s, text_in(lang, fault)), lang_query(rq), return_fields(rq, rs, target),
        text_in(lang, TEXT_NAME), http_escape(s, name ? name : ""), text_in(lang, TEXT_EMAIL),
        http_escape(s, email ? email : ""), text_in(lang, TEXT_PASSWORD), text_in(lang, TEXT_PASSWORD_HINT),
        text_in(lang, TEXT_REGISTER), text_in(lang, TEXT_HAVE_ACCOUNT), page_link(rq, "/identity/login", target),
        text_in(lang, TEXT_SIGN_IN));
    return page_send(rq, rs, status, lang, text_in(lang, TEXT_REGISTER), body, to ? to->redirect_uri : NULL);
}

/* GET /identity/register?return= */
int register_get(struct request *rq, struct response *rs) {
    return register_page(rq, rs, 200, return_checked(request_arg(rq, "return")), NULL, TEXT_NONE);
}

/* POST /identity/register {csrf, return, name, email, password}: an account, and signed in with it. */
int register_post(struct request *rq, struct response *rs) {
    struct pairs form;
    struct db_tx *tx;
    const char *field;
    if (request_form(rq, rs, &form)) return 0;
    const char *target = return_checked(pairs_get(&form, "return"));
    const char *email = pairs_get(&form, "email"), *name = pairs_get(&form, "name"), *password = pairs_get(&form, "password");
    if (!form_checked(rq, &form)) return register_page(rq, rs, 403, target, &form, TEXT_FORM_STALE);
    enum text fault = account_fault(email ? email : "", name ? name : "", password ? password : "", &field);
    if (fault) return register_page(rq, rs, 422, target, &form, fault);

    struct account a = {.email = email, .name = name, .roles = "", .password = password_hash(rq->scope, password)};
    if (!a.password) return NADIR_ENOMEM;
    int err = db_begin(rq->scope, identity_db(), &tx);
    if (!err) err = account_create(tx, rq, &a);
    if (!err) err = db_commit(tx);
    if (err == NADIR_ECONFLICT) return register_page(rq, rs, 409, target, &form, TEXT_EMAIL_TAKEN);
    return err ? err : signed_in(rq, rs, &a, target);
}
