/* rasters.h: small GeoTIFFs made up for a test, in a folder that is NADIR_DATA. */
#ifndef NADIR_TEST_RASTERS_H
#define NADIR_TEST_RASTERS_H

#include <gdal.h>
#include <jansson.h>

#include "view/scene.h"

struct made {
    const char *name;
    int epsg;
    double transform[6];
    int width, height;
    GDALDataType type;
    double (*value)(int column, int line);
    bool has_nodata;
    double nodata;
    bool overviews;
};

/** Makes the folder once and names it in NADIR_DATA. */
const char *rasters_folder(void);
void raster_make(const struct made *m);
void rasters_remove(void);

/** A scene whose assets are given as key, path, …, NULL; extra, if not NULL, is merged into every asset. */
struct scene *scene_of(const char *extra, ...);

#endif
