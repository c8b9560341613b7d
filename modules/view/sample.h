/* sample.h: reads the pixels of a raster that a block needs and resamples them onto it, bilinearly unless they are classes. */
#ifndef NADIR_VIEW_SAMPLE_H
#define NADIR_VIEW_SAMPLE_H

#include "view/grid.h"

/* One band to read. shrink: full-resolution pixels of its raster a map pixel. */
struct sample_source {
    struct raster *raster;
    double shrink;
    double nodata;
    bool has_nodata;
    bool nearest; /* classes, that no value lies between */
    int band;     /* from 1 */
};

#define SAMPLE_SOURCES 8

/** Reads `count` bands (at most SAMPLE_SOURCES, their rasters all in the system that the grid was built for) for a block, each
 * at the resolution that fits its shrink. planes[i] takes width * height values, valid the same number of bytes, of which those
 * without data become 0 (the others are left, so that several calls intersect). A pixel has data where the source pixel it
 * falls in has; neighbours without data carry no weight. NADIR_ENOTFOUND for a band that is not there, NADIR_EUNAVAILABLE when
 * reading fails, NADIR_ENOMEM, NADIR_ETOOLARGE. */
int sample_block(struct scope *s, const struct grid *grid, const struct sample_source *sources, int count, float *const *planes,
                 unsigned char *valid);

#endif
