/* An item read in one pass is what item_row_make makes of it, for real items (NADIR_SHARED_DATA) and for odd ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/catalogue/prepared.h"

static struct scope s;

static int begin(void **state) {
    (void)state;
    scope_init(&s, "discovery", 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static void assert_same_json(const char *a, const char *b) {
    json_t *x = scope_json(&s, json_loads(a, JSON_DECODE_ANY, NULL)), *y = scope_json(&s, json_loads(b, JSON_DECODE_ANY, NULL));
    assert_non_null(x);
    assert_non_null(y);
    if (!json_equal(x, y)) fail_msg("not the same:\n%s\n%s", a, b);
}

static void assert_same_text(const char *a, const char *b) {
    if (!a || !b) {
        assert_ptr_equal(a, b);
        return;
    }
    assert_string_equal(a, b);
}

/* Reads a line both ways and compares; returns what both say. */
static int both(const char *line) {
    struct prepared quick, slow;
    struct fault f = {0}, g = {0};
    int err = prepared_from_line(&s, line, strlen(line), NULL, NULL, &quick, &f);
    json_t *item = scope_json(&s, json_loads(line, 0, NULL));
    int other = item ? prepared_from_json(&s, item, NULL, NULL, &slow, &g) : NADIR_EINVAL;
    if (err != other) fail_msg("%d is not %d: %s %s: %.600s", err, other, f.why, g.why, line);
    if (err) {
        if (item) assert_string_equal(f.why, g.why);
        return err;
    }
    assert_same_text(quick.collection, slow.collection);
    assert_same_text(quick.id, slow.id);
    assert_same_text(quick.datetime, slow.datetime);
    assert_same_text(quick.starts, slow.starts);
    assert_same_text(quick.ends, slow.ends);
    assert_same_text(quick.area, slow.area);
    assert_same_text(quick.geometry, slow.geometry);
    assert_same_text(quick.checksum, slow.checksum);
    assert_int_equal(quick.crosses, slow.crosses);
    if (quick.cloud_cover || slow.cloud_cover) assert_true(strtod(quick.cloud_cover, NULL) == strtod(slow.cloud_cover, NULL));
    assert_same_json(quick.document, slow.document);
    assert_same_json(quick.properties, slow.properties);
    assert_same_json(quick.storage, slow.storage);
    assert_same_json(quick.event, slow.event);
    return 0;
}

static void test_real_items(void **state) {
    (void)state;
    const char *data = getenv("NADIR_SHARED_DATA");
    char pattern[1024];
    glob_t found = {0};
    snprintf(pattern, sizeof pattern, "%s/stac/items-*.ndjson", data ? data : NADIR_SOURCE "/../shared/data");
    if (glob(pattern, 0, NULL, &found)) {
        print_message("SKIPPED: the shared test data is not here\n");
        skip();
    }
    int lines = 0, taken = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *line = NULL;
        size_t room = 0;
        FILE *file = fopen(found.gl_pathv[i], "r");
        assert_non_null(file);
        while (getline(&line, &room, file) > 0) {
            scope_end(&s);
            scope_init(&s, "discovery", 0);
            lines++;
            taken += both(line) == 0;
        }
        free(line);
        fclose(file);
    }
    globfree(&found);
    assert_true(lines > 2000);
    assert_true(taken > lines * 9 / 10);
}

#define HEAD "{\"type\":\"Feature\",\"stac_version\":\"1.0.0\",\"id\":\"a\",\"collection\":\"c\","
#define PLACE "\"geometry\":{\"type\":\"Point\",\"coordinates\":[7,50]},"
#define TIME "\"properties\":{\"datetime\":\"2020-01-01T00:00:00Z\"},"

