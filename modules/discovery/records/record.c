/* record.c: a STAC Collection as a record (20-004r1, tables 8 to 10). */
#include <string.h>

#include "common/module.h"
#include "discovery/records/records.h"

static const char *text_of(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* ---- where and when ---- */

static json_t *ring(double w, double s, double e, double n) {
    return json_pack("[[[f,f],[f,f],[f,f],[f,f],[f,f]]]", w, s, e, s, e, n, w, n, w, s);
}

/* Adds one or, across the antimeridian, two polygons. */
static void box_add(json_t *polygons, const json_t *box) {
    size_t n = json_array_size(box);
    if (n != 4 && n != 6) return;
    double west = json_number_value(json_array_get(box, 0)), south = json_number_value(json_array_get(box, 1));
    double east = json_number_value(json_array_get(box, n / 2)), north = json_number_value(json_array_get(box, n / 2 + 1));
    if (west <= east) {
        json_array_append_new(polygons, ring(west, south, east, north));
    } else {
        json_array_append_new(polygons, ring(west, south, 180, north));
        json_array_append_new(polygons, ring(-180, south, east, north));
    }
}

json_t *extent_geometry(const json_t *collection) {
    const json_t *boxes = json_object_get(json_object_get(json_object_get(collection, "extent"), "spatial"), "bbox");
    json_t *polygons = json_array(), *geometry;
    for (size_t i = json_array_size(boxes) > 1; i < json_array_size(boxes); i++) box_add(polygons, json_array_get(boxes, i));
    if (json_array_size(polygons) == 0)
        geometry = json_null();
    else if (json_array_size(polygons) == 1)
        geometry = json_pack("{s:s, s:O}", "type", "Polygon", "coordinates", json_array_get(polygons, 0));
    else
        geometry = json_pack("{s:s, s:O}", "type", "MultiPolygon", "coordinates", polygons);
    json_decref(polygons);
    return geometry;
}

/* A time in UTC as 20-004r1 wants it, or ".." for an open end. */
static json_t *moment(const json_t *end) {
    char instant[INSTANT_SIZE];
    if (!json_is_string(end) || instant_parse(json_string_value(end), json_string_length(end), instant))
        return json_string("..");
    char *fraction = strstr(instant, ".000000Z");
    if (fraction) memcpy(fraction, "Z", 2);
    return json_string(instant);
}

static json_t *time_object(const json_t *collection) {
    const json_t *temporal = json_object_get(json_object_get(collection, "extent"), "temporal");
    const json_t *interval = json_array_get(json_object_get(temporal, "interval"), 0);
    return json_pack("{s:[o, o]}", "interval", moment(json_array_get(interval, 0)), moment(json_array_get(interval, 1)));
}

/* ---- what ---- */

static bool has_licence_link(const json_t *collection) {
    json_t *link;
    size_t at;
    json_array_foreach(json_object_get(collection, "links"), at, link) {
        const char *rel = text_of(link, "rel");
        if (rel && strcmp(rel, "license") == 0 && text_of(link, "href")) return true;
    }
    return false;
}

/* STAC's own words for "more than one, or none of the usual licences" are "other" here, with a link to the texts (requirement
 * /req/record-core/license); where the provider gave no link, nothing is said: NULL. */
static const char *licence(const json_t *collection) {
    const char *text = text_of(collection, "license");
    if (text && strcmp(text, "proprietary") != 0 && strcmp(text, "various") != 0 && strcmp(text, "other") != 0) return text;
    return has_licence_link(collection) ? "other" : NULL;
}

static json_t *contacts(const json_t *collection) {
    json_t *list = json_array(), *provider;
    size_t at;
    json_array_foreach(json_object_get(collection, "providers"), at, provider) {
        const char *name = text_of(provider, "name"), *url = text_of(provider, "url");
        if (!name) continue;
        json_t *contact = json_pack("{s:s}", "organization", name);
        if (json_is_array(json_object_get(provider, "roles")))
            json_object_set(contact, "roles", json_object_get(provider, "roles"));
        if (url)
            json_object_set_new(contact, "links",
                                json_pack("[{s:s, s:s, s:s}]", "rel", "about", "type", "text/html", "href", url));
        json_array_append_new(list, contact);
    }
    return list;
}

/* The media types of what items hold (item_assets), each once. */
static json_t *formats(const json_t *collection) {
    json_t *list = json_array(), *seen = json_object(), *asset;
    const char *key;
    json_object_foreach(json_object_get(collection, "item_assets"), key, asset) {
        const char *type = text_of(asset, "type");
        if (!type || json_object_get(seen, type)) continue;
        json_object_set_new(seen, type, json_true());
        json_array_append_new(list, json_pack("{s:s}", "mediaType", type));
    }
    json_decref(seen);
    return list;
}

static json_t *external_ids(const json_t *collection) {
    const char *doi = text_of(collection, "sci:doi");
    json_t *list = json_array(), *id;
    size_t at;
    if (doi) json_array_append_new(list, json_pack("{s:s, s:s}", "scheme", "doi", "value", doi));
    json_array_foreach(json_object_get(collection, "externalIds"), at, id) {
        if (text_of(id, "value")) json_array_append(list, id);
    }
    return list;
}

/* Sets a list unless it is empty (steals it). */
static void set_list(json_t *properties, const char *name, json_t *list) {
    if (json_array_size(list) > 0)
        json_object_set_new(properties, name, list);
    else
        json_decref(list);
}

static json_t *properties_make(const json_t *collection) {
    static const char *const copied[] = {"keywords", "created", "updated", "themes", "language", "languages", "rights"};
    const char *id = text_of(collection, "id"), *title = text_of(collection, "title");
    json_t *properties = json_pack("{s:s, s:s, s:s, s:s*}", "type", "dataset", "title", title ? title : id, "description",
                                   text_of(collection, "description"), "license", licence(collection));
    for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
        json_t *value = json_object_get(collection, copied[i]);
        if (value && !json_is_null(value)) json_object_set(properties, copied[i], value);
    }
    set_list(properties, "contacts", contacts(collection));
    set_list(properties, "formats", formats(collection));
    set_list(properties, "externalIds", external_ids(collection));
    return properties;
}

