/* source_opensearch.c: OpenSearch with the geo and time extensions (OGC 10-032r8): the description document, then its results
 * as GeoJSON (OGC 17-047r1) or Atom. Position: {"url", "atom": bool, "index": of the next first result}. */
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

#include "common/geo.h"
#include "discovery/harvest/harvest.h"

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

static void document_release(void *document) {
    xmlFreeDoc(document);
}

/* ---- the description ---- */

static const char *template_find(struct scope *s, const xmlNode *root, const char *type) {
    for (xmlNode *c = root->children; c; c = c->next) {
        if (c->type != XML_ELEMENT_NODE || strcmp((const char *)c->name, "Url") != 0) continue;
        xmlChar *own = xmlGetProp(c, (const xmlChar *)"type"), *rel = xmlGetProp(c, (const xmlChar *)"rel");
        xmlChar *text = xmlGetProp(c, (const xmlChar *)"template");
        bool fits = own && text && strcmp((const char *)own, type) == 0 &&
                    (!rel || strstr((const char *)rel, "results") || strstr((const char *)rel, "collection") == NULL);
        const char *copy = fits ? scope_strdup(s, (const char *)text) : NULL;
        xmlFree(own);
        xmlFree(rel);
        xmlFree(text);
        if (copy) return copy;
    }
    return NULL;
}

/* The value of a template's parameter; "" where there is none to give. */
static const char *value_of(struct scope *s, const struct harvest *h, const char *name) {
    const char *from = NULL, *to = NULL, *why, *datetime = text_of(h->query, "datetime");
    const json_t *limit = json_object_get(h->query, "limit");
    double b[4];
    if (datetime && interval_parse(s, datetime, &from, &to, &why)) from = to = NULL;
    if (strcmp(name, "count") == 0) return scope_printf(s, "%lld", limit ? (long long)json_integer_value(limit) : 50);
    if (strcmp(name, "startIndex") == 0 || strcmp(name, "startPage") == 0) return "1";
    if (strcmp(name, "geo:box") == 0 && json_object_get(h->query, "bbox") &&
        geo_bbox_from_json(json_object_get(h->query, "bbox"), b, &why) == 0)
        return scope_printf(s, "%.9g,%.9g,%.9g,%.9g", b[0], b[1], b[2], b[3]);
    if (strcmp(name, "time:start") == 0 && from) return from;
    if (strcmp(name, "time:end") == 0 && to) return to;
    return "";
}

/* Fills a template. Parameters that may be absent and have no value go with their "name=". NULL: one must be there. */
static const char *template_fill(struct scope *s, const struct harvest *h, const char *template) {
    struct text *t = text_new(s, 256);
    while (*template) {
        size_t plain = strcspn(template, "{");
        text_add(t, template, plain);
        template += plain;
        if (!*template) break;
        size_t len = strcspn(template, "}");
        if (!template[len]) return NULL;
        bool optional = template[len - 1] == '?';
        const char *name = scope_strndup(s, template + 1, len - 1 - optional), *value = value_of(s, h, name);
        if (!*value && !optional && strcmp(name, "searchTerms") != 0) return NULL;
        value = http_encode(s, value);
        text_add(t, value, strlen(value));
        template += len + 1;
    }
    return t->data;
}

