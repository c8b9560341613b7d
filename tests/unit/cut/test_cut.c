/* What a cut keeps, pixel by pixel: drawn rasters whose every value tells where it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <gdal.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "processing/cut/cut.h"

#define SIDE 400

static char folder[] = "/tmp/nadir-cut-XXXXXX";
static char source[256], to[256];

static int prepare(void **state) {
    (void)state;
    GDALAllRegister();
    if (!mkdtemp(folder)) return -1;
    (void)snprintf(source, sizeof source, "%s/source.tif", folder);
    (void)snprintf(to, sizeof to, "%s/to.tif", folder);
    return 0;
}

static int clean(void **state) {
    (void)state;
    (void)unlink(source);
    (void)unlink(to);
    return rmdir(folder);
}

/* A raster of SIDE x SIDE pixels whose value is 1 + line * SIDE + column. */
static void draw(int epsg, double left, double top, double pixel, GDALDataType type) {
    GDALDatasetH d = GDALCreate(GDALGetDriverByName("GTiff"), source, SIDE, SIDE, 1, type, NULL);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    OSRImportFromEPSG(srs, epsg);
    (void)GDALSetSpatialRef(d, srs);
    OSRDestroySpatialReference(srs);
    (void)GDALSetGeoTransform(d, (double[]){left, pixel, 0, top, 0, -pixel});
    double line[SIDE];
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) line[x] = 1 + y * SIDE + x;
        assert_int_equal(GDALRasterIO(GDALGetRasterBand(d, 1), GF_Write, 0, y, SIDE, 1, line, SIDE, 1, GDT_Float64, 0, 0),
                         CE_None);
    }
    GDALClose(d);
    (void)unlink(to);
}

static json_t *box(double w, double s, double e, double n) {
    return json_pack("{s:s, s:[[[ff][ff][ff][ff][ff]]]}", "type", "Polygon", "coordinates", w, s, e, s, e, n, w, n, w, s);
}

static int cut(json_t *areas) {
    const char *why = "";
    int end = cut_raster(source, areas, to, &why);
    json_decref(areas);
    if (end) assert_string_not_equal(why, "");
    return end;
}

/* Compares the cut with the source: how many pixels have values, all of which must be the source's at that place. */
static int kept(int *columns, int *lines) {
    GDALDatasetH d = GDALOpen(to, GA_ReadOnly), o = GDALOpen(source, GA_ReadOnly);
    assert_non_null(d);
    double t[6], u[6];
    (void)GDALGetGeoTransform(d, t);
    (void)GDALGetGeoTransform(o, u);
    GDALClose(o);
    double x0 = (t[0] - u[0]) / u[1], y0 = (t[3] - u[3]) / u[5];
    assert_true(fabs(x0 - round(x0)) < 1e-6 && fabs(y0 - round(y0)) < 1e-6); /* on the source's grid */
    *columns = GDALGetRasterXSize(d);
    *lines = GDALGetRasterYSize(d);
    int has, count = 0;
    double nodata = GDALGetRasterNoDataValue(GDALGetRasterBand(d, 1), &has), line[SIDE];
    assert_true(has);
    for (int y = 0; y < *lines; y++) {
        assert_int_equal(
            GDALRasterIO(GDALGetRasterBand(d, 1), GF_Read, 0, y, *columns, 1, line, *columns, 1, GDT_Float64, 0, 0), CE_None);
        for (int x = 0; x < *columns; x++) {
            if (isnan(nodata) ? isnan(line[x]) : line[x] == nodata) continue;
            assert_true(line[x] == 1 + (y + round(y0)) * SIDE + x + round(x0));
            count++;
        }
    }
    assert_string_equal(GDALGetMetadataItem(d, "LAYOUT", "IMAGE_STRUCTURE"), "COG");
    GDALClose(d);
    return count;
}