/* ---- links ---- */

static void link_add(json_t *links, const char *rel, const char *type, const char *title, const char *href) {
    json_array_append_new(links, json_pack("{s:s, s:s, s:s*, s:s}", "rel", rel, "type", type, "title", title, "href", href));
}

/* The provider's own links, and what the collection has to look at. */
static void kept_add(json_t *links, const json_t *collection) {
    json_t *kept = links_kept(json_object_get(collection, "links")), *link, *asset;
    const char *key;
    size_t at;
    json_array_foreach(kept, at, link) {
        const char *rel = text_of(link, "rel");
        if (strncmp(rel, "http", 4) != 0 && strncmp(rel, "aggregat", 8) != 0) json_array_append(links, link);
    }
    json_decref(kept);
    json_object_foreach(json_object_get(collection, "assets"), key, asset) {
        const char *href = text_of(asset, "href"), *type = text_of(asset, "type"), *title = text_of(asset, "title");
        bool picture = strcmp(key, "thumbnail") == 0;
        if (href)
            link_add(links, picture ? "preview" : "enclosure", type ? type : "application/octet-stream", title ? title : key,
                     href);
    }
}

static json_t *links_make(struct request *rq, const json_t *collection) {
    struct scope *s = rq->scope;
    const char *base = rq->base_url, *id = http_encode(s, text_of(collection, "id"));
    const char *stac = scope_printf(s, "%s/stac/collections/%s", base, id);
    json_t *links = json_array();
    link_add(links, "self", GEOJSON, "This record", scope_printf(s, "%s" RECORDS_PATH "/items/%s", base, id));
    link_add(links, "alternate", "text/html", "This record as a page",
             scope_printf(s, "%s" RECORDS_PATH "/items/%s?f=html", base, id));
    json_array_append_new(links, json_pack("{s:s, s:s}", "rel", "profile", "href", RECORD_PROFILE));
    link_add(links, "collection", CATALOG_TYPE, "The catalog", scope_printf(s, "%s" RECORDS_PATH, base));
    link_add(links, "root", "application/json", NULL, scope_printf(s, "%s/records", base));
    link_add(links, "alternate", "application/json", "STAC Collection", stac);
    link_add(links, "items", GEOJSON, "STAC Items", scope_printf(s, "%s/items", stac));
    link_add(links, "http://www.opengis.net/def/rel/ogc/1.0/queryables", SCHEMA_TYPE, "What items can be filtered by",
             scope_printf(s, "%s/queryables", stac));
    link_add(links, "search", "application/opensearchdescription+xml", "OpenSearch",
             scope_printf(s, "%s/opensearch/collections/%s/description.xml", base, id));
    link_add(links, "service", "text/xml", "Web Map Service",
             scope_printf(s, "%s/view/wms?SERVICE=WMS&REQUEST=GetCapabilities", base));
    kept_add(links, collection);
    return links;
}

json_t *record_make(struct request *rq, const json_t *collection) {
    return json_pack("{s:s, s:s, s:[s], s:o, s:o, s:o, s:o}", "id", text_of(collection, "id"), "type", "Feature", "conformsTo",
                     "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core", "time", time_object(collection),
                     "geometry", extent_geometry(collection), "properties", properties_make(collection), "links",
                     links_make(rq, collection));
}
