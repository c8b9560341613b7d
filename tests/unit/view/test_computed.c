/* What names mean in a request's formula: bands of Sentinel-2, Landsat and radar, the catalogue's letters and constants. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "view/computed.h"
#include "view/expression/catalogue.h"

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* An item whose assets are given as key, common name (or ""), …, NULL. */
static struct scene *scene_made(const char *platform, const char *const *bands) {
    json_t *assets = json_object();
    for (; *bands; bands += 2) {
        json_t *band = json_pack("{s:s}", "name", bands[0]);
        if (*bands[1]) json_object_set_new(band, "common_name", json_string(bands[1]));
        json_object_set_new(assets, bands[0],
                            json_pack("{s:s, s:s, s:[o]}", "type", "image/tiff", "path", "x.tif", "eo:bands", band));
    }
    json_t *item = json_pack("{s:{s:s}, s:o}", "properties", "platform", platform, "assets", assets);
    struct right_item right = {.collection = "c", .item = "i", .version = "1", .json = item};
    struct scene *scene;
    assert_int_equal(scene_new(&right, &scene), 0);
    json_decref(item);
    return scene;
}

static const char *const sentinel2[] = {"B01",     "coastal", "B02",     "blue",   "B03",     "green",  "B04", "red", "B05",
                                        "rededge", "B06",     "rededge", "B07",    "rededge", "B08",    "nir", "B8A", "nir08",
                                        "B09",     "nir09",   "B11",     "swir16", "B12",     "swir22", NULL};
static const char *const sentinel2_new[] = {"coastal",  "coastal",    "blue",     "blue",       "green",    "green",
                                            "red",      "red",        "rededge1", "rededge071", "rededge2", "rededge075",
                                            "rededge3", "rededge078", "nir",      "nir",        "nir08",    "nir08",
                                            "swir16",   "swir16",     "swir22",   "swir22",     NULL};
static const char *const landsat8[] = {"SR_B1", "coastal", "SR_B2",  "blue",  "SR_B3",  "green",  "SR_B4",  "red", "SR_B5",
                                       "nir08", "SR_B6",   "swir16", "SR_B7", "swir22", "ST_B10", "lwir11", NULL};
static const char *const landsat7[] = {"B1", "blue",   "B2", "green", "B3", "red",    "B4", "nir",
                                       "B5", "swir16", "B6", "lwir",  "B7", "swir22", NULL};
static const char *const radar[] = {"vv", "", "vh", "", NULL};

static const struct style *style_for(struct scope *s, const struct scene *scene, const char *id, const char *const *args,
                                     struct complaint *c) {
    struct pair list[8];
    struct request rq = {.scope = s, .base_url = "http://x", .args = {list, 0}};
    const struct style *style = NULL;
    for (; args && *args; args += 2) list[rq.args.count++] = (struct pair){args[0], args[1]};
    *c = (struct complaint){0};
    bool found = computed_style(&rq, scene, id, &style, c);
    assert_true(found == (style != NULL) && found == (c->status == 0));
    return style;
}

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_bands_by_any_name(void **state) {
    (void)state;
    static const char *const same[] = {"B04", "red", "b04", "Red", "\"B04\""};
    struct scope s;
    struct complaint c;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_made("sentinel-2a", sentinel2);
    for (size_t i = 0; i < COUNT(same); i++) {
        const struct style *style = style_for(&s, scene, "expression", ARGS("EXPRESSION", same[i]), &c);
        assert_non_null(style);
        assert_string_equal(scene->bands[style->bands[0]].sensor, "B04");
        assert_int_equal(style->expression->nbands, 1);
    }
    assert_null(style_for(&s, scene, "expression", ARGS("expression", "nir - rot"), &c));
    assert_int_equal(c.status, 400);
    assert_string_equal(c.field, "expression");
    assert_non_null(
        strstr(c.text, "At character 7: there is no band or constant \"rot\"; the item's bands are: coastal, blue"));
    assert_non_null(strstr(c.text, "\nnir - rot\n      ^"));
    scene_release(scene);
    scope_end(&s);
}

