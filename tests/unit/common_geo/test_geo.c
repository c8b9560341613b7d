/* Bounding boxes, GeoJSON checks and areas on the ellipsoid. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <geodesic.h>

#include "common/error.h"
#include "common/geo.h"

static const char *why;

static void assert_near(double value, double expected, double share) {
    if (!(fabs(value - expected) <= share * fabs(expected))) fail_msg("%.9g is not near %.9g", value, expected);
}

static void bboxes_are_parsed(void **state) {
    (void)state;
    double b[4];
    assert_int_equal(geo_bbox_parse("-10,-20.5,1e1,20", b, &why), 0);
    assert_near(b[0], -10, 0);
    assert_near(b[1], -20.5, 0);
    assert_near(b[2], 10, 0);
    assert_near(b[3], 20, 0);
    assert_int_equal(geo_bbox_parse("170,-5,0,-170,5,900", b, &why), 0);
    assert_near(b[2], -170, 0);
    assert_near(b[3], 5, 0);
}

static void bad_bboxes_are_refused_with_a_reason(void **state) {
    (void)state;
    const char *bad[] = {"",          "1",           "1,2,3",       "1,2,3,4,5", "1,2,3,4,5,6,7", "a,b,c,d",   "1,2,3,4,",
                         "nan,0,1,1", "inf,0,1,1",   "0x1,0,1,1",   " 1,0,2,1",  "1,5,2,4",       "181,0,1,1", "0,-91,1,1",
                         "0,0,1,91",  "0,0,9,1,1,5", "1e400,0,1,1", "--1,0,1,1", "1,2,3,4;x"};
    double b[4] = {9, 9, 9, 9};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        if (geo_bbox_parse(bad[i], b, &why) != NADIR_EINVAL) fail_msg("%s was taken", bad[i]);
        assert_non_null(why);
        assert_near(b[0], 9, 0);
    }
}

static void bboxes_come_from_json_too(void **state) {
    (void)state;
    double b[4];
    json_t *good = json_pack("[i,f,i,f]", -1, -2.5, 1, 2.5), *bad = json_pack("[i,s,i,i]", 1, "2", 3, 4);
    assert_int_equal(geo_bbox_from_json(good, b, &why), 0);
    assert_near(b[1], -2.5, 0);
    assert_int_equal(geo_bbox_from_json(bad, b, &why), NADIR_EINVAL);
    assert_int_equal(geo_bbox_from_json(NULL, b, &why), NADIR_EINVAL);
    json_decref(good);
    json_decref(bad);
}

static int check(const char *text, size_t most) {
    json_t *geometry = json_loads(text, 0, NULL);
    assert_non_null(geometry);
    why = NULL;
    int err = geo_geometry_check(geometry, most, &why);
    json_decref(geometry);
    return err;
}

static void geometries_of_every_type_pass(void **state) {
    (void)state;
    const char *good[] = {
        "{\"type\":\"Point\",\"coordinates\":[1,2]}",
        "{\"type\":\"Point\",\"coordinates\":[1,2,300.5]}",
        "{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[3,4]]}",
        "{\"type\":\"LineString\",\"coordinates\":[[1,2],[3,4]]}",
        "{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2],[3,4]]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}",
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[1,1],[0,0]]]]}",
        "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"Point\",\"coordinates\":[1,2]}]}",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (check(good[i], 10)) fail_msg("%s: %s", good[i], why);
}

static void malformed_geometries_are_refused(void **state) {
    (void)state;
    const char *bad[] = {
        "[]",
        "{}",
        "{\"type\":7}",
        "{\"type\":\"Circle\",\"coordinates\":[1,2]}",
        "{\"type\":\"Point\"}",
        "{\"type\":\"Point\",\"coordinates\":[1]}",
        "{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}",
        "{\"type\":\"Point\",\"coordinates\":[181,2]}",
        "{\"type\":\"Point\",\"coordinates\":[1,-91]}",
        "{\"type\":\"LineString\",\"coordinates\":[[1,2]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,0]]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,1]]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[0,0],[1,0],[1,1],[0,0]]}",
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}",
        "{\"type\":\"GeometryCollection\",\"geometries\":[]}",
        "{\"type\":\"GeometryCollection\",\"geometries\":[{\"type\":\"GeometryCollection\",\"geometries\":[]}]}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (check(bad[i], 10) != NADIR_EINVAL) fail_msg("%s was taken", bad[i]);
        assert_non_null(why);
    }
    assert_int_equal(check("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,0]]]}", 3), NADIR_EINVAL);
}

static double area(const char *text) {
    json_t *geometry = json_loads(text, 0, NULL);
    assert_non_null(geometry);
    double m2 = geo_area(geometry);
    json_decref(geometry);
    return m2;
}

/* PROJ's geodesics (Karney 2013) are another way to the same area once edges are short. */
static void areas_agree_with_geodesics(void **state) {
    (void)state;
    const double corner[5][2] = {{-35.1, -8.2}, {-33.4, -7.9}, {-33.2, -9.4}, {-34.8, -9.9}, {-35.1, -8.2}};
    struct geod_geodesic g;
    struct geod_polygon p;
    geod_init(&g, 6378137.0, 1 / 298.257223563);
    geod_polygon_init(&p, 0);
    json_t *ring = json_array();
    for (int i = 0; i < 5; i++) json_array_append_new(ring, json_pack("[f,f]", corner[i][0], corner[i][1]));
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 200; k++) {
            double t = k / 200.0;
            geod_polygon_addpoint(&g, &p, corner[i][1] + t * (corner[i + 1][1] - corner[i][1]),
                                  corner[i][0] + t * (corner[i + 1][0] - corner[i][0]));
        }
    double m2 = 0;
    geod_polygon_compute(&g, &p, 0, 1, &m2, NULL);
    json_t *polygon = json_pack("{s:s,s:[o]}", "type", "Polygon", "coordinates", ring);
    assert_near(geo_area(polygon), fabs(m2), 1e-8);
    json_decref(polygon);
}