static void test_odd_items(void **state) {
    (void)state;
    static const struct {
        const char *line;
        int err;
    } table[] = {
        {HEAD PLACE TIME "\"assets\":{},\"links\":[]}", 0},
        {HEAD PLACE TIME "\"assets\":{}}", 0},
        {" " HEAD PLACE TIME "\"assets\" : { \"a b\" : {\"href\":\"x, y: z\\\" }\"} } , \"links\" : [ ] } ", 0},
        {HEAD PLACE TIME "\"assets\":{\"a\":{\"href\":\"x\",\"file:size\":7,\"file:checksum\":\"1220"
                         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\",\"roles\":[\"data\"]},"
                         "\"b\":{\"href\":\"y\",\"file:size\":1.5}}}",
         0},
        {HEAD PLACE TIME "\"assets\":{\"a\":{\"href\":\"x\",\"nadir:path\":\"products/x\"}}}", 0},
        {HEAD PLACE TIME "\"assets\":{\"a\":{\"href\":\"x\",\"nadir:path\":\"/etc/passwd\"}}}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{\"a\":{}}}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{\"a\":5}}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":[]}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{},\"links\":[{\"rel\":\"license\",\"href\":\"l\"},{\"rel\":\"self\",\"href\":\"s\"}]}",
         0},
        {HEAD PLACE TIME "\"assets\":{},\"links\":[5]}", 0},
        {HEAD PLACE TIME "\"assets\":{},\"note\":\"\\ud83d\\ude00 \\u00e9 \\n\"}", 0},
        {HEAD PLACE TIME "\"assets\":{},\"note\":\"\\ud83d\"}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{},\"note\":\"\\u0000\"}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{},\"note\":123456789012345678901234567890}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{},\"note\":1e400}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{},\"note\":1.5e3}", 0},
        {HEAD PLACE TIME "\"assets\":{},\"assets\":{\"x\":{\"href\":\"h\"}}}", 0},
        {HEAD PLACE TIME "\"assets\":{}", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{}} x", NADIR_EINVAL},
        {HEAD PLACE TIME "\"assets\":{},\"note\":\"\xff\"}", NADIR_EINVAL},
        {HEAD PLACE "\"properties\":{},\"assets\":{}}", NADIR_EINVAL},
        {HEAD PLACE "\"properties\":{\"datetime\":null},\"assets\":{}}", NADIR_EINVAL},
        {HEAD PLACE "\"properties\":{\"datetime\":null,\"start_datetime\":\"2020-01-01T00:00:00Z\",\"end_datetime\":\"2020-01-"
                    "02T00:00:00Z\",\"eo:cloud_cover\":12.5},\"assets\":{}}",
         0},
        {HEAD PLACE "\"properties\":{\"datetime\":\"2020-01-01T00:00:00Z\",\"start_datetime\":\"2020-01-03T00:00:00Z\","
                    "\"end_datetime\":\"2020-01-02T00:00:00Z\"},\"assets\":{}}",
         NADIR_EINVAL},
        {HEAD TIME "\"geometry\":null,\"assets\":{}}", 0},
        {HEAD TIME "\"assets\":{}}", NADIR_EINVAL},
        {HEAD TIME "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[0,1]]]},\"assets\":{}}", NADIR_EINVAL},
        {HEAD TIME "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[0,1],[1,0],[0,0]]]},\"assets\":{}}",
         NADIR_EINVAL},
        {HEAD TIME "\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]},\"assets\":{}}", 0},
        {HEAD TIME
         "\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]]],[[[5,5],[6,5],[6,6],[5,"
         "5]]]]},\"assets\":{}}",
         0},
        {HEAD TIME "\"geometry\":{\"type\":\"Point\",\"coordinates\":[7,50]},\"bbox\":[7,50,6]}", NADIR_EINVAL},
        {HEAD TIME "\"geometry\":{\"type\":\"Point\",\"coordinates\":[7,50,3]},\"bbox\":[7,50,0,7,50,9],\"assets\":{}}", 0},
        {"[]", NADIR_EINVAL},
        {"5", NADIR_EINVAL},
        {"", NADIR_EINVAL},
        {"{}", NADIR_EINVAL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (both(table[i].line) != table[i].err) fail_msg("line %zu: %s", i, table[i].line);
}

static void test_the_usual_is_read_in_one_pass(void **state) {
    (void)state;
    static const char line[] = HEAD PLACE TIME "\"assets\":{\"a\":{\"href\":\"x\"}},\"links\":[]}";
    struct scan scan;
    assert_true(item_scan(&scan, &s, line, strlen(line)));
    assert_int_equal(scan.nassets, 1);
    assert_true(span_is(scan_member(&scan, "id"), "\"a\""));
    assert_false(item_scan(&scan, &s, "{\"a\":1,\"a\":2}", 13));
}

static void test_white_space_between_tokens_goes(void **state) {
    (void)state;
    static const char *const lines[] = {
        HEAD PLACE TIME "\"assets\":{\"a\":{\"href\":\"x , : y\",\"roles\":[\"data\", \"b\"]}},\"links\":[]}",
        HEAD PLACE TIME "\"assets\":{\"a\":{\"href\":\"x , : y\",\"roles\":[ \"data\",\"b\"]}},\"links\":[]}",
        HEAD PLACE TIME "\"assets\":{\"a\" :{\"href\":\"x , : y\",\"roles\":[\"data\",\"b\" ]}},\"links\":[]}",
        HEAD PLACE TIME "\"assets\":{\"a\":{\"href\": \"x , : y\",\"roles\":[\"data\",\"b\"]} },\"links\":[]}\n",
        HEAD PLACE TIME "\"assets\":{\"a\":{\"href\":\"x , : y\"\t,\"roles\":[\"data\",\"b\"] }},\"links\":[]}",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct prepared p;
        struct fault f = {0};
        assert_int_equal(prepared_from_line(&s, lines[i], strlen(lines[i]), NULL, NULL, &p, &f), 0);
        assert_non_null(strstr(p.document, "\"assets\":{\"a\":{\"href\":\"x , : y\",\"roles\":[\"data\",\"b\"]}}"));
    }
}

static void test_a_collection_may_be_given(void **state) {
    (void)state;
    static const char line[] = HEAD PLACE TIME "\"assets\":{},\"links\":[]}";
    struct prepared p;
    struct fault f = {0};
    assert_int_equal(prepared_from_line(&s, line, strlen(line), "other", "ana", &p, &f), 0);
    assert_string_equal(p.collection, "other");
    assert_string_equal(p.owner, "ana");
    assert_non_null(strstr(p.document, "\"collection\":\"other\""));
    assert_non_null(strstr(p.document, BASE_MARK "/stac/collections/other/items/a"));
    assert_null(strstr(p.document, "\"c\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_real_items, begin, end),
        cmocka_unit_test_setup_teardown(test_odd_items, begin, end),
        cmocka_unit_test_setup_teardown(test_the_usual_is_read_in_one_pass, begin, end),
        cmocka_unit_test_setup_teardown(test_white_space_between_tokens_goes, begin, end),
        cmocka_unit_test_setup_teardown(test_a_collection_may_be_given, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
