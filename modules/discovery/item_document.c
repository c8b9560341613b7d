/* item_document.c: from the STAC Item that a provider sends to what is stored, shown and told to other modules. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/geo.h"
#include "common/rights.h"
#include "discovery/stac.h"

#define ASSETS_MOST 200
#define AUTH_EXTENSION "https://stac-extensions.github.io/authentication/v1.1.0/schema.json"
#define AUTH_SCHEME "nadir"

static const char *member_text(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

/* The time covered, normalised: datetime, or start_datetime and end_datetime where datetime is null. */
static int times_read(struct scope *s, const json_t *properties, struct item_row *out, struct fault *f) {
    const json_t *datetime = json_object_get(properties, "datetime");
    const char *names[] = {"datetime", "start_datetime", "end_datetime"};
    const char *found[3] = {0};
    if (!datetime)
        return fault_set(f, "properties.datetime", "is missing (null is allowed beside start_datetime and end_datetime)");
    for (int i = 0; i < 3; i++) {
        const json_t *value = json_object_get(properties, names[i]);
        if (!value || json_is_null(value)) continue;
        char *instant = scope_alloc(s, INSTANT_SIZE);
        if (!json_is_string(value) || instant_parse(json_string_value(value), json_string_length(value), instant))
            return fault_set(f, names[i], "must be an RFC 3339 time");
        found[i] = instant;
    }
    if (!found[0] && (!found[1] || !found[2]))
        return fault_set(f, "properties.datetime", "is null, and start_datetime or end_datetime is missing");
    out->datetime = found[0] ? found[0] : found[1];
    out->starts = found[1] && found[2] ? found[1] : out->datetime;
    out->ends = found[1] && found[2] ? found[2] : out->datetime;
    return strcmp(out->starts, out->ends) > 0 ? fault_set(f, "end_datetime", "is before start_datetime") : 0;
}

/* Checks geometry and bbox; a bbox that is missing is computed. */
static int place_read(struct scope *s, json_t *item, struct item_row *out, struct fault *f) {
    json_t *geometry = json_object_get(item, "geometry"), *bbox = json_object_get(item, "bbox");
    const char *why;
    double box[4];
    if (!geometry) return fault_set(f, "geometry", "is missing (null is allowed)");
    if (bbox && geo_bbox_from_json(bbox, box, &why)) return fault_set(f, "bbox", why);
    if (json_is_null(geometry)) return 0;
    if (geo_geometry_check(geometry, POSITIONS_MOST, &why)) return fault_set(f, "geometry", why);
    if (!bbox) {
        if (geo_bounds(geometry, box)) return fault_set(f, "geometry", "has no extent");
        json_object_set_new(item, "bbox", json_pack("[f, f, f, f]", box[0], box[1], box[2], box[3]));
    }
    out->geometry = json_line(s, geometry);
    out->crosses = box[0] > box[2];
    return (why = geometry_fault(s, out->geometry, &out->crosses)) ? fault_set(f, "geometry", why) : 0;
}

void content_least(struct content *least, struct content one) {
    if (!one.data || one.len < 16 || one.len > 256) return;
    if (least->data && one.of_data != least->of_data) {
        if (one.of_data) *least = one;
        return;
    }
    int order = least->data ? strncasecmp(one.data, least->data, one.len < least->len ? one.len : least->len) : -1;
    if (order < 0 || (order == 0 && one.len < least->len)) *least = one;
}

const char *content_text(struct scope *s, const struct content *least) {
    if (!least->data) return NULL;
    char *text = scope_strndup(s, least->data, least->len);
    for (char *c = text; *c; c++) {
        if (!isxdigit((unsigned char)*c)) return NULL;
        *c = (char)tolower((unsigned char)*c);
    }
    return text;
}

static void content_note(struct content *least, const json_t *asset) {
    const char *checksum = member_text(asset, "file:checksum");
    if (checksum) content_least(least, (struct content){checksum, strlen(checksum), asset_has_role(asset, "data")});
}

