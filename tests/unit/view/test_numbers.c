/* Weights of pixels and weighted statistics: against sums done by hand, and whatever a polygon looks like. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "rasters.h"
#include "view/numbers/measure.h"
#include "view/numbers/zone.h"

#include <cmocka.h>

#define WIDE 700

static double ramp(int column, int line) {
    return column + 1000.0 * line;
}

static double signed_texture(int column, int line) {
    return (double)((column * 7919 + line * 104729) % 2001) - 1000;
}

static double few(int column, int line) {
    return (double)((column + line) % 5);
}

#define DEGREES                                                                                                                \
    { 10, 0.01, 0, 50, 0, -0.01 }

static const struct made degrees = {"degrees.tif", 4326, DEGREES, WIDE, 300, GDT_Float32, ramp, false, 0, true};
static const struct made texture = {"texture.tif", 4326, DEGREES, WIDE, 300, GDT_Int16, signed_texture, true, -1000, false};
static const struct made classes = {"classes.tif", 4326, {10, 0.02, 0, 50, 0, -0.02}, WIDE / 2, 150, GDT_Byte, few, false, 0,
                                    false};

static int set_up(void **state) {
    (void)state;
    setenv("NADIR_THREADS_HEAVY", "3", 1);
    (void)rasters_folder();
    raster_make(&degrees);
    raster_make(&texture);
    raster_make(&classes);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    rasters_remove();
    return 0;
}

/* An area of a ring given in pixels of the raster. */
static void area_make(struct scope *s, const double *pixels, int count, struct area *out) {
    json_t *ring = json_array();
    for (int i = 0; i <= count; i++)
        json_array_append_new(ring,
                              json_pack("[ff]", 10 + 0.01 * pixels[2 * (i % count)], 50 - 0.01 * pixels[2 * (i % count) + 1]));
    json_t *polygon = scope_json(s, json_pack("{s:s, s:[o]}", "type", "Polygon", "coordinates", ring));
    assert_true(area_of(s, polygon, out));
}

static double total(const struct zone *z, int width, int height, int side, double *weights) {
    double sum = 0;
    double *block = malloc((size_t)side * (size_t)side * sizeof *block);
    assert_non_null(block);
    for (int y = 0; y < height; y += side) {
        for (int x = 0; x < width; x += side) {
            struct block b = {x, y, width - x < side ? width - x : side, height - y < side ? height - y : side};
            assert_int_equal(zone_weights(z, &b, block), 0);
            for (int i = 0; i < b.width * b.height; i++) {
                sum += block[i];
                assert_true(block[i] >= 0 && block[i] <= 1);
                if (weights) weights[(y + i / b.width) * width + x + i % b.width] = block[i];
            }
        }
    }
    free(block);
    return sum;
}

static struct raster *opened(struct scope *s, const struct made *m) {
    struct raster *r;
    assert_int_equal(raster_open(s, m->name, "1", &r), 0);
    return r;
}

static void test_weights_of_a_triangle(void **state) {
    (void)state;
    struct scope s;
    struct area area;
    struct zone zone;
    double w[4 * 4];
    scope_init(&s, "test", 0);
    area_make(&s, (const double[]){0.5, 0.5, 3.5, 0.5, 0.5, 3.5}, 3, &area);
    assert_int_equal(zone_make(&area, opened(&s, &degrees), 0, &zone), 0);
    assert_true(fabs(total(&zone, 4, 4, 4, w) - 4.5) < 1e-7);
    const double expected[16] = {0.25, 0.5, 0.5, 0.125, 0.5, 1, 0.5, 0, 0.5, 0.5, 0, 0, 0.125, 0, 0, 0};
    for (int i = 0; i < 16; i++)
        if (fabs(w[i] - expected[i]) > 1e-7) fail_msg("pixel %d: %.9f, not %.9f", i, w[i], expected[i]);
    assert_int_equal(zone.window.width, 4);
    zone_end(&zone);
    scope_end(&s);
}

