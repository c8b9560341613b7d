/* feed.c: what Atom and GeoJSON answers have in common: the links of pages and entries, dates, stored documents as trees. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "discovery/html.h"
#include "discovery/opensearch/opensearch.h"

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

const char *entry_address(const struct feed *feed, const json_t *entry) {
    struct scope *s = feed->rq->scope;
    const char *base = feed->rq->base_url, *id = http_encode(s, text_of(entry, "id"));
    if (feed->collections) return scope_printf(s, "%s/opensearch/collections/%s", base, id);
    return scope_printf(s, "%s/opensearch/collections/%s/items/%s", base, http_encode(s, text_of(entry, "collection")), id);
}

/* ---- pages ---- */

/* This page's address with another place to go on from; 0: without one. */
static const char *page_address(const struct feed *feed, int64_t start, const char *token) {
    static const char *const places[] = {"startIndex", "index", "startRecord", "startPage", "page", "token"};
    struct request *rq = feed->rq;
    struct scope *s = rq->scope;
    char *address = scope_printf(s, "%s%s", rq->base_url, rq->path);
    char sign = '?';
    for (size_t i = 0; i < rq->args.count; i++) {
        bool place = false;
        for (size_t p = 0; p < sizeof places / sizeof *places; p++) place |= strcasecmp(rq->args.list[i].name, places[p]) == 0;
        if (place || !*rq->args.list[i].value) continue;
        address = scope_printf(s, "%s%c%s=%s", address, sign, http_encode(s, rq->args.list[i].name),
                               http_encode(s, rq->args.list[i].value));
        sign = '&';
    }
    if (start > 0) {
        address = scope_printf(s, "%s%cstartIndex=%lld", address, sign, (long long)start);
        sign = '&';
    }
    return token ? scope_printf(s, "%s%ctoken=%s", address, sign, http_encode(s, token)) : address;
}

size_t feed_links(const struct feed *feed, struct feed_link *out) {
    struct request *rq = feed->rq;
    const struct opensearch *search = feed->search;
    int64_t start = search->start, size = search->query.limit;
    const char *type = search->format == FEED_ATOM ? ATOM_TYPE : GEOJSON;
    size_t n = 0;
    out[n++] = (struct feed_link){"self", type,
                                  scope_printf(rq->scope, "%s%s%s%s", rq->base_url, rq->path, *rq->query ? "?" : "", rq->query),
                                  "This page", 0};
    out[n++] = (struct feed_link){"search", DESCRIPTION_TYPE, scope_printf(rq->scope, "%s%s", rq->base_url, feed->description),
                                  "How to search here", 0};
    if (size == 0 || feed->total == 0) return n; /* CEOS-BP-011B: of an empty result only itself */
    out[n++] = (struct feed_link){"first", type, page_address(feed, 1, NULL), "First page", 0};
    if (start > 1)
        out[n++] =
            (struct feed_link){"previous", type, page_address(feed, start > size ? start - size : 1, NULL), "Page before", 0};
    if (feed->next || feed->more)
        out[n++] =
            (struct feed_link){"next", type, page_address(feed, start + (int64_t)feed->count, feed->next), "Page after", 0};
    if (feed->total > 0 && !feed->estimated)
        out[n++] =
            (struct feed_link){"last", type, page_address(feed, (feed->total - 1) / size * size + 1, NULL), "Last page", 0};
    return n;
}

/* ---- entries ---- */

static bool asset_is(const json_t *asset, const char *role) {
    const json_t *roles = json_object_get(asset, "roles"), *one;
    size_t at;
    json_array_foreach((json_t *)roles, at, one) {
        if (json_is_string(one) && strcmp(json_string_value(one), role) == 0) return true;
    }
    return false;
}

/* Pictures to look at are icons, descriptions are "via", all else is what one came for: "enclosure" (RFC 4287, 4.2.7.2). */
static const char *asset_relation(const json_t *asset) {
    if (asset_is(asset, "thumbnail")) return "icon";
    if (asset_is(asset, "metadata")) return "via";
    return "enclosure";
}

static size_t asset_links(const json_t *entry, struct feed_link *out, size_t n) {
    const char *key;
    json_t *asset;
    for (int archives = 1; archives >= 0; archives--) { /* the whole product before its parts: clients take the first */
        json_object_foreach(json_object_get(entry, "assets"), key, asset) {
            bool archive = asset_is(asset, "archive") || strcmp(key, "archive") == 0;
            if (n == FEED_LINKS_MOST || archive != (archives == 1) || !text_of(asset, "href")) continue;
            const char *title = text_of(asset, "title"), *type = text_of(asset, "type");
            out[n++] =
                (struct feed_link){asset_relation(asset), type ? type : "application/octet-stream", text_of(asset, "href"),
                                   title ? title : key, json_integer_value(json_object_get(asset, "file:size"))};
        }
    }
    return n;
}

