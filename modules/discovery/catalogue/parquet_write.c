/* parquet_write.c: the public items as one table: a column for each property that is found, by OGR. */
#include <cpl_string.h>
#include <ogr_api.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "discovery/catalogue/parquet.h"
#include "discovery/catalogue/stream.h"

struct writing {
    const char *base;
    OGRLayerH layer;
    json_t *kinds; /* column -> OGRFieldType that all its values fit */
    long long count;
};

/* What a value is stored as; mixed columns become texts. */
static OGRFieldType kind_of(const json_t *value) {
    if (json_is_integer(value) || json_is_boolean(value)) return OFTInteger64;
    return json_is_real(value) ? OFTReal : OFTString;
}

static OGRFieldType kind_joined(OGRFieldType a, OGRFieldType b) {
    if (a == b) return a;
    return (a == OFTReal && b == OFTInteger64) || (a == OFTInteger64 && b == OFTReal) ? OFTReal : OFTString;
}

static int column_note(void *arg, const PGresult *r, struct scope *s) {
    struct writing *w = arg;
    const char *key;
    json_t *value, *properties = scope_json(s, json_loads(stream_text(r, 0), 0, NULL));
    json_object_foreach(properties, key, value) {
        const json_t *known = json_object_get(w->kinds, key);
        if (json_is_null(value) || strcmp(key, "datetime") == 0) continue;
        OGRFieldType kind = known ? kind_joined((OGRFieldType)json_integer_value(known), kind_of(value)) : kind_of(value);
        json_object_set_new(w->kinds, key, json_integer(kind));
    }
    return 0;
}

static void field_add(OGRLayerH layer, const char *name, OGRFieldType type) {
    OGRFieldDefnH field = OGR_Fld_Create(name, type);
    OGR_L_CreateField(layer, field, 0);
    OGR_Fld_Destroy(field);
}

static void columns_make(struct writing *w) {
    static const char *const texts[] = {"id", "collection", "stac_version", "stac_extensions", "bbox", "links", "assets"};
    const char *key;
    json_t *kind;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) field_add(w->layer, texts[i], OFTString);
    field_add(w->layer, "datetime", OFTDateTime);
    json_object_foreach(w->kinds, key, kind) field_add(w->layer, key, (OGRFieldType)json_integer_value(kind));
}

static void field_set(struct scope *s, OGRFeatureH feature, const char *name, const json_t *value) {
    int at = OGR_F_GetFieldIndex(feature, name);
    if (at < 0 || !value || json_is_null(value)) return;
    OGRFieldType type = OGR_Fld_GetType(OGR_F_GetFieldDefnRef(feature, at));
    if (type == OFTInteger64)
        OGR_F_SetFieldInteger64(feature, at, json_is_boolean(value) ? json_is_true(value) : json_integer_value(value));
    else if (type == OFTReal)
        OGR_F_SetFieldDouble(feature, at, json_number_value(value));
    else
        OGR_F_SetFieldString(feature, at, json_is_string(value) ? json_string_value(value) : json_line(s, value));
}

static int item_add(void *arg, const PGresult *r, struct scope *s) {
    struct writing *w = arg;
    const char *key;
    json_t *value, *item = scope_json(s, json_loads(stream_document(s, stream_text(r, 0), NULL, NULL, w->base), 0, NULL));
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(w->layer));
    json_object_foreach(item, key, value) {
        if (strcmp(key, "properties") != 0 && strcmp(key, "geometry") != 0) field_set(s, feature, key, value);
    }
    json_object_foreach(json_object_get(item, "properties"), key, value) field_set(s, feature, key, value);
    const json_t *geometry = json_object_get(item, "geometry");
    if (json_is_object(geometry)) OGR_F_SetGeometryDirectly(feature, OGR_G_CreateGeometryFromJson(json_line(s, geometry)));
    OGRErr err = OGR_L_CreateFeature(w->layer, feature);
    OGR_F_Destroy(feature);
    w->count++;
    return err == OGRERR_NONE ? 0 : 2;
}

int items_to_layer(OGRLayerH layer, const char *collection, long long *count) {
    struct writing w = {.base = config_text("NADIR_PUBLIC_URL", "http://localhost"), .layer = layer, .kinds = json_object()};
    struct stream *st = stream_open();
    int err = st ? 0 : 2;
    if (!err)
        err = stream_rows(st,
                          "SELECT properties FROM footprint WHERE owner IS NULL AND ($1::text IS NULL OR collection = ANY "
                          "(string_to_array($1, ' ')))",
                          1, &collection, column_note, &w);
    if (!err) columns_make(&w);
    if (!err)
        err = stream_rows(st,
                          "SELECT document FROM item WHERE owner IS NULL AND ($1::text IS NULL OR collection = ANY "
                          "(string_to_array($1, ' ')))"
                          " ORDER BY collection, id",
                          1, &collection, item_add, &w);
    stream_close(st);
    json_decref(w.kinds);
    *count = w.count;
    return err;
}

int parquet_write(const char *file, const char *collection, bool quiet) {
    GDALDriverH driver = parquet_driver();
    if (!driver) return 2;
    GDALDatasetH dataset = GDALCreate(driver, file, 0, 0, 0, GDT_Unknown, NULL);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, 4326);
    OSRSetAxisMappingStrategy(srs, OAMS_TRADITIONAL_GIS_ORDER);
    OGRLayerH layer = dataset ? GDALDatasetCreateLayer(dataset, "items", srs, wkbUnknown, NULL) : NULL;
    OSRDestroySpatialReference(srs);
    long long count = 0;
    int err = layer ? items_to_layer(layer, collection, &count) : 2;
    if (dataset) GDALClose(dataset);
    if (!layer) fprintf(stderr, "nadir-catalogue: %s cannot be written\n", file);
    if (!err && !quiet) fprintf(stderr, "export: %lld items in %s\n", count, file);
    return err;
}
