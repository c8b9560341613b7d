/* source_stac.c: any STAC API: its collections first, then its search, by the next links that it gives.
 *
 * Positions: {"phase": "collections", "url", "search": {…}} and {"phase": "search", "method", "url", "body"?}.
 */
#include <string.h>

#include "discovery/harvest/harvest.h"

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* A link of that relation; the one with the method where there is such. */
static const json_t *link_find(const json_t *document, const char *rel, const char *method) {
    const json_t *link, *found = NULL;
    size_t at;
    json_array_foreach(json_object_get(document, "links"), at, link) {
        const char *own = text_of(link, "rel"), *its_method = text_of(link, "method");
        if (!own || strcmp(own, rel) != 0 || !text_of(link, "href")) continue;
        if (!found || (method && its_method && strcmp(its_method, method) == 0)) found = link;
    }
    return found;
}

static bool conforms(const json_t *landing, const char *to) {
    const json_t *class;
    size_t at;
    json_array_foreach(json_object_get(landing, "conformsTo"), at, class) {
        const char *text = json_string_value(class);
        if (text && strstr(text, to)) return true;
    }
    return false;
}

/* What is searched for: the harvest's query, and what was updated since the last run where the source can tell. */
static json_t *search_body(const struct harvest *h, const struct harvest_run *run, const json_t *landing) {
    json_t *body = json_deep_copy(h->query), *value;
    const char *ours;
    if (!json_object_get(body, "limit")) json_object_set_new(body, "limit", json_integer(HARVEST_PAGE_ITEMS));
    if (json_object_get(body, "filter")) json_object_set_new(body, "filter-lang", json_string("cql2-json"));
    if (json_object_size(h->collections) > 0) {
        json_t *names = json_array();
        json_object_foreach(h->collections, ours, value) json_array_append_new(names, json_string(ours));
        json_object_set_new(body, "collections", names);
    }
    if (run->since && conforms(landing, "item-search#query"))
        json_object_set_new(body, "query", json_pack("{s:{s:s}}", "updated", "gte", run->since));
    return body;
}

/* The same for sources that take GET only. */
static const char *search_url(struct scope *s, const char *url, const json_t *body) {
    const char *name;
    const json_t *value;
    json_object_foreach((json_t *)body, name, value) {
        if (strcmp(name, "collections") == 0 || strcmp(name, "bbox") == 0) {
            struct text *list = text_new(s, 64);
            const json_t *member;
            size_t at;
            json_array_foreach((json_t *)value, at, member) {
                const char *text = json_is_string(member) ? json_string_value(member) : json_line(s, member);
                if (at) text_add(list, ",", 1);
                text_add(list, text, strlen(text));
            }
            url = url_with(s, url, name, list->data);
        } else {
            url = url_with(s, url, name, json_is_string(value) ? json_string_value(value) : json_line(s, value));
        }
    }
    return url;
}

static int landing_take(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                        struct trouble *t) {
    json_t *landing, *search;
    int err = harvest_ask_json(s, h, h->url, NULL, &landing, t);
    if (err) return err;
    const json_t *link = link_find(landing, "search", "POST"), *data = link_find(landing, "data", NULL);
    if (!link) return trouble_set(t, true, "the address is not a STAC API's landing page: it has no link 'search'");
    const char *method = text_of(link, "method"), *url = url_resolve(s, h->url, text_of(link, "href"));
    const char *collections = data ? url_resolve(s, h->url, text_of(data, "href")) : NULL;
    if (!url) return trouble_set(t, true, "the source's link 'search' is no address");
    json_t *body = scope_json(s, search_body(h, run, landing));
    if (method && strcmp(method, "POST") == 0)
        search = json_pack("{s:s, s:s, s:s, s:O}", "phase", "search", "method", "POST", "url", url, "body", body);
    else
        search = json_pack("{s:s, s:s, s:s}", "phase", "search", "method", "GET", "url", search_url(s, url, body));
    if (collections) search = json_pack("{s:s, s:s, s:o}", "phase", "collections", "url", collections, "search", search);
    out->next = scope_json(s, search);
    return 0;
}

/* The position after a page: its next link. A link that leads to the same page again is a fault of the source. */
static int next_take(struct scope *s, const json_t *position, const json_t *page, struct harvest_page *out, struct trouble *t) {
    const json_t *link = link_find(page, "next", text_of(position, "method"));
    if (!link) return 0;
    const char *method = text_of(link, "method"), *url = url_resolve(s, text_of(position, "url"), text_of(link, "href"));
    if (!url) return trouble_set(t, true, "the source's link 'next' is no address");
    json_t *next = scope_json(s, json_copy((json_t *)position));
    json_object_set_new(next, "url", json_string(url));
    if (method && strcmp(method, "POST") == 0) {
        const json_t *body = json_object_get(link, "body");
        json_t *whole = json_is_true(json_object_get(link, "merge")) ? json_copy(json_object_get(position, "body")) : NULL;
        if (!whole) whole = json_object();
        if (json_is_object(body)) json_object_update(whole, (json_t *)body);
        json_object_set_new(next, "method", json_string("POST"));
        json_object_set_new(next, "body", whole);
    } else {
        json_object_set_new(next, "method", json_string("GET"));
        json_object_del(next, "body");
    }
    if (json_equal(next, position)) return trouble_set(t, true, "the source's link 'next' leads to the same page again");
    out->next = next;
    return 0;
}

static int collections_take(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                            struct trouble *t) {
    json_t *page;
    int err = harvest_ask_json(s, h, text_of(run->position, "url"), NULL, &page, t);
    if (err) return err;
    if (!json_is_array(json_object_get(page, "collections")))
        return trouble_set(t, false, "the source's list of collections is none");
    out->collections = json_object_get(page, "collections");
    err = next_take(s, run->position, page, out, t);
    if (!err && !out->next) out->next = json_object_get(run->position, "search");
    return err;
}

int source_stac(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                struct trouble *t) {
    if (!run->position) return landing_take(s, h, run, out, t);
    if (strcmp(text_of(run->position, "phase"), "collections") == 0) return collections_take(s, h, run, out, t);
    json_t *page;
    const char *method = text_of(run->position, "method");
    const json_t *body = method && strcmp(method, "POST") == 0 ? json_object_get(run->position, "body") : NULL;
    int err = harvest_ask_json(s, h, text_of(run->position, "url"), body, &page, t);
    if (err) return err;
    out->items = json_object_get(page, "features");
    if (!json_is_array(out->items)) return trouble_set(t, false, "the source's page has no features");
    if (json_array_size(out->items) == 0) return 0; /* some sources link on and on */
    return next_take(s, run->position, page, out, t);
}
