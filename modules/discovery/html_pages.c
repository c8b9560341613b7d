/* html_pages.c: the pages of the catalogue itself and of its collections. */
#include <string.h>

#include "common/module.h"
#include "discovery/html.h"

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* "2020-01-01 – open" of the first interval, which covers all. */
static void interval_write(struct html *h, const json_t *collection) {
    const json_t *temporal = json_object_get(json_object_get(collection, "extent"), "temporal");
    const json_t *interval = json_array_get(json_object_get(temporal, "interval"), 0);
    bool open = json_is_null(json_array_get(interval, 0)) && json_is_null(json_array_get(interval, 1));
    for (size_t i = open; i < 2; i++) {
        const char *end = json_string_value(json_array_get(interval, i));
        if (i && !open) html_add(h, " – ");
        html_text(h, end ? scope_strndup(h->rq->scope, end, 10) : html_say(h, SAY_OPEN_END));
    }
}

static const json_t *box_of(const json_t *collection) {
    const json_t *spatial = json_object_get(json_object_get(collection, "extent"), "spatial");
    return json_array_get(json_object_get(spatial, "bbox"), 0);
}

static void collection_card(struct html *h, const json_t *collection) {
    const char *id = text_of(collection, "id"), *title = text_of(collection, "title");
    html_add(h, "<li class=\"card\"><div><h3><a href=\"/stac/collections/");
    html_text(h, http_encode(h->rq->scope, id));
    html_add(h, "?f=html\">");
    html_text(h, title ? title : id);
    html_add(h, "</a></h3><p class=\"quiet\">");
    interval_write(h, collection);
    html_add(h, "</p><p class=\"clamp\">");
    html_text(h, text_of(collection, "description"));
    html_add(h, "</p></div></li>");
}

static void cards(struct html *h, const json_t *collections) {
    size_t at;
    json_t *collection;
    html_add(h, "<ul class=\"cards\">");
    json_array_foreach((json_t *)collections, at, collection) collection_card(h, collection);
    html_add(h, "</ul>");
}

static void search_form(struct html *h, const char *action, bool items) {
    static const struct {
        const char *name;
        enum say label;
        const char *example;
    } inputs[] = {
        {"q", SAY_WORDS, "sentinel"}, {"bbox", SAY_PLACE, "5,45,11,48"}, {"datetime", SAY_TIME, "2024-01-01T00:00:00Z/.."}};
    html_add(h, "<form method=\"get\" action=\"%s\" role=\"search\"><input type=\"hidden\" name=\"f\" value=\"html\">", action);
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        const char *value = request_arg(h->rq, inputs[i].name);
        html_add(h, "<label>%s<input name=\"%s\" placeholder=\"%s\" value=\"", html_say(h, inputs[i].label), inputs[i].name,
                 inputs[i].example);
        html_text(h, value);
        html_add(h, "\"></label>");
    }
    const char *collections = items ? request_arg(h->rq, "collections") : NULL;
    if (collections) {
        html_add(h, "<input type=\"hidden\" name=\"collections\" value=\"");
        html_text(h, collections);
        html_add(h, "\">");
    }
    html_add(h, "<button>%s</button></form>", html_say(h, items ? SAY_SEARCH_HINT : SAY_SEARCH));
}

int html_landing(struct request *rq, struct response *rs, const json_t *catalog, const json_t *collections) {
    struct html h;
    html_open(&h, rq);
    html_begin(&h, text_of(catalog, "title"), NULL);
    html_add(&h, "<p class=\"lead\">");
    html_text(&h, text_of(catalog, "description"));
    html_add(&h, "</p>");
    search_form(&h, "/stac/search", true);
    html_add(&h, "<h2>%s</h2>", html_say(&h, SAY_COLLECTIONS));
    cards(&h, collections);
    html_add(&h, "<p><a href=\"/stac/collections?f=html\">%s …</a></p>", html_say(&h, SAY_COLLECTIONS));
    return html_end(&h, rs);
}

