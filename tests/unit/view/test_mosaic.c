/* What mosaics and legends are made of: rules, masks by classes, medians over blocks, scales. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rasters.h"
#include "view/composite.h"
#include "view/legend.h"
#include "view/mask.h"

#include <cmocka.h>

#define SIDE 8
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool rule_of(struct scope *s, const char *mosaic, const char *mask, const char *scenes, struct rule *out,
                    struct complaint *c) {
    struct pair list[3];
    struct request rq = {.scope = s, .args = {list, 0}};
    if (mosaic) list[rq.args.count++] = (struct pair){"MOSAIC", mosaic};
    if (mask) list[rq.args.count++] = (struct pair){"mask", mask};
    if (scenes) list[rq.args.count++] = (struct pair){"Scenes", scenes};
    return rule_read(&rq, out, c);
}

static void test_rules(void **state) {
    (void)state;
    struct scope s;
    struct rule rule;
    struct complaint c;
    scope_init(&s, "test", 5000);
    assert_true(rule_of(&s, NULL, NULL, NULL, &rule, &c));
    assert_true(rule.kind == MOSAIC_LATEST && !rule.masked && rule.scenes == 0);
    assert_true(rule_of(&s, "max-ndvi", "clouds", "24", &rule, &c));
    assert_true(rule.kind == MOSAIC_MAX_NDVI && rule.masked && rule.scenes == 24);
    assert_true(rule_of(&s, "", "none", "", &rule, &c) && rule.kind == MOSAIC_LATEST && !rule.masked);
    static const char *const bad[][4] = {{"Median", NULL, NULL, "mosaic"}, {"x", NULL, NULL, "mosaic"},
                                         {NULL, "cloud", NULL, "mask"},    {NULL, NULL, "0", "scenes"},
                                         {NULL, NULL, "25", "scenes"},     {NULL, NULL, "-1", "scenes"},
                                         {NULL, NULL, "1e1", "scenes"}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(rule_of(&s, bad[i][0], bad[i][1], bad[i][2], &rule, &c));
        assert_string_equal(c.field, bad[i][3]);
        assert_int_equal(c.status, 400);
    }
    scope_end(&s);
}

static double class_value(int column, int line) {
    (void)line;
    return column; /* classes 0 to 7 in columns */
}
static double class_high(int column, int line) {
    (void)line;
    return column + 8; /* 8 to 15: 12 and more are none */
}
static double quality(int column, int line) {
    static const double words[SIDE] = {0, 1, 21824, 22280, 21824 + 4, 21824 + 2, 21952, 21824 + 16};
    (void)line;
    return words[column];
}

static void raster(const char *name, double (*value)(int, int), bool has_nodata) {
    const struct made m = {.name = name,
                           .epsg = 32633,
                           .transform = {500000, 10, 0, 5000000, 0, -10},
                           .width = SIDE,
                           .height = SIDE,
                           .type = GDT_UInt16,
                           .value = value,
                           .has_nodata = has_nodata};
    raster_make(&m);
}

static struct map whole(void) {
    struct map map = {.box = {500000, 5000000 - 10 * SIDE, 500000 + 10 * SIDE, 5000000}, .width = SIDE, .height = SIDE};
    assert_int_equal(crs_parse("EPSG:32633", &map.crs), 0);
    return map;
}

static void check_mask(const char *key, const char *file, const char *expected) {
    struct scope s;
    unsigned char valid[SIDE * SIDE];
    struct block b = {0, 0, SIDE, SIDE};
    struct map map = whole();
    scope_init(&s, "test", 5000);
    struct scene *scene = scene_of(NULL, key, file, NULL);
    assert_true(mask_known(scene));
    memset(valid, 1, sizeof valid);
    assert_int_equal(mask_block(&s, scene, &map, &b, valid), 0);
    for (int i = 0; i < SIDE * SIDE; i++) assert_int_equal(valid[i], expected[i % SIDE] == '1');
    scene_release(scene);
    scope_end(&s);
}

