/* publish.c */
#include <stdlib.h>
#include <string.h>

#include "collection.h"
#include "common/config.h"
#include "common/fetch.h"
#include "common/http.h"
#include "publish.h"

static int fetch_failed(struct refusal *r, const char *what, int err) {
    return refuse(r, "%s cannot be reached: %s", what, nadir_strerror(err));
}

/* A token for the client itself (RFC 6749 section 4.4), with the secret in the Authorization header. */
static int token_get(struct scope *s, char *token, size_t size, struct refusal *r) {
    const char *id = config_text("NADIR_CLIENT_ID", NULL), *secret = config_text("NADIR_CLIENT_SECRET", NULL);
    if (!id || !secret) return refuse(r, "NADIR_CLIENT_ID or NADIR_CLIENT_SECRET is not set");
    const char *body = scope_printf(s, "grant_type=client_credentials&scope=%s&client_id=%s&client_secret=%s",
                                    http_encode(s, "discovery:item.write"), http_encode(s, id), http_encode(s, secret));
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    struct fetch f = {.url = scope_printf(s, "%s/oauth2/token", config_text("NADIR_URL", "")),
                      .headers = headers,
                      .body = body,
                      .body_len = strlen(body),
                      .flags = FETCH_INTERNAL | FETCH_RETRY};
    struct fetched answer;
    int err = fetch(s, &f, &answer);
    if (err) return fetch_failed(r, "the token endpoint", err);
    json_t *json = scope_json(s, json_loads(answer.body, 0, NULL));
    const char *text = json_string_value(json_object_get(json, "access_token"));
    if (answer.status != 200 || !text || strlen(text) >= size)
        return refuse(r, "no token was given (%d): is the client known, and has it the scope discovery:item.write?",
                      answer.status);
    memcpy(token, text, strlen(text) + 1);
    return 0;
}

static char access_token[8192];

/* Sends JSON with the token; gets a new token once when the old one has ended. */
static int call(struct scope *s, const char *method, const char *path, const json_t *json, struct fetched *out,
                struct refusal *r) {
    char *body = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (!body) return NADIR_ENOMEM;
    scope_defer(s, free, body);
    for (int attempt = 0; attempt < 2; attempt++) {
        int err;
        if (!*access_token && (err = token_get(s, access_token, sizeof access_token, r))) return err;
        const char *const headers[] = {"Content-Type: application/json",
                                       scope_printf(s, "Authorization: Bearer %s", access_token), NULL};
        struct fetch f = {.method = method,
                          .url = scope_printf(s, "%s%s", config_text("NADIR_URL", ""), path),
                          .headers = headers,
                          .body = body,
                          .body_len = strlen(body),
                          .timeout_ms = 60000,
                          .flags = FETCH_INTERNAL | (strcmp(method, "PUT") == 0 ? FETCH_RETRY : 0)};
        if ((err = fetch(s, &f, out))) return fetch_failed(r, "the catalogue", err);
        if (out->status != 401) return 0;
        *access_token = '\0';
    }
    return 0;
}

static int answer_refused(struct refusal *r, const struct fetched *answer) {
    json_t *json = json_loads(answer->body, 0, NULL);
    const char *detail = json_string_value(json_object_get(json, "detail"));
    refuse(r, "the catalogue answered %d: %.400s", answer->status, detail ? detail : "no reason given");
    json_decref(json);
    return NADIR_EINVAL;
}

static int collection_ensure(struct scope *s, const char *collection, struct refusal *r) {
    struct fetched answer;
    int err = call(s, "POST", "/stac/collections", scope_json(s, collection_make(collection)), &answer, r);
    if (err) return err;
    return answer.status == 201 || answer.status == 409 ? 0 : answer_refused(r, &answer);
}

int publish_item(struct scope *s, const char *collection, const json_t *item, enum published *out, struct refusal *r) {
    const char *items = scope_printf(s, "/stac/collections/%s/items", http_encode(s, collection));
    const char *own = scope_printf(s, "%s/%s", items, http_encode(s, json_string_value(json_object_get(item, "id"))));
    struct fetched answer;
    int err;
    /* PUT first: it is what a second run needs, and an item that is new answers 404. */
    if ((err = call(s, "PUT", own, item, &answer, r))) return err;
    *out = PUBLISHED_UPDATED;
    if (answer.status == 204 || answer.status == 200) return 0;
    if (answer.status != 404) return answer_refused(r, &answer);
    *out = PUBLISHED_CREATED;
    if ((err = call(s, "POST", items, item, &answer, r))) return err;
    if (answer.status == 404) {
        if ((err = collection_ensure(s, collection, r)) || (err = call(s, "POST", items, item, &answer, r))) return err;
    }
    if (answer.status == 409) { /* another run was quicker */
        if ((err = call(s, "PUT", own, item, &answer, r))) return err;
    }
    return answer.status >= 200 && answer.status <= 204 ? 0 : answer_refused(r, &answer);
}
