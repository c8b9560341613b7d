/* Where pixels land and what they hold: against positions that PROJ gives for each pixel alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "rasters.h"
#include "view/grid.h"
#include "view/render.h"
#include "view/sample.h"

#include <cmocka.h>

static double by_column(int column, int line) {
    (void)line;
    return column + 0.5;
}

static double by_line(int column, int line) {
    (void)column;
    return line + 0.5;
}

static double hole(int column, int line) {
    (void)line;
    return column < 50 ? 0 : 1000;
}

static double thousand(int column, int line) {
    (void)column;
    (void)line;
    return 1000;
}

static double three_thousand(int column, int line) {
    (void)column;
    (void)line;
    return 3000;
}

static double slope(int column, int line) {
    (void)line;
    return column * 10.0;
}

#define UTM33                                                                                                                  \
    { 500000, 10, 0, 5000000, 0, -10 }

/* A map of the whole raster in a system. */
static struct map map_over(const struct made *m, const struct crs *crs, int size) {
    struct scope s;
    struct raster *r;
    double bounds[4];
    scope_init(&s, "test", 0);
    assert_int_equal(raster_open(&s, m->name, "map", &r), 0);
    assert_true(raster_bounds_84(r, bounds));
    struct map map = {.crs = *crs, .width = size, .height = size};
    assert_true(crs_convert_box(&crs_84, crs, bounds, map.box));
    scope_end(&s);
    return map;
}

/* The samples of bands that hold their own column and line must be the position of the pixel that they are drawn at. */
static void check_registration(const struct crs *crs, int size, double tolerance) {
    struct made columns = {"columns.tif", 32633, UTM33, 800, 600, GDT_Float32, by_column, .overviews = true};
    struct made lines = {"lines.tif", 32633, UTM33, 800, 600, GDT_UInt16, by_line, .overviews = true};
    static bool written;
    if (!written) {
        raster_make(&columns);
        raster_make(&lines);
        written = true;
    }
    struct scope s;
    struct raster *rx, *ry;
    struct map map = map_over(&columns, crs, size);
    struct block block = {0, 0, size, size};
    struct grid grid;
    scope_init(&s, "test", 0);
    assert_int_equal(raster_open(&s, "columns.tif", "r", &rx), 0);
    assert_int_equal(raster_open(&s, "lines.tif", "r", &ry), 0);
    double shrink = grid_shrink(&map, &block, rx);
    assert_int_equal(grid_build(&s, &map, &block, rx, 0.125 * rx->pixel * shrink, &grid), 0);
    size_t n = (size_t)size * (size_t)size;
    float *planes[2] = {scope_alloc(&s, n * sizeof(float)), scope_alloc(&s, n * sizeof(float))};
    unsigned char *valid = scope_alloc(&s, n);
    memset(valid, 1, n);
    struct sample_source sources[2] = {{.raster = rx, .shrink = shrink, .band = 1},
                                       {.raster = ry, .shrink = shrink, .band = 1}};
    assert_int_equal(sample_block(&s, &grid, sources, 2, planes, valid), 0);
    double margin = shrink + 1; /* at the edges interpolation has one side only */
    size_t checked = 0;
    for (int y = 0; y < size; y++) {
        for (int x = 0; x < size; x++) {
            double at_x = map.box[0] + (x + 0.5) * (map.box[2] - map.box[0]) / size;
            double at_y = map.box[3] - (y + 0.5) * (map.box[3] - map.box[1]) / size;
            double column, line;
            assert_true(grid_point(crs, rx, at_x, at_y, &column, &line));
            size_t i = (size_t)y * (size_t)size + (size_t)x;
            bool inside = column >= 0 && line >= 0 && column < 800 && line < 600;
            if (fabs(column) > 0.2 && fabs(line) > 0.2 && fabs(column - 800) > 0.2 && fabs(line - 600) > 0.2)
                assert_int_equal(valid[i], inside);
            if (column < margin || line < margin || column > 800 - margin || line > 600 - margin) continue;
            assert_true(fabs((double)planes[0][i] - column) < tolerance * fmax(shrink, 1));
            /* the 16-bit band was written rounded: line + 0.5 becomes line + 1 or line */
            assert_true(fabs((double)planes[1][i] - line) < 0.5 + (tolerance + 0.01) * fmax(shrink, 1));
            checked++;
        }
    }
    assert_true(checked > n / 3);
    scope_end(&s);
}

