/* Numbers, coordinate systems, colours and encodings. */
#include <math.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "view/colormaps.h"
#include "view/colour.h"
#include "view/crs.h"
#include "view/numbers.h"
#include "view/picture.h"
#include "view/style.h"

#include <cmocka.h>

static void test_numbers(void **state) {
    (void)state;
    static const char *const bad[] = {"",    " ",   " 1", "1 ", "nan", "inf", "-inf",  "0x10", "1e999",
                                      "1,2", "--1", "1e", "e5", ".",   "+",   "1.2.3", "٣"};
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0}, {"-1.5", -1.5}, {"1e3", 1000}, {"+7", 7}, {".5", 0.5}, {"1.", 1}};
    double number, box[4];
    int integer;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(number_parse(bad[i], &number));
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(number_parse(good[i].text, &number));
        assert_true(number == good[i].value);
    }
    static const char *const bad_integers[] = {"", "-1", "1.0", "1e1", "0x1", " 1", "99999999999", "11", "+1"};
    for (size_t i = 0; i < sizeof bad_integers / sizeof bad_integers[0]; i++)
        assert_false(integer_parse(bad_integers[i], 0, 10, &integer));
    assert_true(integer_parse("10", 0, 10, &integer) && integer == 10);
    static const char *const bad_boxes[] = {"",         "1",       "1,2,3",   "1,2,3,4,5", "1,2,3,",
                                            "1,2,3,4,", "a,b,c,d", "1;2;3;4", "1,,3,4",    "nan,0,1,1"};
    for (size_t i = 0; i < sizeof bad_boxes / sizeof bad_boxes[0]; i++) assert_false(box_parse(bad_boxes[i], box));
    assert_true(box_parse("-1,2.5,3e2,4", box) && box[0] == -1 && box[2] == 300);
}

static void test_systems(void **state) {
    (void)state;
    static const char *const bad[] = {"",           "EPSG:",      "EPSG:1",        "EPSG:99999", "EPSG:32661",
                                      "EPSG:32600", "EPSG:3857x", "epsg3857",      "CRS:83",     "EPSG:4326;DROP",
                                      "EPSG:-4326", "AUTO:42001", "EPSG:000003857"};
    struct crs crs;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_int_equal(crs_parse(bad[i], &crs), NADIR_EINVAL);
    assert_int_equal(crs_parse("EPSG:4326", &crs), 0);
    assert_true(crs.lat_first && crs.geographic);
    assert_int_equal(crs_parse("crs:84", &crs), 0);
    assert_true(!crs.lat_first && crs.geographic);
    assert_int_equal(crs_parse("http://www.opengis.net/def/crs/EPSG/0/32733", &crs), 0);
    assert_true(crs.epsg == 32733 && !crs.geographic);
}

/* EPSG Guidance Note 7-2, method 1024, gives this worked example. */
static void test_mercator_matches_the_guidance_note(void **state) {
    (void)state;
    double x = -(100 + 20 / 60.0), y = 24 + 22 / 60.0 + 54.433 / 3600;
    assert_true(crs_convert(&crs_84, &crs_mercator, 1, &x, &y));
    assert_true(fabs(x - -11169055.58) < 0.02);
    assert_true(fabs(y - 2800000.00) < 0.02);
}

static void check_png(int width, int height, bool opaque) {
    struct scope s;
    struct picture p;
    const void *data;
    size_t len;
    scope_init(&s, "test", 0);
    assert_int_equal(picture_new(&s, width, height, &p), 0);
    for (int i = 0; i < width * height * 4; i++)
        p.rgba[i] = (unsigned char)(i % 4 == 3 && opaque ? 255 : (unsigned)i * 2654435761U >> 24);
    assert_int_equal(picture_png(&s, &p, &data, &len), 0);
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_true(png_image_begin_read_from_memory(&image, data, len));
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    assert_int_equal((image.format & PNG_FORMAT_FLAG_ALPHA) != 0, !opaque);
    image.format = PNG_FORMAT_RGBA;
    unsigned char *decoded = malloc(PNG_IMAGE_SIZE(image));
    assert_non_null(decoded);
    assert_true(png_image_finish_read(&image, NULL, decoded, 0, NULL));
    assert_memory_equal(decoded, p.rgba, (size_t)width * (size_t)height * 4);
    free(decoded);
    scope_end(&s);
}

