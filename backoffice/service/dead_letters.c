/* dead_letters.c: /platform/v1/dead-letters: events that modules could not take, and handing them over again.
 *
 * They lie in each module's own database; its own port tells them to the administrator, whose credential is passed on.
 */
#include <stdlib.h>
#include <string.h>

#include "backoffice.h"
#include "common/page.h"

static const struct peer *peer_find(const char *module) {
    const struct peer *peers;
    int count = peers_known(&peers);
    for (int i = 0; i < count; i++)
        if (strcmp(peers[i].module, module) == 0) return &peers[i];
    return NULL;
}

static const char *authorization(const struct request *rq) {
    const char *header = request_header(rq, "authorization"), *api_key = request_header(rq, "x-api-key");
    return header || !api_key ? header : scope_printf(rq->scope, "Bearer %s", api_key);
}

struct dated {
    json_t *letter;
    const char *failed_at;
};

static int newest_first(const void *a, const void *b) {
    const struct dated *x = a, *y = b;
    return strcmp(y->failed_at, x->failed_at);
}

/* Sorts by time, whatever module they come from. */
static json_t *sorted(struct scope *s, json_t *letters) {
    size_t n = json_array_size(letters);
    struct dated *list = scope_alloc(s, (n + 1) * sizeof *list);
    for (size_t i = 0; i < n; i++) {
        list[i].letter = json_array_get(letters, i);
        list[i].failed_at = json_string_value(json_object_get(list[i].letter, "failed_at"));
    }
    qsort(list, n, sizeof *list, newest_first);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++) json_array_append(out, list[i].letter);
    json_decref(letters);
    return out;
}

static void take_answer(const struct ask *ask, json_t *letters, json_t *unreachable, json_t **next) {
    json_t *body = ask->status == 200 ? json_loads(ask->body, 0, NULL) : NULL;
    const json_t *letter, *list = json_object_get(body, "dead_letters");
    size_t i;
    if (!json_is_array(list)) json_array_append_new(unreachable, json_string(ask->module));
    json_array_foreach(list, i, letter) {
        if (json_is_string(json_object_get(letter, "failed_at"))) json_array_append(letters, (json_t *)letter);
    }
    const json_t *more = json_object_get(body, "next");
    if (next && json_is_string(more)) *next = json_string(json_string_value(more));
    json_decref(body);
}

/* Of one module page by page, as it answers; without a module the newest of each. */
int dead_letters_list(struct request *rq, struct response *rs) {
    struct page page;
    int64_t before;
    const char *module = request_arg(rq, "module"), *cursor = request_arg(rq, "cursor");
    const struct peer *peers = NULL;
    if (page_read_number(rq, rs, &page, &before)) return 0;
    int count = module ? (peers = peer_find(module)) != NULL : peers_known(&peers);
    if (module && !peers) return response_error(rs, 400, "invalid-argument", "module", "There is no module of that name.");
    if (cursor && !module) return response_error(rs, 400, "invalid-argument", "cursor", "Pages are of one module: name it.");

    struct ask *asks = scope_alloc(rq->scope, PEERS_MOST * sizeof *asks);
    for (int i = 0; i < count; i++)
        asks[i] = (struct ask){.module = peers[i].module,
                               .url = peers[i].url,
                               .authorization = authorization(rq),
                               .path = scope_printf(rq->scope, "/internal/%s/dead-letters?limit=%d%s%s", peers[i].module,
                                                    (int)page.limit, cursor ? "&cursor=" : "", cursor ? cursor : "")};
    ask_all(asks, count);
    json_t *letters = json_array(), *unreachable = json_array(), *next = NULL;
    for (int i = 0; i < count; i++) {
        take_answer(&asks[i], letters, unreachable, module ? &next : NULL);
        scope_end(&asks[i].scope);
    }
    return response_json(rs, 200,
                         json_pack("{s:o, s:o, s:o}", "dead_letters", module ? letters : sorted(rq->scope, letters), "next",
                                   next ? next : json_null(), "unreachable", unreachable));
}

static bool is_number(const char *text) {
    return *text && strlen(text) < 19 && strspn(text, "0123456789") == strlen(text);
}

int dead_letters_replay(struct request *rq, struct response *rs) {
    const struct peer *peer = peer_find(request_param(rq, "module"));
    const char *letter = request_param(rq, "letter");
    if (!peer || !is_number(letter)) return NADIR_ENOTFOUND;
    struct ask *ask = scope_alloc(rq->scope, sizeof *ask);
    *ask = (struct ask){.module = peer->module,
                        .url = peer->url,
                        .method = "POST",
                        .authorization = authorization(rq),
                        .path = scope_printf(rq->scope, "/internal/%s/dead-letters/%s/replay", peer->module, letter)};
    ask_all(ask, 1);
    int status = ask->status;
    scope_end(&ask->scope);
    switch (status) {
    case 204:
        return response_empty(rs, 204);
    case 404:
        return NADIR_ENOTFOUND;
    case 422:
        return response_error(rs, 422, "failed-again", NULL,
                              "The module could not take the event this time either; see its log.");
    default:
        return NADIR_EUNAVAILABLE;
    }
}