static void test_registration(void **state) {
    (void)state;
    struct crs utm32, utm33;
    assert_int_equal(crs_parse("EPSG:32632", &utm32), 0);
    assert_int_equal(crs_parse("EPSG:32633", &utm33), 0);
    const struct crs *systems[] = {&crs_mercator, &crs_84, &utm33, &utm32};
    for (int i = 0; i < 4; i++) {
        check_registration(systems[i], 700, 0.15); /* full resolution */
        check_registration(systems[i], 256, 0.35); /* overviews by averages: half a pixel of a level is the bound */
        check_registration(systems[i], 64, 0.5);
    }
}

static struct picture drawn(struct scope *s, const struct scene *scene, const char *id, const struct map *map) {
    struct picture p;
    const struct style *style = scene_style(scene, id);
    assert_non_null(style);
    assert_int_equal(render(s, scene, style, map, &p), 0);
    return p;
}

static const unsigned char *pixel(const struct picture *p, int x, int y) {
    return p->rgba + 4 * ((size_t)y * (size_t)p->width + (size_t)x);
}

static void test_nodata_is_transparent_and_does_not_bleed(void **state) {
    (void)state;
    struct made m = {"hole.tif", 32633, UTM33, 100, 100, GDT_UInt16, hole, .has_nodata = true, .nodata = 0, .overviews = true};
    raster_make(&m);
    struct scene *scene =
        scene_of("{\"raster:bands\":[{\"nodata\":0,\"statistics\":{\"p2\":0,\"p98\":2000}}]}", "red", "hole.tif", NULL);
    struct scope s;
    scope_init(&s, "test", 0);
    struct crs utm;
    assert_int_equal(crs_parse("EPSG:32633", &utm), 0);
    for (int size = 25; size <= 400; size *= 2) {
        struct map map = {utm, {500000, 4999000, 501000, 5000000}, size, size};
        struct picture p = drawn(&s, scene, "band-red", &map);
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                const unsigned char *c = pixel(&p, x, y);
                assert_int_equal(c[3], x < size / 2 ? 0 : 255);
                if (c[3]) assert_in_range(c[0], 127, 128); /* 1000 of 0..2000: never mixed with the nodata value */
            }
        }
    }
    scope_end(&s);
    scene_release(scene);
}

static void test_antimeridian(void **state) {
    (void)state;
    struct made degrees = {"dateline.tif", 4326, {170, 0.1, 0, 10, 0, -0.1}, 200, 200, GDT_Byte, thousand};
    raster_make(&degrees); /* 170 E to 190 E, 10 N to 10 S; 1000 is clamped to 255 */
    struct made zone = {"zone1.tif", 32601, {166000, 1000, 0, 200000, 0, -1000}, 100, 100, GDT_UInt16, thousand};
    raster_make(&zone); /* from 180 eastward, a little beyond to the west */
    struct scene *scene = scene_of("{\"raster:bands\":[{\"statistics\":{\"p2\":0,\"p98\":100}}]}", "red", "dateline.tif", NULL);
    struct scene *utm = scene_of("{\"raster:bands\":[{\"statistics\":{\"p2\":0,\"p98\":100}}]}", "red", "zone1.tif", NULL);
    struct scope s;
    scope_init(&s, "test", 0);
    double tile = 2 * MERCATOR_HALF / 16;
    struct map east = {crs_mercator, {MERCATOR_HALF - tile, 0, MERCATOR_HALF, tile}, 64, 64};
    struct map west = {crs_mercator, {-MERCATOR_HALF, 0, -MERCATOR_HALF + tile, tile}, 64, 64};
    struct map across = {crs_84, {175, -5, 185, 5}, 64, 64};
    struct map far = {crs_84, {-10, -5, 10, 5}, 64, 64};
    struct picture p = drawn(&s, scene, "", &east);
    assert_int_equal(pixel(&p, 60, 60)[3], 255);
    p = drawn(&s, scene, "", &west);
    assert_int_equal(pixel(&p, 2, 60)[3], 255);
    assert_int_equal(pixel(&p, 60, 60)[3], 0); /* 202.5 - 360: past the raster's eastern edge */
    p = drawn(&s, scene, "", &across);
    assert_int_equal(picture_cover(&p), PICTURE_OPAQUE);
    p = drawn(&s, scene, "", &far);
    assert_int_equal(picture_cover(&p), PICTURE_EMPTY);
    p = drawn(&s, utm, "", &(struct map){crs_84, {-180, 0.95, -179.5, 1.45}, 64, 64});
    assert_int_equal(pixel(&p, 32, 32)[3], 255);
    p = drawn(&s, utm, "", &(struct map){crs_84, {180, 0.95, 180.5, 1.45}, 64, 64});
    assert_int_equal(pixel(&p, 32, 32)[3], 255);
    p = drawn(&s, utm, "", &(struct map){crs_84, {0, 0.95, 0.5, 1.45}, 64, 64});
    assert_int_equal(picture_cover(&p), PICTURE_EMPTY);
    scope_end(&s);
    scene_release(scene);
    scene_release(utm);
}