/* Expected areas of cells between meridians and parallels: 2 pi (1-e2) a2 integral of cos/(1-e2 sin2)^2, in closed form
 * (Snyder 1987, equation 3-12). */
static double cell_area(double west, double south, double east, double north) {
    const double a = 6378137.0, f = 1 / 298.257223563, e = sqrt(f * (2 - f)), rad = acos(-1.0) / 180;
    double q[2];
    for (int i = 0; i < 2; i++) {
        double s = sin((i ? north : south) * rad), es = e * s;
        q[i] = (1 - e * e) * (s / (1 - es * es) + atanh(es) / e);
    }
    return a * a / 2 * (q[1] - q[0]) * (east - west) * rad;
}

static void areas_are_those_of_the_ellipsoid(void **state) {
    (void)state;
    const char *cell = "{\"type\":\"Polygon\",\"coordinates\":[[[10,45],[11,45],[11,46],[10,46],[10,45]]]}";
    assert_near(area(cell), cell_area(10, 45, 11, 46), 1e-9);
    const char *clockwise = "{\"type\":\"Polygon\",\"coordinates\":[[[10,45],[10,46],[11,46],[11,45],[10,45]]]}";
    assert_near(area(clockwise), area(cell), 1e-12);
    /* The whole Earth: 510,065,621.72 km2 on WGS 84. */
    const char *world = "{\"type\":\"Polygon\",\"coordinates\":[[[-180,-90],[180,-90],[180,90],[-180,90],[-180,-90]]]}";
    assert_near(area(world), 510065621.724e6, 1e-9);
    const char *wide = "{\"type\":\"Polygon\",\"coordinates\":[[[-170,-60],[170,-60],[170,60],[-170,60],[-170,-60]]]}";
    assert_near(area(wide), cell_area(-170, -60, 170, 60), 1e-9);
    const char *cap = "{\"type\":\"Polygon\",\"coordinates\":[[[-180,80],[180,80],[180,90],[-180,90],[-180,80]]]}";
    assert_near(area(cap), cell_area(-180, 80, 180, 90), 1e-9);
}

static void holes_and_parts_count(void **state) {
    (void)state;
    const char *holed =
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[2,1],[2,2],[1,2],[1,1]]]}";
    assert_near(area(holed), cell_area(0, 0, 4, 4) - cell_area(1, 1, 2, 2), 1e-9);
    const char *split = "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[179,0],[180,0],[180,1],[179,1],[179,0]]],"
                        "[[[-180,0],[-179,0],[-179,1],[-180,1],[-180,0]]]]}";
    assert_near(area(split), cell_area(0, 0, 2, 1), 1e-9);
    assert_true(area("{\"type\":\"Point\",\"coordinates\":[1,2]}") == 0);
    assert_true(area("{}") == 0);
}

static void bounds_hold_every_position(void **state) {
    (void)state;
    json_t *g = json_loads(
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[1,2],[5,2],[5,9],[1,2]]],[[[-3,0],[0,0],[0,1],[-3,0]]]]}", 0, NULL);
    double b[4];
    assert_int_equal(geo_bounds(g, b), 0);
    const double expected[4] = {-3, 0, 5, 9};
    for (int i = 0; i < 4; i++) assert_near(b[i], expected[i], 0);
    json_decref(g);
    assert_int_equal(geo_bounds(NULL, b), NADIR_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bboxes_are_parsed),
        cmocka_unit_test(bad_bboxes_are_refused_with_a_reason),
        cmocka_unit_test(bboxes_come_from_json_too),
        cmocka_unit_test(geometries_of_every_type_pass),
        cmocka_unit_test(malformed_geometries_are_refused),
        cmocka_unit_test(areas_are_those_of_the_ellipsoid),
        cmocka_unit_test(areas_agree_with_geodesics),
        cmocka_unit_test(holes_and_parts_count),
        cmocka_unit_test(bounds_hold_every_position),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
