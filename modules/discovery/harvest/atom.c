/* atom.c: STAC items of an Atom feed (OGC 13-026r9), by libxml2. */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/harvest/harvest.h"

#define POSITIONS_READ_MOST 20000

static void document_release(void *document) {
    xmlFreeDoc(document);
}

static xmlNode *child(const xmlNode *node, const char *name) {
    for (xmlNode *c = node ? node->children : NULL; c; c = c->next)
        if (c->type == XML_ELEMENT_NODE && strcmp((const char *)c->name, name) == 0) return c;
    return NULL;
}

/* The element of that local name anywhere below. */
static xmlNode *below(xmlNode *node, const char *name) {
    for (xmlNode *c = node ? node->children : NULL; c; c = c->next) {
        if (c->type != XML_ELEMENT_NODE) continue;
        if (strcmp((const char *)c->name, name) == 0) return c;
        xmlNode *deeper = below(c, name);
        if (deeper) return deeper;
    }
    return NULL;
}

static const char *content(struct scope *s, const xmlNode *node) {
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;
    const char *copy = text ? scope_strdup(s, (const char *)text) : NULL;
    xmlFree(text);
    return copy;
}

static const char *attribute(struct scope *s, xmlNode *node, const char *name) {
    xmlChar *text = xmlGetProp(node, (const xmlChar *)name);
    const char *copy = text ? scope_strdup(s, (const char *)text) : NULL;
    xmlFree(text);
    return copy;
}

/* "lat lon lat lon …" as GeoJSON positions. */
static json_t *positions(const char *text) {
    json_t *list = json_array();
    while (text && json_array_size(list) < POSITIONS_READ_MOST) {
        char *end;
        double lat = strtod(text, &end);
        if (end == text) break;
        text = end;
        double lon = strtod(text, &end);
        if (end == text) break;
        text = end;
        json_array_append_new(list, json_pack("[f, f]", lon, lat));
    }
    return list;
}

static json_t *polygon(json_t *ring) {
    return json_pack("{s:s, s:[o]}", "type", "Polygon", "coordinates", ring);
}

/* GeoRSS simple and GML, in latitude, longitude. */
static json_t *geometry(struct scope *s, xmlNode *entry) {
    xmlNode *point = below(entry, "point"), *box = below(entry, "box"), *simple = below(entry, "polygon");
    xmlNode *multi = below(entry, "MultiSurface"), *list = below(entry, "posList");
    if (multi) {
        json_t *polygons = json_array();
        for (xmlNode *member = multi->children; member; member = member->next) {
            xmlNode *ring = member->type == XML_ELEMENT_NODE ? below(member, "posList") : NULL;
            if (ring) json_array_append_new(polygons, json_pack("[o]", positions(content(s, ring))));
        }
        return json_pack("{s:s, s:o}", "type", "MultiPolygon", "coordinates", polygons);
    }
    if (list || simple) return polygon(positions(content(s, list ? list : simple)));
    if (box) {
        json_t *corners = scope_json(s, positions(content(s, box)));
        double w = 0, so = 0, e = 0, n = 0;
        if (json_unpack(corners, "[[F, F], [F, F]]", &w, &so, &e, &n)) return json_null();
        return polygon(json_pack("[[f, f], [f, f], [f, f], [f, f], [f, f]]", w, so, e, so, e, n, w, n, w, so));
    }
    json_t *at = point ? positions(content(s, point)) : NULL;
    json_t *made =
        json_array_size(at) == 1 ? json_pack("{s:s, s:O}", "type", "Point", "coordinates", json_array_get(at, 0)) : json_null();
    json_decref(at);
    return made;
}

/* Links as assets: what is to be had, and pictures of it. */
static json_t *assets(struct scope *s, xmlNode *entry, const char *base) {
    json_t *list = json_object();
    for (xmlNode *c = entry->children; c; c = c->next) {
        if (c->type != XML_ELEMENT_NODE || strcmp((const char *)c->name, "link") != 0) continue;
        const char *rel = attribute(s, c, "rel"), *href = attribute(s, c, "href"), *type = attribute(s, c, "type");
        bool data = rel && strcmp(rel, "enclosure") == 0, icon = rel && strcmp(rel, "icon") == 0;
        const char *url = href ? url_resolve(s, base, href) : NULL;
        if (!url || (!data && !icon)) continue;
        const char *key = icon ? "thumbnail" : "product";
        if (json_object_get(list, key)) key = scope_printf(s, "%s-%zu", key, json_object_size(list));
        json_object_set_new(list, key,
                            json_pack("{s:s, s:s?, s:[s]}", "href", url, "type", type, "roles", icon ? "thumbnail" : "data"));
        if (!type) json_object_del(json_object_get(list, key), "type");
    }
    return list;
}

static void times(struct scope *s, json_t *properties, const char *date) {
    const char *slash = date ? strchr(date, '/') : NULL;
    const char *from = slash ? scope_strndup(s, date, (size_t)(slash - date)) : date;
    json_object_set_new(properties, "datetime", from ? json_string(from) : json_null());
    if (slash && from[0] && slash[1]) {
        json_object_set_new(properties, "start_datetime", json_string(from));
        json_object_set_new(properties, "end_datetime", json_string(slash + 1));
    }
}

static json_t *item(struct scope *s, xmlNode *entry, const char *base) {
    const char *name = content(s, below(entry, "identifier")), *title = content(s, child(entry, "title"));
    const char *updated = content(s, child(entry, "updated")), *date = content(s, child(entry, "date"));
    const char *cloud = content(s, below(entry, "cloudCoverPercentage"));
    if (!name) name = content(s, child(entry, "id"));
    json_t *properties = json_object();
    times(s, properties, date ? date : content(s, below(entry, "beginPosition")));
    if (title) json_object_set_new(properties, "title", json_string(title));
    if (updated) json_object_set_new(properties, "updated", json_string(updated));
    if (cloud) json_object_set_new(properties, "eo:cloud_cover", json_real(strtod(cloud, NULL)));
    return json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o, s:[]}", "type", "Feature", "stac_version", STAC_VERSION, "id",
                     name ? identifier_of(s, name) : NULL, "geometry", geometry(s, entry), "properties", properties, "assets",
                     assets(s, entry, base), "links");
}

int atom_items(struct scope *s, const char *xml, size_t len, const char *base, json_t **items, const char **next,
               struct trouble *t) {
    xmlDoc *document =
        xmlReadMemory(xml, (int)len, base, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_COMPACT);
    if (!document) return trouble_set(t, false, "the source's feed is not XML");
    scope_defer(s, document_release, document);
    xmlNode *feed = xmlDocGetRootElement(document);
    if (!feed || strcmp((const char *)feed->name, "feed") != 0)
        return trouble_set(t, false, "the source's answer is no Atom feed");
    *items = scope_json(s, json_array());
    *next = NULL;
    for (xmlNode *c = feed->children; c; c = c->next) {
        if (c->type != XML_ELEMENT_NODE) continue;
        if (strcmp((const char *)c->name, "entry") == 0) json_array_append_new(*items, item(s, c, base));
        const char *rel = strcmp((const char *)c->name, "link") == 0 ? attribute(s, c, "rel") : NULL;
        const char *href = rel && strcmp(rel, "next") == 0 ? attribute(s, c, "href") : NULL;
        if (href) *next = url_resolve(s, base, href);
    }
    return 0;
}
