/* OpenSearch's parameters: sets and intervals, what they ask of which properties, circles, paging, formats. No database. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/opensearch/opensearch.h"

static struct scope s;

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 60000);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

/* ---- ranges ---- */

/* "set a|b", "]a b]" with "-" for an open end, or "fault". */
static const char *range_text(const char *text) {
    struct range r;
    struct fault f = {0};
    if (range_parse(&s, text, "x", &r, &f)) return f.why && strcmp(f.field, "x") == 0 ? "fault" : "no why";
    if (r.interval)
        return scope_printf(&s, "%c%s %s%c", r.above ? ']' : '[', r.least ? r.least : "-", r.most ? r.most : "-",
                            r.below ? '[' : ']');
    const char *set = "set";
    for (size_t i = 0; i < r.count; i++) set = scope_printf(&s, "%s%c%s", set, i ? '|' : ' ', r.members[i]);
    return set;
}

static void test_ranges(void **state) {
    static const char *const cases[][2] = {
        {"5", "set 5"},     {"{1}", "set 1"},   {"{1,2,3}", "set 1|2|3"}, {"{ a b , c }", "set a b|c"},
        {"[1,2]", "[1 2]"}, {"]1,2[", "]1 2["}, {"[1,2[", "[1 2["},       {"]1,2]", "]1 2]"},
        {"[1", "[1 -]"},    {"]1", "]1 -]"},    {"2]", "[- 2]"},          {"2[", "[- 2["},
        {"[,2]", "[- 2]"},  {"[1,]", "[1 -]"},  {"[ 1 , 2 ]", "[1 2]"},   {"Sentinel-2A", "set Sentinel-2A"},
        {"", "fault"},      {" ", "fault"},     {"{}", "fault"},          {"{1,}", "fault"},
        {"{1", "fault"},    {"{,}", "fault"},   {"[", "fault"},           {"]", "fault"},
        {"[]", "fault"},    {"[,]", "fault"},   {"[1,2,3]", "fault"},     {"[1]", "fault"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = range_text(cases[i][0]);
        if (strcmp(got, cases[i][1]) != 0) fail_msg("%s gave %s, not %s", cases[i][0], got, cases[i][1]);
    }
    struct text *many = text_new(&s, 1024);
    text_add(many, "{1", 2);
    for (int i = 0; i < RANGE_MEMBERS_MOST; i++) text_add(many, ",1", 2);
    text_add(many, "}", 1);
    assert_string_equal(range_text(many->data), "fault");
}

/* ---- criteria ---- */

static const struct criterion *criterion(const char *name) {
    for (size_t i = 0; i < criteria_count; i++)
        if (strcmp(criteria[i].name, name) == 0) return &criteria[i];
    fail_msg("no criterion %s", name);
    return NULL;
}

/* The condition as CQL2 JSON; NULL when refused. */
static const char *condition(const char *name, const char *value) {
    struct fault f = {0};
    struct expr *e = criterion_expr(&s, criterion(name), value, false, &f);
    assert_true((e == NULL) == (f.why != NULL));
    return e ? json_line(&s, scope_json(&s, cql2_json_write(e))) : NULL;
}

static void assert_condition(const char *name, const char *value, const char *json) {
    const char *got = condition(name, value);
    assert_non_null(got);
    json_t *a = json_loads(got, 0, NULL), *b = json_loads(json, 0, NULL);
    assert_non_null(b);
    if (!json_equal(a, b)) fail_msg("%s=%s gave %s", name, value, got);
    json_decref(a);
    json_decref(b);
}

static void test_criteria(void **state) {
    (void)state;
    assert_condition("cloudCover", "[0,20[",
                     "{\"op\":\"and\",\"args\":[{\"op\":\">=\",\"args\":[{\"property\":\"eo:cloud_cover\"},0]},"
                     "{\"op\":\"<\",\"args\":[{\"property\":\"eo:cloud_cover\"},20]}]}");
    assert_condition("cloudCover", "20]", "{\"op\":\"<=\",\"args\":[{\"property\":\"eo:cloud_cover\"},20]}");
    assert_condition("track", "{7,8}",
                     "{\"op\":\"or\",\"args\":[{\"op\":\"=\",\"args\":[{\"property\":\"sat:relative_orbit\"},7]},"
                     "{\"op\":\"=\",\"args\":[{\"property\":\"sat:relative_orbit\"},8]}]}");
    assert_condition("orbitDirection", "DESCENDING",
                     "{\"op\":\"=\",\"args\":[{\"op\":\"casei\",\"args\":[{\"property\":\"sat:orbit_state\"}]},"
                     "{\"op\":\"casei\",\"args\":[\"DESCENDING\"]}]}");
    assert_condition("instrument", "Msi",
                     "{\"op\":\"a_overlaps\",\"args\":[{\"property\":\"instruments\"},[\"Msi\",\"msi\",\"MSI\"]]}");
    /* A day is all its instants. */
    assert_condition("creationDate", "2020-01-31",
                     "{\"op\":\"and\",\"args\":[{\"op\":\">=\",\"args\":[{\"property\":\"created\"},{\"timestamp\":\"2020-01-"
                     "31T00:00:00Z\"}]},"
                     "{\"op\":\"<=\",\"args\":[{\"property\":\"created\"},{\"timestamp\":\"2020-01-31T23:59:59.999999Z\"}]}]}");
    /* After a day is after its last instant. */
    assert_condition("creationDate", "]2020-01-31",
                     "{\"op\":\">\",\"args\":[{\"property\":\"created\"},{\"timestamp\":\"2020-01-31T23:59:59.999999Z\"}]}");
    assert_non_null(condition("sensorType", "{OPTICAL,radar}"));
    static const char *const bad[][2] = {{"cloudCover", "ten"},     {"cloudCover", "[1,x]"}, {"cloudCover", "nan"},
                                         {"cloudCover", "0x10"},    {"cloudCover", "1e999"}, {"cloudCover", "{1,}"},
                                         {"platform", "[a,b]"},     {"sensorType", "SONAR"}, {"creationDate", "yesterday"},
                                         {"creationDate", "[a,b]"}, {"orbitNumber", "1 2"},  {"creationDate", "2020-02-30"},
                                         {"instrument", "[a"},      {"cloudCover", "[]"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (condition(bad[i][0], bad[i][1])) fail_msg("%s=%s was taken", bad[i][0], bad[i][1]);
}

static void test_sort_names(void **state) {
    (void)state;
    assert_string_equal(criterion_sort_property(&s, "cloudCover"), "eo:cloud_cover");
    assert_string_equal(criterion_sort_property(&s, "eo:cloudCover"), "eo:cloud_cover");
    assert_string_equal(criterion_sort_property(&s, "startDate"), "datetime");
    assert_string_equal(criterion_sort_property(&s, "view:off_nadir"), "view:off_nadir");
    assert_null(criterion_sort_property(&s, "sensorType"));
    assert_null(criterion_sort_property(&s, "nothing"));
}

/* ---- circles ---- */

/* Great-circle distance in metres on the sphere that the circle is drawn on (haversine). */
static double distance(double lat1, double lon1, double lat2, double lon2) {
    double r = M_PI / 180, a = sin((lat2 - lat1) * r / 2), b = sin((lon2 - lon1) * r / 2);
    return 2 * 6371008.8 * asin(sqrt(fmin(1, a * a + cos(lat1 * r) * cos(lat2 * r) * b * b)));
}

/* Counts the positions that lie on the circle; the rest must lie on the antimeridian or at a pole. */
static int on_circle(const char *wkt, double lat, double lon, double radius) {
    int count = 0;
    for (const char *p = wkt + strcspn(wkt, "-0123456789"); *p; p += strcspn(p, "-0123456789")) {
        char *next;
        double x = strtod(p, &next), y = strtod(next, &next);
        assert_true(x >= -180 && x <= 180 && y >= -90 && y <= 90);
        bool on = fabs(distance(lat, lon, y, x) - radius) < 1;
        assert_true(on || fabs(fabs(x) - 180) < 1e-9 || fabs(fabs(y) - 90) < 1e-9);
        count += on;
        p = next;
    }
    return count;
}

static void test_circles(void **state) {
    (void)state;
    const char *plain = circle_wkt(&s, 45, 7, 10000);
    assert_true(strncmp(plain, "MULTIPOLYGON(((", 15) == 0);
    assert_null(strstr(plain, ")),(("));
    assert_int_equal(on_circle(plain, 45, 7, 10000), 73); /* 72 points, the first again */
    const char *crossing = circle_wkt(&s, -17, 179.99, 50000);
    assert_non_null(strstr(crossing, ")),(("));
    assert_true(on_circle(crossing, -17, 179.99, 50000) >= 72);
    const char *pole = circle_wkt(&s, 89.9, 30, 200000);
    assert_true(strncmp(pole, "POLYGON((-180 ", 14) == 0 && strstr(pole, ",180 90.0"));
    assert_true(on_circle(pole, 89.9, 30, 200000) >= 72);
    assert_non_null(strstr(circle_wkt(&s, -85, 0, 1000000), ",180 -90.0"));
    assert_string_equal(circle_wkt(&s, 0, 0, 3e7), "POLYGON((-180 -90,180 -90,180 90,-180 90,-180 -90))");
}

/* ---- the whole ---- */

static int read_query(const char *query, struct opensearch *out, const char **field) {
    static const char *const headers[] = {NULL};
    struct request *rq = scope_alloc(&s, sizeof *rq);
    struct fault f = {0};
    assert_int_equal(request_build(rq, &s, HTTP_GET, "/opensearch/search", query, headers, NULL, 0), 0);
    int err = opensearch_read(rq, false, out, &f);
    *field = f.field;
    return err;
}

static void test_parameters(void **state) {
    struct opensearch o;
    const char *field;
    (void)state;
    assert_int_equal(read_query("", &o, &field), 0);
    assert_true(o.query.limit == OPENSEARCH_COUNT && o.start == 1 && o.query.offset == 0 && o.format == FEED_ATOM);
    assert_true(!o.query.filter && !o.query.area && !o.query.from && !o.query.words);
    /* As EODAG asks Mundi. */
    assert_int_equal(
        read_query("timeStart=2020-08-08T00:00:00.000Z&timeEnd=2020-08-16T00:00:00.000Z&productType=IMAGE&processingLevel=L1C"
                   "&format=atom&relation=intersects&maxRecords=2&startIndex=3",
                   &o, &field),
        0);
    assert_string_equal(o.query.from, "2020-08-08T00:00:00.000000Z");
    assert_string_equal(o.query.to, "2020-08-16T00:00:00.000000Z");
    assert_true(o.query.limit == 2 && o.start == 3 && o.query.offset == 2 && o.query.filter);
    /* As Resto's clients ask; empty parameters are those of a template that were not filled. */
    assert_int_equal(
        read_query("startDate=2020-08-08&completionDate=2020-08-16&maxRecords=20&page=3&cloudCover=&q=&geometry=", &o, &field),
        0);
    assert_string_equal(o.query.from, "2020-08-08T00:00:00.000000Z");
    assert_string_equal(o.query.to, "2020-08-16T23:59:59.999999Z");
    assert_true(o.start == 41 && o.query.offset == 40 && !o.query.filter && !o.query.words);
    /* A token tells where; the index is only shown. */
    assert_int_equal(read_query("startIndex=101&token=abc&format=json", &o, &field), 0);
    assert_true(o.start == 101 && o.query.offset == 0 && strcmp(o.query.token, "abc") == 0 && o.format == FEED_GEOJSON);
    assert_int_equal(read_query("MaxRecords=5000&uid=a,b&sortKeys=cloudCover,eo,0%20date,,1", &o, &field), 0);
    assert_true(o.query.limit == OPENSEARCH_COUNT_MOST && o.query.ids.count == 2 && o.query.nsorts == 2);
    assert_true(strcmp(o.query.sorts[0].property, "eo:cloud_cover") == 0 && o.query.sorts[0].descending);
    assert_true(strcmp(o.query.sorts[1].property, "datetime") == 0 && !o.query.sorts[1].descending);
    assert_int_equal(read_query("timeStart=2020-01-01&timeRelation=during&count=0", &o, &field), 0);
    assert_true(!o.query.from && o.query.filter && o.query.limit == 0);
}

static void test_refused(void **state) {
    static const char *const bad[][2] = {
        {"maxRecords=-1", "maxRecords"},
        {"count=x", "maxRecords"},
        {"startIndex=0", "startIndex"},
        {"startIndex=99999999999999999999", "startIndex"},
        {"startPage=0", "startPage"},
        {"timeStart=yesterday", "timeStart"},
        {"timeEnd=2020-13-01", "timeEnd"},
        {"timeStart=2021-01-01&timeEnd=2020-01-01", "timeEnd"},
        {"timeRelation=near", "timeRelation"},
        {"relation=near", "relation"},
        {"bbox=1,2,3", "bbox"},
        {"lat=91&lon=0&radius=1", "lat"},
        {"lat=1", "lon"},
        {"lon=1&radius=5", "lat"},
        {"lat=1&lon=1&radius=-5", "radius"},
        {"lat=1&lon=1&radius=nan", "radius"},
        {"format=pdf", "format"},
        {"sortKeys=nothing", "sortKeys"},
        {"sortBy=-nothing", "sortKeys"},
        {"uid={a,}", "uid"},
        {"cloudCover=[a,b]", "cloudCover"},
        {"sensorType=x", "sensorType"},
    };
    struct opensearch o;
    const char *field;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (read_query(bad[i][0], &o, &field) != NADIR_EINVAL) fail_msg("%s was taken", bad[i][0]);
        if (!field || strcmp(field, bad[i][1]) != 0)
            fail_msg("%s: the fault is told of %s", bad[i][0], field ? field : "nothing");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ranges, begin, end),
        cmocka_unit_test_setup_teardown(test_criteria, begin, end),
        cmocka_unit_test_setup_teardown(test_sort_names, begin, end),
        cmocka_unit_test_setup_teardown(test_circles, begin, end),
        cmocka_unit_test_setup_teardown(test_parameters, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
