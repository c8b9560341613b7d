/* Manifests, inputs and prices, without a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "processing/service/processing.h"

static struct scope s;

static int setup(void **state) {
    (void)state;
    scope_init(&s, "test", 0);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static json_t *parse(const char *text) {
    json_t *json = scope_json(&s, json_loads(text, JSON_DECODE_ANY, NULL));
    assert_non_null(json);
    return json;
}

static const char *manifest_text(const char *inputs) {
    return scope_printf(&s,
                        "{\"id\": \"x\", \"version\": \"1\", \"title\": \"X\", \"runtime\": \"python3\","
                        "\"inputs\": %s, \"outputs\": {\"made\": {}}}",
                        inputs);
}

static struct process process_with(const char *inputs) {
    struct fault f = {0};
    json_t *manifest = NULL;
    int err = manifest_check(&s, parse(manifest_text(inputs)), &manifest, &f);
    if (f.field) print_error("%s %s\n", f.field, f.why);
    assert_int_equal(err, 0);
    return (struct process){.id = "x", .version = "1", .manifest = manifest};
}

/* The field at fault, or NULL. */
static const char *check(const struct process *p, const char *inputs, struct order *order) {
    struct fault f = {0};
    struct order own;
    int err = inputs_check(&s, p, parse(inputs), "https://eo.example", order ? order : &own, &f);
    assert_int_equal(err != 0, f.field != NULL);
    return f.field;
}

static void test_manifest_defaults(void **state) {
    (void)state;
    struct process p = process_with("{\"scene\": {\"type\": \"scene\"}, \"n\": {\"type\": \"number\"}}");
    assert_string_equal(json_string_value(json_object_get(p.manifest, "visibility")), "private");
    assert_string_equal(json_string_value(json_object_get(p.manifest, "entry")), "main.py");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(p.manifest, "limits"), "seconds")), 300);
    assert_string_equal(json_string_value(json_object_get(json_object_get(p.manifest, "output"), "key")), "made");
}

static void test_values(void **state) {
    (void)state;
    struct process p =
        process_with("{\"scene\": {\"type\": \"scene\"}, \"n\": {\"type\": \"number\", \"minimum\": 0, \"maximum\": 1},"
                     "\"b\": {\"type\": \"boolean\", \"default\": true}}");
    struct order order;
#define SCENE "\"scene\": {\"collection\": \"c\", \"item\": \"i\"}"
    assert_null(check(&p, "{" SCENE ", \"n\": 0.25}", &order));
    assert_true(json_is_true(json_object_get(order.parameters, "b")));
    assert_float_equal(json_number_value(json_object_get(order.parameters, "n")), 0.25, 0);
    assert_null(json_object_get(order.parameters, "scene"));
    assert_null(check(&p, "{" SCENE ", \"n\": {\"value\": 1}}", NULL));
    static const char *const wrong[][2] = {
        {"{" SCENE "}", "inputs.n"},
        {"{" SCENE ", \"n\": 1.01}", "inputs.n"},
        {"{" SCENE ", \"n\": \"1\"}", "inputs.n"},
        {"{" SCENE ", \"n\": [1]}", "inputs.n"},
        {"{" SCENE ", \"n\": {\"value\": {\"value\": 1}}}", "inputs.n"},
        {"{" SCENE ", \"n\": 1, \"b\": \"yes\"}", "inputs.b"},
        {"{" SCENE ", \"n\": 1, \"c\": 1}", "inputs.c"},
        {"{\"n\": 1}", "inputs.scene"},
        {"[]", "inputs"},
        {"7", "inputs"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) assert_string_equal(check(&p, wrong[i][0], NULL), wrong[i][1]);
}

static void test_scenes_by_address(void **state) {
    (void)state;
    struct process p = process_with("{\"scene\": {\"type\": \"scene\"}}");
    struct order order;
    assert_null(check(&p, "{\"scene\": {\"href\": \"https://eo.example/stac/collections/a%20b/items/c%2Fd\"}}", &order));
    const json_t *scene = json_object_get(order.scenes, "scene");
    assert_string_equal(json_string_value(json_object_get(scene, "collection")), "a b");
    assert_string_equal(json_string_value(json_object_get(scene, "item")), "c/d");
    static const char *const wrong[] = {"https://eo.example.evil/stac/collections/a/items/b",
                                        "https://eo.example/stac/collections/a",
                                        "https://eo.example/stac/collections/a/items/",
                                        "https://eo.example/stac/collections/a/items/b/c",
                                        "https://eo.example/stac/collections/a/items/b?x=1",
                                        "https://eo.example/stac/collections/%zz/items/b",
                                        "https://eo.example/stac/collections//items/b",
                                        "file:///etc/passwd",
                                        ""};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        assert_string_equal(check(&p, scope_printf(&s, "{\"scene\": {\"href\": \"%s\"}}", wrong[i]), NULL), "inputs.scene");
    }
}

static void test_prices(void **state) {
    (void)state;
    const json_t *m = parse("{\"price\": {\"base\": 5, \"per_mpx\": 10, \"currency\": \"EUR\"}}");
    assert_int_equal(price_of(m, 0), 5);
    assert_int_equal(price_of(m, 1), 6);
    assert_int_equal(price_of(m, 100000), 6);
    assert_int_equal(price_of(m, 100001), 7);
    assert_int_equal(price_of(m, 1000000), 15);
    m = parse("{\"price\": {\"base\": 0, \"per_mpx\": 0}}");
    assert_int_equal(price_of(m, 123456789), 0);
    m = parse("{\"price\": {\"base\": 100000000, \"per_mpx\": 1000000}}");
    assert_int_equal(price_of(m, INT64_C(1000000000000)), INT64_C(1000100000000));
}

static void test_names(void **state) {
    (void)state;
    assert_true(process_id_valid("water-mask2"));
    assert_true(version_valid("1.0.0-rc.1+b"));
    static const char *const ids[] = {"", "-x", "2x", "X", "x_y", "x/y", "..", "x.y", "\xc3\xa9"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) assert_false(process_id_valid(ids[i]));
    static const char *const versions[] = {"", "v1", "1..2", "../1", "1/2", "1 2", ".1"};
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) assert_false(version_valid(versions[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_manifest_defaults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scenes_by_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
    };
    return cmocka_run_group_tests_name("processing_inputs", tests, NULL, NULL);
}
