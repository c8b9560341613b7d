/* $filter as CDSE documents it becomes the catalogue's filter; hostile filters are refused at the character at fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "discovery/odata/odata.h"

static struct scope s;

static int collections(struct scope *scope, const char *name, struct names *out) {
    static const char *const both[] = {"sentinel-2-l1c", "sentinel-2-l2a"}, *const one[] = {"landsat-7"};
    (void)scope;
    *out = strcmp(name, "SENTINEL-2") == 0  ? (struct names){2, both}
           : strcmp(name, "landsat-7") == 0 ? (struct names){1, one}
                                            : (struct names){0};
    return 0;
}

#define KNOWN "12345678-1234-3234-8234-123456789012"

static int product(struct scope *scope, const char *uuid, const char **collection, const char **item) {
    (void)scope;
    if (strcmp(uuid, KNOWN) != 0) return NADIR_ENOTFOUND;
    *collection = "landsat-7";
    *item = "scene";
    return 0;
}

static const struct odata_lookup lookup = {collections, product};

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static const char *written(const struct expr *e) {
    return json_dumps(scope_json(&s, cql2_json_write(e)), JSON_COMPACT | JSON_REAL_PRECISION(6));
}

static void expect(const char *filter, const char *cql2) {
    struct expr *e;
    struct fault f = {0};
    int err = odata_filter_parse(&s, &lookup, filter, &e, &f);
    if (err) fail_msg("%s: %s", filter, f.why);
    char *text = (char *)written(e);
    assert_string_equal(text, cql2);
    free(text);
}

static void conditions_become_cql2(void **state) {
    (void)state;
    expect("Name eq 'a''b'", "{\"op\":\"=\",\"args\":[{\"property\":\"id\"},\"a'b\"]}");
    expect("Name eq 'S2A_X.SAFE'", "{\"op\":\"in\",\"args\":[{\"property\":\"id\"},[\"S2A_X.SAFE\",\"S2A_X\"]]}");
    expect("contains(Name,'50%_')", "{\"op\":\"like\",\"args\":[{\"property\":\"id\"},\"%50\\\\%\\\\_%\"]}");
    expect("startswith(Name,'S2A') eq true", "{\"op\":\"like\",\"args\":[{\"property\":\"id\"},\"S2A%\"]}");
    expect("Collection/Name eq 'SENTINEL-2'",
           "{\"op\":\"in\",\"args\":[{\"property\":\"collection\"},[\"sentinel-2-l1c\",\"sentinel-2-l2a\"]]}");
    expect("Id eq " KNOWN, "{\"op\":\"and\",\"args\":[{\"op\":\"=\",\"args\":[{\"property\":\"collection\"},\"landsat-7\"]},"
                           "{\"op\":\"=\",\"args\":[{\"property\":\"id\"},\"scene\"]}]}");
    expect("PublicationDate ge 2019-05-15T00:00:00.000Z and not contains(Name,'L1C') or Name eq 'x'",
           "{\"op\":\"or\",\"args\":[{\"op\":\"and\",\"args\":[{\"op\":\"or\",\"args\":["
           "{\"op\":\"and\",\"args\":[{\"op\":\"not\",\"args\":[{\"op\":\"isNull\",\"args\":[{\"property\":\"published\"}]}]},"
           "{\"op\":\">=\",\"args\":[{\"property\":\"published\"},{\"timestamp\":\"2019-05-15T00:00:00Z\"}]}]},"
           "{\"op\":\"and\",\"args\":[{\"op\":\"isNull\",\"args\":[{\"property\":\"published\"}]},"
           "{\"op\":\"or\",\"args\":[{\"op\":\"and\",\"args\":[{\"op\":\"not\",\"args\":[{\"op\":\"isNull\",\"args\":[{"
           "\"property\":"
           "\"created\"}]}]},{\"op\":\">=\",\"args\":[{\"property\":\"created\"},{\"timestamp\":\"2019-05-15T00:00:00Z\"}]}]},"
           "{\"op\":\"and\",\"args\":[{\"op\":\"isNull\",\"args\":[{\"property\":\"created\"}]},"
           "{\"op\":\">=\",\"args\":[{\"property\":\"datetime\"},{\"timestamp\":\"2019-05-15T00:00:00Z\"}]}]}]}]}]},"
           "{\"op\":\"not\",\"args\":[{\"op\":\"like\",\"args\":[{\"property\":\"id\"},\"%L1C%\"]}]}]},"
           "{\"op\":\"=\",\"args\":[{\"property\":\"id\"},\"x\"]}]}");
}

static void attributes_become_properties(void **state) {
    (void)state;
    static const char cloud[] = "{\"op\":\"<=\",\"args\":[{\"property\":\"eo:cloud_cover\"},10]}";
    expect("Attributes/OData.CSC.DoubleAttribute/any(att:att/Name eq 'cloudCover' and att/OData.CSC.DoubleAttribute/Value le "
           "10.00)",
           cloud);
    expect("Attributes/OData.CSC.DoubleAttribute/any(i0:(10 ge i0/Value) and (i0/Name eq 'cloudCover'))", cloud);
    expect("Attributes/OData.CSC.StringAttribute/any(a:a/Name eq 'my:own' and a/Value in ('x','y'))",
           "{\"op\":\"in\",\"args\":[{\"property\":\"my:own\"},[\"x\",\"y\"]]}");
    expect("Attributes/OData.CSC.StringAttribute/any(a:a/Name eq 'my:own')",
           "{\"op\":\"not\",\"args\":[{\"op\":\"isNull\",\"args\":[{\"property\":\"my:own\"}]}]}");
    expect("not Attributes/OData.CSC.IntegerAttribute/any(a:a/Name eq 'orbitNumber' and a/Value eq 5)",
           "{\"op\":\"not\",\"args\":[{\"op\":\"and\",\"args\":[{\"op\":\"not\",\"args\":[{\"op\":\"isNull\",\"args\":[{"
           "\"property\":"
           "\"sat:absolute_orbit\"}]}]},{\"op\":\"=\",\"args\":[{\"property\":\"sat:absolute_orbit\"},5]}]}]}");
}

static void an_area_and_names_are_placed_in_the_query(void **state) {
    (void)state;
    struct expr *e;
    struct fault f = {0};
    struct query q = {0};
    const char *filter =
        "Collection/Name eq 'SENTINEL-2' and (ContentDate/Start gt 2022-05-03T00:00:00.000Z and ContentDate/Start lt "
        "2022-06-01) and Name in ('a','b')";
    assert_int_equal(odata_filter_parse(&s, &lookup, filter, &e, &f), 0);
    assert_int_equal(odata_filter_place(&s, e, &q, &f), 0);
    assert_int_equal(q.collections.count, 2);
    assert_int_equal(q.ids.count, 2);
    assert_string_equal(q.from, "2022-05-03T00:00:00.000000Z");
    assert_string_equal(q.to, "2022-06-01T00:00:00.000000Z");
    char *rest = (char *)written(q.filter);
    assert_non_null(strstr(rest, "start_datetime"));
    assert_null(strstr(rest, "collection"));
    assert_null(strstr(rest, "nadir:"));
    free(rest);

    /* Under or and not nothing may be placed. */
    struct query free_query = {0};
    assert_int_equal(odata_filter_parse(&s, &lookup, "Name eq 'a' or ContentDate/Start gt 2022-05-03", &e, &f), 0);
    assert_int_equal(odata_filter_place(&s, e, &free_query, &f), 0);
    assert_null(free_query.from);
    assert_int_equal(free_query.ids.count, 0);
}