static int description_take(struct scope *s, const struct harvest *h, struct harvest_page *out, struct trouble *t) {
    static const char *const types[] = {"application/geo+json", "application/json", "application/atom+xml"};
    const char *body, *template = NULL, *name;
    size_t len;
    json_t *ours;
    bool atom = false;
    int err = harvest_ask(s, h, h->url, NULL, "application/opensearchdescription+xml, application/xml", &body, &len, t);
    if (err) return err;
    xmlDoc *document = xmlReadMemory(body, (int)len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (!document) return trouble_set(t, true, "the address is not an OpenSearch description: it is no XML");
    scope_defer(s, document_release, document);
    const xmlNode *root = xmlDocGetRootElement(document);
    for (size_t i = 0; root && !template && i < 3; i++) {
        template = template_find(s, root, types[i]);
        atom = i == 2;
    }
    if (!template) return trouble_set(t, true, "the OpenSearch description has no template for GeoJSON or Atom");
    const char *url = template_fill(s, h, template);
    if (url) url = url_resolve(s, h->url, url);
    if (!url) return trouble_set(t, true, "the OpenSearch template wants a parameter that is not known here");
    out->next = scope_json(s, json_pack("{s:s, s:b}", "url", url, "atom", (int)atom));
    out->collections = scope_json(s, json_array());
    json_object_foreach(h->collections, name, ours) {
        json_array_append_new(out->collections, collection_of_name(name, name, scope_printf(s, "Harvested from %s.", h->name)));
    }
    return 0;
}

/* ---- GeoJSON ---- */

static void links_take(struct scope *s, json_t *assets, const json_t *list, const char *key, const char *role,
                       const char *base) {
    const json_t *link;
    size_t at;
    json_array_foreach((json_t *)list, at, link) {
        const char *href = text_of(link, "href"), *type = text_of(link, "type"),
                   *url = href ? url_resolve(s, base, href) : NULL;
        if (!url) continue;
        json_t *asset = json_pack("{s:s, s:[s]}", "href", url, "roles", role);
        if (type) json_object_set_new(asset, "type", json_string(type));
        if (json_is_integer(json_object_get(link, "length")))
            json_object_set(asset, "file:size", json_object_get(link, "length"));
        json_object_set_new(assets, at ? scope_printf(s, "%s-%zu", key, at) : key, asset);
    }
}

static json_t *cloud_cover(const json_t *properties) {
    json_t *own = json_object_get(properties, "cloudCover");
    if (!own) own = json_object_get(json_object_get(properties, "productInformation"), "cloudCover");
    return json_is_number(own) ? own : NULL;
}

/* A feature that is a STAC Item already stays; others are made into one. */
static json_t *item_of(struct scope *s, const json_t *feature, const char *base) {
    if (json_object_get(feature, "stac_version") && json_object_get(feature, "assets")) return json_copy((json_t *)feature);
    const json_t *own = json_object_get(feature, "properties"), *links = json_object_get(own, "links");
    const char *name = text_of(own, "identifier"), *date = text_of(own, "date"), *slash = date ? strchr(date, '/') : NULL;
    if (!name) name = text_of(feature, "id");
    json_t *properties = json_object(), *assets = json_object(), *geometry = json_object_get(feature, "geometry");
    const char *from = slash ? scope_strndup(s, date, (size_t)(slash - date)) : date;
    json_object_set_new(properties, "datetime", from ? json_string(from) : json_null());
    if (slash && slash[1]) {
        json_object_set_new(properties, "start_datetime", json_string(from));
        json_object_set_new(properties, "end_datetime", json_string(slash + 1));
    }
    if (text_of(own, "title")) json_object_set(properties, "title", json_object_get(own, "title"));
    if (text_of(own, "updated")) json_object_set(properties, "updated", json_object_get(own, "updated"));
    if (cloud_cover(own)) json_object_set(properties, "eo:cloud_cover", cloud_cover(own));
    links_take(s, assets, json_object_get(links, "data"), "product", "data", base);
    links_take(s, assets, json_object_get(links, "previews"), "thumbnail", "thumbnail", base);
    return json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o, s:[]}", "type", "Feature", "stac_version", STAC_VERSION, "id",
                     name ? identifier_of(s, name) : NULL, "geometry", geometry ? json_incref(geometry) : json_null(),
                     "properties", properties, "assets", assets, "links");
}

/* The next page's address: in links (a list, or by relation as 17-047r1 has it). */
static const char *next_of(struct scope *s, const json_t *page, const char *base) {
    const json_t *links = json_object_get(page, "links"), *link, *own;
    const char *href = NULL;
    size_t at;
    own = json_object_get(json_object_get(json_object_get(page, "properties"), "links"), "next");
    if (json_array_size(own) > 0) href = text_of(json_array_get(own, 0), "href");
    json_array_foreach((json_t *)links, at, link) {
        const char *rel = text_of(link, "rel");
        if (rel && strcmp(rel, "next") == 0) href = text_of(link, "href");
    }
    return href ? url_resolve(s, base, href) : NULL;
}

static int json_take(struct scope *s, const char *body, size_t len, const char *base, json_t **items, const char **next,
                     struct trouble *t) {
    const json_t *page = scope_json(s, json_loadb(body, len, 0, NULL)), *feature;
    size_t at;
    if (!json_is_array(json_object_get(page, "features"))) return trouble_set(t, false, "the source's page has no features");
    *items = scope_json(s, json_array());
    json_array_foreach(json_object_get(page, "features"), at, feature) json_array_append_new(*items, item_of(s, feature, base));
    *next = next_of(s, page, base);
    return 0;
}

/* Items go into the collection that they name, or into the one that the harvest names. */
static void collections_set(const struct harvest *h, json_t *items) {
    const char *first = json_object_iter_key(json_object_iter(h->collections));
    json_t *item;
    size_t at;
    json_array_foreach(items, at, item) {
        const char *own = text_of(item, "collection");
        if (first && (!own || !json_object_get(h->collections, own)))
            json_object_set_new(item, "collection", json_string(first));
    }
}

int source_opensearch(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                      struct trouble *t) {
    if (!run->position) return description_take(s, h, out, t);
    const char *url = text_of(run->position, "url"), *body, *next = NULL;
    bool atom = json_is_true(json_object_get(run->position, "atom"));
    size_t len;
    int err =
        harvest_ask(s, h, url, NULL, atom ? "application/atom+xml" : "application/geo+json, application/json", &body, &len, t);
    if (!err)
        err = atom ? atom_items(s, body, len, url, &out->items, &next, t) : json_take(s, body, len, url, &out->items, &next, t);
    if (err) return err;
    collections_set(h, out->items);
    if (json_array_size(out->items) == 0 || !next) return 0;
    if (strcmp(next, url) == 0) return trouble_set(t, true, "the source's link 'next' leads to the same page again");
    out->next = scope_json(s, json_pack("{s:s, s:b}", "url", next, "atom", (int)atom));
    return 0;
}
