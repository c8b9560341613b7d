/* mosaic.h: the items of a collection that a map needs. */
#ifndef NADIR_VIEW_MOSAIC_H
#define NADIR_VIEW_MOSAIC_H

#include "common/bus.h"
#include "view/layer.h"

/** Keeps the collections' titles: discovery's collection.published and collection.removed. */
int mosaic_on_collection(struct scope *s, struct db_tx *tx, const struct event *e);

/** Public items of a collection within the times that touch the map, at most `most`, in the order of the rule: the newest
 * first, or the clearest. */
int mosaic_find(struct request *rq, const char *collection, const struct rule *rule, const struct times *times,
                const struct map *map, int most, const struct scene **scenes, int *count);

/** Draws them as the look's rule says: over each other, until nothing is left to see of those below, or pixel by pixel.
 * NADIR_ETOOLARGE when they are more than MOSAIC_SCENES, and (over each other) those would be seen. */
int mosaic_draw(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times,
                const struct map *map, struct picture *out);

/** The style that a look is for a scene. NADIR_ENOTFOUND if it has none such. */
int mosaic_style(struct request *rq, const struct scene *scene, const char *asset, const struct look *look, struct style *out);

/** A scene in a look, with its mask, onto a map. NADIR_ENOTFOUND if the scene has no such style or bands. */
int mosaic_draw_scene(struct request *rq, const struct scene *scene, const char *asset, const struct look *look,
                      const struct map *map, struct picture *out);

#endif
