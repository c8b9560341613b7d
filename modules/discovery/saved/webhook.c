/* webhook.c: a notice by HTTP POST, signed so that its receiver can tell that it is ours. */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <time.h>

#include "common/config.h"
#include "common/fetch.h"
#include "common/id.h"
#include "discovery/saved/saved.h"

#define TIMEOUT_MS 10000
#define ANSWER_MOST (64 * 1024)

/* True if an address begins as one that the operator lets webhooks reach inside: prefixes separated by blanks. */
static bool is_inside(struct scope *s, const char *url) {
    char *rest = scope_strdup(s, config_text("NADIR_WEBHOOK_INSIDE", "")), *prefix;
    while ((prefix = strsep(&rest, " ")))
        if (*prefix && strncmp(url, prefix, strlen(prefix)) == 0) return true;
    return false;
}

const char *webhook_refusal(struct scope *s, const char *url) {
    CURLU *u = curl_url();
    char *scheme = NULL, *user = NULL, *fragment = NULL;
    const char *why = NULL;
    if (!u || strlen(url) > 2000 || curl_url_set(u, CURLUPART_URL, url, 0) != CURLUE_OK)
        why = "is not an address";
    else if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK || (strcmp(scheme, "https") != 0 && !is_inside(s, url)))
        why = "must be an https address";
    else if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
        why = "must not hold a user name: calls are signed instead";
    else if (curl_url_get(u, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK)
        why = "must not have a fragment";
    curl_free(scheme);
    curl_free(user);
    curl_free(fragment);
    curl_url_cleanup(u);
    return why;
}

const char *webhook_secret(struct scope *s) {
    unsigned char bytes[32];
    random_bytes(bytes, sizeof bytes);
    return scope_printf(s, "nws_%s", base64url_encode(s, bytes, sizeof bytes));
}

const char *webhook_signature(struct scope *s, const char *secret, int64_t at, const char *body) {
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const char *text = scope_printf(s, "%lld.%s", (long long)at, body);
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, strlen(text), mac, &len);
    return scope_printf(s, "t=%lld,v1=%s", (long long)at, hex_encode(s, mac, len));
}

static json_t *body_json(struct scope *s, const struct notice *n) {
    json_t *matches = json_array();
    for (int i = n->begin; i < n->end; i++) {
        const char *collection = db_text(n->matches, i, MATCH_COLLECTION), *item = db_text(n->matches, i, MATCH_ITEM);
        const char *href =
            scope_printf(s, "%s/stac/collections/%s/items/%s", n->base_url, http_encode(s, collection), http_encode(s, item));
        json_array_append_new(matches, json_pack("{s:s, s:s, s:s, s:s, s:s}", "collection", collection, "item", item,
                                                 "datetime", db_text(n->matches, i, MATCH_DATETIME), "matched_at",
                                                 db_text(n->matches, i, MATCH_MATCHED_AT), "href", href));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:s}", "type", "search.matched", "delivery", n->delivery, "saved_search",
                     n->search, "name", n->name, "count", (json_int_t)n->count, "matches", matches, "href",
                     scope_printf(s, "%s/discovery/v1/saved-searches/%s/matches", n->base_url, n->search));
}

static struct fetch call_of(struct scope *s, const struct notice *n) {
    const char *body = json_line(s, scope_json(s, body_json(s, n)));
    const char **headers = scope_alloc(s, 4 * sizeof *headers);
    headers[0] = "content-type: application/json";
    headers[1] = scope_printf(s, "nadir-delivery: %s", n->delivery);
    headers[2] = scope_printf(s, "nadir-signature: %s", webhook_signature(s, n->secret, (int64_t)time(NULL), body));
    return (struct fetch){.url = n->webhook,
                          .headers = headers,
                          .body = body,
                          .body_len = strlen(body),
                          .timeout_ms = TIMEOUT_MS,
                          .most = ANSWER_MOST,
                          .flags = is_inside(s, n->webhook) ? FETCH_INTERNAL : 0};
}

static void call_ended(struct scope *s, struct notice *n, int err, int status) {
    bool taken = !err && status >= 200 && status < 300;
    n->sent.err = err || taken ? err : NADIR_EUNAVAILABLE;
    n->sent.final = !err && status == 410;
    if (err == NADIR_ETOOLARGE)
        n->sent.why = "the answer was too long";
    else if (err)
        n->sent.why = scope_printf(s, "no answer: %s", nadir_strerror(err));
    else if (!taken)
        n->sent.why = scope_printf(s, "the answer had status %d", status);
}

int webhooks_send(struct scope *s, struct notice *list, size_t count) {
    struct fetch *calls = scope_alloc(s, (count + 1) * sizeof *calls);
    struct fetched *answers = scope_alloc(s, (count + 1) * sizeof *answers);
    size_t *of = scope_alloc(s, (count + 1) * sizeof *of);
    int *errs = scope_alloc(s, (count + 1) * sizeof *errs);
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        if (!notice_is_open(&list[i])) continue;
        of[wanted] = i;
        calls[wanted++] = call_of(s, &list[i]);
    }
    int err = fetch_many(s, calls, wanted, answers, errs);
    for (size_t i = 0; !err && i < wanted; i++) call_ended(s, &list[of[i]], errs[i], answers[i].status);
    return err;
}
