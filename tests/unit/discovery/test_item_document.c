/* What is stored, shown and told of a STAC Item, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "discovery/stac.h"

static struct scope s;

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

static const char good[] =
    "{\"type\":\"Feature\",\"stac_version\":\"1.0.0\",\"id\":\"a-1\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[7.25,50."
    "5]},"
    "\"properties\":{\"datetime\":\"2020-01-01T00:00:00Z\"},\"links\":[{\"rel\":\"self\",\"href\":\"http://evil.example/\"},"
    "{\"rel\":\"license\",\"href\":\"https://example.org/"
    "l\"}],\"assets\":{\"red\":{\"href\":\"ignored\",\"nadir:path\":\"products/c/a/red.tif\","
    "\"file:size\":5,\"file:checksum\":\"1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"},"
    "\"far\":{\"href\":\"https://example.org/f.tif\"}}}";

static json_t *parsed(void) {
    return scope_json(&s, json_loads(good, 0, NULL));
}

static void test_paths_are_kept_apart(void **state) {
    (void)state;
    struct item_row row;
    struct fault f = {0};
    assert_int_equal(item_row_make(&s, "c", NULL, parsed(), &row, &f), 0);
    assert_null(strstr(row.document, "nadir:path"));
    assert_null(strstr(row.document, "products/"));
    assert_null(strstr(row.document, "evil"));
    assert_non_null(strstr(row.document, BASE_MARK "/download/v1/items/c/a-1/assets/red"));
    assert_non_null(strstr(row.document, "https://example.org/f.tif"));
    assert_non_null(strstr(row.document, "https://example.org/l"));
    assert_non_null(strstr(row.document, "\"bbox\":[7.25,50.5,7.25,50.5]"));
    assert_string_equal(json_string_value(json_object_get(row.storage, "red")), "products/c/a/red.tif");
    assert_null(json_object_get(row.storage, "far"));
}

static void test_event_tells_place_size_and_digest(void **state) {
    (void)state;
    struct item_row row;
    struct fault f = {0};
    assert_int_equal(item_row_make(&s, "c", NULL, parsed(), &row, &f), 0);
    const json_t *red = json_object_get(json_object_get(row.event, "assets"), "red");
    assert_string_equal(json_string_value(json_object_get(red, "path")), "products/c/a/red.tif");
    assert_int_equal(json_integer_value(json_object_get(red, "size")), 5);
    assert_string_equal(json_string_value(json_object_get(red, "sha256")),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(json_string_value(json_object_get(row.event, "item")), "a-1");
    assert_non_null(json_object_get(row.event, "geometry"));
}

/* Sets a member (dotted path of at most two) to a JSON text, or removes it; expects a refusal that names the field. */
static void refused(const char *path, const char *value, const char *field) {
    json_t *item = parsed(), *object = item;
    const char *dot = strchr(path, '.');
    char outer[64] = "";
    if (dot) {
        snprintf(outer, sizeof outer, "%.*s", (int)(dot - path), path);
        object = json_object_get(item, outer);
        path = dot + 1;
    }
    if (value)
        json_object_set_new(object, path, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(object, path);
    struct item_row row;
    struct fault f = {0};
    assert_int_equal(item_row_make(&s, "c", "a-1", item, &row, &f), NADIR_EINVAL);
    assert_string_equal(f.field, field);
}

/* What RFC 7946 section 3.1.9 has cut, and what should have been, are taken; what is broken either way is told as it stands. */
static void test_antimeridian_validity(void **state) {
    (void)state;
    static const struct {
        const char *geometry;
        bool bbox_crosses, crosses;
        const char *fault;
    } table[] = {
        {"{\"type\":\"MultiPolygon\",\"coordinates\":[[[[177,-20],[180,-20],[180,-15],[177,-20]]],[[[-180,-20],[-178,-20],[-"
         "180,-15],[-180,"
         "-20]]]]}",
         true, true, NULL},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[179,60],[-179,60],[-179,61],[179,61],[179,60]]]}", true, true, NULL},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[-179,0],[175,0],[-178,8],[178,8],[-179,9],[178,9],[178,4],[-179,0]]]}",
         false, false, "is not valid: Self-intersection"},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[-180,80],[180,80],[180,90],[-180,90],[-180,80]]]}", false, false, NULL},
        {"{\"type\":\"Polygon\",\"coordinates\":[[[179,60],[-179,61],[-179,60],[179,61],[179,60]]]}", true, true,
         "is not valid: Self-intersection"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool crosses = table[i].bbox_crosses;
        const char *fault = geometry_fault(&s, table[i].geometry, &crosses);
        if (!table[i].fault && fault) print_message("%zu: %s\n", i, fault);
        assert_int_equal(fault == NULL, table[i].fault == NULL);
        if (fault) assert_memory_equal(fault, table[i].fault, strlen(table[i].fault));
        assert_int_equal(crosses, table[i].crosses);
    }
}

