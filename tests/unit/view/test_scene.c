/* What is made of items: styles, stretches, and paths that must not lead away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rasters.h"
#include "view/raster.h"
#include "view/style.h"

#include <cmocka.h>

static struct scene *scene_from(const char *text) {
    json_t *item = json_loads(text, 0, NULL);
    assert_non_null(item);
    struct right_item right = {.collection = "c", .item = "i", .version = "1", .json = item};
    struct scene *scene;
    assert_int_equal(scene_new(&right, &scene), 0);
    json_decref(item);
    return scene;
}

static void test_styles_follow_bands(void **state) {
    (void)state;
    static const struct {
        const char *assets, *styles; /* in order */
    } cases[] = {
        {"", ""},
        {"\"red\":{P},\"green\":{P},\"blue\":{P}", "true-color band-red band-green band-blue "},
        {"\"red\":{P},\"nir\":{P}", "ndvi band-red band-nir "},
        {"\"red\":{P},\"nir08\":{P},\"green\":{P}", "false-color ndvi ndwi band-red band-nir08 band-green "},
        {"\"visual\":{P}", "true-color "},
        {"\"visual\":{P},\"red\":{P}", "band-red visual "},
        {"\"visual\":{P},\"vv\":{P}", "band-vv visual "},
        {"\"visual\":{P},\"red\":{P},\"green\":{P},\"blue\":{P}", "true-color band-red band-green band-blue "},
        {"\"dem\":{P}", "elevation band-dem "},
        {"\"ndvi\":{P}", "ndvi band-ndvi "},
        {"\"vv\":{P}", "band-vv "},
        {"\"B1/<x>\":{P}", "band-B1--x- "},
        {"\"thumbnail\":{P,\"roles\":[\"thumbnail\"]}", ""},
        {"\"red\":{\"type\":\"image/png\",\"path\":\"x.png\"}", ""},
        {"\"red\":{\"type\":\"image/tiff\"}", ""}, /* nowhere to read from */
        {"\"data\":{P,\"eo:bands\":[{\"common_name\":\"red\"},{\"common_name\":\"nir\"}]}", "ndvi band-red band-nir "},
        {"\"data\":{P,\"bands\":[{\"eo:common_name\":\"red\"},{\"name\":\"N1\"}]}", "band-red band-N1 "},
    };
    struct scope s;
    scope_init(&s, "test", 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *parts = cases[i].assets;
        char *text = scope_strdup(&s, "{\"properties\":{},\"assets\":{");
        for (const char *p; (p = strchr(parts, 'P')); parts = p + 1)
            text = scope_printf(&s, "%s%.*s\"type\":\"image/tiff; application=geotiff\",\"path\":\"x.tif\"", text,
                                (int)(p - parts), parts);
        text = scope_printf(&s, "%s%s}}", text, parts);
        struct scene *scene = scene_from(text);
        char *styles = scope_strdup(&s, "");
        for (int k = 0; k < scene->nstyles; k++) styles = scope_printf(&s, "%s%s ", styles, scene->styles[k].id);
        assert_string_equal(styles, cases[i].styles);
        assert_true(scene->nstyles == 0 || scene_style(scene, "") == &scene->styles[0]);
        assert_null(scene_style(scene, "no-such"));
        scene_release(scene);
    }
    scope_end(&s);
}

/* Documents are discovery's, but a strange one must not bring the module down. */
static void test_strange_documents(void **state) {
    (void)state;
    static const char *const documents[] = {
        "{}",
        "{\"assets\":[]}",
        "{\"assets\":{\"a\":null,\"b\":[],\"c\":\"x\",\"d\":{}}}",
        "{\"bbox\":[1,2,\"x\",4],\"properties\":[],\"assets\":{\"red\":{\"type\":5,\"path\":[]}}}",
        "{\"bbox\":[1,2],\"assets\":{\"red\":{\"path\":\"x.tif\",\"bands\":{},\"raster:bands\":[5]}}}",
        "{\"assets\":{\"red\":{\"path\":\"x.tif\",\"raster:bands\":[{\"nodata\":[],\"scale\":\"x\",\"statistics\":7}]}}}",
        "{\"assets\":{\"\":{\"path\":\"x.tif\"},\"visual\":{\"path\":\"y.tif\",\"bands\":[1,2,3,4,5,6]}}}",
    };
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) scene_release(scene_from(documents[i]));

    char many[8192];
    size_t len = (size_t)snprintf(many, sizeof many, "{\"assets\":{\"x\":{\"path\":\"x.tif\",\"bands\":[{}");
    for (int i = 0; i < 500; i++) len += (size_t)snprintf(many + len, sizeof many - len, ",{}");
    (void)snprintf(many + len, sizeof many - len, "]},\"visual\":{\"path\":\"v.tif\"}}}");
    struct scene *scene = scene_from(many);
    assert_int_equal(scene->nbands, SCENE_BANDS);
    scene_release(scene);
}

