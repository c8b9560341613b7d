/* CQL2 JSON and STAC's query: what is read, what is refused, and that drafts of the standard still work. */
#include "filter.h"

static void test_drafts(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"{\"op\":\"eq\",\"args\":[{\"property\":\"a\"},1]}", "a = 1"},
        {"{\"eq\":[{\"property\":\"a\"},1]}", "a = 1"},
        {"{\"op\":\"lte\",\"args\":[{\"property\":\"a\"},1]}", "a <= 1"},
        {"{\"op\":\"isNull\",\"args\":{\"property\":\"a\"}}", "a IS NULL"},
        {"{\"op\":\"between\",\"args\":[{\"property\":\"a\"},[1,2]]}", "a BETWEEN 1 AND 2"},
        {"{\"op\":\"anyinteracts\",\"args\":[{\"property\":\"datetime\"},{\"interval\":[\"2020-01-01\",\"..\"]}]}",
         "T_INTERSECTS(datetime, INTERVAL('2020-01-01', '..'))"},
        {"{\"op\":\"AND\",\"args\":[{\"op\":\"=\",\"args\":[{\"property\":\"a\"},1]}]}", "a = 1"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault f = {0}, g = {0};
        json_t *json = from_json(table[i][0], &f), *text = from_text(table[i][1], &g);
        if (!json) fail_msg("%s: %s", table[i][0], f.why);
        assert_non_null(text);
        assert_true(json_equal(json, text));
    }
}

static void test_refused(void **state) {
    (void)state;
    static const char *const table[] = {
        "null",
        "1",
        "\"a\"",
        "[]",
        "{}",
        "{\"property\":\"a\"}",
        "{\"op\":1,\"args\":[]}",
        "{\"op\":\"=\"}",
        "{\"op\":\"=\",\"args\":[1]}",
        "{\"op\":\"=\",\"args\":[1,2,3]}",
        "{\"op\":\"=\",\"args\":[{\"property\":\"a\"},null]}",
        "{\"op\":\"=\",\"args\":[{\"property\":\"\"},1]}",
        "{\"op\":\"=\",\"args\":[{\"property\":5},1]}",
        "{\"op\":\"=\",\"args\":[{\"property\":\"a\"},[1]]}",
        "{\"op\":\"and\",\"args\":[]}",
        "{\"op\":\"and\",\"args\":[1]}",
        "{\"op\":\"in\",\"args\":[{\"property\":\"a\"},1]}",
        "{\"op\":\"like\",\"args\":[{\"property\":\"a\"},{\"property\":\"b\"}]}",
        "{\"op\":\"like\",\"args\":[{\"property\":\"a\"},\"x\\\\\"]}",
        "{\"op\":\"avg\",\"args\":[{\"property\":\"a\"}]}",
        "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"geometry\"},{\"type\":\"Point\",\"coordinates\":[1]}]}",
        "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"geometry\"},{\"type\":\"Circle\",\"coordinates\":[1,2]}]}",
        "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"geometry\"},{\"bbox\":[1,2]}]}",
        "{\"op\":\"t_after\",\"args\":[{\"property\":\"datetime\"},{\"timestamp\":\"2020\"}]}",
        "{\"op\":\"t_after\",\"args\":[{\"property\":\"datetime\"},{\"interval\":[\"2020-01-01\"]}]}",
        "{\"op\":\"t_during\",\"args\":[{\"property\":\"datetime\"},{\"date\":\"2020-01-01\"}]}",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault f = {0};
        json_t *json = from_json(table[i], &f);
        if (json) fail_msg("%s was read as %s", table[i], line(json));
        assert_string_equal(f.field, "filter");
    }
}

static void test_fault_names_the_place(void **state) {
    (void)state;
    struct fault f = {0};
    assert_null(
        from_json("{\"op\":\"and\",\"args\":[true,{\"op\":\"<\",\"args\":[{\"property\":\"a\"},{\"date\":\"x\"}]}]}", &f));
    assert_non_null(strstr(f.why, "at args[1].args[1]: "));
}

static void test_deep(void **state) {
    (void)state;
    struct fault f = {0};
    json_t *json = json_true();
    for (int i = 0; i < 500; i++) json = json_pack("{s:s, s:[o]}", "op", "not", "args", json);
    struct expr *e;
    assert_int_equal(cql2_json_parse(&scope, scope_json(&scope, json), &e, &f), NADIR_EINVAL);
    assert_non_null(strstr(f.why, "64"));
}

static json_t *query(const char *text, struct fault *f) {
    struct expr *e = NULL;
    json_t *json = scope_json(&scope, json_loads(text, 0, NULL));
    assert_non_null(json);
    return stac_query_parse(&scope, json, &e, f) ? NULL : scope_json(&scope, cql2_json_write(e));
}

static void test_stac_query(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"{\"eo:cloud_cover\":{\"lt\":10,\"gte\":1}}", "eo:cloud_cover < 10 AND eo:cloud_cover >= 1"},
        {"{\"a\":{\"eq\":\"x\"},\"b\":{\"neq\":true}}", "a = 'x' AND b <> true"},
        {"{\"a\":{\"startsWith\":\"1%_\\\\\"}}", "a LIKE '1\\%\\_\\\\%'"},
        {"{\"a\":{\"endsWith\":\"x\"}}", "a LIKE '%x'"},
        {"{\"properties.a\":{\"contains\":\"x\"}}", "a LIKE '%x%'"},
        {"{\"a\":{\"in\":[1,\"x\",false]}}", "a IN (1, 'x', false) OR A_OVERLAPS(a, (1, 'x', false))"},
        {"{\"id\":{\"in\":[\"x\"]}}", "id IN ('x')"},
        {"{\"a\":{\"lt\":\"5.5\"}}", "a < '5.5' OR a < 5.5"},
        {"{\"a\":{\"eq\":\"5x\"}}", "a = '5x'"},
        {"{\"a\":{\"eq\":null}}", "a IS NULL"},
        {"{}", "true"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault f = {0}, g = {0};
        json_t *json = query(table[i][0], &f), *text = from_text(table[i][1], &g);
        if (!json || !text) fail_msg("%s: %s %s", table[i][0], f.why, g.why);
        if (!json_equal(json, text)) fail_msg("%s\n%s", line(json), line(text));
    }
    static const char *const bad[] = {"[]",
                                      "{\"a\":1}",
                                      "{\"a\":{\"like\":\"x\"}}",
                                      "{\"a\":{\"lt\":null}}",
                                      "{\"a\":{\"eq\":[1]}}",
                                      "{\"a\":{\"in\":1}}",
                                      "{\"a\":{\"in\":[null]}}",
                                      "{\"a\":{\"startsWith\":1}}",
                                      "{\"\":{\"eq\":1}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fault f = {0};
        assert_null(query(bad[i], &f));
        assert_string_equal(f.field, "query");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_drafts, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_refused, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_fault_names_the_place, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_deep, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_stac_query, scope_begin, scope_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