static void a_box_keeps_its_pixels_and_no_others(void **state) {
    (void)state;
    int columns, lines;
    draw(4326, 10, 50, 0.01, GDT_Int32);
    assert_int_equal(cut(json_pack("[o]", box(11.0049, 48.5051, 11.5051, 48.9949))), CUT_DONE);
    int count = kept(&columns, &lines);
    /* columns 100 to 150 and lines 100 to 149 are touched */
    assert_int_equal(columns, 51);
    assert_int_equal(lines, 50);
    assert_int_equal(count, 51 * 50);
}

static void a_triangle_leaves_out_what_it_does_not_touch(void **state) {
    (void)state;
    int columns, lines;
    draw(32632, 500000, 5500000, 10, GDT_Float32); /* 9 E, 49.65 N */
    json_t *triangle = json_pack("{s:s, s:[[[ff][ff][ff][ff]]]}", "type", "Polygon", "coordinates", 9.01, 49.62, 9.05, 49.62,
                                 9.01, 49.645, 9.01, 49.62);
    assert_int_equal(cut(json_pack("[o]", triangle)), CUT_DONE);
    int count = kept(&columns, &lines);
    assert_true(count > columns * lines * 0.45 && count < columns * lines * 0.6);
}

static void two_areas_are_one_part(void **state) {
    (void)state;
    int columns, lines;
    draw(4326, 10, 50, 0.01, GDT_UInt32);
    assert_int_equal(cut(json_pack("[o, o]", box(10.501, 49.001, 10.599, 49.099), box(12.001, 47.001, 12.099, 47.099))),
                     CUT_DONE);
    assert_int_equal(kept(&columns, &lines), 2 * 10 * 10);
}

static void an_area_of_the_whole_world_keeps_all(void **state) {
    (void)state;
    int columns, lines;
    draw(32632, 500000, 5500000, 10, GDT_Float32);
    assert_int_equal(cut(json_pack("[o]", box(-180, -90, 180, 90))), CUT_DONE);
    assert_int_equal(kept(&columns, &lines), SIDE * SIDE);
}

static void a_scene_across_the_antimeridian_is_cut_on_both_sides(void **state) {
    (void)state;
    int columns, lines;
    draw(32660, 700000, 500000, 200, GDT_Float32); /* 178.8 E to 179.5 E */
    assert_int_equal(cut(json_pack("[o]", box(179, 4, 179.2, 4.4))), CUT_DONE);
    assert_true(kept(&columns, &lines) > 10000);
    draw(32660, 800000, 500000, 200, GDT_Float32); /* 179.7 E to 179.6 W */
    assert_int_equal(cut(json_pack("[o, o]", box(179.8, 4, 180, 4.2), box(-180, 4, -179.8, 4.2))), CUT_DONE);
    int count = kept(&columns, &lines);
    assert_true(columns > 200 && columns < 240 && count > 20000);
}

static void what_cannot_be_cut_is_said(void **state) {
    (void)state;
    draw(4326, 10, 50, 0.01, GDT_Int32);
    assert_int_equal(cut(json_pack("[o]", box(20, 10, 21, 11))), CUT_OUTSIDE);
    assert_int_equal(cut(json_pack("[{s:s, s:[f, f]}]", "type", "Point", "coordinates", 11.0, 49.0)), CUT_FAILED);
    assert_int_equal(cut(json_pack("[{s:s}]", "type", "Polygon")), CUT_FAILED);
    assert_int_equal(access(to, F_OK), -1);
    const char *why;
    json_t *areas = json_pack("[o]", box(10, 10, 11, 11));
    assert_int_equal(cut_raster("/nowhere.tif", areas, to, &why), CUT_FAILED);
    json_decref(areas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_box_keeps_its_pixels_and_no_others),
        cmocka_unit_test(a_triangle_leaves_out_what_it_does_not_touch),
        cmocka_unit_test(two_areas_are_one_part),
        cmocka_unit_test(an_area_of_the_whole_world_keeps_all),
        cmocka_unit_test(a_scene_across_the_antimeridian_is_cut_on_both_sides),
        cmocka_unit_test(what_cannot_be_cut_is_said),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
