/* Classic CQL: what it becomes in CQL2 text. */
#include "csw_test.h"

static void becomes(const char *cql, const char *cql2) {
    struct csw_fault f = {0};
    const char *got;
    if (csw_cql_rewrite(&scope, cql, &got, &f)) fail_msg("%s: %s", cql, f.at.why);
    assert_string_equal(got, cql2);
    struct expr *e;
    if (csw_cql_parse(&scope, cql, &e, &f)) fail_msg("%s: %s", cql, f.at.why);
}

static void refuses(const char *cql) {
    struct csw_fault f = {0};
    struct expr *e;
    if (!csw_cql_parse(&scope, cql, &e, &f)) fail_msg("%s is taken", cql);
    assert_non_null(f.at.why);
}

static void test_words(void **state) {
    (void)state;
    becomes("dc:title LIKE '%x%' AND BBOX(ows:BoundingBox, 1, 2, 3, 4)",
            "dc:title LIKE '%x%' AND S_INTERSECTS(ows:BoundingBox, BBOX(1, 2, 3, 4))");
    becomes("BBOX(ows:BoundingBox,1,2,3,4,'EPSG:4326')", "S_INTERSECTS(ows:BoundingBox, BBOX(1, 2, 3, 4))");
    becomes("BBOX(ows:BoundingBox,1,2,3,4,'urn:ogc:def:crs:EPSG::4326')", "S_INTERSECTS(ows:BoundingBox, BBOX(2, 1, 4, 3))");
    becomes("S_INTERSECTS(geometry, BBOX(1, 2, 3, 4))", "S_INTERSECTS(geometry, BBOX(1, 2, 3, 4))");
    becomes("INTERSECTS(ows:BoundingBox, POINT(1 2))", "S_INTERSECTS(ows:BoundingBox, POINT(1 2))");
    becomes("dct:modified AFTER 2006-11-30T01:30:00Z", "dct:modified > TIMESTAMP('2006-11-30T01:30:00Z')");
    becomes("dct:modified BEFORE '2006-11-30'", "dct:modified < DATE('2006-11-30')");
    becomes("dct:modified DURING 2006-11-30T01:30:00/2007-01-01",
            "dct:modified BETWEEN TIMESTAMP('2006-11-30T01:30:00Z') AND DATE('2007-01-01')");
    becomes("dct:modified >= 2006-11-30", "dct:modified >= DATE('2006-11-30')");
    becomes("dc:title EXISTS OR dc:title DOES-NOT-EXIST", "dc:title IS NOT NULL OR dc:title IS NULL");
    becomes("csw:AnyText ILIKE '%a''b%'", "csw:AnyText LIKE CASEI('%a''b%')");
    becomes("NOT (gsd > 10 AND (platform = 'x'))", "NOT (gsd > 10 AND (platform = 'x'))");
}

/* Nothing inside a string is a word. */
static void test_strings(void **state) {
    (void)state;
    becomes("dc:title = 'BBOX(a, 1, 2, 3, 4) EXISTS 2006-11-30 it''s'",
            "dc:title = 'BBOX(a, 1, 2, 3, 4) EXISTS 2006-11-30 it''s'");
    becomes("\"BEFORE\" = 'x'", "\"BEFORE\" = 'x'");
}

static void test_refused(void **state) {
    (void)state;
    refuses("");
    refuses("dc:title LIKE 'x");
    refuses("dc:title LIKE");
    refuses("BBOX(ows:BoundingBox, 1, 2, 3)");
    refuses("BBOX(ows:BoundingBox, 1, 2, 3, x)");
    refuses("BBOX(ows:BoundingBox, 1, 2, 3, 4, 'EPSG:3857')");
    refuses("DWITHIN(ows:BoundingBox, POINT(1 2), 5, meters)");
    refuses("dct:modified AFTER yesterday");
    refuses("dct:modified DURING 2006-11-30");
    refuses("dc:title = 'x'; DROP TABLE item");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scope_begin, scope_finish)
    const struct CMUnitTest tests[] = {TEST(test_words), TEST(test_strings), TEST(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