static double skewed(int column, int line) {
    if (column == 0) return 0;   /* nodata */
    if (line == 0) return 60000; /* an outlier row: 1 percent */
    return 1000 + column * 10;
}

static void test_stretch(void **state) {
    (void)state;
    struct made m = {"skewed.tif", 32633, {500000, 10, 0, 5000000, 0, -10}, 101, 100, GDT_UInt16, skewed, .has_nodata = true};
    raster_make(&m);
    struct scene *scene = scene_of(NULL, "red", "skewed.tif", NULL);
    struct scope s;
    struct stretch found;
    scope_init(&s, "test", 0);
    assert_int_equal(scene_stretch(&s, scene, 0, &found), 0);
    assert_true(found.low >= 1000 && found.low <= 1050);   /* not the nodata value */
    assert_true(found.high >= 1950 && found.high <= 2040); /* not the outliers */
    scene_release(scene);
    scene = scene_of("{\"raster:bands\":[{\"statistics\":{\"p2\":7,\"p98\":9}}]}", "red", "skewed.tif", NULL);
    assert_int_equal(scene_stretch(&s, scene, 0, &found), 0);
    assert_true(found.low == 7 && found.high == 9); /* as published */
    scene_release(scene);
    scope_end(&s);
}

static void test_paths_stay_inside(void **state) {
    (void)state;
    char link[256], outside[256];
    (void)snprintf(link, sizeof link, "%s/link.tif", rasters_folder());
    (void)snprintf(outside, sizeof outside, "%s-outside.tif", rasters_folder());
    FILE *f = fopen(outside, "w");
    assert_non_null(f);
    (void)fclose(f);
    assert_int_equal(symlink(outside, link), 0);
    static const char *const refused[] = {
        "",
        "/etc/passwd",
        "../../../../etc/passwd",
        "a/../../x.tif",
        "link.tif",
        "http://127.0.0.1/x.tif",
        "https://127.0.0.1/x.tif",
        "/vsicurl/http://127.0.0.1/x.tif",
        "/vsizip/x.zip",
        "/vsimem/x",
        "/vsistdin/",
        "missing.tif",
        ".",
        "GTIFF_DIR:1:x.tif",
        "ftp://x/y.tif",
    };
    struct scope s;
    struct raster *r;
    scope_init(&s, "test", 0);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) assert_true(raster_open(&s, refused[i], "1", &r) < 0);
    setenv("NADIR_VIEW_REMOTE", "https://data.example/", 1);
    assert_int_equal(raster_open(&s, "https://data.example.evil/x.tif", "1", &r), NADIR_EDENIED);
    assert_int_equal(raster_open(&s, "https://data.example/../x.tif", "1", &r), NADIR_EDENIED);
    scope_end(&s);
    assert_int_equal(unlink(outside), 0);
}

static void test_damaged_files(void **state) {
    (void)state;
    char path[256];
    struct scope s;
    struct raster *r;
    scope_init(&s, "test", 0);
    static const char *const contents[] = {"", "II*", "not a tiff", "II*\0\xff\xff\xff\xff", "MM\0*\0\0\0\x08\xff\xff"};
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/damaged%zu.tif", rasters_folder(), i);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        (void)fwrite(contents[i], 1, 10 < strlen(contents[i]) ? 10 : strlen(contents[i]) + (i == 3 ? 4 : 0), f);
        (void)fclose(f);
        (void)snprintf(path, sizeof path, "damaged%zu.tif", i);
        assert_true(raster_open(&s, path, "1", &r) < 0);
    }
    scope_end(&s);
}

static void test_handles_are_reused_and_versions_reopened(void **state) {
    (void)state;
    struct made m = {"again.tif", 32633, {500000, 10, 0, 5000000, 0, -10}, 10, 10, GDT_Byte, skewed};
    raster_make(&m);
    struct scope s;
    struct raster *a, *b;
    scope_init(&s, "test", 0);
    assert_int_equal(raster_open(&s, "again.tif", "1", &a), 0);
    GDALDatasetH first = a->dataset;
    assert_int_equal(raster_open(&s, "again.tif", "1", &b), 0);
    assert_ptr_equal(b->dataset, first);
    m.width = 20;
    raster_make(&m);
    assert_int_equal(raster_open(&s, "again.tif", "2", &b), 0);
    assert_int_equal(b->width, 20);
    char version[16];
    for (int i = 0; i < 60; i++) { /* far more than are kept */
        (void)snprintf(version, sizeof version, "x%d", i);
        assert_int_equal(raster_open(&s, "again.tif", version, &b), 0);
        assert_int_equal(b->width, 20);
    }
    scope_end(&s);
}

static int clean(void **state) {
    (void)state;
    rasters_remove();
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_styles_follow_bands),
        cmocka_unit_test(test_strange_documents),
        cmocka_unit_test(test_stretch),
        cmocka_unit_test(test_paths_stay_inside),
        cmocka_unit_test(test_damaged_files),
        cmocka_unit_test(test_handles_are_reused_and_versions_reopened),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