static void faults_name_the_character(void **state) {
    (void)state;
    static const struct {
        const char *filter, *why;
    } bad[] = {
        {"", "at character 1: a property, a value or a function is expected"},
        {"Name eq 'x", "at character 9: the quote does not end"},
        {"Name eq", "at character 8: a value is expected"},
        {"Name foo 'x'", "at character 6: eq, ne, lt, le, gt, ge or in is expected"},
        {"Nam eq 'x'", "at character 1: 'Nam' is not a property that can be filtered by"},
        {"Name eq 'x')", "at character 12: 'and', 'or' or the end is expected"},
        {"(Name eq 'x'", "at character 13: ')' is expected"},
        {"Name eq 'x'; DROP TABLE item", "at character 12: this character cannot stand here"},
        {"Online gt true", "at character 15: Online can only be compared by eq, ne and in"},
        {"ContentDate/Start gt 5", "at character 23: a time such as 2022-05-03T00:00:00.000Z is expected"},
        {"Id eq 'x'", "at character 10: an Id is a UUID"},
        {"Attributes/OData.CSC.StringAttribute/any(a:a/Value eq 'x')",
         "at character 44: any(…) must name one attribute: a/Name eq 'cloudCover'"},
        {"OData.CSC.Intersects(area=geography'SRID=3857;POINT(0 0)')", "at character 27: an area must have SRID=4326"},
        {"Name eq 1e999", "at character 9: a number, a time (2022-05-03T00:00:00.000Z) or a UUID is malformed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct expr *e;
        struct fault f = {0};
        assert_int_equal(odata_filter_parse(&s, &lookup, bad[i].filter, &e, &f), NADIR_EINVAL);
        assert_string_equal(f.field, "$filter");
        assert_string_equal(f.why, bad[i].why);
    }
}

static void names_cannot_stand_under_or_and_not(void **state) {
    (void)state;
    static const char *const bad[] = {
        "Attributes/OData.CSC.StringAttribute/any(a:a/Name eq 'x' or a/Value eq 'y')",
        "Attributes/OData.CSC.StringAttribute/any(a:not a/Name eq 'x' and a/Value eq 'y')",
        "Attributes/OData.CSC.StringAttribute/any(a:a/Name eq 'x' and a/Name eq 'y')",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct expr *e;
        struct fault f = {0};
        assert_int_equal(odata_filter_parse(&s, &lookup, bad[i], &e, &f), NADIR_EINVAL);
    }
}

static void depth_is_bounded(void **state) {
    (void)state;
    char deep[20001];
    struct expr *e;
    struct fault f = {0};
    memset(deep, '(', 5000);
    strcpy(deep + 5000, "Name eq 'x'");
    assert_int_equal(odata_filter_parse(&s, &lookup, deep, &e, &f), NADIR_EINVAL);
    for (int i = 0; i < 4000; i++) memcpy(deep + 4 * i, "not ", 4);
    strcpy(deep + 16000, "Name eq 'x'");
    f = (struct fault){0};
    assert_int_equal(odata_filter_parse(&s, &lookup, deep, &e, &f), NADIR_EINVAL);
}

/* The same as Python's uuid.uuid3(uuid.UUID(bytes=b'urn:nadir:items:'), 'sentinel-2/abc'). */
static void an_id_is_a_uuid_of_version_3(void **state) {
    (void)state;
    char id[ID_SIZE];
    product_id("sentinel-2", "abc", id);
    assert_string_equal(id, "939fcfbc-6976-3ca8-8817-c6332a61fad5");
}

static void geometries_are_written_as_wkt(void **state) {
    (void)state;
    json_t *g =
        scope_json(&s, json_loads("{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1.5,0],[1,1],[0,0]]]]}", 0, NULL));
    assert_string_equal(geometry_wkt(&s, g), "MULTIPOLYGON (((0 0, 1.5 0, 1 1, 0 0)))");
    json_t *p = scope_json(&s, json_loads("{\"type\":\"Point\",\"coordinates\":[7,50,100]}", 0, NULL));
    assert_string_equal(geometry_wkt(&s, p), "POINT (7 50)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(conditions_become_cql2, begin, end),
        cmocka_unit_test_setup_teardown(attributes_become_properties, begin, end),
        cmocka_unit_test_setup_teardown(an_area_and_names_are_placed_in_the_query, begin, end),
        cmocka_unit_test_setup_teardown(faults_name_the_character, begin, end),
        cmocka_unit_test_setup_teardown(names_cannot_stand_under_or_and_not, begin, end),
        cmocka_unit_test_setup_teardown(depth_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(an_id_is_a_uuid_of_version_3, begin, end),
        cmocka_unit_test_setup_teardown(geometries_are_written_as_wkt, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
