/* What a condition over a record's names becomes for collections and for items. */
#include "csw_test.h"

/* "always", "never", or the condition as CQL2 JSON. */
static const char *bound(const char *cql, enum csw_kind kind) {
    struct csw_fault f = {0};
    struct expr *e;
    struct csw_bound b;
    if (csw_cql_parse(&scope, cql, &e, &f)) fail_msg("%s: %s", cql, f.at.why);
    if (csw_bind(&scope, e, kind, &b, &f)) fail_msg("%s: %s", cql, f.at.why);
    return b.when == CSW_ALWAYS ? "always" : b.when == CSW_NEVER ? "never" : shown(b.expr);
}

static void same(const char *cql, enum csw_kind kind, const char *cql2) {
    struct fault f = {0};
    struct expr *e;
    if (cql2_text_parse(&scope, cql2, &e, &f)) fail_msg("%s: %s", cql2, f.why);
    assert_string_equal(bound(cql, kind), shown(e));
}

static void refuses(const char *cql) {
    struct csw_fault f = {0};
    struct expr *e;
    struct csw_bound b;
    assert_int_equal(csw_cql_parse(&scope, cql, &e, &f), 0);
    if (!csw_bind(&scope, e, CSW_DATASET, &b, &f)) fail_msg("%s is taken", cql);
}

static void test_types_settle_by_themselves(void **state) {
    (void)state;
    assert_string_equal(bound("dc:type = 'dataset'", CSW_DATASET), "always");
    assert_string_equal(bound("dc:type = 'dataset'", CSW_SERIES), "never");
    assert_string_equal(bound("NOT dc:type = 'dataset'", CSW_SERIES), "always");
    assert_string_equal(bound("apiso:Type LIKE 'SER%'", CSW_SERIES), "always");
    assert_string_equal(bound("dc:type = 'service' OR dc:type = 'series'", CSW_DATASET), "never");
    assert_string_equal(bound("dc:type = 'series' AND gsd > 5", CSW_DATASET), "never");
    same("dc:type = 'dataset' AND gsd > 5", CSW_DATASET, "gsd > 5");
    same("dc:type = 'series' OR gsd > 5", CSW_DATASET, "gsd > 5");
    assert_string_equal(bound("csw:AnyText LIKE '%'", CSW_DATASET), "always");
}

/* The title of an item without one is its identifier. */
static void test_otherwise(void **state) {
    (void)state;
    same("dc:title = 'a'", CSW_DATASET, "title = 'a' OR (title IS NULL AND id = 'a')");
    same("NOT dc:title = 'a'", CSW_DATASET, "NOT (title = 'a') OR (title IS NULL AND NOT (id = 'a'))");
    same("NOT (dc:title = 'a' AND gsd > 5)", CSW_DATASET,
         "(NOT (title = 'a') OR (title IS NULL AND NOT (id = 'a'))) OR NOT (gsd > 5)");
    same("apiso:TempExtent_begin >= '2020-01-01'", CSW_DATASET,
         "start_datetime >= DATE('2020-01-01') OR (start_datetime IS NULL AND datetime >= DATE('2020-01-01'))");
    same("apiso:TempExtent_end <= '2020-01-01T00:00:00'", CSW_SERIES, "end_datetime <= TIMESTAMP('2020-01-01T00:00:00Z')");
}

static void test_identifiers(void **state) {
    (void)state;
    same("dc:identifier = 'c/i'", CSW_DATASET, "collection = 'c' AND id = 'i'");
    assert_string_equal(bound("dc:identifier = 'c/i'", CSW_SERIES), "never");
    same("dc:identifier = 'c'", CSW_SERIES, "id = 'c'");
    assert_string_equal(bound("dc:identifier <> 'c'", CSW_DATASET), "always");
    same("dc:identifier LIKE 'c/i%'", CSW_DATASET,
         "(collection LIKE 'c' AND id LIKE 'i%') OR (collection LIKE 'c/i%' AND id LIKE '%')");
    same("dc:identifier LIKE '%x'", CSW_DATASET, "collection LIKE '%' AND id LIKE '%x'");
}

static void test_values(void **state) {
    (void)state;
    same("eo:cloud_cover < '20'", CSW_DATASET, "eo:cloud_cover < 20");
    same("apiso:CloudCover <= '20.5'", CSW_DATASET, "eo:cloud_cover <= 20.5");
    same("20 > eo:cloud_cover", CSW_DATASET, "eo:cloud_cover < 20");
    same("landsat:wrs_path = '167'", CSW_DATASET, "landsat:wrs_path = '167'");
    same("dc:subject = 'water'", CSW_DATASET, "A_CONTAINS(keywords, ('water'))");
    same("dc:subject LIKE '%wat%'", CSW_DATASET, "A_LIKE(keywords, '%wat%')");
    same("dc:title ILIKE 'a%' AND gsd = 1", CSW_SERIES,
         "(CASEI(title) LIKE CASEI('a%') OR (title IS NULL AND CASEI(id) LIKE CASEI('a%'))) AND gsd = 1");
    same("BBOX(ows:BoundingBox, 1, 2, 3, 4)", CSW_DATASET, "S_INTERSECTS(geometry, BBOX(1, 2, 3, 4))");
    same("\"/csw:Record/dct:modified\" > '2020'", CSW_DATASET, "updated > DATE('2020-01-01')");
}

static void test_refused(void **state) {
    (void)state;
    refuses("dc:nothing = 'x'");
    refuses("gmd:title = 'x' AND gco:x = 1");
    refuses("dct:modified > 'yesterday'");
    refuses("apiso:CloudCover < 'much'");
    refuses("dc:identifier > 'a'");
    refuses("ows:BoundingBox = 'a'");
    refuses("S_INTERSECTS(dc:title, POINT(1 2))");
    refuses("dc:subject < 'a'");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scope_begin, scope_finish)
    const struct CMUnitTest tests[] = {TEST(test_types_settle_by_themselves), TEST(test_otherwise), TEST(test_identifiers),
                                       TEST(test_values), TEST(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
