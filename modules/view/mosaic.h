/* mosaic.h: the items of a collection that a map needs. */
#ifndef NADIR_VIEW_MOSAIC_H
#define NADIR_VIEW_MOSAIC_H

#include "common/bus.h"
#include "view/layer.h"

/** Keeps the collections' titles: discovery's collection.published and collection.removed. */
int mosaic_on_collection(struct scope *s, struct db_tx *tx, const struct event *e);

/** The newest public items of a collection within the times that touch the map, the newest first. */
int mosaic_find(struct request *rq, const char *collection, const struct times *times, const struct map *map, int most,
                const struct scene **scenes, int *count);

/** Draws them over each other, the newest on top, until nothing is left to see of those below. */
int mosaic_draw(struct request *rq, const struct layer *layer, const struct look *look, const struct times *times,
                const struct map *map, struct picture *out);

/** A scene in a look, onto a map. NADIR_ENOTFOUND if the scene has no such style or bands. */
int mosaic_draw_scene(struct request *rq, const struct scene *scene, const char *asset, const struct look *look,
                      const struct map *map, struct picture *out);

#endif