static void test_png_is_read_back(void **state) {
    (void)state;
    static const int sizes[][2] = {{1, 1}, {1, 7}, {7, 1}, {256, 256}, {513, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_png(sizes[i][0], sizes[i][1], true);
        check_png(sizes[i][0], sizes[i][1], false);
    }
}

static void test_jpeg_and_background(void **state) {
    (void)state;
    struct scope s;
    struct picture p;
    const void *data;
    size_t len;
    scope_init(&s, "test", 0);
    assert_int_equal(picture_new(&s, 64, 64, &p), 0);
    assert_int_equal(picture_cover(&p), PICTURE_EMPTY);
    memset(p.rgba, 200, 4);
    assert_int_equal(picture_cover(&p), PICTURE_PARTIAL);
    picture_background(&p, 0x102030);
    assert_int_equal(picture_cover(&p), PICTURE_OPAQUE);
    assert_int_equal(p.rgba[4], 0x10);
    assert_int_equal(p.rgba[6], 0x30);
    assert_int_equal(p.rgba[0], (200 * 200 + 0x10 * 55) / 255);
    assert_int_equal(picture_jpeg(&s, &p, &data, &len), 0);
    assert_memory_equal(data, "\xff\xd8\xff", 3);
    scope_end(&s);
}

static void test_ramps(void **state) {
    (void)state;
    const struct ramp *ramps[] = {&ramp_vegetation, &ramp_water, &ramp_elevation};
    for (int r = 0; r < 3; r++) {
        unsigned char rgb[3], first[3], rgba[12];
        const unsigned char valid[3] = {1, 0, 1};
        for (size_t i = 1; i < ramps[r]->count; i++) assert_true(ramps[r]->stops[i].at > ramps[r]->stops[i - 1].at);
        for (size_t i = 0; i < ramps[r]->count; i++) {
            const struct ramp_stop *stop = &ramps[r]->stops[i];
            colour_of(ramps[r], (double)stop->at, rgb);
            assert_true(rgb[0] == stop->red && rgb[1] == stop->green && rgb[2] == stop->blue);
        }
        colour_of(ramps[r], -1e9, first);
        const float values[3] = {-1e9F, 0, NAN};
        colour_ramp(values, ramps[r], valid, 3, rgba);
        assert_memory_equal(rgba, first, 3);
        assert_int_equal(rgba[7], 0); /* not valid: transparent */
    }
    assert_ptr_equal(style_ramp("ndvi"), &ramp_vegetation);
    assert_null(style_ramp("true-color"));
    assert_null(style_ramp(""));
}

static void test_what_is_no_number_becomes_invalid(void **state) {
    (void)state;
    float plane[] = {3, NAN, 0};
    unsigned char valid[] = {1, 1, 0};
    colour_validate(plane, valid, 3);
    assert_true(valid[0] && plane[0] == 3);
    assert_true(!valid[1] && plane[1] == 0);
    assert_true(!valid[2]);
}

static void test_colour_maps(void **state) {
    (void)state;
    struct scope s;
    unsigned char low[3], high[3], turned[3];
    scope_init(&s, "test", 0);
    json_t *list = scope_json(&s, colormap_list());
    assert_true(json_array_size(list) > 10);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        const struct stretch range = {-3, 7};
        const struct ramp *ramp = colormap_get(&s, name, &range);
        const struct ramp *back = colormap_get(&s, scope_printf(&s, "%s_r", name), &range);
        assert_non_null(ramp);
        assert_non_null(back);
        assert_true(ramp->stops[0].at == -3 && ramp->stops[ramp->count - 1].at == 7);
        for (size_t k = 1; k < back->count; k++) assert_true(back->stops[k].at > back->stops[k - 1].at);
        colour_of(ramp, -3, low);
        colour_of(ramp, 7, high);
        colour_of(back, 7, turned);
        assert_memory_equal(low, turned, 3);
        assert_memory_not_equal(low, high, 3);
    }
    assert_true(colormap_get(&s, "vegetation", NULL)->stops[0].at == -1);
    assert_null(colormap_get(&s, "rainbow", NULL));
    assert_null(colormap_get(&s, "_r", NULL));
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_systems),
        cmocka_unit_test(test_mercator_matches_the_guidance_note),
        cmocka_unit_test(test_png_is_read_back),
        cmocka_unit_test(test_jpeg_and_background),
        cmocka_unit_test(test_ramps),
        cmocka_unit_test(test_what_is_no_number_becomes_invalid),
        cmocka_unit_test(test_colour_maps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
