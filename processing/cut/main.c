/* nadir-cut SOURCE AREAS.json TO: cuts a raster to areas (a JSON array of GeoJSON polygons). A program of its own, so that a
 * raster that brings GDAL down takes nothing else along. Ends with an enum cut_end; what went wrong stands on stderr. */
#include <cpl_conv.h>
#include <gdal.h>
#include <stdio.h>

#include "processing/cut/cut.h"

int main(int argc, char **argv) {
    if (argc != 4) {
        (void)fprintf(stderr, "usage: nadir-cut SOURCE AREAS.json TO\n");
        return 2;
    }
    json_error_t error;
    json_t *areas = json_load_file(argv[2], 0, &error);
    if (!json_is_array(areas)) {
        (void)fprintf(stderr, "%s is not a JSON array\n", argv[2]);
        json_decref(areas);
        return CUT_FAILED;
    }
    CPLSetConfigOption("GDAL_CACHEMAX", "128");
    CPLSetConfigOption("GDAL_HTTP_TIMEOUT", "60");
    CPLSetConfigOption("GDAL_HTTP_CONNECTTIMEOUT", "10");
    CPLSetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
    GDALAllRegister();
    const char *why = "";
    int end = cut_raster(argv[1], areas, argv[3], &why);
    if (end) (void)fprintf(stderr, "%s\n", why);
    json_decref(areas);
    return end;
}
