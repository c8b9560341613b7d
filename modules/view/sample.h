/* sample.h: reads the pixels of a raster that a block needs and resamples them bilinearly onto it. */
#ifndef NADIR_VIEW_SAMPLE_H
#define NADIR_VIEW_SAMPLE_H

#include "view/grid.h"

struct sample_band {
    int index; /* band of the raster, from 1 */
    bool has_nodata;
    double nodata;
};

/** Reads `count` bands of a raster for a block, at the resolution that fits `shrink` (full-resolution pixels a map pixel).
 *  planes[i] takes width * height values, valid the same number of bytes, of which those without data become 0 (the others are
 *  left, so that several calls intersect). A pixel has data where the source pixel it falls in has; neighbours without data
 *  carry no weight. NADIR_ENOTFOUND for a band that is not there, NADIR_EUNAVAILABLE when reading fails, NADIR_ENOMEM,
 *  NADIR_ETOOLARGE. */
int sample_block(struct scope *s, const struct grid *grid, struct raster *raster, double shrink,
                 const struct sample_band *bands, int count, float *const *planes, unsigned char *valid);

#endif