/* The links to the pages around, with f=html again: a link followed by a browser keeps what it was. */
static void paging(struct html *h, const json_t *links) {
    size_t at;
    json_t *link;
    html_add(h, "<nav class=\"pages\" aria-label=\"pages\">");
    if (request_arg(h->rq, "token")) {
        html_add(h, "<a class=\"button\" rel=\"first\" href=\"");
        html_text(h, h->rq->path);
        html_add(h, "?");
        for (size_t i = 0; i < h->rq->args.count; i++) {
            const struct pair *p = &h->rq->args.list[i];
            if (strcmp(p->name, "token") == 0) continue;
            html_text(h, scope_printf(h->rq->scope, "%s=%s&", http_encode(h->rq->scope, p->name),
                                      http_encode(h->rq->scope, p->value)));
        }
        html_add(h, "\">%s</a>", html_say(h, SAY_FIRST));
    }
    json_array_foreach((json_t *)links, at, link) {
        const char *rel = text_of(link, "rel");
        bool next = rel && strcmp(rel, "next") == 0, prev = rel && strcmp(rel, "prev") == 0;
        if (!next && !prev) continue;
        html_add(h, "<a class=\"button\" rel=\"%s\" href=\"", next ? "next" : "prev");
        html_href(h, text_of(link, "href"));
        html_add(h, "%s\">%s</a>", request_arg(h->rq, "f") ? "" : "&amp;f=html", html_say(h, next ? SAY_NEXT : SAY_PREVIOUS));
    }
    html_add(h, "</nav>");
}

int html_catalog(struct request *rq, struct response *rs, const json_t *catalog) {
    const char *collection = request_param(rq, "collection");
    const char *place = scope_printf(rq->scope, "/stac/collections/%s", http_encode(rq->scope, collection));
    size_t base = strlen(rq->base_url), at;
    json_t *link;
    struct html h;
    html_open(&h, rq);
    const char *const crumbs[] = {html_say(&h, SAY_COLLECTIONS), "/stac/collections", collection, place, NULL};
    html_begin(&h, text_of(catalog, "title"), crumbs);
    html_add(&h, "<ul class=\"list\">");
    json_array_foreach(json_object_get(catalog, "links"), at, link) {
        const char *rel = text_of(link, "rel"), *href = text_of(link, "href"), *title = text_of(link, "title");
        if (strcmp(rel, "child") != 0 && strcmp(rel, "item") != 0) continue;
        html_add(&h, "<li><a href=\"");
        html_href(&h, href + base);
        html_add(&h, "?f=html\">");
        html_text(&h, title ? title : strrchr(href, '/') + 1);
        html_add(&h, "</a></li>");
    }
    html_add(&h, "</ul>");
    return html_end(&h, rs);
}

int html_list(struct request *rq, struct response *rs, const char *title, const json_t *addresses) {
    size_t at;
    json_t *address;
    struct html h;
    html_open(&h, rq);
    html_begin(&h, title, NULL);
    html_add(&h, "<ul class=\"list\">");
    json_array_foreach((json_t *)addresses, at, address) {
        html_add(&h, "<li>");
        html_text(&h, json_string_value(address));
        html_add(&h, "</li>");
    }
    html_add(&h, "</ul>");
    return html_end(&h, rs);
}

int html_collections(struct request *rq, struct response *rs, const json_t *collections, int64_t matched, const json_t *links) {
    struct html h;
    html_open(&h, rq);
    html_begin(&h, html_say(&h, SAY_COLLECTIONS), NULL);
    search_form(&h, "/stac/collections", false);
    html_add(&h, "<p class=\"quiet\">%lld %s</p>", (long long)matched, html_say(&h, SAY_FOUND));
    if (json_array_size(collections) == 0) html_add(&h, "<p>%s</p>", html_say(&h, SAY_NOTHING));
    cards(&h, collections);
    paging(&h, links);
    return html_end(&h, rs);
}

/* A table of an object's members. */
static void members(struct html *h, enum say title, const json_t *object) {
    const char *key;
    json_t *value;
    if (json_object_size(object) == 0) return;
    html_add(h, "<section><h2>%s</h2><dl>", html_say(h, title));
    json_object_foreach((json_t *)object, key, value) {
        html_add(h, "<div><dt>");
        html_text(h, key);
        html_add(h, "</dt><dd>");
        html_value(h, value);
        html_add(h, "</dd></div>");
    }
    html_add(h, "</dl></section>");
}

static void providers(struct html *h, const json_t *list) {
    size_t at;
    json_t *provider;
    json_array_foreach((json_t *)list, at, provider) {
        const char *url = text_of(provider, "url");
        if (at) html_add(h, ", ");
        if (url) {
            html_add(h, "<a rel=\"noreferrer\" href=\"");
            html_href(h, url);
            html_add(h, "\">");
        }
        html_text(h, text_of(provider, "name"));
        if (url) html_add(h, "</a>");
    }
}