/* The area of the polygon is what all weights sum up to, in blocks of any size, at every level, and all blocks agree. */
static void test_weights_sum_up_to_the_area(void **state) {
    (void)state;
    unsigned seed = 7; /* the same polygons every time */
    for (int round = 0; round < 30; round++) {
        struct scope s;
        struct area area;
        double ring[2 * 40], twice = 0;
        int count = 3 + round;
        scope_init(&s, "test", 0);
        struct raster *r = opened(&s, &degrees);
        for (int i = 0; i < count; i++) {       /* a star: valid whatever its radii */
            seed = seed * 1664525 + 1013904223; /* Numerical Recipes' ranqd1 */
            double angle = 2 * M_PI * i / count, radius = 1 + 130.0 * (seed >> 8) / (1 << 24);
            ring[2 * i] = 350.3 + 2 * radius * cos(angle);
            ring[2 * i + 1] = 150.7 + radius * sin(angle);
        }
        for (int i = 0; i < count; i++) {
            int next = (i + 1) % count;
            twice += ring[2 * i] * ring[2 * next + 1] - ring[2 * next] * ring[2 * i + 1];
        }
        area_make(&s, ring, count, &area);
        static double one[WIDE * 300], other[WIDE * 300];
        for (int level = 0; level < 2; level++) {
            struct zone zone;
            const struct raster_level *l = &r->levels[level];
            assert_int_equal(zone_make(&area, r, level, &zone), 0);
            double expected = fabs(twice) / 2 / (l->shrink_x * l->shrink_y);
            assert_true(fabs(total(&zone, l->width, l->height, 512, one) - expected) < 1e-6 * expected);
            (void)total(&zone, l->width, l->height, 37, other);
            for (int i = 0; i < l->width * l->height; i++) assert_true(fabs(one[i] - other[i]) < 1e-9);
            zone_end(&zone);
        }
        scope_end(&s);
    }
}

static void test_areas_that_are_none(void **state) {
    (void)state;
    static const char *const bad[] = {
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[1,0],[0,1],[0,0]]]}",
        "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,1],[0,0],[1,1],[0,0]]]}",
        "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[2,0],[2,2],[0,0]]],[[[1,0],[3,0],[3,2],[1,0]]]]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct scope s;
        struct area area;
        scope_init(&s, "test", 0);
        assert_false(area_of(&s, scope_json(&s, json_loads(bad[i], 0, NULL)), &area));
        scope_end(&s);
    }
}

static struct measure measured(struct scope *s, const struct scene *scene, const struct subject *subject, const double *ring,
                               int count, struct wanted wanted, int expected) {
    struct area area;
    struct measure m;
    area_make(s, ring, count, &area);
    if (!wanted.pixels_most) wanted.pixels_most = 1 << 24;
    assert_int_equal(measure(s, scene, subject, &area, &wanted, &m), expected);
    return m;
}

static void test_moments_over_blocks(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_of(NULL, "red", "degrees.tif", NULL);
    const struct subject subject = {.band = 0};
    /* All of the raster and more: 700 x 300 pixels in two blocks. */
    struct measure m = measured(&s, scene, &subject, (const double[]){-5, -5, 705, -5, 705, 305, -5, 305}, 4,
                                (struct wanted){.npercentiles = 3, .percentiles = {0, 50, 100}, .bins = 4}, 0);
    assert_int_equal(m.tally.count, 210000);
    assert_true(fabs(m.tally.weight - 210000) < 1e-6);
    assert_true(fabs(m.tally.mean - (349.5 + 1000 * 149.5)) < 1e-6);
    double variance = (700.0 * 700 - 1) / 12 + 1e6 * (300.0 * 300 - 1) / 12;
    assert_true(fabs(tally_std(&m.tally) - sqrt(variance)) < 1e-6 * sqrt(variance));
    assert_true(m.tally.min == 0 && m.tally.max == 299699);
    assert_true(m.percentiles[0] == 0 && m.percentiles[2] == 299699);
    assert_true(m.percentiles[1] == 149699); /* half of the lines, the last value of the 150th */
    assert_int_equal(m.histogram->counts[0] + m.histogram->counts[1] + m.histogram->counts[2] + m.histogram->counts[3], 210000);
    scene_release(scene);
    scope_end(&s);
}

