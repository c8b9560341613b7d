#include "rasters.h"

#include <cpl_string.h>
#include <ogr_srs_api.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/nadir-view-XXXXXX";
static bool made_folder;

const char *rasters_folder(void) {
    if (made_folder) return folder;
    assert_non_null(mkdtemp(folder));
    setenv("NADIR_DATA", folder, 1);
    GDALAllRegister();
    made_folder = true;
    return folder;
}

void rasters_remove(void) {
    char command[64];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    if (made_folder) assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe): a constant name */
}

void raster_make(const struct made *m) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", rasters_folder(), m->name);
    char **options = CSLSetNameValue(NULL, "TILED", "YES");
    options = CSLSetNameValue(options, "COMPRESS", "DEFLATE");
    GDALDatasetH d = GDALCreate(GDALGetDriverByName("GTiff"), path, m->width, m->height, 1, m->type, options);
    CSLDestroy(options);
    assert_non_null(d);
    OGRSpatialReferenceH srs = OSRNewSpatialReference(NULL);
    assert_int_equal(OSRImportFromEPSG(srs, m->epsg), OGRERR_NONE);
    assert_int_equal(GDALSetSpatialRef(d, srs), CE_None);
    OSRDestroySpatialReference(srs);
    double transform[6];
    memcpy(transform, m->transform, sizeof transform);
    assert_int_equal(GDALSetGeoTransform(d, transform), CE_None);
    GDALRasterBandH band = GDALGetRasterBand(d, 1);
    if (m->has_nodata) assert_int_equal(GDALSetRasterNoDataValue(band, m->nodata), CE_None);
    double *row = malloc((size_t)m->width * sizeof *row);
    assert_non_null(row);
    for (int y = 0; y < m->height; y++) {
        for (int x = 0; x < m->width; x++) row[x] = m->value(x, y);
        assert_int_equal(GDALRasterIO(band, GF_Write, 0, y, m->width, 1, row, m->width, 1, GDT_Float64, 0, 0), CE_None);
    }
    free(row);
    int levels[] = {2, 4, 8};
    if (m->overviews) assert_int_equal(GDALBuildOverviews(d, "AVERAGE", 3, levels, 0, NULL, NULL, NULL), CE_None);
    GDALClose(d);
}

struct scene *scene_of(const char *extra, ...) {
    static int version;
    char text[16];
    json_t *assets = json_object();
    va_list args;
    va_start(args, extra);
    const char *key;
    while ((key = va_arg(args, const char *))) {
        json_t *asset = json_pack("{s:s, s:s}", "type", "image/tiff; application=geotiff", "path", va_arg(args, const char *));
        if (extra) {
            json_t *more = json_loads(extra, 0, NULL);
            assert_non_null(more);
            json_object_update(asset, more);
            json_decref(more);
        }
        json_object_set_new(assets, key, asset);
    }
    va_end(args);
    json_t *item = json_pack("{s:{}, s:o}", "properties", "assets", assets);
    (void)snprintf(text, sizeof text, "v%d", ++version);
    struct right_item right = {.collection = "c", .item = "i", .version = text, .json = item};
    struct scene *scene;
    assert_int_equal(scene_new(&right, &scene), 0);
    json_decref(item);
    return scene;
}
