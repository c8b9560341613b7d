/* symbolizer.h: how a caller asks for a raster to be painted: the RasterSymbolizer of Symbology Encoding 1.1 (OGC 05-077r4
 * clause 11.6) and SLD 1.0 (OGC 02-070), as far as it is served here. Quantities are samples as they are stored. */
#ifndef NADIR_VIEW_SYMBOLIZER_H
#define NADIR_VIEW_SYMBOLIZER_H

#include "view/scene.h"

#define SYMBOLIZER_ENTRIES 256

struct channel {
    const char *band; /* its name, or its number from 1; NULL: as the scene's default style has it */
    double gamma;     /* 1: none; more brightens */
    bool has_range;   /* otherwise the 2nd to 98th percentile */
    struct stretch range;
};

enum colour_map { MAP_NONE, MAP_RAMP, MAP_INTERVALS, MAP_VALUES };

struct map_entry {
    double quantity;
    unsigned char rgba[4];
    const char *label; /* or NULL */
};

struct symbolizer {
    int nchannels; /* 1 or 3 */
    struct channel channels[3];
    enum colour_map map; /* of one channel only */
    size_t nentries;
    struct map_entry *entries; /* in rising order */
    double opacity;
};

/** A style that paints the scene (of one asset, if that is not NULL) so. NADIR_EINVAL if it has not those bands. It borrows. */
int symbolizer_style(const struct symbolizer *symbolizer, const struct scene *scene, const char *asset, struct style *out);

/** Paints n pixels; what is not valid becomes transparent. */
void symbolizer_paint(const struct symbolizer *symbolizer, const float *const planes[3], const struct stretch stretches[3],
                      const unsigned char *valid, size_t n, unsigned char *rgba);

/** The colour of a value in the symbolizer's colour map. */
void symbolizer_colour(const struct symbolizer *symbolizer, double value, unsigned char rgba[4]);

#endif