static void test_masks(void **state) {
    (void)state;
    raster("low.tif", class_value, false);
    raster("high.tif", class_high, false);
    raster("qa.tif", quality, false);
    check_mask("scl", "low.tif", "00001111");  /* vegetation, bare, water, unclassified */
    check_mask("SCL", "high.tif", "00010000"); /* snow */
    check_mask("QA_PIXEL", "qa.tif", "00100010");

    struct scope s;
    unsigned char valid[SIDE * SIDE];
    struct block b = {0, 0, SIDE, SIDE};
    struct map map = whole();
    scope_init(&s, "test", 5000);
    struct scene *none = scene_of(NULL, "red", "low.tif", NULL);
    assert_false(mask_known(none));
    assert_int_equal(mask_block(&s, none, &map, &b, valid), NADIR_ENOTFOUND);
    scene_release(none);
    scope_end(&s);
}

static double first(int column, int line) {
    return 100 + 10 * column + line;
}
static double second(int column, int line) {
    return column == 3 ? 0 : 180 + line; /* no data in a column */
}
static double third(int column, int line) {
    (void)column;
    (void)line;
    return 130;
}

/* Median of a formula over scenes, of which one is without data in a column and one has not the band. */
static void test_medians(void **state) {
    (void)state;
    struct scope s;
    struct picture picture;
    struct map map = whole();
    raster("first.tif", first, false);
    raster("second.tif", second, true);
    raster("third.tif", third, false);
    scope_init(&s, "test", 5000);
    const char *nodata = "{\"raster:bands\": [{\"nodata\": 0}]}";
    struct scene *scenes[] = {scene_of(nodata, "red", "first.tif", NULL), scene_of(nodata, "nir", "first.tif", NULL),
                              scene_of(nodata, "red", "second.tif", NULL), scene_of(nodata, "red", "third.tif", NULL)};
    struct pair args[] = {{"expression", "red"}, {"rescale", "0,255"}};
    struct request rq = {.scope = &s, .base_url = "http://x", .query = "", .args = {args, 2}};
    struct look look = {.style = "expression", .rule = {.kind = MOSAIC_MEDIAN}};
    assert_int_equal(composite_draw(&rq, &look, &map, (const struct scene *const *)scenes, 4, &picture), 0);
    for (int i = 0; i < SIDE * SIDE; i++) {
        double a = first(i % SIDE, i / SIDE);
        double b = second(i % SIDE, i / SIDE);
        double expected = b == 0 ? (a + 130) / 2 : fmax(fmin(a, b), fmin(fmax(a, b), 130));
        assert_true(fabs(picture.rgba[4 * i] - expected) <= 0.51);
        assert_int_equal(picture.rgba[4 * i + 3], 255);
    }
    /* None of them has it: an empty picture. */
    args[0].value = "green";
    assert_int_equal(composite_draw(&rq, &look, &map, (const struct scene *const *)scenes, 4, &picture), 0);
    assert_int_equal(picture_cover(&picture), PICTURE_EMPTY);
    for (size_t i = 0; i < COUNT(scenes); i++) scene_release(scenes[i]);
    scope_end(&s);
}

static void test_steps(void **state) {
    (void)state;
    assert_true(fabs(legend_step(0, 1, 5) - 0.2) < 1e-12);
    assert_true(fabs(legend_step(-1, 1, 5) - 0.5) < 1e-12);
    assert_true(fabs(legend_step(0, 4000, 4) - 1000) < 1e-9);
    assert_true(fabs(legend_step(0, 4001, 4) - 2000) < 1e-9);
    assert_true(fabs(legend_step(0, 0.35, 8) - 0.05) < 1e-12);
}

/* Ranges that a float does not tell apart, or cannot hold, give colours without numbers, at once. */
static void test_scales_that_are_none(void **state) {
    (void)state;
    static const float ends[][2] = {{1, 1},        {1e6F, 1e6F},           {-INFINITY, INFINITY},
                                    {0, INFINITY}, {1e30F, 1.0000001e30F}, {0, 1e-38F}};
    struct scope s;
    struct picture picture;
    scope_init(&s, "test", 5000);
    for (size_t i = 0; i < COUNT(ends); i++) {
        const struct ramp_stop stops[] = {{ends[i][0], 0, 0, 0, NULL}, {ends[i][1], 255, 255, 255, NULL}};
        const struct ramp ramp = {stops, 2};
        assert_int_equal(legend_across(&s, &ramp, LEGEND_WIDTH, LEGEND_NUMBERED, &picture), 0);
        assert_int_equal(legend_down(&s, &ramp, 90, 160, &picture), 0);
    }
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_medians),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_scales_that_are_none),
    };
    (void)rasters_folder();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    rasters_remove();
    return failed;
}
