/* Areas that prices stand on. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <math.h>

#include "billing/footprint.h"
#include "common/error.h"
#include "common/scope.h"

static struct scope s;

static int begin(void **state) {
    (void)state;
    scope_init(&s, "test", 0);
    return 0;
}

static int end(void **state) {
    (void)state;
    scope_end(&s);
    return 0;
}

static const json_t *parse(const char *text) {
    const json_t *json = scope_json(&s, json_loads(text, 0, NULL));
    assert_non_null(json);
    return json;
}

static json_t *ring(double west, double south, double east, double north) {
    return json_pack("[[ff][ff][ff][ff][ff]]", west, south, east, south, east, north, west, north, west, south);
}

static const json_t *box(double west, double south, double east, double north) {
    return scope_json(&s, json_pack("{s:s,s:[o]}", "type", "Polygon", "coordinates", ring(west, south, east, north)));
}

static double area(const json_t *footprint, const json_t *aoi) {
    double km2 = -1;
    assert_int_equal(footprint_area_km2(&s, footprint, aoi, NULL, &km2), 0);
    return km2;
}

static void assert_near(double value, double expected) {
    if (fabs(value - expected) > 0.00011) fail_msg("%.6f is not %.6f", value, expected);
}

static void an_area_of_interest_cuts_the_footprint(void **state) {
    (void)state;
    const json_t *scene = box(10, 45, 12, 47);
    assert_near(area(scene, box(11, 46, 14, 50)), area(box(11, 46, 12, 47), NULL));
    assert_near(area(scene, box(0, 0, 80, 80)), area(scene, NULL));
    assert_near(area(scene, box(10.5, 45.5, 10.6, 45.6)), area(box(10.5, 45.5, 10.6, 45.6), NULL));
    assert_near(area(scene, box(20, 45, 21, 46)), 0);
    /* They share an edge only. */
    assert_near(area(scene, box(12, 45, 13, 46)), 0);
}

static double rest(const json_t *footprint, const json_t *aoi, json_t *held) {
    double km2 = -1;
    assert_int_equal(footprint_area_km2(&s, footprint, aoi, scope_json(&s, held), &km2), 0);
    return km2;
}

static void what_is_held_is_not_paid_again(void **state) {
    (void)state;
    const json_t *scene = box(10, 45, 12, 47);
    json_t *west = (json_t *)box(10, 40, 11, 50), *east = (json_t *)box(10.5, 40, 14, 50);
    assert_near(rest(scene, box(10.5, 46, 14, 50), json_pack("[O]", west)), area(box(11, 46, 12, 47), NULL));
    assert_near(rest(scene, NULL, json_pack("[O]", west)), area(box(11, 45, 12, 47), NULL));
    assert_near(rest(scene, box(10.2, 46, 11, 50), json_pack("[O]", west)), 0);
    assert_near(rest(scene, NULL, json_pack("[O,O]", west, east)), 0);
    assert_near(rest(scene, NULL, json_array()), area(scene, NULL));
    /* drawn across the antimeridian, held on both sides of it */
    const json_t *crossing = box(179, 10, -179, 11);
    assert_near(rest(crossing, NULL, json_pack("[O]", box(-180, 0, 0, 20))), area(box(179, 10, 180, 11), NULL));
    assert_near(rest(crossing, NULL, json_pack("[O,O]", box(-180, 0, 0, 20), box(0, 0, 180, 20))), 0);
}

static void areas_are_rounded_to_a_hundred_square_metres(void **state) {
    (void)state;
    double km2 = area(box(10, 45, 10.01, 45.01), NULL);
    assert_true(fabs(km2 * 10000 - round(km2 * 10000)) < 1e-6);
    assert_true(km2 > 0.87 && km2 < 0.88);
}

static void holes_are_not_paid_for(void **state) {
    (void)state;
    const json_t *holed =
        scope_json(&s, json_pack("{s:s,s:[oo]}", "type", "Polygon", "coordinates", ring(0, 0, 2, 2), ring(0.5, 0.5, 1, 1)));
    assert_near(area(box(-5, -5, 5, 5), holed), area(box(0, 0, 2, 2), NULL) - area(box(0.5, 0.5, 1, 1), NULL));
}

static void the_antimeridian_is_no_edge_of_the_world(void **state) {
    (void)state;
    /* Split, as RFC 7946 asks, and drawn across, as some providers do: the same scene. */
    const json_t *split = scope_json(&s, json_pack("{s:s,s:[[o][o]]}", "type", "MultiPolygon", "coordinates",
                                                   ring(179, -1, 180, 1), ring(-180, -1, -178, 1)));
    const json_t *across = box(179, -1, -178, 1);
    double whole = area(box(0, -1, 3, 1), NULL);
    assert_near(area(split, NULL), whole);
    assert_near(area(across, NULL), whole);
    const json_t *east = box(179.5, 0, 180, 1), *west = box(-180, 0, -179, 1);
    assert_near(area(across, east), area(split, east));
    assert_near(area(across, west), area(split, west));
    assert_true(area(across, west) > 10000);
    assert_near(area(across, box(-10, -10, 10, 10)), 0);
    const json_t *both = scope_json(&s, json_pack("{s:s,s:[[o][o]]}", "type", "MultiPolygon", "coordinates",
                                                  ring(179.5, 0, 180, 1), ring(-180, 0, -179, 1)));
    assert_near(area(across, both), area(box(0, 0, 1.5, 1), NULL));
}

