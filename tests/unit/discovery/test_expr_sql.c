/* Filters as SQL: nothing a caller wrote is in the statement's text, and every form of a value is a parameter. */
#include <ctype.h>

#include "filter.h"

static struct sql statement(const char *text) {
    struct expr *e = NULL;
    struct fault f = {0};
    struct sql q;
    if (cql2_text_parse(&scope, text, &e, &f)) fail_msg("%s: %s", text, f.why);
    sql_init(&q, &scope);
    if (expr_sql(&q, e, &f)) fail_msg("%s: %s", text, f.why);
    return q;
}

/* Two filters of one shape have the same statement, whatever their names and values. */
static void test_text_depends_on_the_shape_alone(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"aaa = 'bbb'", "\"x'); DROP TABLE item; --\" = '''; DROP TABLE item; --'"},
        {"aaa > 1", "\"$1\" > 987654.321"},
        {"aaa LIKE 'x%'", "\"%s%n\" LIKE '%s%n'"},
        {"aaa IN ('p', 'q')", "\"\\\" IN ('$1', ''')')"},
        {"aaa = true", "\"f,owner\"\"\" = true"},
        {"CASEI(aaa) = ACCENTI('p')", "CASEI(\"'\") = ACCENTI('$$')"},
        {"aaa BETWEEN 1 AND 2", "\"1 OR 1=1\" BETWEEN -5e10 AND 1e-7"},
        {"aaa + 1 > bbb * 2", "\"(\" + 77 > \")\" * 88"},
        {"aaa = bbb", "\"--\" = \"/*\""},
        {"aaa IS NULL", "\"NULL\" IS NULL"},
        {"A_CONTAINS(aaa, ('p', 1))", "A_CONTAINS(\"[\", (''']::jsonb', 777))"},
        {"A_OVERLAPS((aaa, 'p'), bbb)", "A_OVERLAPS((\"]\", '\"'), \"}\")"},
        {"aaa.bbb = 1", "\"{.}\" = 2"},
        {"T_AFTER(aaa, TIMESTAMP('2020-01-01T00:00:00Z'))", "T_AFTER(\"now()\", TIMESTAMP('1999-12-31T23:59:59.123Z'))"},
        {"T_DURING(datetime, INTERVAL('2020-01-01', '2020-01-02'))",
         "T_DURING(datetime, INTERVAL('1990-01-01', '2029-01-02'))"},
        {"S_INTERSECTS(geometry, POINT(1 2))", "S_INTERSECTS(geometry, POLYGON((0 0, 5 0, 5 5, 0 0)))"},
        {"id = 'a'", "id = 'b'' OR true'"},
        {"datetime > '2020-01-01'", "datetime > '2021-05-05T00:00:00Z'"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct sql a = statement(pairs[i][0]), b = statement(pairs[i][1]);
        if (strcmp(a.text, b.text) != 0) fail_msg("%s\n%s\n%s", pairs[i][1], a.text, b.text);
        assert_int_equal(a.count, b.count);
    }
}

/* What stands in a statement: our words, our constants and parameters. Nothing else. */
static void test_text_is_made_of_our_words(void **state) {
    (void)state;
    static const char *const ours[] = {"'array'", "'null'", "'[]'", "'.'", "'infinity'", "'-infinity'", "\"C\""};
    struct sql q = statement(
        "zq = 'zq' AND zq > 31337 OR NOT (A_EQUALS(zq, ('zq', 31337)) AND zq.zq IS NULL) OR T_STARTS(INTERVAL(zq, '..'), "
        "INTERVAL('..', '2031-03-03')) OR zq < 'zq' OR S_WITHIN(geometry, POINT(31.337 31.337)) OR T_INTERSECTS(datetime, "
        "INTERVAL('2031-03-03', '..')) OR CASEI(zq) LIKE CASEI('zq%')");
    char *text = scope_strdup(&scope, q.text);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        for (char *p; (p = strstr(text, ours[i]));) memset(p, ' ', strlen(ours[i]));
    assert_null(strpbrk(text, "'\"\\;"));
    assert_null(strstr(text, "zq"));
    assert_null(strstr(text, "31"));
    assert_null(strstr(text, "2031"));
}