/* Letters to the bands of each mission. */
static void test_letters(void **state) {
    (void)state;
    static const struct {
        const char *platform;
        const char *const *bands;
        const char *index, *expected; /* the bands in the order of the formula */
    } cases[] = {
        {"sentinel-2a", sentinel2, "NDVI", "B08 B04 "},
        {"Sentinel-2C", sentinel2, "NDREI", "B08 B05 "}, /* RE1, of three bands that are all "rededge" */
        {"sentinel-2b", sentinel2, "IRECI", "B07 B04 B05 B06 "},
        {"sentinel-2b", sentinel2_new, "IRECI", "rededge3 red rededge1 rededge2 "},
        {"sentinel-2a", sentinel2, "CRSWIR", "B11 B8A B12 "}, /* with three wavelengths */
        {"LANDSAT_8", landsat8, "NDVI", "SR_B5 SR_B4 "},
        {"landsat-8", landsat8, "EBBI", "SR_B6 SR_B5 ST_B10 "},
        {"landsat-7", landsat7, "EBBI", "B5 B4 B6 "},
        {"sentinel-1a", radar, "DpRVIVV", "vh vv "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scope s;
        struct complaint c;
        scope_init(&s, "test", 0);
        struct scene *scene = scene_made(cases[i].platform, cases[i].bands);
        const struct style *style = style_for(&s, scene, "expression", ARGS("index", cases[i].index), &c);
        if (!style) fail_msg("%s of %s: %s", cases[i].index, cases[i].platform, c.text);
        const char *found = "";
        for (int k = 0; k < style->expression->nbands; k++)
            found = scope_printf(&s, "%s%s ", found, scene->bands[style->bands[k]].key);
        assert_string_equal(found, cases[i].expected);
        scene_release(scene);
        scope_end(&s);
    }
}

static double value_of(struct scope *s, const struct scene *scene, const char *const *args, const float *bands, int count) {
    struct complaint c;
    const struct style *style = style_for(s, scene, "default", args, &c);
    if (!style) fail_msg("%s", c.text);
    const float *planes[EXPRESSION_BANDS] = {0};
    float out;
    assert_int_equal(style->expression->nbands, count);
    for (int i = 0; i < count; i++) planes[i] = &bands[i];
    assert_int_equal(expression_run(style->expression, planes, &out, 1), 0);
    return (double)out;
}

static void near(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-5 * fmax(fabs(expected), 1e-3))) fail_msg("%g, not %g", value, expected);
}

static void test_constants_and_kernels(void **state) {
    (void)state;
    struct scope s;
    struct complaint c;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_made("sentinel-2a", sentinel2);
    const float nir_red[] = {0.5F, 0.1F};
    near(value_of(&s, scene, ARGS("index", "SAVI"), (float[]){0.5F, 0.1F}, 2), 2 * 0.4 / 1.6);
    near(value_of(&s, scene, ARGS("index", "SAVI", "constants", "L:0.5"), nir_red, 2), 1.5 * 0.4 / 1.1);
    double k = exp(-0.16 / (2 * 0.25));
    near(value_of(&s, scene, ARGS("index", "kNDVI"), nir_red, 2), (1 - k) / (1 + k));
    k = exp(-0.16 / (2 * 0.04));
    near(value_of(&s, scene, ARGS("index", "kNDVI", "constants", "sigma:0.2"), nir_red, 2), (1 - k) / (1 + k));
    near(value_of(&s, scene, ARGS("expression", "(nir - red) * k + g", "constants", "k:2,g:-1e-1"), nir_red, 2), 0.7);
    assert_null(style_for(&s, scene, "expression", ARGS("index", "NIRvP"), &c)); /* nobody knows the light of the day */
    assert_non_null(strstr(c.text, "PAR has no usual value for this item: give one, constants=PAR:VALUE"));
    assert_non_null(style_for(&s, scene, "expression", ARGS("index", "NIRvP", "constants", "PAR:1500"), &c));
    assert_null(style_for(&s, scene, "expression", ARGS("index", "EBBI"), &c));
    assert_non_null(strstr(c.text, "the index needs the band T (lwir), which this item has not"));
    scene_release(scene);
    scope_end(&s);
}

