/* collection_document.c: from the STAC Collection that a provider sends to what is stored and shown. */
#include <string.h>

#include "common/geo.h"
#include "discovery/stac.h"

static const char *member_text(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* extent.spatial.bbox: [[w,s,e,n], …]. */
static int spatial_check(const json_t *extent, struct fault *f) {
    const json_t *boxes = json_object_get(json_object_get(extent, "spatial"), "bbox"), *box;
    const char *why;
    double parsed[4];
    size_t at;
    if (!json_is_array(boxes) || json_array_size(boxes) < 1 || json_array_size(boxes) > 1000)
        return fault_set(f, "extent.spatial.bbox", "must be a list of boxes");
    json_array_foreach((json_t *)boxes, at, box) {
        if (geo_bbox_from_json(box, parsed, &why)) return fault_set(f, "extent.spatial.bbox", why);
    }
    return 0;
}

/* extent.temporal.interval: [[from, to], …], null for an open end. */
static int temporal_check(const json_t *extent, struct fault *f) {
    const json_t *intervals = json_object_get(json_object_get(extent, "temporal"), "interval"), *interval;
    char instant[INSTANT_SIZE];
    size_t at;
    if (!json_is_array(intervals) || json_array_size(intervals) < 1 || json_array_size(intervals) > 1000)
        return fault_set(f, "extent.temporal.interval", "must be a list of intervals");
    json_array_foreach((json_t *)intervals, at, interval) {
        if (!json_is_array(interval) || json_array_size(interval) != 2)
            return fault_set(f, "extent.temporal.interval", "must hold pairs");
        for (size_t i = 0; i < 2; i++) {
            const json_t *end = json_array_get(interval, i);
            if (json_is_null(end)) continue;
            if (!json_is_string(end) || instant_parse(json_string_value(end), json_string_length(end), instant))
                return fault_set(f, "extent.temporal.interval", "must hold RFC 3339 times or null");
        }
    }
    return 0;
}

static void links_write(struct scope *s, json_t *collection, const char *id) {
    const char *self = scope_printf(s, "/stac/collections/%s", http_encode(s, id));
    json_t *links = links_kept(json_object_get(collection, "links"));
    json_array_append_new(links, link_to(s, "self", "application/json", BASE_MARK, self));
    json_array_append_new(links, link_to(s, "parent", "application/json", BASE_MARK, "/stac"));
    json_array_append_new(links, link_to(s, "root", "application/json", BASE_MARK, "/stac"));
    json_array_append_new(links, link_to(s, "items", GEOJSON, BASE_MARK, scope_printf(s, "%s/items", self)));
    json_array_append_new(
        links, link_to(s, "child", "application/json", BASE_MARK, scope_printf(s, "/stac/browse/%s", http_encode(s, id))));
    json_array_append_new(
        links, link_to(s, QUERYABLES_REL, "application/schema+json", BASE_MARK, scope_printf(s, "%s/queryables", self)));
    json_array_append_new(links, link_to(s, "aggregate", "application/json", BASE_MARK, scope_printf(s, "%s/aggregate", self)));
    json_array_append_new(links,
                          link_to(s, "aggregations", "application/json", BASE_MARK, scope_printf(s, "%s/aggregations", self)));
    json_object_set_new(collection, "links", links);
}

/* Takes out of a document that was read, changed and sent back what was put in for the reader (collection_shown.c). */
static void stats_drop(json_t *collection) {
    json_t *extensions = json_object_get(collection, "stac_extensions");
    bool ours = json_object_del(collection, "stats:items") == 0;
    for (size_t i = json_array_size(extensions); ours && i-- > 0;) {
        const char *uri = json_string_value(json_array_get(extensions, i));
        if (uri && strcmp(uri, STATS_EXTENSION) == 0) json_array_remove(extensions, i);
    }
    if (ours && json_is_array(extensions) && json_array_size(extensions) == 0) json_object_del(collection, "stac_extensions");
}

int collection_row_make(struct scope *s, const char *id, const json_t *collection, struct collection_row *out,
                        struct fault *f) {
    json_t *own = scope_json(s, json_deep_copy(collection));
    const char *type = member_text(own, "type"), *name = member_text(own, "id"), *version = member_text(own, "stac_version");
    const char *description = member_text(own, "description"), *license = member_text(own, "license");
    const json_t *title = json_object_get(own, "title"), *links = json_object_get(own, "links");
    if (!json_is_object(own)) return fault_set(f, "body", "must be a JSON object");
    if (!type || strcmp(type, "Collection") != 0) return fault_set(f, "type", "must be Collection");
    if (!version || strncmp(version, "1.", 2) != 0) return fault_set(f, "stac_version", "must be 1.0.0 or another 1.x");
    if (!name || !identifier_valid(name)) return fault_set(f, "id", "must be 1 to 256 of letters, digits and ._~:@+=,()-");
    if (id && strcmp(name, id) != 0) return fault_set(f, "id", "is another than the address names");
    if (!description || !*description) return fault_set(f, "description", "must be a text");
    if (!license || !*license) return fault_set(f, "license", "must be an SPDX identifier, 'proprietary' or 'various'");
    if (title && !json_is_string(title)) return fault_set(f, "title", "must be a text");
    if (links && !json_is_array(links)) return fault_set(f, "links", "must be a list");
    const json_t *extent = json_object_get(own, "extent");
    if (spatial_check(extent, f) || temporal_check(extent, f)) return NADIR_EINVAL;

    links_write(s, own, name);
    stats_drop(own);
    *out = (struct collection_row){.id = scope_strdup(s, name), .document = json_line(s, own)};
    if (strlen(out->document) > DOCUMENT_MOST) return fault_set(f, "body", "is over 1 MiB");
    out->event =
        scope_json(s, json_pack("{s:s, s:s, s:s, s:s}", "collection", name, "title", title ? json_string_value(title) : name,
                                "description", description, "license", license));
    return 0;
}
