#include "identity/authorization.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "identity/identity.h"
#include "identity/words.h"

#define TARGET "/oauth2/authorize?"
#define TARGET_MOST 1900 /* Kore refuses longer addresses */

/* Parameters that must not come twice (RFC 6749 section 3.1). */
static const char *const known[] = {
    "client_id", "redirect_uri", "response_type",  "response_mode",         "state",      "nonce",      "scope",
    "prompt",    "max_age",      "code_challenge", "code_challenge_method", "login_hint", "ui_locales", NULL};

static bool comes_twice(const struct pairs *args, const char *name) {
    int n = 0;
    for (size_t i = 0; i < args->count; i++) n += strcmp(args->list[i].name, name) == 0;
    return n > 1;
}

static const char *arg(const struct pairs *args, const char *name) {
    const char *value = pairs_get(args, name);
    return value && *value ? value : NULL;
}

/* 43 characters of base64url: a SHA-256. */
static bool challenge_valid(const char *text) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return strlen(text) == 43 && strspn(text, letters) == 43;
}

static bool visible(const char *text, size_t most) {
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) return false;
    return len <= most;
}

/* Everything but client and address; the fault's sentence, or NULL. */
static const char *fault_of(const struct pairs *args, struct authorization *out, const char **error) {
    const char *type = arg(args, "response_type"), *mode = arg(args, "response_mode"), *max_age = arg(args, "max_age");
    const char *method = arg(args, "code_challenge_method");
    *error = "invalid_request";
    for (size_t i = 0; known[i]; i++)
        if (comes_twice(args, known[i])) return "A parameter comes twice.";
    if (!visible(out->state ? out->state : "", 1000) || !visible(out->nonce ? out->nonce : "", 500))
        return "state or nonce is too long or holds control characters.";
    *error = "request_not_supported";
    if (arg(args, "request")) return "Request objects are not supported.";
    *error = "request_uri_not_supported";
    if (arg(args, "request_uri")) return "Request objects are not supported.";
    *error = "unsupported_response_type";
    if (!type || strcmp(type, "code") != 0) return "response_type must be code.";
    *error = "invalid_request";
    if (mode && strcmp(mode, "query") != 0) return "response_mode must be query.";
    if (!out->challenge || !challenge_valid(out->challenge)) return "PKCE is required: send code_challenge, made with S256.";
    if (!method || strcmp(method, "S256") != 0) return "code_challenge_method must be S256.";
    if (words_have(out->prompt, "none") && strcmp(out->prompt, "none") != 0) return "prompt=none stands alone.";
    if (max_age) {
        char *end;
        errno = 0;
        out->max_age = strtoll(max_age, &end, 10);
        if (errno || *end || out->max_age < 0) return "max_age is a number of seconds.";
    }
    *error = "unauthorized_client";
    if (!words_have(out->client.grants, "authorization_code")) return "This client may not sign people in.";
    *error = "invalid_scope";
    if (strlen(out->scope) > 1000) return "scope is too long.";
    return NULL;
}

static const char *query_of(struct scope *s, const struct pairs *args) {
    const char *query = "";
    for (size_t i = 0; i < args->count; i++)
        query = scope_printf(s, "%s%s%s=%s", query, *query ? "&" : "", http_encode(s, args->list[i].name),
                             http_encode(s, args->list[i].value));
    return query;
}

int authorization_read(struct scope *s, struct db *db, const struct pairs *args, struct authorization *out, const char **error,
                       const char **why) {
    const char *id = arg(args, "client_id");
    *out = (struct authorization){.redirect_uri = arg(args, "redirect_uri"),
                                  .state = arg(args, "state"),
                                  .nonce = arg(args, "nonce"),
                                  .scope = arg(args, "scope"),
                                  .challenge = arg(args, "code_challenge"),
                                  .prompt = arg(args, "prompt"),
                                  .login_hint = arg(args, "login_hint"),
                                  .max_age = -1};
    *error = "invalid_request";
    *why = "The link that led here is broken: it names no application that is known here. Go back to where you came from.";
    if (!id || comes_twice(args, "client_id")) return AUTHORIZATION_LOST;
    int err = client_by_id(s, db, id, &out->client);
    if (err) return err == NADIR_ENOTFOUND ? (int)AUTHORIZATION_LOST : err;
    *why = "The link that led here would send you to an address that the application did not register. Nothing was sent there.";
    if (!out->redirect_uri || comes_twice(args, "redirect_uri") || !client_may_redirect(&out->client, out->redirect_uri))
        return AUTHORIZATION_LOST;
    if (!out->scope) out->scope = "openid";
    if (!out->prompt) out->prompt = "";
    *why = fault_of(args, out, error);
    if (*why) return AUTHORIZATION_REFUSED;
    out->query = query_of(s, args);
    return AUTHORIZATION_GOOD;
}

int authorization_read_return(struct scope *s, struct db *db, const char *target, struct authorization *out, const char **error,
                              const char **why) {
    struct request rq;
    *why = "The link that led here is broken. Go back to where you came from.";
    if (!return_checked(target)) return AUTHORIZATION_LOST;
    if (request_build(&rq, s, HTTP_GET, "/oauth2/authorize", target + strlen(TARGET), NULL, NULL, 0)) return AUTHORIZATION_LOST;
    return authorization_read(s, db, &rq.args, out, error, why);
}

int authorization_answer(const struct request *rq, struct response *rs, const struct authorization *a, const char *name,
                         const char *value, const char *why) {
    struct scope *s = rq->scope;
    const char *url =
        scope_printf(s, "%s%c%s=%s", a->redirect_uri, strchr(a->redirect_uri, '?') ? '&' : '?', name, http_encode(s, value));
    if (why) url = scope_printf(s, "%s&error_description=%s", url, http_encode(s, why));
    if (a->state) url = scope_printf(s, "%s&state=%s", url, http_encode(s, a->state));
    response_header(rs, "cache-control", "no-store");
    response_header(rs, "referrer-policy", "no-referrer");
    return response_redirect(rs, 303, scope_printf(s, "%s&iss=%s", url, http_encode(s, rq->base_url)));
}

const char *authorization_target(struct scope *s, const struct authorization *a, const char *prompts_done) {
    struct request rq;
    if (request_build(&rq, s, HTTP_GET, "/oauth2/authorize", a->query, NULL, NULL, 0)) return TARGET;
    for (size_t i = 0; i < rq.args.count; i++)
        if (strcmp(rq.args.list[i].name, "prompt") == 0)
            rq.args.list[i].value = words_without(s, rq.args.list[i].value, prompts_done);
    return scope_printf(s, TARGET "%s", query_of(s, &rq.args));
}

const char *return_checked(const char *target) {
    if (!target || strncmp(target, TARGET, strlen(TARGET)) != 0 || strlen(target) > TARGET_MOST) return NULL;
    for (const unsigned char *c = (const unsigned char *)target; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f || *c == '\\') return NULL;
    return target;
}