static void a_scene_of_the_whole_world_has_its_area(void **state) {
    (void)state;
    assert_true(fabs(area(box(-180, -90, 180, 90), NULL) - 510065621.724) < 1);
    assert_near(area(box(-180, -90, 180, 90), box(10, 45, 11, 46)), area(box(10, 45, 11, 46), NULL));
}

static void crossed_footprints_count_both_halves(void **state) {
    (void)state;
    const json_t *bow = parse("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}");
    double half = area(parse("{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[0,2],[0,0]]]}"), NULL);
    assert_true(fabs(area(bow, NULL) - 2 * half) < 0.01);
}

/* Counted twice where parts overlap, a scene would cost more than what it shows. */
static void parts_that_overlap_count_once(void **state) {
    (void)state;
    const json_t *parts = scope_json(
        &s, json_pack("{s:s,s:[[o][o]]}", "type", "MultiPolygon", "coordinates", ring(0, 0, 2, 2), ring(1, 0, 3, 2)));
    assert_near(area(parts, NULL), area(box(0, 0, 3, 2), NULL));
}

/* A comb of `teeth`, or a ring that crosses itself everywhere. */
static json_t *detailed(int teeth, bool crossed) {
    json_t *line = json_array();
    for (int i = 0; i < teeth; i++) {
        double x = crossed ? sin(i * 2.4) : i * 2.0 / teeth - 1, y = crossed ? cos(i * 3.7) : i % 2;
        json_array_append_new(line, json_pack("[ff]", x, y));
    }
    for (int side = 1; !crossed && side >= -1; side -= 2) json_array_append_new(line, json_pack("[ff]", 1.0 * side, -1.0));
    json_array_append(line, json_array_get(line, 0));
    return json_pack("{s:s,s:[o]}", "type", "Polygon", "coordinates", line);
}

static void outlines_too_detailed_are_refused_at_once(void **state) {
    (void)state;
    double km2;
    const json_t *comb = scope_json(&s, detailed(18000, false)), *few = scope_json(&s, detailed(900, false));
    assert_int_equal(footprint_area_km2(&s, comb, few, NULL, &km2), NADIR_ETOOLARGE);
    assert_int_equal(footprint_area_km2(&s, comb, box(0, 0, 1, 1), NULL, &km2), 0);
    const json_t *held = scope_json(&s, json_pack("[O,O]", few, few));
    assert_int_equal(footprint_area_km2(&s, box(0, 0, 1, 1), few, held, &km2), NADIR_ETOOLARGE);
    assert_int_equal(footprint_area_km2(&s, scope_json(&s, detailed(2000, true)), NULL, NULL, &km2), NADIR_ETOOLARGE);
    assert_int_equal(footprint_area_km2(&s, scope_json(&s, detailed(100, true)), NULL, NULL, &km2), 0);
}

static void what_is_no_surface_has_no_price(void **state) {
    (void)state;
    double km2;
    assert_int_equal(footprint_area_km2(&s, NULL, NULL, NULL, &km2), NADIR_EINVAL);
    assert_int_equal(footprint_area_km2(&s, parse("{\"type\":\"Point\",\"coordinates\":[1,2]}"), NULL, NULL, &km2),
                     NADIR_EINVAL);
    assert_int_equal(footprint_area_km2(&s, parse("{\"type\":\"Polygon\",\"coordinates\":\"x\"}"), NULL, NULL, &km2),
                     NADIR_EINVAL);
}

static void areas_of_interest_are_checked(void **state) {
    (void)state;
    const char *why = NULL;
    assert_int_equal(footprint_check_aoi(&s, box(10, 45, 11, 46), &why), 0);
    const char *bad[] = {
        "{\"type\":\"Point\",\"coordinates\":[1,2]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[170,0],[-170,0],[-170,1],[170,1],[170,0]]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[2,0],[0,0]]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,200],[0,0]]]}",
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[2,0],[2,2],[0,0]]],[[[0,0],[2,0],[2,2],[0,0]]]]}",
        "[]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        if (footprint_check_aoi(&s, parse(bad[i]), &why) != NADIR_EINVAL) fail_msg("%s was taken", bad[i]);
        assert_non_null(why);
    }
    json_t *many = json_array();
    for (int i = 0; i <= 1001; i++)
        json_array_append_new(many, json_pack("[ff]", i % 1001 ? sin(i) : 0.5, i % 1001 ? cos(i) : 0.5));
    assert_int_equal(
        footprint_check_aoi(&s, scope_json(&s, json_pack("{s:s,s:[o]}", "type", "Polygon", "coordinates", many)), &why),
        NADIR_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_area_of_interest_cuts_the_footprint),
        TEST(what_is_held_is_not_paid_again),
        TEST(areas_are_rounded_to_a_hundred_square_metres),
        TEST(holes_are_not_paid_for),
        TEST(the_antimeridian_is_no_edge_of_the_world),
        TEST(a_scene_of_the_whole_world_has_its_area),
        TEST(crossed_footprints_count_both_halves),
        TEST(parts_that_overlap_count_once),
        TEST(outlines_too_detailed_are_refused_at_once),
        TEST(what_is_no_surface_has_no_price),
        TEST(areas_of_interest_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
