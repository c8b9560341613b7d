/* What the map services read: times, tile matrix sets, addresses of tiles, and styles that come with a request. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "view/sld.h"
#include "view/tile_matrix.h"
#include "view/times.h"
#include "view/wmts.h"

#include <cmocka.h>

#define DAY 86400000LL
#define NEW_YEAR_2024 1704067200000LL

static void test_times(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t from, to;
    } good[] = {
        {"2024", NEW_YEAR_2024, NEW_YEAR_2024 + 366 * DAY},
        {"2024-02", NEW_YEAR_2024 + 31 * DAY, NEW_YEAR_2024 + 60 * DAY},
        {"2024-01-01", NEW_YEAR_2024, NEW_YEAR_2024 + DAY},
        {"2024-01-01T10Z", NEW_YEAR_2024 + 36000000, NEW_YEAR_2024 + 39600000},
        {"2024-01-01T00:00:00.250Z", NEW_YEAR_2024 + 250, NEW_YEAR_2024 + 251},
        {"2024-01-01T02:00:00+02:00", NEW_YEAR_2024, NEW_YEAR_2024 + 1000},
        {"2023-12-31/2024-01-01", NEW_YEAR_2024 - DAY, NEW_YEAR_2024 + DAY},
        {"2023-12-31/2024-01-01/P1D", NEW_YEAR_2024 - DAY, NEW_YEAR_2024 + DAY},
        {"1969-12-31T23:59:59Z", -1000, 0},
    };
    static const char *const bad[] = {"x",
                                      "2024-1",
                                      "2024-13",
                                      "2024-02-30",
                                      "2024-01-01T25",
                                      "2024-01-01,",
                                      ",",
                                      "/",
                                      "../..",
                                      "2024/2023",
                                      "20240101",
                                      "2024-01-01T10:61:00",
                                      "2024-01-01Tx",
                                      "0000",
                                      "2024/2025/x",
                                      "2024-01-01T00:00:00.Z",
                                      "2024-01-01T00:00:00+2",
                                      "99999"};
    struct times times;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(times_parse(good[i].text, &times));
        assert_int_equal(times.count, 1);
        assert_true(times.ranges[0].from == good[i].from && times.ranges[0].to == good[i].to);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(times_parse(bad[i], &times));
    assert_true(times_parse("", &times) && times.count == 0 && times_touch(&times, 5, 6));
    assert_true(times_parse(NULL, &times) && times.count == 0);
    assert_true(times_parse("current", &times) && times.current && times.count == 0);
}

static void test_times_as_sql(void **state) {
    (void)state;
    struct scope s;
    struct times times;
    scope_init(&s, "test", 0);
    assert_true(times_parse("2024-01-01,../2020", &times));
    assert_string_equal(times_sql(&s, &times), "{\"[2024-01-01T00:00:00Z,2024-01-02T00:00:00Z)\",\"[,2021-01-01T00:00:00Z)\"}");
    assert_true(times_touch(&times, NEW_YEAR_2024, NEW_YEAR_2024) &&
                !times_touch(&times, NEW_YEAR_2024 + DAY, NEW_YEAR_2024 + DAY));
    assert_true(times_parse("", &times) && !times_sql(&s, &times));
    assert_string_equal(time_text(&s, -250), "1969-12-31T23:59:59.750Z");
    scope_end(&s);
}

static void test_tile_matrix_sets(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "x", "UTM00WGS84Quad", "UTM61WGS84Quad", "UTM3xWGS84Quad", "UTM33WGS84Quad ", "webmercatorquad"};
    struct tile_set set;
    struct map map;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(tile_set_find(bad[i], &set));
    assert_true(tile_set_find("WebMercatorQuad", &set));
    assert_int_equal(tile_set_columns(&set, 24), 1 << 24);
    tile_set_map(&set, 1, 1, 1, &map); /* the south-eastern quarter */
    assert_true(fabs(map.box[0]) < 1e-6 && fabs(map.box[3]) < 1e-6 && fabs(map.box[2] - MERCATOR_HALF) < 1e-6 &&
                fabs(map.box[1] + MERCATOR_HALF) < 1e-6);
    assert_true(tile_set_find("UTM31WGS84Quad", &set) && set.crs.epsg == 32631);
    tile_set_map(&set, 1, 0, 0, &map); /* from the equator to the pole, about the central meridian */
    assert_true(fabs(map.box[1]) < 1e-6 && fabs((map.box[0] + map.box[2]) / 2 - 500000) < 1e-6);
    assert_true(fabs(tile_set_scale(&set, 1) - 279072704.500914) < 1e-3);
    assert_true(tile_set_utm((double[4]){14.9, 45, 15.1, 46}, &set) && set.crs.epsg == 32633);
    assert_false(tile_set_utm((double[4]){170, 45, -170, 46}, &set));
    assert_false(tile_set_utm((double[4]){0, 80, 1, 89}, &set));
}

