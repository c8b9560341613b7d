/* The command line, asset keys and identifiers. */
#include "folder.h"

#include <getopt.h>

#include "options.h"

/* Reads a command line; the words are NULL-ended. */
static int read_line(struct options *o, const char *const *words) {
    char *argv[32];
    int argc = 0;
    argv[argc++] = "nadir-ingest";
    for (; *words; words++) argv[argc++] = scope_strdup(&s, *words);
    argv[argc] = NULL;
    optind = 0;
    return options_read(argc, argv, o);
}

#define READ(o, ...) read_line(o, (const char *const[]){__VA_ARGS__, NULL})

static void test_good_lines(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(READ(&o, "a.tif", "--collection", "c", "--bounds", "-180,-90,180,90", "--nodata", "0", "--property",
                          "platform=x", "--property", "gsd=5", "--files-only", "b.tif"),
                     0);
    assert_int_equal(o.npaths, 2);
    assert_true(o.has_bounds && o.bounds[0] == -180 && o.bounds[3] == 90 && o.has_nodata);
    assert_true(json_is_string(json_object_get(o.properties, "platform")) &&
                json_is_integer(json_object_get(o.properties, "gsd")));
    assert_string_equal(o.srs, "EPSG:4326");
    json_decref(o.properties);
}

static void test_bad_lines(void **state) {
    (void)state;
    struct options o;
    assert_int_equal(READ(&o, "--collection", "c"), 3);
    assert_int_equal(READ(&o, "a"), 3);
    assert_int_equal(READ(&o, "a", "--collection", "../x"), 3);
    assert_int_equal(READ(&o, "a", "--collection", ".."), 3);
    assert_int_equal(READ(&o, "a", "--collection", ""), 3);
    assert_int_equal(READ(&o, "a", "b", "--collection", "c", "--id", "i"), 3);
    assert_int_equal(READ(&o, "a", "--collection", "c", "--bounds", "1,2,3"), 3);
    assert_int_equal(READ(&o, "a", "--collection", "c", "--bounds", "1,2,1,4"), 3);
    assert_int_equal(READ(&o, "a", "--collection", "c", "--bounds", "nan,2,3,4"), 3);
    assert_int_equal(READ(&o, "a", "--collection", "c", "--nodata", "x"), 3);
    assert_int_equal(READ(&o, "a", "--collection", "c", "--property", "x"), 3);
    assert_int_equal(READ(&o, "a", "--collection", "c", "--no-such"), 3);
    assert_int_equal(READ(&o, "--help"), 1);
}

static void test_keys_are_unique_and_plain(void **state) {
    (void)state;
    struct product p;
    product_init(&p, &s);
    assert_string_equal(product_band(&p, &r, "B4", "red", "f", 1)->key, "red");
    assert_string_equal(product_band(&p, &r, "B6_VCID_1", "red", "f", 1)->key, "b6_vcid_1");
    assert_string_equal(product_band(&p, &r, "B6_VCID_1", NULL, "f", 1)->key, "b6_vcid_1-2");
    assert_string_equal(product_band(&p, &r, "../a b", NULL, "f", 1)->key, "___a_b");
    while (p.nbands < BANDS_MOST) assert_non_null(product_band(&p, &r, "x", NULL, "f", 1));
    assert_null(product_band(&p, &r, "x", NULL, "f", 1));
}

static void test_identifiers(void **state) {
    (void)state;
    struct product p;
    product_init(&p, &s);
    product_id(&p, "a b/c.SAFE");
    assert_string_equal(p.id, "a-b-c.SAFE");
}

int main(void) {
    setenv("NADIR_DATA", "/nonexistent", 1);
    setenv("NADIR_URL", "http://localhost", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good_lines, begin, end),
        cmocka_unit_test_setup_teardown(test_bad_lines, begin, end),
        cmocka_unit_test_setup_teardown(test_keys_are_unique_and_plain, begin, end),
        cmocka_unit_test_setup_teardown(test_identifiers, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