static void test_nodata_masks_and_negative_scales(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_of("{\"raster:bands\": [{\"scale\": -0.5, \"offset\": 10}]}", "a", "texture.tif", NULL);
    const struct subject subject = {.band = 0};
    int64_t count = 0, none = 0;
    double sum = 0;
    for (int y = 20; y < 60; y++) {
        for (int x = 30; x < 600; x++) {
            double sample = signed_texture(x, y);
            none += sample == -1000;
            count += sample != -1000;
            sum += sample != -1000 ? sample * -0.5 + 10 : 0;
        }
    }
    struct measure m = measured(&s, scene, &subject, (const double[]){30, 20, 600, 20, 600, 60, 30, 60}, 4,
                                (struct wanted){.npercentiles = 2, .percentiles = {0, 100}}, 0);
    assert_int_equal(m.tally.count, count);
    assert_int_equal(m.nodata.count, none);
    assert_true(none > 0 && fabs(m.tally.mean - sum / (double)count) < 1e-6);
    assert_true(m.percentiles[0] == m.tally.min && m.percentiles[1] == m.tally.max && m.tally.min < -400);
    struct measure stored = measured(&s, scene, &subject, (const double[]){30, 20, 600, 20, 600, 60, 30, 60}, 4,
                                     (struct wanted){.samples = true}, 0);
    assert_true(fabs(stored.tally.mean * -0.5 + 10 - m.tally.mean) < 1e-9);
    scene_release(scene);
    scope_end(&s);
}

struct meaning {
    const struct scene *scene;
};

static struct expression_name find(const void *with, const char *name) {
    const struct meaning *m = with;
    int band = scene_band_index(m->scene, name);
    return (struct expression_name){.kind = band < 0 ? EXPRESSION_UNKNOWN : EXPRESSION_BAND, .number = band, .scale = 1};
}

/* A mask on a grid of twice the side. */
static void test_masks_on_another_grid(void **state) {
    (void)state;
    struct scope s;
    struct expression_fault fault;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_of(NULL, "red", "degrees.tif", "scl", "classes.tif", NULL);
    const struct meaning meaning = {scene};
    const struct expression_names names = {find, &meaning};
    struct subject subject = {.band = scene_band_index(scene, "red")};
    assert_int_equal(expression_compile(&s, "scl == 3", &names, &subject.where, &fault), 0);
    double sum = 0;
    int64_t count = 0, masked = 0;
    for (int y = 7; y < 200; y++) {
        for (int x = 13; x < 640; x++) {
            bool keep = (x / 2 + y / 2) % 5 == 3;
            count += keep;
            masked += !keep;
            sum += keep ? ramp(x, y) : 0;
        }
    }
    struct measure m =
        measured(&s, scene, &subject, (const double[]){13, 7, 640, 7, 640, 200, 13, 200}, 4, (struct wanted){0}, 0);
    assert_int_equal(m.tally.count, count);
    assert_int_equal(m.masked.count, masked);
    assert_true(fabs(m.tally.mean - sum / (double)count) < 1e-6 * m.tally.mean);
    scene_release(scene);
    scope_end(&s);
}

static void test_limits(void **state) {
    (void)state;
    struct scope s;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_of(NULL, "red", "degrees.tif", NULL);
    const struct subject subject = {.band = 0};
    const double ring[] = {0, 0, 100, 0, 100, 100, 0, 100};
    struct measure m = measured(&s, scene, &subject, ring, 4, (struct wanted){.pixels_most = 9000}, NADIR_ETOOLARGE);
    assert_true(m.cost >= 10000 && m.cost < 11000);
    struct scope late;
    scope_init(&late, "test", 1);
    while (scope_left_ms(&late, 1) > 0) {
    }
    (void)measured(&late, scene, &subject, ring, 4, (struct wanted){0}, NADIR_ETIMEOUT);
    scope_end(&late);
    scene_release(scene);
    scope_end(&s);
}