int html_collection(struct request *rq, struct response *rs, const json_t *collection) {
    const char *id = text_of(collection, "id"), *title = text_of(collection, "title");
    struct html h;
    html_open(&h, rq);
    const char *const crumbs[] = {html_say(&h, SAY_COLLECTIONS), "/stac/collections", NULL};
    html_begin(&h, title ? title : id, crumbs);
    html_add(&h, "<div class=\"two\"><div><p class=\"lead\">");
    html_text(&h, text_of(collection, "description"));
    html_add(&h, "</p><p><a class=\"button main\" href=\"/stac/collections/");
    html_text(&h, http_encode(rq->scope, id));
    html_add(&h, "/items?f=html\">%s</a></p><dl><div><dt>%s</dt><dd>", html_say(&h, SAY_ALL), html_say(&h, SAY_TIME));
    interval_write(&h, collection);
    html_add(&h, "</dd></div><div><dt>%s</dt><dd>", html_say(&h, SAY_LICENCE));
    html_text(&h, text_of(collection, "license"));
    html_add(&h, "</dd></div>");
    if (json_array_size(json_object_get(collection, "keywords")) > 0) {
        html_add(&h, "<div><dt>%s</dt><dd>", html_say(&h, SAY_KEYWORDS));
        html_value(&h, json_object_get(collection, "keywords"));
        html_add(&h, "</dd></div>");
    }
    if (json_array_size(json_object_get(collection, "providers")) > 0) {
        html_add(&h, "<div><dt>%s</dt><dd>", html_say(&h, SAY_PROVIDERS));
        providers(&h, json_object_get(collection, "providers"));
        html_add(&h, "</dd></div>");
    }
    html_add(&h, "</dl></div>");
    html_map(&h, NULL, box_of(collection), false);
    html_add(&h, "</div>");
    members(&h, SAY_SUMMARIES, json_object_get(collection, "summaries"));
    return html_end(&h, rs);
}

static const char *thumbnail(const struct html *h, const json_t *item) {
    const char *key;
    json_t *asset;
    json_object_foreach(json_object_get(item, "assets"), key, asset) {
        const char *href = text_of(asset, "href"), *type = text_of(asset, "type");
        size_t base = strlen(h->rq->base_url);
        size_t at;
        json_t *role;
        json_array_foreach(json_object_get(asset, "roles"), at, role) {
            if (!json_is_string(role) || strcmp(json_string_value(role), "thumbnail") != 0) continue;
            /* Pictures of other hosts are not loaded: a page asks nobody but us. */
            if (href && strncmp(href, h->rq->base_url, base) == 0 && type && strncmp(type, "image/", 6) == 0)
                return href + base;
        }
    }
    return NULL;
}

static void item_card(struct html *h, const json_t *item) {
    const char *id = text_of(item, "id"), *collection = text_of(item, "collection"), *picture = thumbnail(h, item);
    const json_t *properties = json_object_get(item, "properties"), *cloud = json_object_get(properties, "eo:cloud_cover");
    const char *datetime = text_of(properties, "datetime"), *title = text_of(properties, "title");
    if (!datetime) datetime = text_of(properties, "start_datetime");
    html_add(h, "<li class=\"card\">");
    if (picture) {
        html_add(h, "<img alt=\"\" loading=\"lazy\" src=\"");
        html_text(h, picture);
        html_add(h, "\">");
    } else {
        html_map(h, json_object_get(item, "geometry"), json_object_get(item, "bbox"), true);
    }
    html_add(h, "<div><h3><a href=\"/stac/collections/");
    html_text(h, http_encode(h->rq->scope, collection));
    html_add(h, "/items/");
    html_text(h, http_encode(h->rq->scope, id));
    html_add(h, "?f=html\">");
    html_text(h, title ? title : id);
    html_add(h, "</a></h3><p class=\"quiet\">");
    if (datetime) {
        html_add(h, "<time datetime=\"");
        html_text(h, datetime);
        html_add(h, "\">");
        html_text(h, scope_printf(h->rq->scope, "%.10s %.5s", datetime, strlen(datetime) > 16 ? datetime + 11 : ""));
        html_add(h, "</time> · ");
    }
    html_text(h, collection);
    if (json_is_number(cloud)) html_add(h, " · %.0f %% %s", json_number_value(cloud), html_say(h, SAY_CLOUD));
    html_add(h, "</p></div></li>");
}

