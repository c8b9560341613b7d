/* spot.h: what the bands of a scene hold at one place. */
#ifndef NADIR_VIEW_SPOT_H
#define NADIR_VIEW_SPOT_H

#include "view/scene.h"

struct spot_values {
    const struct band *bands[SCENE_BANDS];
    double samples[SCENE_BANDS]; /* NaN: no data */
    int count;
};

/** Reads lon= and lat= in degrees. Answers 400 and returns false where they are not that. */
bool spot_position(struct request *rq, struct response *rs, double *lon, double *lat);

/** The samples of all bands (but the ready-made picture's), in the order of their wavelengths if so asked; bands without one
 *  last. Errors as render_point. */
int spot_read(struct scope *s, const struct scene *scene, double lon, double lat, bool by_wavelength, struct spot_values *out);

/** As an array of objects, new reference. */
json_t *spot_json(const struct spot_values *values, bool wavelengths);
int spot_csv(struct request *rq, struct response *rs, const struct spot_values *values);

#endif
