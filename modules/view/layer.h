/* layer.h: what the map services (WMS, WMTS, OGC API) draw, by the names that they share.
 *
 *   "collection"              its public items laid over each other, the newest on top, within a time
 *   "collection/item"         a scene, or what a process made for its owner
 *   "collection/item/asset"   one asset of it
 */
#ifndef NADIR_VIEW_LAYER_H
#define NADIR_VIEW_LAYER_H

#include "view/computed.h"
#include "view/picture.h"
#include "view/render.h"
#include "view/rule.h"
#include "view/scene.h"
#include "view/symbolizer.h"
#include "view/times.h"

/* Scenes that are opened for one picture of a collection, at the most: a picture of a whole country must not open all of it.
 * Where there are more that would be seen, the picture is refused: see layer_too_many. */
#define MOSAIC_SCENES 24

enum layer_kind { LAYER_COLLECTION, LAYER_SCENE, LAYER_ASSET };

struct layer {
    enum layer_kind kind;
    const char *name, *title;
    const char *collection, *item, *asset; /* NULL where the kind has none */
    const struct scene *scene;             /* of a collection its newest, which lends it its styles */
    const char *version;
    bool is_public;
    bool has_bbox;
    double bbox[4];   /* longitude, latitude; east is less than west across the antimeridian */
    int64_t from, to; /* of a collection: its first and last moment, milliseconds */
    int first_zoom;   /* of WebMercatorQuad: further out a tile has more scenes than are drawn */
};

/* How a layer is to be drawn. */
struct look {
    const char *style;                   /* an id of the layer's, "" its default */
    const struct symbolizer *symbolizer; /* instead of a style; or NULL */
    struct rule rule;                    /* of a collection's scenes */
};

/** The layer of that name, if the caller may know of it: memory as the request's scope. NADIR_ENOTFOUND otherwise. */
int layer_get(struct request *rq, const char *name, struct layer *out);

/** The layer of an item that is at hand. */
void layer_of_scene(struct request *rq, const struct scene *scene, struct layer *out);

/** The collections that are layers, by name, at most `most`; *count of them in the scope. */
int layer_collections(struct request *rq, int most, struct layer **out, int *count);

/** The public items that came last, as layers: at most `most`. */
int layer_newest(struct request *rq, int most, struct layer **out, int *count);

/** The private items that the caller owns or was given to see, the newest first, as layers: at most `most`. */
int layer_own(struct request *rq, int most, struct layer **out, int *count);

/** A layer's styles: the one after `style` (NULL: the first, which is the default), or NULL. */
const struct style *layer_style_next(const struct layer *layer, const struct style *style);
/** The style of that id, the default one for "" and "default"; NULL if the layer has none such. */
const struct style *layer_style(const struct layer *layer, const char *id);

/** How the layer is drawn in the style of that id: one of its own, or one that the request computes. *style (may be NULL) is
 * what that is for the layer's scene. False, with the complaint filled, if there is none such. */
bool layer_look(struct request *rq, const struct layer *layer, const char *id, struct look *out, const struct style **style,
                struct complaint *complaint);

/** The arguments that say how a layer is drawn besides its style, as "&name=value…", to be carried into another address. */
const char *layer_query(const struct request *rq);

/** The style that the request computes, if it fits the layer's scene; NULL otherwise. For capabilities. */
const struct style *layer_computed(struct request *rq, const struct layer *layer);

/** The assets of the layer's scene that can be drawn: the one after `asset` (NULL: the first), or NULL. */
const char *layer_asset_next(const struct layer *layer, const char *asset);

/** Draws the layer as it was in `times`. NADIR_EINVAL when the look names a band that the layer has not; NADIR_ETOOLARGE when a
 * collection has too many scenes there: layer_too_many says what to do. */
int layer_draw(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times,
               const struct map *map, struct picture *out);

/** Why a picture of a collection was refused, and what to ask instead: a sentence. */
const char *layer_too_many(const struct request *rq, const struct layer *layer);

/** The layer's scenes at a place, the first by the rule first, at most `most` of them. */
int layer_scenes_at(struct request *rq, const struct layer *layer, const struct rule *rule, const struct times *times,
                    double lon, double lat, int most, const struct scene **scenes, int *count);

/** "current" made a day, and false if no moment of `times` lies in what a collection has. Others have no time: true. */
bool layer_times(const struct layer *layer, struct times *times);

/** Cache-Control and ETag for what is drawn of layers; `seed` tells apart what else the picture depends on (or is ""). True
 * when it has answered 304. */
bool layer_not_modified(const struct request *rq, struct response *rs, const struct layer *layers, int count, const char *seed);

/** Counts what was drawn. */
void layer_count(const struct layer *layer, size_t bytes);

#endif
