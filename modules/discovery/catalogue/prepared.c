/* prepared.c: from an item's text or tree to what is written of it. */
#include "discovery/catalogue/prepared.h"

#include <string.h>

#include "common/geo.h"

static void add_text(struct text *t, const char *text) {
    text_add(t, text, strlen(text));
}

/* Adds JSON text without the white space between its tokens. */
static void add_span(struct text *t, struct span span, bool spaced) {
    if (!spaced) {
        text_add(t, span.data, span.len);
        return;
    }
    const char *p = span.data, *end = span.data + span.len, *from = p;
    while (p < end) {
        if (*p == '"') {
            for (p++; p < end && *p != '"'; p++) p += *p == '\\';
            p++;
        } else if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n') {
            text_add(t, from, (size_t)(p - from));
            from = ++p;
        } else {
            p++;
        }
    }
    text_add(t, from, (size_t)(end - from));
}

static bool is_quoted(struct span span) {
    return span.data && span.len >= 2 && span.data[0] == '"' && !memchr(span.data, '\\', span.len);
}

/* The text in quotes; NULL where there are escapes in it or it is no string. */
static const char *quoted(struct scope *s, struct span span) {
    return is_quoted(span) ? scope_strndup(s, span.data + 1, span.len - 2) : NULL;
}

static bool starts_with(struct span span, char c) {
    return span.data && span.data[0] == c;
}

static json_t *tree(struct scope *s, struct span span) {
    return scope_json(s, json_loadb(span.data, span.len, JSON_DECODE_ANY, NULL));
}

/* One of the times in properties: *out NULL where it is absent or null. */
static bool time_usual(struct scope *s, struct span value, const char **out) {
    *out = NULL;
    if (!value.data || span_is(value, "null")) return true;
    char *instant = scope_alloc(s, INSTANT_SIZE);
    if (!is_quoted(value) || instant_parse(value.data + 1, value.len - 2, instant)) return false;
    *out = instant;
    return true;
}

static bool times_usual(struct scope *s, const struct scan *scan, struct prepared *out) {
    const char *at, *from, *to;
    if (!scan->times[0].data || !time_usual(s, scan->times[0], &at) || !time_usual(s, scan->times[1], &from) ||
        !time_usual(s, scan->times[2], &to))
        return false;
    if (!at && (!from || !to)) return false;
    out->datetime = at ? at : from;
    out->starts = from && to ? from : out->datetime;
    out->ends = from && to ? to : out->datetime;
    return strcmp(out->starts, out->ends) <= 0;
}

/* What the index needs of a checked geometry, or what PostGIS must be asked. */
static void area_set(struct scope *s, const json_t *geometry, bool crosses, struct prepared *out) {
    double extent[4];
    out->crosses = crosses;
    if (!crosses && !geo_bounds(geometry, extent)) out->area = area_plain(s, geometry, extent);
    if (!out->area) out->geometry = json_line(s, geometry);
}

/* bbox: the item's own, or the one computed. */
static bool place_usual(struct scope *s, const struct scan *scan, struct prepared *out, const char **bbox) {
    struct span geometry = scan_member(scan, "geometry"), own = scan_member(scan, "bbox");
    const char *why;
    double box[4];
    *bbox = NULL;
    if (!geometry.data || (own.data && geo_bbox_from_json(tree(s, own), box, &why))) return false;
    if (span_is(geometry, "null")) return true;
    json_t *json = tree(s, geometry);
    if (!json || geo_geometry_check(json, POSITIONS_MOST, &why)) return false;
    if (!own.data) {
        if (geo_bounds(json, box)) return false;
        *bbox = json_line(s, scope_json(s, json_pack("[f, f, f, f]", box[0], box[1], box[2], box[3])));
    }
    area_set(s, json, box[0] > box[2], out);
    return out->area != NULL;
}