static void test_columns_serve(void **state) {
    (void)state;
    static const char *const table[][2] = {
        {"datetime >= TIMESTAMP('2020-01-01T00:00:00Z')", "(f.datetime >= $1::timestamptz)"},
        {"datetime = '2020-01-01T00:00:00Z'", "(f.datetime = $1::timestamptz)"},
        {"datetime = 'yesterday'", "(NULL::boolean)"},
        {"collection = 'a'", "(f.collection = $1::text)"},
        {"collection IN ('a', 'b')", "(f.collection IN ($1::text, $2::text))"},
        {"id = 'a'", "(f.id = $1::text)"},
        {"eo:cloud_cover < 20", "(f.cloud_cover < $1::float8)"},
        {"properties.eo:cloud_cover BETWEEN 1 AND 2", "(f.cloud_cover >= $1::float8 AND f.cloud_cover <= $2::float8)"},
        {"S_INTERSECTS(geometry, POINT(1 2))", "(ST_Intersects(f.geom, $1::geometry))"},
        {"T_INTERSECTS(datetime, INTERVAL('2020-01-01', '..'))", "(f.during && tstzrange($1::timestamptz, NULL, '[]'))"},
        {"T_AFTER(DATE('2020-01-01'), datetime)", "(f.during << tstzrange($1::timestamptz, $2::timestamptz, '[]'))"},
        {"geometry IS NULL", "(f.geom IS NULL)"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) assert_string_equal(statement(table[i][0]).text, table[i][1]);
}

static void test_one_parameter_a_name(void **state) {
    (void)state;
    struct sql q = statement("aaa > 1 AND aaa < 5 AND aaa <> 3");
    assert_int_equal(q.count, 4);
    assert_string_equal(q.values[0], "aaa");
}

static void test_sort_keys(void **state) {
    (void)state;
    static const char *const table[][3] = {
        {"datetime", "f.datetime", "timestamptz"},
        {"properties.datetime", "f.datetime", "timestamptz"},
        {"id", "f.id", "text"},
        {"eo:cloud_cover", "f.cloud_cover", "float8"},
        {"gsd'; --", "filter_sort_key((f.properties -> $1::text))", "jsonb"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sql q;
        struct fault f = {0};
        sql_init(&q, &scope);
        assert_int_equal(expr_sql_sort_key(&q, table[i][0], &f), 0);
        assert_string_equal(q.text, table[i][1]);
        const char *name = strncmp(table[i][0], "properties.", 11) == 0 ? table[i][0] + 11 : table[i][0];
        assert_string_equal(expr_sql_sort_type(name), table[i][2]);
    }
    struct sql q;
    struct fault f = {0};
    sql_init(&q, &scope);
    assert_int_equal(expr_sql_sort_key(&q, "geometry", &f), NADIR_EINVAL);
}

static const char *refusal(const char *text) {
    struct expr *e = NULL;
    struct fault f = {0};
    struct sql q;
    if (cql2_text_parse(&scope, text, &e, &f)) fail_msg("%.80s: %s", text, f.why);
    sql_init(&q, &scope);
    assert_int_equal(expr_sql(&q, e, &f), NADIR_EINVAL);
    assert_true(q.len < 2 * SQL_FILTER_MOST);
    return f.why;
}

/* A value is written again for each member of a list that is no literal: short filters must not become long statements. */
static void test_statements_are_bounded(void **state) {
    (void)state;
    struct text *t = text_new(&scope, 1024);
    const char *sum = "(a+a)";
    for (int i = 0; i < 7; i++) sum = scope_printf(&scope, "(%s+%s)", sum, sum);
    text_add(t, sum, strlen(sum));
    for (int i = 0; i < 1000; i++) text_add(t, i ? ", b" : " IN (b", i ? 3 : 6);
    text_add(t, ")", 1);
    assert_string_equal(refusal(t->data), "is too large");
}

static void line_add(struct text *t, int positions) {
    for (int i = 0; i < positions; i++) {
        const char *position = scope_printf(&scope, "%s%d %d", i ? ", " : "LINESTRING(", i % 170, i % 83);
        text_add(t, position, strlen(position));
    }
    text_add(t, ")", 1);
}

static void test_geometries_are_bounded_together(void **state) {
    (void)state;
    struct text *t = text_new(&scope, 1024);
    for (int i = 0; i < 5; i++) {
        const char *before = scope_printf(&scope, "%sS_TOUCHES(geometry, ", i ? " OR " : "");
        text_add(t, before, strlen(before));
        line_add(t, 1500);
        text_add(t, ")", 1);
    }
    statement(t->data);
    struct text *star = text_new(&scope, 1024); /* not valid, and all of its lines cross each other */
    text_add(star, "S_WITHIN(geometry, POLYGON((", 28);
    for (int i = 0; i <= 2001; i++) {
        const char *position = scope_printf(&scope, "%s%d %d", i ? ", " : "", i % 2001 * 1000 % 179, i % 2001 * 500 % 89);
        text_add(star, position, strlen(position));
    }
    text_add(star, ")))", 3);
    assert_non_null(strstr(refusal(star->data), "300 positions"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text_depends_on_the_shape_alone, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_text_is_made_of_our_words, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_columns_serve, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_one_parameter_a_name, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_sort_keys, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_statements_are_bounded, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_geometries_are_bounded_together, scope_begin, scope_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
