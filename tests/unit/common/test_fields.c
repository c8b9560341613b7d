#include "test.h"

#include "common/fields.h"
#include "common/http.h"

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

static struct fields parse(const char *text) {
    return fields_of(scope_json(&s, json_loads(text, JSON_DECODE_ANY, NULL)));
}

static void good_members_are_read(void **state) {
    (void)state;
    static const char *const models[] = {"free", "fixed", NULL};
    struct response rs = {.scope = &s};
    struct fields f = parse("{\"name\":\"x\",\"n\":3,\"d\":2.5,\"b\":true,\"m\":\"fixed\",\"o\":{},\"a\":[1],"
                            "\"u\":\"0190a0b0-0000-7000-8000-000000000000\",\"null\":null}");
    fields_closed(&f);
    assert_string_equal(field_string(&f, "name", 1, 5), "x");
    assert_int_equal(field_int(&f, "n", 0, 10), 3);
    assert_true(field_number(&f, "d", 0, 10) == 2.5);
    assert_true(field_bool(&f, "b"));
    assert_string_equal(field_choice(&f, "m", models), "fixed");
    assert_non_null(field_object(&f, "o"));
    assert_int_equal(json_array_size(field_array(&f, "a", 1, 2)), 1);
    assert_non_null(field_uuid(&f, "u"));
    assert_int_equal(field_int_or(&f, "null", 0, 1, 9), 9);
    assert_null(field_string_or(&f, "absent", 0, 1, NULL));
    assert_false(fields_fail(&f, &rs));
}

static void faults_name_the_member(void **state) {
    (void)state;
    static const struct {
        const char *body, *named;
    } cases[] = {
        {"[]", "body"},
        {"{}", "name"},
        {"{\"name\":null}", "name"},
        {"{\"name\":3}", "name"},
        {"{\"name\":\"\"}", "name"},
        {"{\"name\":\"abcdef\"}", "name"},
        {"{\"name\":\"ok\",\"extra\":1}", "extra"},
        {"{\"name\":\"ok\",\"n\":1.5}", "n"},
        {"{\"name\":\"ok\",\"n\":11}", "n"},
        {"{\"name\":\"ok\",\"n\":\"1\"}", "n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct response rs = {.scope = &s};
        struct fields f = parse(cases[i].body);
        char wanted[40];
        fields_closed(&f);
        field_string(&f, "name", 1, 5);
        field_int_or(&f, "n", 0, 10, 0);
        assert_true(fields_fail(&f, &rs));
        assert_int_equal(rs.status, 422);
        snprintf(wanted, sizeof wanted, "\"field\":\"%s\"", cases[i].named);
        if (!strstr(rs.body, wanted)) fail_msg("%s: %s", cases[i].body, rs.body);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_members_are_read), cmocka_unit_test(faults_name_the_member)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
