/* colour.h: from samples to colours. All work on n pixels; pixels whose `valid` byte is 0 become transparent. */
#ifndef NADIR_VIEW_COLOUR_H
#define NADIR_VIEW_COLOUR_H

#include <stddef.h>

/* A colour ramp is a list of stops in rising order; between them colours are interpolated in sRGB. */
struct ramp_stop {
    float at;
    unsigned char red, green, blue;
    const char *label; /* NULL: not named in the legend */
};

struct ramp {
    const struct ramp_stop *stops;
    size_t count;
};

/* A linear stretch: low becomes 0, high 255. */
struct stretch {
    double low, high;
};

/** Three samples a pixel to RGBA. */
void colour_rgb(const float *const planes[3], const struct stretch stretches[3], const unsigned char *valid, size_t n,
                unsigned char *rgba);

/** One sample a pixel to gray. */
void colour_gray(const float *plane, const struct stretch *stretch, const unsigned char *valid, size_t n, unsigned char *rgba);

/** One sample a pixel through a ramp; the ramp's ends colour what lies past them. */
void colour_ramp(const float *plane, const struct ramp *ramp, const unsigned char *valid, size_t n, unsigned char *rgba);

/** The colour of one value. */
void colour_of(const struct ramp *ramp, double value, unsigned char rgb[3]);

/** Makes invalid what is NaN, and writes 0 there. */
void colour_validate(float *plane, unsigned char *valid, size_t n);

/** Amplitude or intensity to decibels: factor * log10(sample); invalid where not positive. factor 20 for amplitude. */
void colour_decibel(float *plane, double factor, unsigned char *valid, size_t n);

/** Darkens rgba (width x height) by the slope of heights, lit from the north west at 45 degrees (Horn 1981). heights has a
 * margin of one sample on each side; cell is the sample's side on the ground in the unit of the heights. */
void colour_hillshade(const float *heights, const unsigned char *heights_valid, int width, int height, double cell,
                      unsigned char *rgba);

#endif