static void test_addresses_of_tiles(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "/",
                                      "a",
                                      "a.png",
                                      "a/b/c/1/2.png",
                                      "a/b/set/1/2/3",
                                      "a/b/set/1/2/3.gif",
                                      "a//set/1/2/3.png",
                                      "a/b/c/d/style/set/1/2/3.png",
                                      "/a/style/set/1/2/3.png",
                                      "style/set/1/2/3.png",
                                      "a/b/set/1/2/3.png/",
                                      "3.json",
                                      "1/2/3.json"};
    struct scope s;
    struct wmts_tile t;
    scope_init(&s, "test", 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) assert_false(wmts_address_parse(&s, bad[i], &t));
    assert_true(wmts_address_parse(&s, "c/i/ndvi/WebMercatorQuad/3/2/1.png", &t));
    assert_string_equal(t.layer, "c/i");
    assert_string_equal(t.style, "ndvi");
    assert_string_equal(t.row, "2");
    assert_string_equal(t.column, "1");
    assert_true(!t.time && !t.i && strcmp(t.format, "image/png") == 0);
    assert_true(wmts_address_parse(&s, "c/ndvi/time=2024-01-01/EPSG:4326/3/2/1/7/9.json", &t));
    assert_string_equal(t.layer, "c");
    assert_string_equal(t.time, "2024-01-01");
    assert_string_equal(t.j, "7");
    assert_string_equal(t.i, "9");
    assert_true(wmts_address_parse(&s, "c/i/red/default/set/0/0/0.jpg", &t));
    assert_string_equal(t.layer, "c/i/red");
    scope_end(&s);
}

#define SLD(symbolizer)                                                                                                        \
    "<StyledLayerDescriptor version=\"1.0.0\"><NamedLayer><Name>a/b</Name><UserStyle><FeatureTypeStyle><Rule>"                 \
    "<RasterSymbolizer>" symbolizer "</RasterSymbolizer></Rule></FeatureTypeStyle></UserStyle></NamedLayer>"                   \
    "</StyledLayerDescriptor>"

static const struct symbolizer *parsed(struct scope *s, const char *text) {
    struct sld *sld = scope_alloc(s, sizeof *sld);
    const char *why;
    assert_int_equal(sld_parse(s, text, sld, &why), 0);
    assert_non_null(sld_find(sld, "a/b"));
    assert_null(sld_find(sld, "a"));
    return sld_find(sld, "a/b")->made;
}

static void test_colour_maps(void **state) {
    (void)state;
    struct scope s;
    unsigned char rgba[4];
    scope_init(&s, "test", 0);
#define ENTRIES "<ColorMapEntry color=\"#000000\" quantity=\"0\"/><ColorMapEntry color=\"#64C8FF\" quantity=\"10\"/>"
    const struct symbolizer *ramp = parsed(&s, SLD("<ColorMap>" ENTRIES "</ColorMap>"));
    symbolizer_colour(ramp, 5, rgba);
    assert_memory_equal(rgba, ((unsigned char[]){50, 100, 128, 255}), 4);
    symbolizer_colour(ramp, 99, rgba);
    assert_memory_equal(rgba, ((unsigned char[]){100, 200, 255, 255}), 4);
    const struct symbolizer *values = parsed(&s, SLD("<ColorMap type='values'>" ENTRIES "</ColorMap>"));
    symbolizer_colour(values, 10, rgba);
    assert_int_equal(rgba[3], 255);
    symbolizer_colour(values, 9, rgba);
    assert_int_equal(rgba[3], 0);
    const struct symbolizer *intervals = parsed(&s, SLD("<ColorMap type='intervals'>" ENTRIES "</ColorMap>"));
    symbolizer_colour(intervals, 0, rgba);
    assert_int_equal(rgba[2], 255);
    symbolizer_colour(intervals, 10, rgba);
    assert_int_equal(rgba[3], 0);
    scope_end(&s);
}

static void test_documents_that_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "<",
        "<a/>",
        "<StyledLayerDescriptor/>",
        SLD("<Opacity>-1</Opacity>"),
        SLD("<ImageOutline/>"),
        SLD("<ColorMap/>"),
        SLD("<ChannelSelection><GrayChannel/></ChannelSelection>"),
        SLD("<ContrastEnhancement><GammaValue>0</GammaValue></ContrastEnhancement>"),
        "<!DOCTYPE a><StyledLayerDescriptor><NamedLayer><Name>a</Name></NamedLayer></StyledLayerDescriptor>",
    };
    struct scope s;
    struct sld sld;
    const char *why;
    scope_init(&s, "test", 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why = NULL;
        assert_int_equal(sld_parse(&s, bad[i], &sld, &why), NADIR_EINVAL);
        assert_true(why && *why);
    }
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_times_as_sql),
        cmocka_unit_test(test_tile_matrix_sets),
        cmocka_unit_test(test_addresses_of_tiles),
        cmocka_unit_test(test_colour_maps),
        cmocka_unit_test(test_documents_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
