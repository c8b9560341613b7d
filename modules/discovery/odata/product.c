/* product.c: a STAC item as a Product. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/rights.h"
#include "discovery/odata/odata.h"

static const char *member_text(const json_t *object, const char *name) {
    return json_string_value(json_object_get(object, name));
}

void product_id(const char *collection, const char *id, char out[ID_SIZE]) {
    static const char namespace[] = "urn:nadir:items:"; /* the sixteen bytes of the name space's UUID */
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    if (md && EVP_DigestInit_ex(md, EVP_md5(), NULL) == 1) {
        EVP_DigestUpdate(md, namespace, sizeof namespace - 1);
        EVP_DigestUpdate(md, collection, strlen(collection));
        EVP_DigestUpdate(md, "/", 1);
        EVP_DigestUpdate(md, id, strlen(id));
        EVP_DigestFinal_ex(md, digest, NULL);
    }
    EVP_MD_CTX_free(md);
    digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x30); /* version 3, RFC 9562 section 5.3 */
    digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
    char *o = out;
    for (size_t i = 0; i < 16; i++) o += snprintf(o, 4, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", digest[i]);
}

/* ---- geometry as WKT ---- */

static void positions_write(struct text *t, struct scope *s, const json_t *coordinates, bool bare) {
    const json_t *first = json_array_get(coordinates, 0), *part;
    size_t at;
    if (json_is_number(first)) {
        const char *xy =
            scope_printf(s, "%.15g %.15g", json_number_value(first), json_number_value(json_array_get(coordinates, 1)));
        text_add(t, xy, strlen(xy));
        return;
    }
    if (!bare) text_add(t, "(", 1);
    json_array_foreach((json_t *)coordinates, at, part) {
        if (at > 0) text_add(t, ", ", 2);
        positions_write(t, s, part, false);
    }
    if (!bare) text_add(t, ")", 1);
}

static void geometry_write(struct text *t, struct scope *s, const json_t *geometry) {
    const char *type = member_text(geometry, "type");
    const json_t *part;
    size_t at;
    for (const char *c = type; *c; c++) text_add(t, (char[]){(char)(*c & ~0x20)}, 1);
    text_add(t, " (", 2);
    json_array_foreach(json_object_get(geometry, "geometries"), at, part) {
        if (at > 0) text_add(t, ", ", 2);
        geometry_write(t, s, part);
    }
    const json_t *coordinates = json_object_get(geometry, "coordinates");
    if (coordinates) positions_write(t, s, coordinates, true);
    text_add(t, ")", 1);
}

char *geometry_wkt(struct scope *s, const json_t *geometry) {
    struct text *t = text_new(s, 512);
    geometry_write(t, s, geometry);
    return t->data;
}

/* ---- members ---- */

int64_t asset_size(const json_t *asset) {
    const json_t *size = json_object_get(asset, "file:size");
    return json_is_integer(size) ? json_integer_value(size) : -1;
}

/* A time of the item in milliseconds, as CDSE writes it: the first of these properties that it has; otherwise `otherwise`. */
static json_t *time_member(const json_t *properties, const char *const *names, const char *otherwise) {
    char instant[INSTANT_SIZE];
    for (; *names; names++) {
        const char *text = member_text(properties, *names);
        if (!text || instant_parse(text, strlen(text), instant)) continue;
        memcpy(instant + 23, "Z", 2);
        return json_string(instant);
    }
    return otherwise ? json_string(otherwise) : json_null();
}

static json_t *content_date(const json_t *properties) {
    return json_pack("{s:o, s:o}", "Start", time_member(properties, (const char *[]){"start_datetime", "datetime", NULL}, NULL),
                     "End", time_member(properties, (const char *[]){"end_datetime", "datetime", NULL}, NULL));
}

