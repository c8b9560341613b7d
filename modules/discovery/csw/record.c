/* record.c: what a record tells, whatever the schema that it is written in. */
#include <string.h>

#include "common/geo.h"
#include "discovery/csw/csw.h"
#include "discovery/query/cql2.h"

static const char *text_at(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* A time as XML Schema has it; NULL if it is none. */
static const char *time_at(struct scope *s, const json_t *value) {
    char instant[INSTANT_SIZE];
    if (!json_is_string(value) || instant_parse(json_string_value(value), json_string_length(value), instant)) return NULL;
    return instant_short(s, scope_strdup(s, instant));
}

static const char *first(const char *a, const char *b) {
    return a && *a ? a : b;
}

static void item_read(struct csw_record *r) {
    struct scope *s = r->scope;
    const char *id = text_at(r->document, "id");
    r->properties = json_object_get(r->document, "properties");
    r->parent = text_at(r->document, "collection");
    r->identifier = scope_printf(s, "%s/%s", r->parent ? r->parent : "", id ? id : "");
    r->title = first(text_at(r->properties, "title"), id);
    r->abstract = text_at(r->properties, "description");
    r->begin = time_at(s, json_object_get(r->properties, "start_datetime"));
    r->end = time_at(s, json_object_get(r->properties, "end_datetime"));
    const char *datetime = time_at(s, json_object_get(r->properties, "datetime"));
    if (!r->begin) r->begin = datetime;
    if (!r->end) r->end = datetime;
    r->placed = !geo_bbox_from_json(json_object_get(r->document, "bbox"), r->box, NULL) ||
                !geo_bounds(json_object_get(r->document, "geometry"), r->box);
    r->address = scope_printf(s, "%s/stac/collections/%s/items/%s", r->base_url, http_encode(s, r->parent ? r->parent : ""),
                              http_encode(s, id ? id : ""));
}

static void collection_read(struct csw_record *r) {
    struct scope *s = r->scope;
    const json_t *extent = json_object_get(r->document, "extent");
    const json_t *interval = json_array_get(json_object_get(json_object_get(extent, "temporal"), "interval"), 0);
    r->properties = r->document;
    r->identifier = first(text_at(r->document, "id"), "");
    r->title = first(text_at(r->document, "title"), r->identifier);
    r->abstract = text_at(r->document, "description");
    r->begin = time_at(s, json_array_get(interval, 0));
    r->end = time_at(s, json_array_get(interval, 1));
    r->placed =
        !geo_bbox_from_json(json_array_get(json_object_get(json_object_get(extent, "spatial"), "bbox"), 0), r->box, NULL);
    r->address = scope_printf(s, "%s/stac/collections/%s", r->base_url, http_encode(s, r->identifier));
}

int csw_record_read(struct scope *s, const char *base_url, enum csw_kind kind, const char *document, struct csw_record *out) {
    *out = (struct csw_record){.scope = s, .base_url = base_url, .kind = kind};
    out->document = scope_json(s, json_loads(document, 0, NULL));
    if (!json_is_object(out->document)) return NADIR_EINTERNAL;
    if (kind == CSW_SERIES)
        collection_read(out);
    else
        item_read(out);
    out->modified = time_at(s, json_object_get(out->properties, "updated"));
    out->licence = text_at(out->properties, "license");
    out->keywords = json_object_get(out->properties, "keywords");
    return 0;
}

static bool has_role(const json_t *asset, const char *role) {
    size_t at;
    const json_t *value;
    json_array_foreach((json_t *)json_object_get(asset, "roles"), at, value) {
        if (json_is_string(value) && strcmp(json_string_value(value), role) == 0) return true;
    }
    return false;
}

size_t csw_record_links(const struct csw_record *r, struct csw_link *out) {
    static const char link[] = "WWW:LINK-1.0-http--link", download[] = "WWW:DOWNLOAD-1.0-http--download";
    struct scope *s = r->scope;
    size_t count = 0;
    const char *key, *own = scope_printf(s, "%s/download/v1/", r->base_url);
    const json_t *asset;
    bool drawn = false;
    out[count++] = (struct csw_link){r->address, r->kind == CSW_SERIES ? "application/json" : GEOJSON,
                                     r->kind == CSW_SERIES ? "STAC Collection" : "STAC Item", link, "information"};
    if (r->kind == CSW_SERIES)
        out[count++] = (struct csw_link){scope_printf(s, "%s/items", r->address), GEOJSON, "Items", "OGC:OAFeat", "search"};
    json_object_foreach(json_object_get(r->document, "assets"), key, asset) {
        const char *href = text_at(asset, "href"), *title = text_at(asset, "title");
        if (!href || count == CSW_LINKS_MOST - 1) continue;
        bool picture = has_role(asset, "thumbnail") || has_role(asset, "overview");
        drawn = drawn || (strncmp(href, own, strlen(own)) == 0 && (has_role(asset, "data") || has_role(asset, "visual")));
        out[count++] = (struct csw_link){href, text_at(asset, "type"), title ? title : key, picture ? link : download,
                                         picture ? "information" : "download"};
    }
    if (r->kind == CSW_DATASET && drawn) /* the scenes that we keep are drawn by our WMS, as layer <collection>/<item> */
        out[count++] =
            (struct csw_link){scope_printf(s, "%s/view/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities", r->base_url),
                              "application/xml", r->identifier, "OGC:WMS", "information"};
    return count;
}
