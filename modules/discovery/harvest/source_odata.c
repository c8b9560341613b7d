/* source_odata.c: OData as the Copernicus Data Space has it: /Products with attributes and GeoFootprint.
 *
 * Paging by skip ends at 10,000 there, so pages go on by the last ModificationDate: everything from then on, without the
 * products of that very moment that were taken already. Position: {"after": time, "seen": how many of that moment were taken}.
 */
#include <ctype.h>
#include <string.h>

#include "common/geo.h"
#include "discovery/harvest/harvest.h"

#define PAGE_MOST 1000

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* ---- the question ---- */

/* A text in OData's quotes. */
static const char *literal(struct scope *s, const char *text) {
    struct text *t = text_new(s, 64);
    text_add(t, "'", 1);
    for (const char *c = text; *c; c++) text_add(t, *c == '\'' ? "''" : c, *c == '\'' ? 2 : 1);
    text_add(t, "'", 1);
    return t->data;
}

static const char *joined(struct scope *s, const char *a, const char *b) {
    return *a ? scope_printf(s, "%s and %s", a, b) : b;
}

static const char *collections_condition(struct scope *s, const struct harvest *h) {
    const char *name, *text = NULL;
    json_t *ours;
    json_object_foreach(h->collections, name, ours) {
        const char *one = scope_printf(s, "Collection/Name eq %s", literal(s, name));
        text = text ? scope_printf(s, "%s or %s", text, one) : one;
    }
    return text ? scope_printf(s, "(%s)", text) : NULL;
}

static const char *box_condition(struct scope *s, const json_t *bbox) {
    double b[4];
    const char *why;
    if (!bbox || geo_bbox_from_json(bbox, b, &why)) return NULL;
    return scope_printf(s,
                        "OData.CSC.Intersects(area=geography'SRID=4326;POLYGON((%.9g %.9g,%.9g %.9g,%.9g %.9g,%.9g %.9g,%.9g "
                        "%.9g))')",
                        b[0], b[1], b[2], b[1], b[2], b[3], b[0], b[3], b[0], b[1]);
}

static const char *filter_text(struct scope *s, const struct harvest *h, const char *after) {
    const char *text = "", *from, *to, *why, *datetime = text_of(h->query, "datetime"), *own = text_of(h->query, "filter");
    const char *collections = collections_condition(s, h), *box = box_condition(s, json_object_get(h->query, "bbox"));
    if (collections) text = joined(s, text, collections);
    if (box) text = joined(s, text, box);
    if (datetime && interval_parse(s, datetime, &from, &to, &why) == 0) {
        if (from) text = joined(s, text, scope_printf(s, "ContentDate/Start ge %s", from));
        if (to) text = joined(s, text, scope_printf(s, "ContentDate/Start le %s", to));
    }
    if (own) text = joined(s, text, scope_printf(s, "(%s)", own));
    if (after) text = joined(s, text, scope_printf(s, "ModificationDate ge %s", after));
    return text;
}

/* ---- the answer ---- */

static const json_t *attribute(const json_t *product, const char *name) {
    const json_t *one;
    size_t at;
    json_array_foreach(json_object_get(product, "Attributes"), at, one) {
        const char *own = text_of(one, "Name");
        if (own && strcmp(own, name) == 0) return json_object_get(one, "Value");
    }
    return NULL;
}

static void lower_set(struct scope *s, json_t *properties, const char *name, const json_t *value, bool list) {
    if (!json_is_string(value)) return;
    char *text = scope_strdup(s, json_string_value(value));
    for (char *c = text; *c; c++) *c = (char)tolower((unsigned char)*c);
    json_object_set_new(properties, name, list ? json_pack("[s]", text) : json_string(text));
}

static void value_set(json_t *properties, const char *name, const json_t *value) {
    if (value && !json_is_null(value)) json_object_set(properties, name, (json_t *)value);
}

static json_t *properties_of(struct scope *s, const json_t *product) {
    const json_t *content = json_object_get(product, "ContentDate"), *serial = attribute(product, "platformSerialIdentifier");
    const json_t *platform = attribute(product, "platformShortName"), *tile = attribute(product, "tileId");
    json_t *p = json_object();
    value_set(p, "datetime", json_object_get(content, "Start"));
    value_set(p, "start_datetime", json_object_get(content, "Start"));
    value_set(p, "end_datetime", json_object_get(content, "End"));
    value_set(p, "published", json_object_get(product, "PublicationDate"));
    value_set(p, "updated", json_object_get(product, "ModificationDate"));
    value_set(p, "title", json_object_get(product, "Name"));
    if (json_is_number(attribute(product, "cloudCover"))) value_set(p, "eo:cloud_cover", attribute(product, "cloudCover"));
    value_set(p, "product:type", attribute(product, "productType"));
    value_set(p, "processing:level", attribute(product, "processingLevel"));
    value_set(p, "sat:relative_orbit", attribute(product, "relativeOrbitNumber"));
    value_set(p, "sat:absolute_orbit", attribute(product, "orbitNumber"));
    lower_set(s, p, "sat:orbit_state", attribute(product, "orbitDirection"), false);
    lower_set(s, p, "instruments", attribute(product, "instrumentShortName"), true);
    lower_set(s, p, "constellation", platform, false);
    if (json_is_string(platform) && json_is_string(serial)) {
        const char *name = scope_printf(s, "%s%s", json_string_value(platform), json_string_value(serial));
        lower_set(s, p, "platform", scope_json(s, json_string(name)), false);
    }
    if (json_is_string(tile)) json_object_set_new(p, "grid:code", json_sprintf("MGRS-%s", json_string_value(tile)));
    return p;
}

