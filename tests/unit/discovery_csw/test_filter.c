/* OGC Filter 1.1.0 in XML: what it is read as, and what is refused. */
#include "csw_test.h"

#define NAME(n) "<ogc:PropertyName>" n "</ogc:PropertyName>"
#define VALUE(v) "<ogc:Literal>" v "</ogc:Literal>"
#define OWS NAME("ows:BoundingBox")

static void reads(const char *condition, const char *json) {
    struct csw_fault f = {0};
    struct expr *e = filter_read(condition, &f);
    if (!e) fail_msg("%s: %s", condition, f.at.why);
    json_t *wanted = scope_json(&scope, json_loads(json, 0, NULL)), *got = scope_json(&scope, cql2_json_write(e));
    assert_non_null(wanted);
    if (!json_equal(wanted, got)) fail_msg("%s\nis read as %s\nand not as  %s", condition, shown(e), json);
}

static void refuses(const char *condition) {
    struct csw_fault f = {0};
    if (filter_read(condition, &f)) fail_msg("%s is taken", condition);
}

static void test_comparisons(void **state) {
    (void)state;
    reads("<ogc:PropertyIsEqualTo>" NAME("dc:type") VALUE("series") "</ogc:PropertyIsEqualTo>",
          "{\"op\":\"=\",\"args\":[{\"property\":\"dc:type\"},\"series\"]}");
    reads("<ogc:PropertyIsLessThanOrEqualTo>" NAME("eo:cloud_cover") VALUE(" 20 ") "</ogc:PropertyIsLessThanOrEqualTo>",
          "{\"op\":\"<=\",\"args\":[{\"property\":\"eo:cloud_cover\"},\"20\"]}");
    reads("<ogc:PropertyIsEqualTo matchCase=\"false\">" NAME("dc:title") VALUE("A") "</ogc:PropertyIsEqualTo>",
          "{\"op\":\"=\",\"args\":[{\"op\":\"casei\",\"args\":[{\"property\":\"dc:title\"}]},{\"op\":\"casei\",\"args\":[\"A\"]"
          "}]}");
    reads("<ogc:PropertyIsBetween>" NAME("gsd") "<ogc:LowerBoundary>" VALUE(
              "5") "</ogc:LowerBoundary><ogc:UpperBoundary>" VALUE("10") "</ogc:UpperBoundary></ogc:PropertyIsBetween>",
          "{\"op\":\"between\",\"args\":[{\"property\":\"gsd\"},\"5\",\"10\"]}");
    reads("<ogc:Not><ogc:PropertyIsNull>" NAME("dc:title") "</ogc:PropertyIsNull></ogc:Not>",
          "{\"op\":\"not\",\"args\":[{\"op\":\"isNull\",\"args\":[{\"property\":\"dc:title\"}]}]}");
}

/* The client names its wildcards; what means something to LIKE and nothing to the client is escaped. */
static void test_patterns(void **state) {
    (void)state;
    reads("<ogc:PropertyIsLike wildCard=\"*\" singleChar=\"?\" escapeChar=\"!\">" NAME("dc:title")
              VALUE("a*b?c!*d%e_f") "</ogc:PropertyIsLike>",
          "{\"op\":\"like\",\"args\":[{\"property\":\"dc:title\"},\"a%b_c*d\\\\%e\\\\_f\"]}");
    reads("<ogc:PropertyIsLike wildCard=\"%\" singleChar=\"_\" escapeChar=\"\\\">" NAME("dc:title")
              VALUE("50\\%") "</ogc:PropertyIsLike>",
          "{\"op\":\"like\",\"args\":[{\"property\":\"dc:title\"},\"50\\\\%\"]}");
}

/* What a geometry in a BBOX becomes, by its reference system's name. */
static const char *box_in(const char *srs) {
    return scope_printf(&scope,
                        "<ogc:BBOX>" OWS "<gml:Envelope%s><gml:lowerCorner>10 20</gml:lowerCorner><gml:upperCorner>11 22"
                        "</gml:upperCorner></gml:Envelope></ogc:BBOX>",
                        srs);
}

static void check_box(const char *srs, double x, double y) {
    struct csw_fault f = {0};
    struct expr *e = filter_read(box_in(srs), &f);
    assert_non_null(e);
    assert_int_equal(e->op, EXPR_S_INTERSECTS);
    const json_t *first = json_array_get(json_array_get(json_object_get(e->args[1]->json, "coordinates"), 0), 0);
    assert_true(json_number_value(json_array_get(first, 0)) == x && json_number_value(json_array_get(first, 1)) == y);
}