static void test_arguments_are_checked(void **state) {
    (void)state;
    static const struct {
        const char *id;
        const char *args[7];
        int status;
        const char *field;
    } cases[] = {
        {"expression", {NULL}, 400, "expression"},
        {"expression", {"expression", "", NULL}, 400, "expression"},
        {"expression", {"expression", "red", "index", "NDVI", NULL}, 400, "index"},
        {"expression", {"index", "ndvi", NULL}, 404, "index"},
        {"expression", {"index", "", NULL}, 400, "expression"},
        {"expression", {"expression", "1 + 1", NULL}, 400, "expression"},
        {"expression", {"expression", "red", "rescale", "1", NULL}, 400, "rescale"},
        {"expression", {"expression", "red", "rescale", "1,0", NULL}, 400, "rescale"},
        {"expression", {"expression", "red", "rescale", "0,nan", NULL}, 400, "rescale"},
        {"expression", {"expression", "red", "colormap", "rainbow", NULL}, 400, "colormap"},
        {"expression", {"expression", "red", "constants", "L", NULL}, 400, "constants"},
        {"expression", {"expression", "red", "constants", "L:x", NULL}, 400, "constants"},
        {"expression", {"expression", "red", "constants", ":1", NULL}, 400, "constants"},
        {"expression", {"expression", "red", "constants", "L:1,", NULL}, 400, "constants"},
        {"index-NDVI", {"expression", "red", NULL}, 400, "style"},
        {"index-", {NULL}, 404, "index"},
        {"index-nope", {NULL}, 404, "index"},
        {"ndvi", {"expression", "red", NULL}, 0, NULL}, /* the door says whether that is a mistake */
        {"nope", {NULL}, 404, "style"},
        {"index-NDVI", {"rescale", "0,1", "colormap", "viridis", NULL}, 0, NULL},
        {"default", {"index", "BAI", NULL}, 0, NULL},
        {"default", {"index", "BaI", NULL}, 0, NULL},
        {"", {"expression", "red", NULL}, 0, NULL},
        {"ndvi", {NULL}, 0, NULL},
    };
    struct scene *scene = scene_made("sentinel-2a", sentinel2);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct scope s;
        struct complaint c;
        scope_init(&s, "test", 0);
        (void)style_for(&s, scene, cases[i].id, cases[i].args, &c);
        if (c.status != cases[i].status) fail_msg("%s, %zu: %d %s", cases[i].id, i, c.status, c.text);
        if (c.status) assert_string_equal(c.field, cases[i].field);
        scope_end(&s);
    }
    scene_release(scene);
}

static void test_ranges_of_colour_maps(void **state) {
    (void)state;
    struct scope s;
    struct complaint c;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_made("sentinel-2a", sentinel2);
    const struct style *style = style_for(&s, scene, "index-NDVI", ARGS("colormap", "viridis"), &c);
    assert_true(style->ramp->stops[0].at == -1 && style->ramp->stops[style->ramp->count - 1].at == 1);
    style = style_for(&s, scene, "index-NDVI", ARGS("colormap", "elevation"), &c);
    assert_true(style->ramp->stops[0].at == -100);
    style = style_for(&s, scene, "index-NDVI", ARGS("colormap", "elevation_r", "rescale", "0,0.5"), &c);
    assert_true(style->ramp->stops[0].at == 0 && style->ramp->stops[style->ramp->count - 1].at == 0.5F);
    style = style_for(&s, scene, "index-NDVI", ARGS("rescale", "0,0.5"), &c);
    assert_true(!style->ramp && style->rescale.low == 0 && style->rescale.high == 0.5);
    scene_release(scene);
    scope_end(&s);
}

/* Every formula of the catalogue compiles for an item that has all bands, and gives what its letters say: bands and constants.
 */
static void test_every_index(void **state) {
    (void)state;
    static const char *const all[] = {
        "coastal", "coastal", "blue",  "blue",   "green05",    "green05", "green",      "green",  "yellow",
        "yellow",  "red",     "red",   "re1",    "rededge071", "re2",     "rededge075", "re3",    "rededge078",
        "nir",     "nir",     "nir08", "nir08",  "nir09",      "nir09",   "swir16",     "swir16", "swir22",
        "swir22",  "lwir",    "lwir",  "lwir11", "lwir11",     "lwir12",  "lwir12",     "vv",     "",
        "vh",      "",        "hh",    "",       "hv",         "",        NULL};
    struct scope s;
    scope_init(&s, "test", 0);
    struct scene *scene = scene_made("sentinel-2a", all);
    json_t *list = scope_json(&s, index_list());
    assert_int_equal(json_array_size(list), 280);
    size_t i;
    const json_t *entry;
    json_array_foreach(list, i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        struct complaint c;
        const char *const args[] = {"index", name, "constants", "PAR:1", NULL};
        const struct style *style = style_for(&s, scene, "expression", args, &c);
        if (!style) fail_msg("%s: %s", name, c.text);
        const float *planes[EXPRESSION_BANDS];
        float values[EXPRESSION_BANDS], out;
        for (int k = 0; k < EXPRESSION_BANDS; k++) {
            values[k] = 0.2F + 0.07F * (float)k;
            planes[k] = &values[k];
        }
        assert_int_equal(expression_run(style->expression, planes, &out, 1), 0);
        assert_int_equal((size_t)style->expression->nbands, json_object_size(json_object_get(entry, "bands")));
    }
    scene_release(scene);
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bands_by_any_name),     cmocka_unit_test(test_letters),
        cmocka_unit_test(test_constants_and_kernels), cmocka_unit_test(test_arguments_are_checked),
        cmocka_unit_test(test_ranges_of_colour_maps), cmocka_unit_test(test_every_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