static void test_poles(void **state) {
    (void)state;
    struct made south = {"pole.tif", 3031, {-1000000, 10000, 0, 1000000, 0, -10000}, 200, 200, GDT_UInt16, thousand};
    raster_make(&south);
    struct scene *scene = scene_of("{\"raster:bands\":[{\"statistics\":{\"p2\":0,\"p98\":1000}}]}", "red", "pole.tif", NULL);
    struct scope s;
    scope_init(&s, "test", 0);
    struct crs polar;
    assert_int_equal(crs_parse("EPSG:3031", &polar), 0);
    struct map own = {polar, {-900000, -900000, 900000, 900000}, 128, 128};
    struct picture p = drawn(&s, scene, "", &own);
    assert_int_equal(picture_cover(&p), PICTURE_OPAQUE); /* the pole itself, the middle, is covered */
    struct map plate = {crs_84, {-180, -90, 180, -80}, 360, 40};
    p = drawn(&s, scene, "", &plate);
    for (int x = 0; x < 360; x++) {
        assert_int_equal(pixel(&p, x, 30)[3], 255); /* 87.6 S */
        assert_int_equal(pixel(&p, x, 39)[3], 255); /* 89.9 S */
    }
    assert_int_equal(pixel(&p, 180, 0)[3], 0); /* 80 S is about 1100 km from the pole */
    double half = MERCATOR_HALF;
    p = drawn(&s, scene, "", &(struct map){crs_mercator, {-half, -half, half, half}, 256, 256});
    assert_int_not_equal(picture_cover(&p), PICTURE_OPAQUE);
    /* Mercator's last row, 85 S, is some 550 km away from the pole: inside. */
    assert_int_equal(pixel(&p, 128, 255)[3], 255);
    assert_int_equal(pixel(&p, 128, 100)[3], 0);
    scope_end(&s);
    scene_release(scene);
}