static void test_order_of_axes(void **state) {
    (void)state;
    check_box("", 10, 20);
    check_box(" srsName=\"EPSG:4326\"", 10, 20);
    check_box(" srsName=\"urn:ogc:def:crs:OGC:1.3:CRS84\"", 10, 20);
    check_box(" srsName=\"http://www.opengis.net/gml/srs/epsg.xml#4326\"", 10, 20);
    check_box(" srsName=\"urn:ogc:def:crs:EPSG::4326\"", 20, 10);
    check_box(" srsName=\"urn:x-ogc:def:crs:EPSG:6.11:4326\"", 20, 10);
    check_box(" srsName=\"http://www.opengis.net/def/crs/EPSG/0/4326\"", 20, 10);
    refuses(box_in(" srsName=\"EPSG:3857\""));
    refuses(box_in(" srsName=\"EPSG:14326\""));
}

static void test_geometries(void **state) {
    (void)state;
    reads("<ogc:Intersects>" OWS "<gml:Point><gml:pos>7 50</gml:pos></gml:Point></ogc:Intersects>",
          "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"ows:BoundingBox\"},{\"type\":\"Point\",\"coordinates\":[7.0,50.0]"
          "}]}");
    reads("<ogc:Crosses>" OWS
          "<gml:LineString srsDimension=\"3\"><gml:posList>1 2 9 3 4 9</gml:posList></gml:LineString></ogc:Crosses>",
          "{\"op\":\"s_crosses\",\"args\":[{\"property\":\"ows:BoundingBox\"},{\"type\":\"LineString\",\"coordinates\":[[1.0,2."
          "0],[3.0,4.0]]}]}");
    reads("<ogc:Within>" OWS "<gml:MultiSurface><gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>"
          "0 0 9 0 9 9 0 "
          "0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember></gml:MultiSurface></ogc:Within>",
          "{\"op\":\"s_within\",\"args\":[{\"property\":\"ows:BoundingBox\"},{\"type\":\"MultiPolygon\",\"coordinates\":"
          "[[[[0.0,0.0],[9.0,0.0],[9.0,9.0],[0.0,0.0]]]]}]}");
    reads("<ogc:Intersects>" OWS "<gml:Polygon><gml:outerBoundaryIs><gml:LinearRing><gml:coordinates>0,0 9,0 9,9 0,0"
          "</gml:coordinates></gml:LinearRing></gml:outerBoundaryIs></gml:Polygon></ogc:Intersects>",
          "{\"op\":\"s_intersects\",\"args\":[{\"property\":\"ows:BoundingBox\"},{\"type\":\"Polygon\",\"coordinates\":"
          "[[[0.0,0.0],[9.0,0.0],[9.0,9.0],[0.0,0.0]]]}]}");
}

static void test_refused(void **state) {
    (void)state;
    refuses("");
    refuses("<ogc:And/>");
    refuses("<ogc:Not/>");
    refuses("<ogc:PropertyIsEqualTo>" NAME("dc:title") "</ogc:PropertyIsEqualTo>");
    refuses("<ogc:DWithin>" OWS
            "<gml:Point><gml:pos>7 50</gml:pos></gml:Point><ogc:Distance units=\"m\">5</ogc:Distance></ogc:DWithin>");
    refuses("<gml:And/>");
    refuses("<ogc:Intersects>" OWS "<gml:Point><gml:pos>7</gml:pos></gml:Point></ogc:Intersects>");
    refuses("<ogc:Intersects>" OWS "<gml:Point><gml:pos>seven fifty</gml:pos></gml:Point></ogc:Intersects>");
    refuses("<ogc:Intersects>" OWS "<gml:Point><gml:pos>7 91</gml:pos></gml:Point></ogc:Intersects>");
    refuses("<ogc:Intersects>" OWS
            "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>0 0 9 0 9 9</gml:posList></gml:LinearRing>"
            "</gml:exterior></gml:Polygon></ogc:Intersects>");
    refuses(
        "<ogc:BBOX>" OWS
        "<gml:Envelope><gml:lowerCorner>1 5</gml:lowerCorner><gml:upperCorner>2 4</gml:upperCorner></gml:Envelope></ogc:BBOX>");
}

static void test_hostile_xml(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "<a>",
        "not XML",
        "<a/><b/>",
        "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_null(csw_xml_parse(&scope, bad[i], strlen(bad[i])));
    struct text *deep = text_new(&scope, 4096);
    for (int i = 0; i < 101; i++) text_add(deep, "<a>", 3);
    for (int i = 0; i < 101; i++) text_add(deep, "</a>", 4);
    assert_null(csw_xml_parse(&scope, deep->data, deep->len));
    assert_non_null(csw_xml_parse(&scope, deep->data + 3, deep->len - 7));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scope_begin, scope_finish)
    const struct CMUnitTest tests[] = {TEST(test_comparisons), TEST(test_patterns), TEST(test_order_of_axes),
                                       TEST(test_geometries),  TEST(test_refused),  TEST(test_hostile_xml)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
