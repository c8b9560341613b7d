/* catalogue.h: the formulas of the Awesome Spectral Indices catalogue, by name. What is borrowed lives as long as the process.
 */
#ifndef NADIR_VIEW_CATALOGUE_H
#define NADIR_VIEW_CATALOGUE_H

#include <jansson.h>
#include <stdbool.h>

#include "common/scope.h"

struct spectral_index {
    const char *name, *title, *domain, *formula, *reference;
    const json_t *terms; /* names of the bands, kernels and constants in the formula */
};

/** The index of that very name ("BAI" is the burned area, "BaI" the bare soil index). False if there is none. */
bool index_get(const char *name, struct spectral_index *out);

/** True if the catalogue's band letter ("N", "RE1", "VV") is one; common: its STAC common name. Polarisations are their own. */
bool index_band(const char *letter, const char **common);

/** What a platform ("sentinel2a", "landsat8") calls a band ("B8A"), or NULL; wavelength: its centre in nanometres. */
const char *index_band_of(const char *letter, const char *platform, double *wavelength);

/** True if there is a constant of that name; known: it has a usual value. */
bool index_constant(const char *name, bool *known, double *value);

/** The text that a kernel ("kNR") stands for, or NULL: the radial basis function k(a, b) = exp(-(a - b)^2 / (2 sigma^2)) of
 *  Camps-Valls et al. (2021), Science Advances 7, eabc7447, equation 1. */
const char *index_kernel(struct scope *s, const char *name);

/** All indices, for people and programs to choose from: an array, new reference. NULL when memory is exhausted. */
json_t *index_list(void);

#endif