/* SHA-256 from a multihash in hex (file:checksum): code 12, length 20, then the digest. NULL for other kinds. */
static const char *checksum_sha256(const json_t *asset) {
    const char *multihash = member_text(asset, "file:checksum");
    if (!multihash || strlen(multihash) != 68 || strncmp(multihash, "1220", 4) != 0) return NULL;
    return strspn(multihash, "0123456789abcdef") == 68 ? multihash + 4 : NULL;
}

/* The asset as other modules are told of it: with its place, size and digest. */
static json_t *asset_told(const json_t *asset, const char *path) {
    json_t *told = json_copy((json_t *)asset);
    const json_t *size = json_object_get(asset, "file:size");
    const char *sha256 = checksum_sha256(asset);
    if (path) json_object_set_new(told, "path", json_string(path));
    if (json_is_integer(size)) json_object_set_new(told, "size", json_integer(json_integer_value(size)));
    if (sha256) json_object_set_new(told, "sha256", json_string(sha256));
    return told;
}

/* Takes nadir:path out of an asset, checked; *path is NULL where the asset lies elsewhere and keeps its own href. */
static int asset_path_take(struct scope *s, json_t *asset, const char **path, struct fault *f) {
    const json_t *value = json_object_get(asset, "nadir:path");
    const char *href = member_text(asset, "href");
    *path = NULL;
    if (value) {
        if (!json_is_string(value) || !rights_path_safe(json_string_value(value)))
            return fault_set(f, "nadir:path", "must be a path below the data folder, or a store's address");
        *path = scope_strdup(s, json_string_value(value));
        json_object_del(asset, "nadir:path");
        return 0;
    }
    if (!href || strlen(href) < 1 || strlen(href) > 4096) return fault_set(f, "assets", "has an asset without href");
    return 0;
}

/* Says of an asset that we serve that its bytes may need a sign-in (authentication extension). Previews and metadata never do.
 */
static bool auth_refer(json_t *asset) {
    if (asset_has_role(asset, "thumbnail") || asset_has_role(asset, "overview") || asset_has_role(asset, "metadata"))
        return false;
    json_object_set_new(asset, "auth:refs", json_pack("[s]", AUTH_SCHEME));
    return true;
}

/* Describes the scheme that assets refer to: our OpenID provider. */
static void auth_describe(json_t *item) {
    json_t *properties = json_object_get(item, "properties"), *schemes = json_object_get(properties, "auth:schemes");
    json_t *extensions = json_object_get(item, "stac_extensions"), *extension;
    size_t at;
    if (!json_is_object(schemes)) json_object_set_new(properties, "auth:schemes", schemes = json_object());
    json_object_set_new(
        schemes, AUTH_SCHEME,
        json_pack("{s:s, s:s}", "type", "openIdConnect", "openIdConnectUrl", BASE_MARK "/.well-known/openid-configuration"));
    if (!extensions) json_object_set_new(item, "stac_extensions", extensions = json_array());
    json_array_foreach(extensions, at, extension) {
        if (json_is_string(extension) && strcmp(json_string_value(extension), AUTH_EXTENSION) == 0) return;
    }
    json_array_append_new(extensions, json_string(AUTH_EXTENSION));
}

static int assets_read(struct scope *s, json_t *item, struct item_row *out, struct fault *f) {
    json_t *assets = json_object_get(item, "assets"), *asset, *told;
    const char *key, *path;
    struct content least = {0};
    bool protected = false;
    if (!json_is_object(assets)) return fault_set(f, "assets", "must be an object");
    if (json_object_size(assets) > ASSETS_MOST) return fault_set(f, "assets", "are more than 200");
    out->storage = scope_json(s, json_object());
    told = json_object();
    json_object_set_new(out->event, "assets", told);
    json_object_foreach(assets, key, asset) {
        if (strlen(key) < 1 || strlen(key) > 256) return fault_set(f, "assets", "has a key that is empty or over 256 bytes");
        if (!json_is_object(asset)) return fault_set(f, "assets", "has a member that is no object");
        if (asset_path_take(s, asset, &path, f)) return NADIR_EINVAL;
        if (path) {
            if (!identifier_valid(key))
                return fault_set(f, "assets", "has a key with characters other than letters, digits and ._~:@+=,()-");
            json_object_set_new(out->storage, key, json_string(path));
            const char *href = scope_printf(s, BASE_MARK "/download/v1/items/%s/%s/assets/%s", http_encode(s, out->collection),
                                            http_encode(s, out->id), http_encode(s, key));
            json_object_set_new(asset, "href", json_string(href));
            protected = auth_refer(asset) || protected;
        }
        json_object_set_new(told, key, asset_told(asset, path));
        content_note(&least, asset);
    }
    out->checksum = content_text(s, &least);
    if (protected) auth_describe(item);
    return 0;
}