static bool names_usual(struct scope *s, const struct scan *scan, const char *collection, struct prepared *out) {
    const char *version = quoted(s, scan_member(scan, "stac_version")), *own = quoted(s, scan_member(scan, "collection"));
    struct span extensions = scan_member(scan, "stac_extensions"), links = scan_member(scan, "links");
    out->id = quoted(s, scan_member(scan, "id"));
    out->collection = collection ? collection : own;
    return span_is(scan_member(scan, "type"), "\"Feature\"") && version && strncmp(version, "1.", 2) == 0 && out->id &&
           identifier_valid(out->id) && out->collection && identifier_valid(out->collection) &&
           (!extensions.data || starts_with(extensions, '[')) && (!links.data || starts_with(links, '[')) &&
           starts_with(scan_member(scan, "properties"), '{') && starts_with(scan_member(scan, "assets"), '{');
}

static bool assets_usual(const struct scan *scan) {
    for (size_t i = 0; i < scan->nassets; i++)
        if (!scan->assets[i].has_href) return false;
    return true;
}

static const char *checksum_of(struct scope *s, const struct scan *scan) {
    struct content least = {0};
    for (size_t i = 0; i < scan->nassets; i++) {
        const struct scan_asset *a = &scan->assets[i];
        content_least(&least, (struct content){a->checksum.data, a->checksum.len, a->data_role});
    }
    return content_text(s, &least);
}

/* The assets as other modules are told of them: with size and digest as members of their own. */
static void assets_told(struct text *t, const struct scan *scan, struct span assets) {
    const char *from = assets.data;
    for (size_t i = 0; i < scan->nassets; i++) {
        const struct scan_asset *a = &scan->assets[i];
        bool whole = a->size.data && !memchr(a->size.data, '.', a->size.len);
        bool sha256 = a->checksum.data && a->checksum.len == 68 && memcmp(a->checksum.data, "1220", 4) == 0 &&
                      strspn(a->checksum.data, "0123456789abcdef") >= 68;
        if (!whole && !sha256) continue;
        const char *end = scan->text + a->end;
        add_span(t, (struct span){from, (size_t)(end - from)}, scan->spaced);
        from = end;
        if (whole) {
            add_text(t, a->empty ? "\"size\":" : ",\"size\":");
            text_add(t, a->size.data, a->size.len);
        }
        if (sha256) {
            add_text(t, ",\"sha256\":\"");
            text_add(t, a->checksum.data + 4, 64);
            add_text(t, "\"");
        }
    }
    add_span(t, (struct span){from, (size_t)(assets.data + assets.len - from)}, scan->spaced);
}

static void links_written(struct scope *s, struct text *t, const struct scan *scan, const struct prepared *p) {
    add_text(t, "\"links\":[");
    for (size_t i = 0; i < scan->nlinks; i++) {
        const struct scan_link *link = &scan->links[i];
        if (!link->has_href || !link->rel.data || link_is_ours(scope_strndup(s, link->rel.data, link->rel.len))) continue;
        add_span(t, link->whole, scan->spaced);
        add_text(t, ",");
    }
    const char *parent = scope_printf(s, BASE_MARK "/stac/collections/%s", http_encode(s, p->collection));
    add_text(t, scope_printf(s,
                             "{\"rel\":\"self\",\"type\":\"" GEOJSON "\",\"href\":\"%s/items/%s\"},"
                             "{\"rel\":\"parent\",\"type\":\"application/json\",\"href\":\"%s\"},"
                             "{\"rel\":\"collection\",\"type\":\"application/json\",\"href\":\"%s\"},"
                             "{\"rel\":\"root\",\"type\":\"application/json\",\"href\":\"" BASE_MARK "/stac\"}]",
                             parent, http_encode(s, p->id), parent, parent));
}

static const char *document_written(struct scope *s, const struct scan *scan, const struct prepared *p, const char *bbox,
                                    size_t room) {
    struct text *t = text_new(s, room);
    add_text(t, "{");
    for (size_t i = 0; i < scan->nmembers; i++) {
        struct span name = scan->members[i].key;
        if (span_is(name, "links") || span_is(name, "collection")) continue;
        text_add(t, name.data - 1, name.len + 2);
        add_text(t, ":");
        add_span(t, scan->members[i].value, scan->spaced);
        add_text(t, ",");
    }
    if (bbox) add_text(t, scope_printf(s, "\"bbox\":%s,", bbox));
    add_text(t, scope_printf(s, "\"collection\":\"%s\",", p->collection));
    links_written(s, t, scan, p);
    add_text(t, "}");
    return t->data;
}