/* Of three threads, two may do long work; short work is never refused, nor is what has its place already. */
static void test_long_work_leaves_room(void **state) {
    (void)state;
    struct scope scopes[3], last;
    struct gate gates[3] = {0}, short_work = {0}, late = {0};
    for (int i = 0; i < 3; i++) {
        scope_init(&scopes[i], "test", 0);
        assert_int_equal(gate_pass(&scopes[i], &gates[i], GATE_FREE), 0);
        assert_int_equal(gate_pass(&scopes[i], &gates[i], 1), i < 2 ? 0 : NADIR_EBUSY);
    }
    assert_int_equal(gate_pass(&scopes[0], &gates[0], GATE_FREE), 0);
    assert_int_equal(gate_pass(&scopes[2], &short_work, GATE_FREE), 0);
    scope_end(&scopes[0]);
    scope_init(&last, "test", 0);
    assert_int_equal(gate_pass(&last, &late, 2 * GATE_FREE), 0);
    scope_end(&last);
    scope_end(&scopes[1]);
    scope_end(&scopes[2]);
}

/* Weights that only sums of many bits tell apart, values that only differ in their last bits, both signs and zero. */
static void test_percentiles_are_exact(void **state) {
    (void)state;
    const double values[] = {-1e30, -2.5, -2.4999998, -0.0, 0, 1e-40, 1, 1.0000001, 3e38};
    const double weights[] = {1, 2, 3, 1, 1, 1, 4, 4, 3};
    struct percentiles p = {.count = 8, .asked = {0, 4.9, 5, 15, 30, 45, 65, 100}};
    assert_int_equal(percentiles_begin(&p), 0);
    for (int i = 8; i >= 0; i--) percentiles_first(&p, values[i], weights[i]);
    assert_int_equal(percentiles_turn(&p), 0);
    for (int i = 0; i < 9; i++) percentiles_second(&p, values[i], weights[i]);
    percentiles_find(&p);
    const double expected[] = {-1e30, -1e30, -1e30, -2.5, -2.4999998, 1e-40, 1, 3e38};
    for (int i = 0; i < 8; i++)
        if (p.found[i] != (double)(float)expected[i])
            fail_msg("percentile %g: %.9g, not %.9g", p.asked[i], p.found[i], expected[i]);
    percentiles_end(&p);
    struct percentiles none = {.count = 1, .asked = {50}};
    assert_int_equal(percentiles_begin(&none), 0);
    assert_int_equal(percentiles_turn(&none), 0);
    percentiles_find(&none);
    assert_true(isnan(none.found[0]));
    percentiles_end(&none);
}

static void test_bins_have_their_edges(void **state) {
    (void)state;
    static struct histogram h;
    histogram_begin(&h, 10, 0, 1);
    for (int i = 0; i <= 10; i++) histogram_add(&h, h.edges[i], 1);
    for (int i = 0; i < 9; i++) assert_int_equal(h.counts[i], 1);
    assert_int_equal(h.counts[9], 2);
    histogram_add(&h, nextafter(1, 2), 3);
    histogram_add(&h, -1e-300, 2);
    assert_int_equal(h.beyond, 2);
    assert_true(h.beyond_weight == 5);
    histogram_begin(&h, 3, 7, 7);
    assert_true(h.edges[0] == 6.5 && h.edges[3] == 7.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_of_a_triangle),
        cmocka_unit_test(test_weights_sum_up_to_the_area),
        cmocka_unit_test(test_areas_that_are_none),
        cmocka_unit_test(test_moments_over_blocks),
        cmocka_unit_test(test_nodata_masks_and_negative_scales),
        cmocka_unit_test(test_masks_on_another_grid),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_percentiles_are_exact),
        cmocka_unit_test(test_bins_have_their_edges),
        cmocka_unit_test(test_long_work_leaves_room),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
