/* picture.h: an RGBA picture and its encodings.
 *
 * Pictures are 8 bits a channel, straight alpha, rows from the top. PNG is written by hand around libdeflate: a tile is a few
 * chunks, and one fixed filter with libdeflate's level 1 takes less than half the time that libpng or libspng do at theirs.
 */
#ifndef NADIR_VIEW_PICTURE_H
#define NADIR_VIEW_PICTURE_H

#include <stddef.h>

#include "common/scope.h"

struct picture {
    int width, height;
    unsigned char *rgba; /* 4 * width * height bytes */
};

enum picture_cover { PICTURE_EMPTY, PICTURE_PARTIAL, PICTURE_OPAQUE };

/** A fully transparent picture whose memory belongs to the scope. NADIR_ENOMEM. */
int picture_new(struct scope *s, int width, int height, struct picture *out);

/** How much of the picture is covered, by its alpha channel. */
enum picture_cover picture_cover(const struct picture *p);

/** Lays src over dst (Porter-Duff over). Both have the same size. */
void picture_over(struct picture *dst, const struct picture *src);

/** Lays the picture over a colour (0xRRGGBB): it is opaque afterwards. */
void picture_background(struct picture *p, unsigned colour);

/** PNG bytes in the scope; alpha is dropped when all of it is opaque. NADIR_ENOMEM. */
int picture_png(struct scope *s, const struct picture *p, const void **data, size_t *len);

/** Baseline JPEG of quality 85 in the scope; the picture must be opaque. NADIR_ENOMEM, NADIR_EINTERNAL. */
int picture_jpeg(struct scope *s, const struct picture *p, const void **data, size_t *len);

#endif