/* The provider's own file where there is one; otherwise all files but pictures for people. */
static int64_t content_length(const json_t *assets) {
    const char *key;
    json_t *asset;
    int64_t total = asset_size(json_object_get(assets, "archive"));
    if (total >= 0) return total;
    total = 0;
    json_object_foreach((json_t *)assets, key, asset) {
        if (!asset_has_role(asset, "thumbnail") && asset_size(asset) > 0) total += asset_size(asset);
    }
    return total;
}

/* file:checksum is a multihash in hexadecimal: 12 20 is SHA-256, d5 01 10 MD5. */
static json_t *checksums(const json_t *assets, json_t *date) {
    static const struct {
        const char *prefix, *algorithm;
        size_t len;
    } hashes[] = {{"1220", "SHA256", 68}, {"d50110", "MD5", 38}};
    const char *multihash = member_text(json_object_get(assets, "archive"), "file:checksum");
    json_t *list = json_array();
    for (size_t i = 0; multihash && i < 2; i++) {
        size_t prefix = strlen(hashes[i].prefix);
        if (strlen(multihash) != hashes[i].len || strncmp(multihash, hashes[i].prefix, prefix) != 0) continue;
        json_array_append_new(list, json_pack("{s:s, s:s, s:O}", "Value", multihash + prefix, "Algorithm", hashes[i].algorithm,
                                              "ChecksumDate", date));
    }
    return list;
}

static const char *s3_path(struct scope *s, const json_t *item) {
    return scope_printf(s, "/%s/%s", member_text(item, "collection"), member_text(item, "id"));
}

static json_t *quicklooks(struct scope *s, const json_t *item) {
    const char *key, *collection = member_text(item, "collection");
    json_t *asset, *list = json_array();
    json_object_foreach(json_object_get(item, "assets"), key, asset) {
        if (!asset_has_role(asset, "thumbnail") && !asset_has_role(asset, "overview")) continue;
        const char *href = member_text(asset, "href");
        char id[ID_SIZE];
        product_id(collection, scope_printf(s, "%s/%s", member_text(item, "id"), key), id);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "Type", "QUICKLOOK", "Id", id, "DownloadLink",
                                              href ? href : "", "S3Path", scope_printf(s, "%s/%s", s3_path(s, item), key)));
    }
    return list;
}

static json_t *locations(struct scope *s, const json_t *item, const json_t *product, const char *id) {
    json_t *location = json_pack("{s:s, s:s, s:O, s:O, s:s}", "FormatType", "Extracted", "DownloadLink",
                                 scope_printf(s, BASE_MARK "/odata/v1/Products(%s)/$value", id), "ContentLength",
                                 json_object_get(product, "ContentLength"), "Checksum", json_object_get(product, "Checksum"),
                                 "S3Path", s3_path(s, item));
    return json_pack("[o]", location);
}

static void place_write(struct scope *s, json_t *product, const json_t *geometry) {
    bool known = json_is_object(geometry);
    json_object_set_new(product, "Footprint",
                        known ? json_string(scope_printf(s, "geography'SRID=4326;%s'", geometry_wkt(s, geometry)))
                              : json_null());
    json_object_set_new(product, "GeoFootprint", known ? json_incref((json_t *)geometry) : json_null());
}

/* Keeps the selected members, the Id, and what belongs to OData itself. */
static void select_members(json_t *product, const struct product_view *view) {
    const char *key;
    json_t *value;
    void *next;
    if (!view->select) return;
    json_object_foreach_safe(product, next, key, value) {
        bool kept = key[0] == '@';
        for (size_t i = 0; !kept && i < view->nselect; i++) kept = strcmp(view->select[i], key) == 0;
        if (!kept) json_object_del(product, key);
    }
}

