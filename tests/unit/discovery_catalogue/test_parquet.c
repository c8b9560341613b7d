/* Columns as GDAL's Parquet driver gives them become the STAC Item again; here they come from a layer in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ogr_api.h>
#include <string.h>

#include "discovery/catalogue/parquet.h"

static void field_add(OGRLayerH layer, const char *name, OGRFieldType type, OGRFieldSubType subtype) {
    OGRFieldDefnH field = OGR_Fld_Create(name, type);
    OGR_Fld_SetSubType(field, subtype);
    OGR_L_CreateField(layer, field, 1);
    OGR_Fld_Destroy(field);
}

static void set(OGRFeatureH feature, const char *name, const char *text) {
    OGR_F_SetFieldString(feature, OGR_F_GetFieldIndex(feature, name), text);
}

static OGRLayerH layer_make(GDALDatasetH dataset) {
    OGRLayerH layer = GDALDatasetCreateLayer(dataset, "items", NULL, wkbUnknown, NULL);
    static const char *const texts[] = {"type",    "stac_version", "id", "collection", "assets.red.href", "assets.red.type",
                                        "platform"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) field_add(layer, texts[i], OFTString, OFSTNone);
    static const char *const sides[] = {"bbox.xmin", "bbox.ymin", "bbox.xmax", "bbox.ymax", "eo:cloud_cover"};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) field_add(layer, sides[i], OFTReal, OFSTNone);
    field_add(layer, "links", OFTString, OFSTJSON);
    field_add(layer, "stac_extensions", OFTStringList, OFSTNone);
    field_add(layer, "assets.red.roles", OFTStringList, OFSTNone);
    field_add(layer, "datetime", OFTDateTime, OFSTNone);
    field_add(layer, "proj:shape", OFTInteger64List, OFSTNone);
    field_add(layer, "proj:epsg", OFTInteger64, OFSTNone);
    field_add(layer, "valid", OFTInteger, OFSTBoolean);
    return layer;
}

static void test_columns_become_an_item(void **state) {
    (void)state;
    GDALAllRegister();
    GDALDatasetH dataset = GDALCreate(GDALGetDriverByName("Memory"), "", 0, 0, 0, GDT_Unknown, NULL);
    OGRFeatureH feature = OGR_F_Create(OGR_L_GetLayerDefn(layer_make(dataset)));
    set(feature, "type", "Feature");
    set(feature, "stac_version", "1.0.0");
    set(feature, "id", "a");
    set(feature, "collection", "c");
    set(feature, "assets.red.href", "https://example.org/red.tif");
    set(feature, "links", "[{\"rel\":\"license\",\"href\":\"https://example.org/l\"}]");
    OGR_F_SetFieldStringList(feature, OGR_F_GetFieldIndex(feature, "assets.red.roles"), (char *[]){(char[]){"data"}, NULL});
    OGR_F_SetFieldDateTimeEx(feature, OGR_F_GetFieldIndex(feature, "datetime"), 2020, 1, 2, 3, 4, 5.5F, 100);
    OGR_F_SetFieldInteger64List(feature, OGR_F_GetFieldIndex(feature, "proj:shape"), 2, (GIntBig[]){10980, 10980});
    OGR_F_SetFieldInteger64(feature, OGR_F_GetFieldIndex(feature, "proj:epsg"), 32632);
    OGR_F_SetFieldInteger(feature, OGR_F_GetFieldIndex(feature, "valid"), 1);
    OGR_F_SetFieldDouble(feature, OGR_F_GetFieldIndex(feature, "eo:cloud_cover"), 12.5);
    const double box[] = {7, 50, 7, 50};
    for (int i = 0; i < 4; i++)
        OGR_F_SetFieldDouble(
            feature, OGR_F_GetFieldIndex(feature, (const char *[]){"bbox.xmin", "bbox.ymin", "bbox.xmax", "bbox.ymax"}[i]),
            box[i]);
    OGRGeometryH point = OGR_G_CreateGeometry(wkbPoint);
    OGR_G_SetPoint_2D(point, 0, 7, 50);
    OGR_F_SetGeometryDirectly(feature, point);

    struct scope s;
    scope_init(&s, "test", 0);
    json_t *item = scope_json(&s, item_of_feature(feature));
    struct prepared p;
    struct fault f = {0};
    assert_int_equal(prepared_from_json(&s, item, NULL, NULL, &p, &f), 0);
    assert_string_equal(p.id, "a");
    assert_string_equal(p.collection, "c");
    assert_string_equal(p.datetime, "2020-01-02T03:04:05.500000Z");
    assert_string_equal(p.cloud_cover, "12.5");
    const char *const parts[] = {"\"bbox\":[7.0,50.0,7.0,50.0]",
                                 "\"proj:shape\":[10980,10980]",
                                 "\"proj:epsg\":32632",
                                 "\"valid\":true",
                                 "\"red\":{\"href\":\"https://example.org/red.tif\",\"roles\":[\"data\"]}",
                                 "https://example.org/l"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(p.document, parts[i])) fail_msg("%s is not in %s", parts[i], p.document);
    assert_null(strstr(p.document, "platform")); /* a column without a value is no member */
    scope_end(&s);
    OGR_F_Destroy(feature);
    GDALClose(dataset);
}

static void test_names_of_files(void **state) {
    (void)state;
    assert_true(parquet_named("a.parquet"));
    assert_true(parquet_named("a.geoparquet"));
    assert_false(parquet_named("a.parquet.ndjson"));
    assert_false(parquet_named(".parquet"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_columns_become_an_item), cmocka_unit_test(test_names_of_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
