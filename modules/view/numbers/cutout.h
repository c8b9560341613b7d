/* cutout.h: a part of a scene as a GeoTIFF: which pixels, and the making of the file. */
#ifndef NADIR_VIEW_CUTOUT_H
#define NADIR_VIEW_CUTOUT_H

#include <gdalwarper.h>

#include "view/numbers/zone.h"
#include "view/scene.h"

#define CUTOUT_BANDS 16
#define CUTOUT_SAMPLES (1LL << 23)       /* of all bands, in the answer */
#define CUTOUT_SOURCE_PIXELS (1LL << 26) /* read */

/* The pixels that are made: on the grid of the finest band, or in another system or size. */
struct cutout {
    const struct scene *scene;
    int bands[CUTOUT_BANDS], nbands;
    const struct crs *crs;    /* as wished */
    OGRSpatialReferenceH srs; /* x, y order; owned by the scope */
    double transform[6];
    int width, height;
    GDALResampleAlg resampling;
    const struct area *mask; /* pixels that it does not touch are no data; NULL: all of the box */
    bool cloud_optimized;
    int64_t source_pixels; /* about how many will be read */
};

/* What is asked for. */
struct cutout_wish {
    const struct area *area;
    const struct crs *crs; /* NULL: the finest band's own */
    double resolution;     /* sides of a pixel in units of the system; 0: as the finest band's */
    double scale;          /* or its width and height by this factor; 0: none given */
};

/** Lays out the pixels that cover the area, as far as the scene reaches. out->scene, bands and nbands are set.
 *  NADIR_ENOTFOUND: a raster is not there, or the area lies beside the scene (out->width is 0 then). NADIR_EINVAL: the area
 *  cannot be drawn on the map, or there is no way to the system. */
int cutout_plan(struct scope *s, const struct cutout_wish *wish, struct cutout *out);

/** Makes the file in memory, the scope's. NADIR_ETIMEOUT, NADIR_ENOTFOUND, NADIR_EUNAVAILABLE, NADIR_ENOMEM. */
int cutout_make(struct scope *s, const struct cutout *c, const void **data, size_t *len);

#endif