json_t *product_write(struct scope *s, const json_t *item, const struct product_view *view) {
    const json_t *properties = json_object_get(item, "properties"), *assets = json_object_get(item, "assets");
    const char *collection = member_text(item, "collection"), *name = member_text(item, "id");
    const char *status = member_text(properties, "order:status"),
               *archive = member_text(json_object_get(assets, "archive"), "type");
    char id[ID_SIZE];
    product_id(collection, name, id);
    json_t *published =
        time_member(properties, (const char *[]){"published", "created", "datetime", "start_datetime", NULL}, NULL);
    json_t *product = json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:o, s:O, s:o, s:b, s:o, s:s, s:o, s:o, s:{s:s}}", "@odata.mediaContentType",
        "application/octet-stream", "Id", id, "Name", name, "ContentType", archive ? archive : "application/octet-stream",
        "ContentLength", (json_int_t)content_length(assets), "OriginDate",
        time_member(properties, (const char *[]){"created", "datetime", "start_datetime", NULL}, NULL), "PublicationDate",
        published, "ModificationDate",
        time_member(properties, (const char *[]){"updated", "created", "datetime", "start_datetime", NULL}, NULL), "Online",
        !status || strcmp(status, "succeeded") == 0, "EvictionDate",
        time_member(properties, (const char *[]){"expires", NULL}, "9999-12-31T23:59:59.999Z"), "S3Path", s3_path(s, item),
        "Checksum", checksums(assets, published), "ContentDate", content_date(properties), "Collection", "Name", collection);
    json_decref(published);
    place_write(s, product, json_object_get(item, "geometry"));
    json_t *places = view->expand & PRODUCT_LOCATIONS ? locations(s, item, product, id) : NULL;
    select_members(product, view);
    if (view->expand & PRODUCT_ATTRIBUTES) json_object_set_new(product, "Attributes", attributes_write(s, item));
    if (view->expand & PRODUCT_ASSETS) json_object_set_new(product, "Assets", quicklooks(s, item));
    if (places) json_object_set_new(product, "Locations", places);
    return product;
}

/* ---- $expand and $select ---- */

static const char *const expandable[] = {"Attributes", "Assets", "Locations"};
static const char *const product_members[] = {
    "Id",           "Name",   "ContentType", "ContentLength", "OriginDate", "PublicationDate", "ModificationDate", "Online",
    "EvictionDate", "S3Path", "Checksum",    "ContentDate",   "Footprint",  "GeoFootprint",    "Collection"};

static size_t index_of(const char *const *list, size_t count, const char *name) {
    size_t at = 0;
    while (at < count && strcmp(list[at], name) != 0) at++;
    return at;
}

int product_view_read(struct scope *s, const char *expand, const char *select, struct product_view *out, struct fault *f) {
    const size_t nmembers = sizeof product_members / sizeof *product_members;
    char *rest, *part;
    *out = (struct product_view){0};
    for (rest = scope_strdup(s, expand); (part = strsep(&rest, ","));) {
        size_t at = index_of(expandable, 3, part + strspn(part, " "));
        if (at == 3) return fault_set(f, "$expand", "can be Attributes, Assets and Locations, separated by commas");
        out->expand |= 1u << at;
    }
    if (!select || strcmp(select, "*") == 0) return 0;
    out->select = scope_alloc(s, nmembers * sizeof *out->select);
    for (rest = scope_strdup(s, select); (part = strsep(&rest, ","));) {
        size_t at = index_of(product_members, nmembers, part + strspn(part, " "));
        if (at == nmembers)
            return fault_set(f, "$select", scope_printf(s, "names '%.100s', which a product does not have", part));
        if (index_of(out->select, out->nselect, product_members[at]) == out->nselect)
            out->select[out->nselect++] = product_members[at];
    }
    return 0;
}

const char *product_context(struct scope *s, const struct product_view *view, bool one) {
    const char *parts = "";
    for (size_t i = 0; i < view->nselect; i++) parts = scope_printf(s, "%s%s%s", parts, *parts ? "," : "", view->select[i]);
    for (size_t i = 0; i < 3; i++)
        if (view->expand & 1u << i) parts = scope_printf(s, "%s%s%s()", parts, *parts ? "," : "", expandable[i]);
    if (*parts) parts = scope_printf(s, "(%s)", parts);
    return scope_printf(s, "$metadata#Products%s%s", parts, one ? "/$entity" : "");
}