static void test_ndvi_takes_scale_and_offset(void **state) {
    (void)state;
    struct made red = {"nred.tif", 32633, UTM33, 64, 64, GDT_UInt16, thousand};
    struct made nir = {"nnir.tif", 32633, UTM33, 64, 64, GDT_UInt16, three_thousand};
    raster_make(&red);
    raster_make(&nir);
    struct scope s;
    struct crs utm;
    scope_init(&s, "test", 0);
    assert_int_equal(crs_parse("EPSG:32633", &utm), 0);
    struct map map = {utm, {500000, 4999400, 500600, 5000000}, 32, 32};
    static const struct {
        const char *extra;
        double ndvi;
    } cases[] = {
        {NULL, 0.5},                                                           /* (3000 - 1000) / 4000 */
        {"{\"raster:bands\":[{\"scale\":0.0001,\"offset\":-0.05}]}", 2.0 / 3}, /* (0.25 - 0.05) / 0.30 */
        {"{\"bands\":[{\"scale\":0.0001,\"offset\":-0.05}]}", 2.0 / 3},        /* STAC 1.1 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene *scene = scene_of(cases[i].extra, "red", "nred.tif", "nir", "nnir.tif", NULL);
        struct picture p = drawn(&s, scene, "ndvi", &map);
        unsigned char wanted[3];
        colour_of(scene_style(scene, "ndvi")->ramp, cases[i].ndvi, wanted);
        for (int c = 0; c < 3; c++) assert_true(abs(pixel(&p, 16, 16)[c] - wanted[c]) <= 1);
        scene_release(scene);
    }
    scope_end(&s);
}

static void test_hillshade_lights_from_the_north_west(void **state) {
    (void)state;
    struct made m = {"slope.tif", 32633, UTM33, 100, 100, GDT_Float32, slope}; /* rises 45 degrees to the east: faces west */
    raster_make(&m);
    struct scene *scene = scene_of(NULL, "elevation", "slope.tif", NULL);
    struct scope s;
    struct crs utm;
    scope_init(&s, "test", 0);
    assert_int_equal(crs_parse("EPSG:32633", &utm), 0);
    struct picture p = drawn(&s, scene, "elevation", &(struct map){utm, {500200, 4999200, 500800, 4999800}, 60, 60});
    unsigned char flat[3];
    colour_of(scene_style(scene, "elevation")->ramp, 505, flat); /* column 50 */
    assert_true(pixel(&p, 30, 30)[0] > flat[0]);
    assert_true(pixel(&p, 30, 30)[3] == 255);
    /* Blocks are shaded with a margin, so there is no seam: neighbours differ by little even across 512. */
    p = drawn(&s, scene, "elevation", &(struct map){utm, {500200, 4999200, 500800, 4999800}, 600, 600});
    for (int y = 0; y < 600; y += 50) assert_true(abs(pixel(&p, 511, y)[0] - pixel(&p, 512, y)[0]) <= 2);
    scope_end(&s);
    scene_release(scene);
}

static void test_points(void **state) {
    (void)state;
    struct scene *scene = scene_of(NULL, "red", "columns.tif", NULL);
    struct scope s;
    scope_init(&s, "test", 0);
    struct crs utm;
    assert_int_equal(crs_parse("EPSG:32633", &utm), 0);
    double x = 500000 + 123 * 10 + 3, y = 5000000 - 77 * 10 - 3, value;
    bool found;
    assert_true(crs_convert(&utm, &crs_84, 1, &x, &y));
    assert_int_equal(render_point(&s, scene, 0, x, y, &found, &value), 0);
    assert_true(found);
    assert_true(value == 123.5);
    assert_int_equal(render_point(&s, scene, 0, 100, 10, &found, &value), 0);
    assert_false(found);
    assert_int_equal(render_point(&s, scene, 0, 15, 90, &found, &value), 0);
    assert_false(found);
    scope_end(&s);
    scene_release(scene);
}

static void test_maps_far_off_and_huge(void **state) {
    (void)state;
    struct scene *scene = scene_of("{\"raster:bands\":[{\"statistics\":{\"p2\":0,\"p98\":800}}]}", "red", "columns.tif", NULL);
    struct scope s;
    scope_init(&s, "test", 0);
    double h = MERCATOR_HALF;
    struct map maps[] = {
        {crs_mercator, {-h, -h, h, h}, 256, 256},
        {crs_84, {-180, -90, 180, 90}, 512, 256},
        {crs_mercator, {1e9, 1e9, 1.0001e9, 1.0001e9}, 64, 64},
        {crs_84, {-900, -90, 900, 90}, 300, 30},
        {crs_84, {15, 45, 15.0000001, 45.0000001}, 64, 64},
        {crs_84, {15, 89.99, 15.01, 90}, 64, 64},
        {crs_mercator, {0, 0, 1, 1}, 1, 1},
    };
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) (void)drawn(&s, scene, "", &maps[i]);
    struct picture world = drawn(&s, scene, "", &maps[0]);
    size_t seen = 0; /* 8 km are a twentieth of a pixel: it shows where a pixel's middle falls into the scene, or not at all */
    for (size_t i = 0; i < (size_t)256 * 256; i++) seen += world.rgba[4 * i + 3] != 0;
    assert_true(seen <= 1);
    scope_end(&s);
    scene_release(scene);
}

static int clean(void **state) {
    (void)state;
    rasters_remove();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registration),
        cmocka_unit_test(test_nodata_is_transparent_and_does_not_bleed),
        cmocka_unit_test(test_antimeridian),
        cmocka_unit_test(test_poles),
        cmocka_unit_test(test_ndvi_takes_scale_and_offset),
        cmocka_unit_test(test_hillshade_lights_from_the_north_west),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_maps_far_off_and_huge),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
