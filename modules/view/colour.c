#include "view/colour.h"

#include <math.h>
#include <stdint.h>

#define TABLE 1024 /* entries of a ramp's table */

static unsigned char byte(float v) {
    v = v < 0 ? 0 : v;
    v = v > 255 ? 255 : v;
    return (unsigned char)(int)(v + 0.5F);
}

static float factor_of(const struct stretch *s) {
    return s->high > s->low ? (float)(255 / (s->high - s->low)) : 255.0F;
}

void colour_rgb(const float *const planes[3], const struct stretch stretches[3], const unsigned char *valid, size_t n,
                unsigned char *rgba) {
    const float *r = planes[0];
    const float *g = planes[1];
    const float *b = planes[2];
    float kr = factor_of(&stretches[0]);
    float kg = factor_of(&stretches[1]);
    float kb = factor_of(&stretches[2]);
    float lr = (float)stretches[0].low;
    float lg = (float)stretches[1].low;
    float lb = (float)stretches[2].low;
    for (size_t i = 0; i < n; i++) {
        unsigned char alpha = valid[i] ? 255 : 0;
        rgba[4 * i] = byte((r[i] - lr) * kr) & alpha;
        rgba[4 * i + 1] = byte((g[i] - lg) * kg) & alpha;
        rgba[4 * i + 2] = byte((b[i] - lb) * kb) & alpha;
        rgba[4 * i + 3] = alpha;
    }
}

void colour_gray(const float *plane, const struct stretch *stretch, const unsigned char *valid, size_t n, unsigned char *rgba) {
    float k = factor_of(stretch);
    float low = (float)stretch->low;
    for (size_t i = 0; i < n; i++) {
        unsigned char alpha = valid[i] ? 255 : 0;
        unsigned char v = byte((plane[i] - low) * k) & alpha;
        rgba[4 * i] = v;
        rgba[4 * i + 1] = v;
        rgba[4 * i + 2] = v;
        rgba[4 * i + 3] = alpha;
    }
}

void colour_of(const struct ramp *ramp, double value, unsigned char rgb[3]) {
    const struct ramp_stop *stops = ramp->stops;
    size_t i = 0;
    while (i + 1 < ramp->count && value >= (double)stops[i + 1].at) i++;
    const struct ramp_stop *a = &stops[i];
    const struct ramp_stop *b = i + 1 < ramp->count ? a + 1 : a;
    double t = b == a || value <= (double)a->at ? 0 : (value - (double)a->at) / ((double)b->at - (double)a->at);
    rgb[0] = (unsigned char)lround(a->red + t * (b->red - a->red));
    rgb[1] = (unsigned char)lround(a->green + t * (b->green - a->green));
    rgb[2] = (unsigned char)lround(a->blue + t * (b->blue - a->blue));
}

void colour_ramp(const float *plane, const struct ramp *ramp, const unsigned char *valid, size_t n, unsigned char *rgba) {
    unsigned char table[TABLE][3];
    float low = ramp->stops[0].at;
    float high = ramp->stops[ramp->count - 1].at;
    float step = (high - low) / (TABLE - 1);
    for (int i = 0; i < TABLE; i++) colour_of(ramp, (double)(low + (float)i * step), table[i]);
    for (size_t i = 0; i < n; i++) {
        float at = (plane[i] - low) / step + 0.5F;
        at = at > 0 ? at : 0; /* NAN too */
        at = at < TABLE - 1 ? at : TABLE - 1;
        const unsigned char *c = table[(int)at];
        unsigned char alpha = valid[i] ? 255 : 0;
        rgba[4 * i] = c[0] & alpha;
        rgba[4 * i + 1] = c[1] & alpha;
        rgba[4 * i + 2] = c[2] & alpha;
        rgba[4 * i + 3] = alpha;
    }
}

void colour_validate(float *plane, unsigned char *valid, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char good = (unsigned char)(isnan(plane[i]) ? 0 : 1);
        plane[i] = good ? plane[i] : 0;
        valid[i] &= good;
    }
}

void colour_decibel(float *plane, double factor, unsigned char *valid, size_t n) {
    float k = (float)factor;
    for (size_t i = 0; i < n; i++) {
        unsigned char good = plane[i] > 0;
        plane[i] = good ? k * log10f(plane[i]) : 0;
        valid[i] &= good;
    }
}

void colour_hillshade(const float *heights, const unsigned char *heights_valid, int width, int height, double cell,
                      unsigned char *rgba) {
    const float light[3] = {-0.5F, 0.5F, 0.70710678F}; /* towards the north west, 45 degrees up; x east, y north */
    size_t stride = (size_t)width + 2;
    float k = (float)(1 / (8 * cell));
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            size_t at = ((size_t)y + 1) * stride + (size_t)x + 1;
            float z[9];
            for (int j = 0; j < 9; j++) {
                size_t near = at + (size_t)(j / 3) * stride + (size_t)(j % 3) - stride - 1;
                z[j] = heights_valid[near] ? heights[near] : heights[at];
            }
            float east = ((z[2] + 2 * z[5] + z[8]) - (z[0] + 2 * z[3] + z[6])) * k;
            float north = ((z[0] + 2 * z[1] + z[2]) - (z[6] + 2 * z[7] + z[8])) * k;
            float shade = (light[2] - light[0] * east - light[1] * north) / sqrtf(1 + east * east + north * north);
            shade = shade < 0 ? 0 : shade;
            float gain = 0.35F + 0.92F * shade; /* flat ground keeps its colour: 0.35 + 0.92 * sin 45 deg = 1 */
            unsigned char *pixel = rgba + 4 * ((size_t)y * (size_t)width + (size_t)x);
            for (int c = 0; c < 3; c++) pixel[c] = byte((float)pixel[c] * gain);
        }
    }
}