static size_t kept_links(const json_t *entry, struct feed_link *out, size_t n) {
    static const char *const kept[] = {"license", "describedby", "about", "cite-as", "related"};
    const json_t *links = json_object_get(entry, "links"), *link;
    size_t at;
    json_array_foreach((json_t *)links, at, link) {
        const char *rel = text_of(link, "rel"), *href = text_of(link, "href"), *type = text_of(link, "type");
        for (size_t i = 0; rel && href && n < FEED_LINKS_MOST && i < sizeof kept / sizeof *kept; i++)
            if (strcmp(rel, kept[i]) == 0)
                out[n++] = (struct feed_link){rel, type ? type : "text/html", href, text_of(link, "title"), 0};
    }
    return n;
}

size_t entry_links(const struct feed *feed, const json_t *entry, struct feed_link *out) {
    struct scope *s = feed->rq->scope;
    const char *base = feed->rq->base_url, *self = entry_address(feed, entry), *id = http_encode(s, text_of(entry, "id"));
    bool atom = feed->search->format == FEED_ATOM;
    size_t n = 0;
    out[n++] = (struct feed_link){"self", atom ? ATOM_TYPE : GEOJSON,
                                  scope_printf(s, "%s?format=%s", self, atom ? "atom" : "json"), NULL, 0};
    out[n++] = (struct feed_link){"alternate", atom ? GEOJSON : ATOM_TYPE,
                                  scope_printf(s, "%s?format=%s", self, atom ? "json" : "atom"), NULL, 0};
    if (feed->collections) {
        out[n++] = (struct feed_link){"search", DESCRIPTION_TYPE, scope_printf(s, "%s/description.xml", self),
                                      "How to search this collection", 0};
        out[n++] = (struct feed_link){"via", "application/json", scope_printf(s, "%s/stac/collections/%s", base, id),
                                      "STAC Collection", 0};
    } else {
        const char *collection = http_encode(s, text_of(entry, "collection"));
        out[n++] = (struct feed_link){
            "up", atom ? ATOM_TYPE : GEOJSON,
            scope_printf(s, "%s/opensearch/collections/%s?format=%s", base, collection, atom ? "atom" : "json"), "Collection",
            0};
        out[n++] = (struct feed_link){"via", GEOJSON, scope_printf(s, "%s/stac/collections/%s/items/%s", base, collection, id),
                                      "STAC Item", 0};
    }
    return kept_links(entry, out, asset_links(entry, out, n));
}

const char *entry_updated(const json_t *entry) {
    static const char *const names[] = {"updated", "published", "created", "datetime", "end_datetime"};
    const json_t *properties = json_object_get(entry, "properties");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = text_of(properties ? properties : entry, names[i]);
        if (text) return text;
    }
    const json_t *temporal = json_object_get(json_object_get(entry, "extent"), "temporal");
    const char *begin = json_string_value(json_array_get(json_array_get(json_object_get(temporal, "interval"), 0), 0));
    return begin ? begin : "1970-01-01T00:00:00Z";
}

const char *entry_date(struct scope *s, const json_t *entry) {
    const json_t *properties = json_object_get(entry, "properties");
    const json_t *interval =
        json_array_get(json_object_get(json_object_get(json_object_get(entry, "extent"), "temporal"), "interval"), 0);
    const char *from = text_of(properties, "start_datetime"), *to = text_of(properties, "end_datetime");
    const char *at = text_of(properties, "datetime");
    if (!properties) {
        from = json_string_value(json_array_get(interval, 0));
        to = json_string_value(json_array_get(interval, 1));
        return from || to ? scope_printf(s, "%s/%s", from ? from : "", to ? to : "") : NULL;
    }
    if (from && to) return scope_printf(s, "%s/%s", from, to);
    return at ? scope_printf(s, "%s/%s", at, at) : NULL;
}

json_t **feed_entries(struct request *rq, const char *const *documents, const size_t *lengths, size_t count) {
    json_t **entries = scope_alloc(rq->scope, (count + 1) * sizeof(json_t *));
    for (size_t i = 0; i < count; i++) entries[i] = document_parse(rq->scope, documents[i], lengths[i], rq->base_url);
    return entries;
}

int feed_answer(struct response *rs, const struct feed *feed) {
    return feed->search->format == FEED_ATOM ? atom_answer(rs, feed) : eo_geojson_answer(rs, feed);
}