static void links_write(struct scope *s, json_t *item, const struct item_row *row) {
    const char *parent = scope_printf(s, "/stac/collections/%s", http_encode(s, row->collection));
    const char *self = scope_printf(s, "%s/items/%s", parent, http_encode(s, row->id));
    json_t *links = links_kept(json_object_get(item, "links"));
    json_array_append_new(links, link_to(s, "self", GEOJSON, BASE_MARK, self));
    json_array_append_new(links, link_to(s, "parent", "application/json", BASE_MARK, parent));
    json_array_append_new(links, link_to(s, "collection", "application/json", BASE_MARK, parent));
    json_array_append_new(links, link_to(s, "root", "application/json", BASE_MARK, "/stac"));
    json_object_set_new(item, "links", links);
}

/* Names: type, stac_version, id and collection. */
static int names_read(struct scope *s, const char *collection, const char *id, json_t *item, struct item_row *out,
                      struct fault *f) {
    const char *type = member_text(item, "type"), *own = member_text(item, "id"), *parent = member_text(item, "collection");
    const char *version = member_text(item, "stac_version");
    const json_t *extensions = json_object_get(item, "stac_extensions"), *links = json_object_get(item, "links");
    if (!json_is_object(item)) return fault_set(f, "body", "must be a JSON object");
    if (!type || strcmp(type, "Feature") != 0) return fault_set(f, "type", "must be Feature");
    if (!version || strncmp(version, "1.", 2) != 0) return fault_set(f, "stac_version", "must be 1.0.0 or another 1.x");
    if (!own || !identifier_valid(own)) return fault_set(f, "id", "must be 1 to 256 of letters, digits and ._~:@+=,()-");
    if (id && strcmp(own, id) != 0) return fault_set(f, "id", "is another than the address names");
    if (json_object_get(item, "collection") && (!parent || strcmp(parent, collection) != 0))
        return fault_set(f, "collection", "is another than the address names");
    if (extensions && !json_is_array(extensions)) return fault_set(f, "stac_extensions", "must be a list");
    if (links && !json_is_array(links)) return fault_set(f, "links", "must be a list");
    out->id = scope_strdup(s, own);
    out->collection = collection;
    json_object_set_new(item, "collection", json_string(collection));
    return 0;
}

int item_row_make(struct scope *s, const char *collection, const char *id, const json_t *item, struct item_row *out,
                  struct fault *f) {
    *out = (struct item_row){0};
    json_t *own = scope_json(s, json_deep_copy(item));
    if (names_read(s, collection, id, own, out, f)) return NADIR_EINVAL;
    json_t *properties = json_object_get(own, "properties");
    if (!json_is_object(properties)) return fault_set(f, "properties", "must be an object");
    out->event = scope_json(s, json_pack("{s:s, s:s}", "collection", collection, "item", out->id));
    if (times_read(s, properties, out, f) || place_read(s, own, out, f) || assets_read(s, own, out, f)) return NADIR_EINVAL;
    links_write(s, own, out);
    out->document = json_line(s, own);
    if (strlen(out->document) > DOCUMENT_MOST) return fault_set(f, "body", "is over 1 MiB");

    json_object_set_new(out->event, "datetime", json_string(out->datetime));
    json_object_set(out->event, "geometry", json_object_get(own, "geometry"));
    if (json_object_get(own, "bbox")) json_object_set(out->event, "bbox", json_object_get(own, "bbox"));
    json_object_set(out->event, "properties", properties);
    return 0;
}
