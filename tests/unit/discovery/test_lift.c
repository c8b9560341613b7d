/* What a filter says that the query can say itself: moved only where that means the same. */
#include "discovery/query/lift.h"
#include "filter.h"

static struct query lifted(const char *text, struct query q) {
    struct expr *e = NULL;
    struct fault f = {0};
    struct query out;
    if (cql2_text_parse(&scope, text, &e, &f)) fail_msg("%s: %s", text, f.why);
    q.filter = e;
    query_lift(&scope, &q, &out);
    return out;
}

static const char *left_of(const struct query *q) {
    return q->filter ? line(scope_json(&scope, cql2_json_write(q->filter))) : "";
}

static void test_moved(void **state) {
    (void)state;
    struct query q = lifted("collection = 'a' AND T_INTERSECTS(datetime, INTERVAL('2020-01-01', '2020-02-01T00:00:00Z')) AND "
                            "S_INTERSECTS(geometry, POINT(1 2)) AND id IN ('x', 'y') AND a = 1",
                            (struct query){0});
    assert_int_equal(q.collections.count, 1);
    assert_string_equal(q.collections.list[0], "a");
    assert_int_equal(q.ids.count, 2);
    assert_string_equal(q.from, "2020-01-01T00:00:00.000000Z");
    assert_string_equal(q.to, "2020-02-01T00:00:00.000000Z");
    assert_string_equal(q.area, "0101000020E6100000000000000000F03F0000000000000040");
    assert_string_equal(left_of(&q), "{\"op\":\"=\",\"args\":[{\"property\":\"a\"},1]}");
    q = lifted("T_INTERSECTS(INTERVAL('..', '2020-01-01'), datetime)", (struct query){0});
    assert_null(q.from);
    assert_non_null(q.to);
    assert_null(q.filter);
}

static void test_kept(void **state) {
    (void)state;
    static const char *const table[] = {
        "collection = 'a' OR id = 'b'",
        "NOT collection = 'a'",
        "collection <> 'a'",
        "id = collection",
        "id IN ('a', collection)",
        "T_INTERSECTS(created, DATE('2020-01-01'))",
        "T_INTERSECTS(datetime, INTERVAL('..', '..'))",
        "T_INTERSECTS(datetime, created)",
        "T_DISJOINT(datetime, DATE('2020-01-01'))",
        "T_AFTER(datetime, DATE('2020-01-01'))",
        "S_DISJOINT(geometry, POINT(1 2))",
        "S_INTERSECTS(geometry, geometry)",
        "S_INTERSECTS(footprint, POINT(1 2))",
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct query q = lifted(table[i], (struct query){0});
        if (!q.filter || q.from || q.to || q.area || q.ids.count || q.collections.count) fail_msg("%s was moved", table[i]);
    }
    /* What the query says already stays; the filter's own stays beside it. */
    struct query q =
        lifted("collection = 'a' AND T_INTERSECTS(datetime, DATE('2020-01-01')) AND S_INTERSECTS(geometry, POINT(1 2))",
               (struct query){.collections = {1, (const char *const[]){"b"}},
                              .to = "2021-01-01T00:00:00.000000Z",
                              .area = "SRID=4326;POINT(3 4)"});
    assert_int_equal(q.filter->count, 3);
    assert_string_equal(q.collections.list[0], "b");
    assert_null(q.from);
    /* Implied, but not all that is said. */
    q = lifted("T_DURING(datetime, INTERVAL('2020-01-01', '2021-01-01'))", (struct query){0});
    assert_non_null(q.from);
    assert_non_null(q.filter);
}

static void test_window(void **state) {
    (void)state;
    static const struct {
        const char *text, *oldest, *newest;
    } table[] = {
        {"datetime >= DATE('2020-01-01') AND datetime < TIMESTAMP('2021-01-01T00:00:00Z')", "2020-01-01T00:00:00.000000Z",
         "2021-01-01T00:00:00.000000Z"},
        {"datetime BETWEEN DATE('2020-01-01') AND DATE('2020-01-03') AND datetime > DATE('2020-01-02')",
         "2020-01-02T00:00:00.000000Z", "2020-01-03T00:00:00.000000Z"},
        {"datetime >= DATE('2020-01-01') OR a = 1", NULL, NULL},
        {"NOT datetime >= DATE('2020-01-01')", NULL, NULL},
        {"created >= DATE('2020-01-01')", NULL, NULL},
        {"datetime <> DATE('2020-01-01')", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct window w = {OPEN_PAST, OPEN_FUTURE};
        struct query q = lifted(table[i].text, (struct query){0});
        filter_window(&scope, q.filter, &w);
        if (w.oldest != moment_of(table[i].oldest, OPEN_PAST) || w.newest != moment_of(table[i].newest, OPEN_FUTURE))
            fail_msg("%s", table[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_moved, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_kept, scope_begin, scope_finish),
        cmocka_unit_test_setup_teardown(test_window, scope_begin, scope_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