int html_items(struct request *rq, struct response *rs, const struct page *page, const json_t *links) {
    const char *collection = strstr(rq->route->path, "{collection}") ? request_param(rq, "collection") : NULL;
    const char *place = collection ? scope_printf(rq->scope, "/stac/collections/%s", http_encode(rq->scope, collection)) : NULL;
    struct html h;
    html_open(&h, rq);
    const char *const crumbs[] = {html_say(&h, SAY_COLLECTIONS), "/stac/collections", collection, place, NULL};
    html_begin(&h, collection ? collection : html_say(&h, SAY_SEARCH_HINT), collection ? crumbs : NULL);
    search_form(&h, rq->path, true);
    if (page->matched >= 0)
        html_add(&h, "<p class=\"quiet\">%s%s%lld %s</p>", page->estimated ? html_say(&h, SAY_FOUND_ABOUT) : "",
                 page->estimated ? " " : "", (long long)page->matched, html_say(&h, SAY_FOUND));
    if (page->count == 0) html_add(&h, "<p>%s</p>", html_say(&h, SAY_NOTHING));
    html_add(&h, "<ul class=\"cards\">");
    for (size_t i = 0; i < page->count; i++) {
        const json_t *item = document_parse(rq->scope, page->documents[i], page->lengths[i], rq->base_url);
        if (item) item_card(&h, item);
    }
    html_add(&h, "</ul>");
    paging(&h, links);
    return html_end(&h, rs);
}

static void asset_size(struct html *h, const json_t *asset) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    const json_t *size = json_object_get(asset, "file:size");
    if (!json_is_integer(size)) return;
    double bytes = (double)json_integer_value(size);
    size_t unit = 0;
    for (; bytes >= 1000 && unit + 1 < ARRAY_SIZE(units); unit++) bytes /= 1000;
    html_add(h, "%.*f %s", unit > 1 ? 1 : 0, bytes, units[unit]);
}

/* Long media types by the names that people know. */
static const char *kind_of(const json_t *asset) {
    static const char *const kinds[][2] = {
        {"image/tiff; application=geotiff; profile=cloud-optimized", "Cloud Optimized GeoTIFF"},
        {"image/tiff; application=geotiff", "GeoTIFF"},
        {"application/x-hdf5", "HDF5"},
        {"application/x-hdf", "HDF"}};
    const char *type = text_of(asset, "type");
    for (size_t i = 0; type && i < ARRAY_SIZE(kinds); i++)
        if (strcmp(type, kinds[i][0]) == 0) return kinds[i][1];
    return type;
}

static void assets(struct html *h, const json_t *list) {
    const char *key;
    json_t *asset;
    if (json_object_size(list) == 0) return;
    html_add(h,
             "<section><h2>%s</h2><div class=\"wide\"><table><thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
             "<th scope=\"col\" class=\"number\">%s</th></tr></thead><tbody>",
             html_say(h, SAY_ASSETS), html_say(h, SAY_NAME), html_say(h, SAY_KIND), html_say(h, SAY_SIZE));
    json_object_foreach((json_t *)list, key, asset) {
        const char *title = text_of(asset, "title");
        html_add(h, "<tr><td><a href=\"");
        html_href(h, text_of(asset, "href"));
        html_add(h, "\">");
        html_text(h, title ? title : key);
        html_add(h, "</a></td><td>");
        html_text(h, kind_of(asset));
        html_add(h, "</td><td class=\"number\">");
        asset_size(h, asset);
        html_add(h, "</td></tr>");
    }
    html_add(h, "</tbody></table></div></section>");
}

int html_item(struct request *rq, struct response *rs, const json_t *item) {
    const char *id = text_of(item, "id"), *collection = text_of(item, "collection");
    const char *title = text_of(json_object_get(item, "properties"), "title");
    const char *place = scope_printf(rq->scope, "/stac/collections/%s", http_encode(rq->scope, collection));
    struct html h;
    html_open(&h, rq);
    const char *const crumbs[] = {html_say(&h, SAY_COLLECTIONS), "/stac/collections", collection, place, NULL};
    html_begin(&h, title ? title : id, crumbs);
    const char *picture = thumbnail(&h, item);
    html_add(&h, "<div class=\"two\">");
    if (picture) {
        html_add(&h, "<img class=\"picture\" alt=\"\" src=\"");
        html_text(&h, picture);
        html_add(&h, "\">");
    }
    html_map(&h, json_object_get(item, "geometry"), json_object_get(item, "bbox"), false);
    html_add(&h, "</div>");
    assets(&h, json_object_get(item, "assets"));
    members(&h, SAY_PROPERTIES, json_object_get(item, "properties"));
    return html_end(&h, rs);
}