static const char *event_written(struct scope *s, const struct scan *scan, const struct prepared *p, const char *bbox) {
    struct text *t = text_new(s, strlen(p->document));
    struct span own = scan_member(scan, "bbox");
    add_text(t, scope_printf(s, "{\"collection\":\"%s\",\"item\":\"%s\",\"assets\":", p->collection, p->id));
    assets_told(t, scan, scan_member(scan, "assets"));
    add_text(t, scope_printf(s, ",\"datetime\":\"%s\",\"geometry\":", p->datetime));
    add_span(t, scan_member(scan, "geometry"), scan->spaced);
    if (bbox || own.data) add_text(t, ",\"bbox\":");
    if (bbox)
        add_text(t, bbox);
    else if (own.data)
        add_span(t, own, scan->spaced);
    add_text(t, ",\"properties\":");
    add_text(t, p->properties);
    add_text(t, "}");
    return t->data;
}

static bool usual(struct scope *s, const char *line, size_t len, const char *collection, struct prepared *out) {
    struct scan scan;
    const char *bbox;
    if (!item_scan(&scan, s, line, len) || !names_usual(s, &scan, collection, out) || !times_usual(s, &scan, out) ||
        !assets_usual(&scan) || !place_usual(s, &scan, out, &bbox))
        return false;
    struct span properties = scan_member(&scan, "properties");
    struct text *t = text_new(s, properties.len);
    add_span(t, properties, scan.spaced);
    out->properties = t->data;
    if (scan.cloud_cover.data) out->cloud_cover = scope_strndup(s, scan.cloud_cover.data, scan.cloud_cover.len);
    out->storage = "{}";
    out->checksum = checksum_of(s, &scan);
    out->document = document_written(s, &scan, out, bbox, len + 1024);
    out->event = event_written(s, &scan, out, bbox);
    return strlen(out->document) <= DOCUMENT_MOST;
}

int prepared_from_json(struct scope *s, json_t *item, const char *collection, const char *owner, struct prepared *out,
                       struct fault *f) {
    struct item_row row;
    const json_t *id = json_object_get(item, "id"), *own = json_object_get(item, "collection");
    *out = (struct prepared){.id = scope_strdup(s, json_string_value(id)), .owner = owner};
    if (!json_is_object(item)) return fault_set(f, "body", "must be a JSON object");
    const char *private_to = json_string_value(json_object_get(item, "nadir:owner"));
    if (private_to && !owner) out->owner = scope_strdup(s, private_to);
    json_object_del(item, "nadir:owner");
    if (collection) json_object_set_new(item, "collection", json_string(collection));
    if (!collection) collection = scope_strdup(s, json_string_value(own));
    if (!collection || !identifier_valid(collection)) return fault_set(f, "collection", "is missing, or cannot be a name");
    if (item_row_make(s, collection, NULL, item, &row, f)) return NADIR_EINVAL;
    out->collection = collection;
    out->id = row.id;
    out->checksum = row.checksum;
    out->datetime = row.datetime;
    out->starts = row.starts;
    out->ends = row.ends;
    const json_t *properties = json_object_get(row.event, "properties"), *geometry = json_object_get(row.event, "geometry");
    const json_t *cloud_cover = json_object_get(properties, "eo:cloud_cover");
    if (row.geometry) area_set(s, geometry, row.crosses, out);
    if (json_is_number(cloud_cover)) out->cloud_cover = json_line(s, cloud_cover);
    out->document = row.document;
    out->properties = json_line(s, properties);
    out->storage = json_line(s, row.storage);
    out->event = json_line(s, row.event);
    return 0;
}

int prepared_from_line(struct scope *s, const char *line, size_t len, const char *collection, const char *owner,
                       struct prepared *out, struct fault *f) {
    *out = (struct prepared){.owner = owner};
    if (usual(s, line, len, collection, out)) return 0;
    json_error_t error;
    json_t *item = len <= 2 * DOCUMENT_MOST ? scope_json(s, json_loadb(line, len, 0, &error)) : NULL;
    if (!item && len > 2 * DOCUMENT_MOST) return fault_set(f, "body", "is over 1 MiB");
    if (!item) return fault_set(f, "body", scope_printf(s, "is not JSON: %s (at byte %d)", error.text, error.position));
    return prepared_from_json(s, item, collection, owner, out, f);
}