/* file:checksum is a multihash: code, length in bytes, digest. */
static void checksum_set(json_t *asset, const json_t *product) {
    static const struct {
        const char *name, *head;
        size_t digits;
    } kinds[] = {{"SHA256", "1220", 64}, {"BLAKE3", "1e20", 64}, {"MD5", "d50110", 32}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const json_t *one;
        size_t at;
        json_array_foreach(json_object_get(product, "Checksum"), at, one) {
            const char *name = text_of(one, "Algorithm"), *digest = text_of(one, "Value");
            if (!name || !digest || strcmp(name, kinds[i].name) != 0 || strlen(digest) != kinds[i].digits) continue;
            json_object_set_new(asset, "file:checksum", json_sprintf("%s%s", kinds[i].head, digest));
            return;
        }
    }
}

static json_t *item_of(struct scope *s, const struct harvest *h, const json_t *product) {
    const char *uuid = text_of(product, "Id"), *name = text_of(product, "Name");
    if (!uuid || !name) return NULL;
    char *id = scope_strdup(s, identifier_of(s, name));
    size_t len = id ? strlen(id) : 0;
    if (len > 5 && strcmp(id + len - 5, ".SAFE") == 0) id[len - 5] = '\0';
    /* The product tells no collection: of several that were asked for, the name's beginning decides. */
    const char *collection = text_of(product, "Collection"), *key, *only = NULL;
    json_t *ours;
    json_object_foreach(h->collections, key, ours) {
        if (!only || (attribute(product, "platformShortName") &&
                      strcmp(key, json_string_value(attribute(product, "platformShortName"))) == 0))
            only = key;
    }
    if (!collection) collection = only ? only : "odata";
    json_t *asset =
        json_pack("{s:s, s:s, s:s, s:[s]}", "href", scope_printf(s, "%s/Products(%s)/$value", h->url, http_encode(s, uuid)),
                  "type", "application/zip", "title", "The product", "roles", "data");
    const json_t *size = json_object_get(product, "ContentLength"), *footprint = json_object_get(product, "GeoFootprint");
    if (json_is_integer(size)) json_object_set(asset, "file:size", (json_t *)size);
    checksum_set(asset, product);
    return json_pack("{s:s, s:s, s:s?, s:s, s:O?, s:o, s:{s:o}, s:[]}", "type", "Feature", "stac_version", STAC_VERSION, "id",
                     id, "collection", collection, "geometry", footprint, "properties", properties_of(s, product), "assets",
                     "product", asset, "links");
}

/* The position after a page: how many of its last moment were taken so far. */
static json_t *position_after(const json_t *products, const char *after, json_int_t seen) {
    size_t count = json_array_size(products), same = 0;
    const char *last = text_of(json_array_get(products, count - 1), "ModificationDate");
    if (!last) return NULL;
    while (same < count) {
        const char *moment = text_of(json_array_get(products, count - 1 - same), "ModificationDate");
        if (!moment || strcmp(moment, last) != 0) break;
        same++;
    }
    if (same == count && after && strcmp(after, last) == 0)
        return json_pack("{s:s, s:I}", "after", last, "seen", seen + (json_int_t)same);
    return json_pack("{s:s, s:I}", "after", last, "seen", (json_int_t)same);
}

static json_t *collections_of(struct scope *s, const struct harvest *h) {
    json_t *list = json_array(), *ours;
    const char *name;
    json_object_foreach(h->collections, name, ours) {
        json_array_append_new(list, collection_of_name(name, name, scope_printf(s, "Harvested from %s.", h->name)));
    }
    if (json_array_size(list) == 0)
        json_array_append_new(list, collection_of_name("odata", "odata", scope_printf(s, "Harvested from %s.", h->name)));
    return scope_json(s, list);
}

int source_odata(struct scope *s, const struct harvest *h, const struct harvest_run *run, struct harvest_page *out,
                 struct trouble *t) {
    const char *after = run->position ? text_of(run->position, "after") : run->since;
    json_int_t seen = json_integer_value(json_object_get(run->position, "seen"));
    json_int_t limit = json_integer_value(json_object_get(h->query, "limit"));
    if (limit < 1 || limit > PAGE_MOST) limit = 200;
    const char *filter = filter_text(s, h, after), *url = scope_printf(s, "%s/Products", h->url);
    if (*filter) url = url_with(s, url, "$filter", filter);
    url = url_with(s, url, "$orderby", "ModificationDate asc");
    url = url_with(s, url, "$expand", "Attributes");
    url = url_with(s, url, "$top", scope_printf(s, "%lld", (long long)limit));
    if (seen > 0) url = url_with(s, url, "$skip", scope_printf(s, "%lld", (long long)seen));
    json_t *page;
    const json_t *product;
    size_t at;
    int err = harvest_ask_json(s, h, url, NULL, &page, t);
    if (err) return err;
    const json_t *products = json_object_get(page, "value");
    if (!json_is_array(products)) return trouble_set(t, false, "the source's page has no value");
    if (!run->position) out->collections = collections_of(s, h);
    out->items = scope_json(s, json_array());
    json_array_foreach((json_t *)products, at, product) {
        json_t *item = item_of(s, h, product);
        if (item) json_array_append_new(out->items, item);
    }
    if ((json_int_t)json_array_size(products) == limit) out->next = scope_json(s, position_after(products, after, seen));
    return 0;
}