static void test_refusals(void **state) {
    (void)state;
    static const char *const table[][3] = {
        {"type", "\"Collection\"", "type"},
        {"stac_version", "\"0.9.0\"", "stac_version"},
        {"id", "\"other\"", "id"},
        {"id", "\"../etc\"", "id"},
        {"id", "\"a b\"", "id"},
        {"id", "\"\"", "id"},
        {"id", "7", "id"},
        {"collection", "\"other\"", "collection"},
        {"geometry", NULL, "geometry"},
        {"geometry", "{\"type\":\"Point\",\"coordinates\":[200,0]}", "geometry"},
        {"geometry", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[0,1]]]}", "geometry"},
        {"geometry", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}", "geometry"},
        {"geometry", "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,0],[0,0]]]}", "geometry"},
        {"bbox", "[1,2,3]", "bbox"},
        {"properties", "[]", "properties"},
        {"properties.datetime", NULL, "properties.datetime"},
        {"properties.datetime", "null", "properties.datetime"},
        {"properties.datetime", "\"2020-01-01\"", "datetime"},
        {"assets", "[]", "assets"},
        {"assets.far", "{}", "assets"},
        {"assets.far", "5", "assets"},
        {"assets.a b", "{\"nadir:path\":\"products/x\"}", "assets"},
        {"assets.far", "{\"nadir:path\":\"/etc/passwd\"}", "nadir:path"},
        {"assets.far", "{\"nadir:path\":\"products/../../etc\"}", "nadir:path"},
        {"assets.far", "{\"nadir:path\":\"..\"}", "nadir:path"},
        {"assets.far", "{\"nadir:path\":\"a/..\"}", "nadir:path"},
        {"assets.far", "{\"nadir:path\":\"/vsisubfile/0_10,/etc/passwd\"}", "nadir:path"},
        {"assets.far", "{\"nadir:path\":\"file:///etc/passwd\"}", "nadir:path"},
        {"assets.far", "{\"nadir:path\":\"a\\u000ab\"}", "nadir:path"},
        {"links", "{}", "links"},
        {"stac_extensions", "{}", "stac_extensions"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) refused(table[i][0], table[i][1], table[i][2]);
}

static void test_a_megabyte_is_enough(void **state) {
    (void)state;
    json_t *item = parsed();
    char *long_text = scope_alloc(&s, DOCUMENT_MOST + 1);
    memset(long_text, 'x', DOCUMENT_MOST);
    json_object_set_new(json_object_get(item, "properties"), "description", json_string(long_text));
    struct item_row row;
    struct fault f = {0};
    assert_int_equal(item_row_make(&s, "c", NULL, item, &row, &f), NADIR_EINVAL);
    assert_string_equal(f.field, "body");
}

static void test_mark_becomes_the_public_url(void **state) {
    (void)state;
    struct text *t = text_new(&s, 1);
    static const char document[] = "{\"a\":\"" BASE_MARK "/x\",\"b\":\"" BASE_MARK "\"}";
    text_add_document(t, document, sizeof document - 1, "https://n.example");
    assert_string_equal(t->data, "{\"a\":\"https://n.example/x\",\"b\":\"https://n.example\"}");
}

static void test_numbers_come_back_as_they_were(void **state) {
    (void)state;
    static const char text[] =
        "[0.1,-7.512549313555328e-05,0.0002715594582527158,1.0,100000000000000000000.0,123456789012345678,"
        "\"1.10000000000000001 \\\" 2.20000000000000002\",5e-324,0,-0.0,74.161316]";
    json_t *json = scope_json(&s, json_loads(text, 0, NULL));
    assert_non_null(json);
    const char *line = json_line(&s, json);
    assert_true(json_equal(json, scope_json(&s, json_loads(line, 0, NULL))));
    assert_non_null(strstr(line, "[0.1,-7.512549313555328e-05,0.0002715594582527158,1.0,"));
    assert_non_null(strstr(line, "1.10000000000000001 \\\" 2.20000000000000002"));
    assert_non_null(strstr(line, ",74.161316]"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_paths_are_kept_apart, begin, end),
        cmocka_unit_test_setup_teardown(test_event_tells_place_size_and_digest, begin, end),
        cmocka_unit_test_setup_teardown(test_antimeridian_validity, begin, end),
        cmocka_unit_test_setup_teardown(test_refusals, begin, end),
        cmocka_unit_test_setup_teardown(test_a_megabyte_is_enough, begin, end),
        cmocka_unit_test_setup_teardown(test_numbers_come_back_as_they_were, begin, end),
        cmocka_unit_test_setup_teardown(test_mark_becomes_the_public_url, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
