/* ask.c: requests to other catalogues. */
#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "common/fetch.h"
#include "discovery/harvest/harvest.h"

#define TIMEOUT_MS 60000

int trouble_set(struct trouble *t, bool final, const char *why) {
    if (!t->why) {
        t->why = why;
        t->final = final;
    }
    return final ? NADIR_EINVAL : NADIR_EUNAVAILABLE;
}

/* Do the operator's prefixes let us into the private network here? */
static bool is_inside(struct scope *s, const char *url) {
    char *rest = scope_strdup(s, config_text("NADIR_HARVEST_INSIDE", "")), *prefix;
    while ((prefix = strsep(&rest, " ")))
        if (*prefix && strncmp(url, prefix, strlen(prefix)) == 0) return true;
    return false;
}

static const char *part_of(struct scope *s, const char *url, CURLUPart part) {
    CURLU *u = curl_url();
    char *text = NULL;
    const char *copy = NULL;
    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, part, &text, CURLU_DEFAULT_PORT) == CURLUE_OK)
        copy = scope_strdup(s, text);
    curl_free(text);
    curl_url_cleanup(u);
    return copy;
}

const char *harvest_refusal(struct scope *s, const char *url) {
    const char *scheme = part_of(s, url, CURLUPART_SCHEME);
    if (!scheme || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)) return "must be an http or https address";
    if (part_of(s, url, CURLUPART_USER)) return "must hold no user name: name a secret instead";
    return NULL;
}

const char *url_resolve(struct scope *s, const char *base, const char *href) {
    CURLU *u = curl_url();
    char *text = NULL;
    const char *copy = NULL;
    if (u && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK && curl_url_set(u, CURLUPART_URL, href, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK)
        copy = scope_strdup(s, text);
    curl_free(text);
    curl_url_cleanup(u);
    return copy && strlen(copy) <= 16384 ? copy : NULL;
}

const char *url_with(struct scope *s, const char *url, const char *name, const char *value) {
    return scope_printf(s, "%s%c%s=%s", url, strchr(url, '?') ? '&' : '?', name, http_encode(s, value));
}

/* The header that lets us in, for the harvest's own host; NULL: none. */
static const char *authorization(struct scope *s, const struct harvest *h, const char *url) {
    static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    if (!h->secret) return NULL;
    for (size_t i = 0; i < 3; i++) {
        const char *own = part_of(s, h->url, parts[i]), *other = part_of(s, url, parts[i]);
        if (!own || !other || strcmp(own, other) != 0) return NULL;
    }
    char *setting = scope_printf(s, "NADIR_HARVEST_SECRET_%s", h->secret);
    for (char *c = setting; *c; c++) *c = (char)toupper((unsigned char)*c);
    const char *value = config_text(setting, NULL);
    return value ? scope_printf(s, "Authorization: %s", value) : NULL;
}

static int status_trouble(struct scope *s, const struct fetched *answer, struct trouble *t) {
    bool again = answer->status == 429 || answer->status == 408 || answer->status >= 500;
    t->retry_after = answer->retry_after;
    return trouble_set(t, !again, scope_printf(s, "the source answered %d", answer->status));
}

int harvest_ask(struct scope *s, const struct harvest *h, const char *url, const json_t *post, const char *accept,
                const char **body, size_t *len, struct trouble *t) {
    const char *refusal = harvest_refusal(s, url), *secret = authorization(s, h, url);
    if (refusal) return trouble_set(t, true, scope_printf(s, "an address of the source %s", refusal));
    const char *headers[4] = {scope_printf(s, "Accept: %s", accept)};
    size_t n = 1;
    if (post) headers[n++] = "Content-Type: application/json";
    if (secret) headers[n++] = secret;
    const char *text = post ? json_line(s, post) : NULL;
    const struct fetch request = {.url = url,
                                  .headers = headers,
                                  .body = text,
                                  .body_len = text ? strlen(text) : 0,
                                  .timeout_ms = TIMEOUT_MS,
                                  .most = HARVEST_BYTES,
                                  .flags = is_inside(s, url) ? FETCH_INTERNAL : 0};
    struct fetched answer;
    int err = fetch(s, &request, &answer);
    if (err == NADIR_EINVAL) return trouble_set(t, true, "an address of the source is not one that may be asked");
    if (err == NADIR_ETOOLARGE)
        return trouble_set(t, true, "the source's answer is over 64 MiB: ask for smaller pages (query.limit)");
    if (err == NADIR_ETIMEOUT) return trouble_set(t, false, "the source did not answer in time");
    if (err)
        return trouble_set(
            t, false,
            scope_printf(s, "the source cannot be reached%s%s", answer.why ? ": " : "", answer.why ? answer.why : ""));
    if (answer.status != 200) return status_trouble(s, &answer, t);
    *body = answer.body;
    *len = answer.body_len;
    return 0;
}

int harvest_ask_json(struct scope *s, const struct harvest *h, const char *url, const json_t *post, json_t **out,
                     struct trouble *t) {
    const char *body;
    size_t len;
    int err = harvest_ask(s, h, url, post, "application/geo+json, application/json", &body, &len, t);
    if (err) return err;
    *out = scope_json(s, json_loadb(body, len, 0, NULL));
    return json_is_object(*out) ? 0 : trouble_set(t, false, "the source's answer is not JSON");
}
