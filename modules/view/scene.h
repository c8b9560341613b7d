/* scene.h: what can be drawn of an item: its bands and the styles that they make possible.
 *
 * Scenes are made from the item's STAC document as discovery published it, are immutable (but for the stretches, which are
 * found when first needed), counted, and shared between threads.
 */
#ifndef NADIR_VIEW_SCENE_H
#define NADIR_VIEW_SCENE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "common/http.h"
#include "common/rights.h"
#include "view/colour.h"
#include "view/expression/expression.h"
#include "view/raster.h"

#define SCENE_BANDS 32

struct band {
    const char *name;   /* common name, or the sensor's or asset's; letters, digits, '-', '_' and '.' only */
    const char *key;    /* of its asset, if that has one band only; otherwise "" */
    const char *sensor; /* its own name ("B04"), or "" */
    const char *title;
    const char *asset; /* key of the asset that it is of */
    const char *path;  /* as rights knows it */
    const char *unit;  /* "" if none */
    int index;         /* in its raster, from 1 */
    bool has_nodata;
    double nodata;
    double scale, offset; /* physical value = sample * scale + offset */
    double wavelength;    /* of its centre, nanometres; 0: unknown */
    bool visual;          /* one of the three bands of the ready-made 8-bit picture */
    bool has_percentiles;
    struct stretch percentiles; /* 2nd and 98th, in samples */
};

struct symbolizer;

enum style_kind {
    STYLE_RGB,        /* three bands, stretched */
    STYLE_VISUAL,     /* three bands of 8 bits as they are */
    STYLE_GRAY,       /* one band, stretched */
    STYLE_DECIBEL,    /* one band, as 20 log10, stretched */
    STYLE_EXPRESSION, /* an expression, stretched or through a ramp */
    STYLE_RAMP,       /* one band through a ramp */
    STYLE_ELEVATION,  /* one band through a ramp and shaded */
    STYLE_SYMBOL,     /* as a symbolizer says: one or three bands */
};

struct style {
    const char *id, *title;
    enum style_kind kind;
    int bands[EXPRESSION_BANDS];         /* indices of the scene's bands, as many as the kind needs; the others -1 */
    const struct ramp *ramp;             /* NULL: gray */
    const struct symbolizer *symbolizer; /* of STYLE_SYMBOL only */
    const struct expression *expression;
    bool nearest;           /* its bands are classes */
    bool made_up;           /* by the request: no style of the scene's */
    struct stretch rescale; /* of an expression without a ramp */
};

/* SCENE_BANDS single bands and the pictures made of several. */
#define SCENE_STYLES (SCENE_BANDS + 8)

struct scene {
    struct scope memory;
    atomic_int references;
    const char *collection, *item, *version, *title;
    bool is_public;
    bool is_sar;
    const char *platform; /* lower-case letters and digits only ("sentinel2a"), or "" */
    double bbox[4];       /* longitude, latitude */
    bool has_bbox;
    double gsd; /* metres; 0 unknown */
    struct band bands[SCENE_BANDS];
    int nbands;
    struct style styles[SCENE_STYLES]; /* the first is the default */
    int nstyles;
    pthread_mutex_t lock; /* of the stretches */
    bool stretched[SCENE_BANDS];
    struct stretch stretches[SCENE_BANDS];
};

/** Makes a scene from an item. NADIR_ENOMEM. The caller holds one reference; end it with scene_release. */
int scene_new(const struct right_item *item, struct scene **out);
void scene_release(void *scene);

/** The style of that id, the default one for "" or "default"; NULL if the scene has none such. */
const struct style *scene_style(const struct scene *scene, const char *id);

/** The index of the band of that name: its name, its asset's key or its own name, in this order, first as written and then in
 *  any case. "nir" is the narrow near infrared where there is no broad one. -1 if there is none; the ready-made picture's are
 *  none. */
int scene_band_index(const struct scene *scene, const char *name);

/** The scene of an item that the caller may know of, for as long as the request's scope lasts. NADIR_ENOTFOUND and what
 *  rights_item returns. A public item's scene may be up to half a second old. */
int scene_get(struct request *rq, const char *collection, const char *item, const struct scene **out);

/** Opens the raster of a band. Errors as raster_open. */
int scene_raster(struct scope *s, const struct scene *scene, int band, struct raster **out);

/** Bounds in longitude and latitude and the side of a pixel in metres, from the item or else from its raster. */
int scene_extent(struct scope *s, const struct scene *scene, double bounds[4], double *pixel_m);

/** The range that a band is stretched over: its 2nd to 98th percentile, as published or else as its coarsest overview has it.
 */
int scene_stretch(struct scope *s, const struct scene *scene, int band, struct stretch *out);

#endif
