/* view.h: what the resources of this module share. */
#ifndef NADIR_VIEW_H
#define NADIR_VIEW_H

#include "common/module.h"
#include "view/picture.h"
#include "view/scene.h"

#define PICTURE_SIDE_MOST 4096
#define PICTURE_PIXELS_MOST (8 << 20) /* 32 MiB of RGBA */
#define ZOOM_MOST 24

enum picture_format { FORMAT_PNG, FORMAT_JPEG };

int indices_get(struct request *rq, struct response *rs);
int items_get(struct request *rq, struct response *rs);
int items_tilejson(struct request *rq, struct response *rs);
int tiles_png(struct request *rq, struct response *rs);
int tiles_jpeg(struct request *rq, struct response *rs);
int previews_png(struct request *rq, struct response *rs);
int previews_jpeg(struct request *rq, struct response *rs);
int points_get(struct request *rq, struct response *rs);
int legends_json(struct request *rq, struct response *rs);
int legends_png(struct request *rq, struct response *rs);
int wms_get(struct request *rq, struct response *rs);
int wmts_kvp(struct request *rq, struct response *rs);
int wmts_capabilities_get(struct request *rq, struct response *rs);
int wmts_rest(struct request *rq, struct response *rs);
int ogc_landing(struct request *rq, struct response *rs);
int ogc_conformance(struct request *rq, struct response *rs);
int ogc_api(struct request *rq, struct response *rs);
int ogc_collections(struct request *rq, struct response *rs);
int ogc_collection(struct request *rq, struct response *rs);
int ogc_styles(struct request *rq, struct response *rs);
int ogc_map(struct request *rq, struct response *rs);
int ogc_tilesets(struct request *rq, struct response *rs);
int ogc_tileset(struct request *rq, struct response *rs);
int ogc_tile(struct request *rq, struct response *rs);
int ogc_tile_sets(struct request *rq, struct response *rs);
int ogc_tile_set(struct request *rq, struct response *rs);
int footprints_tilesets(struct request *rq, struct response *rs);
int footprints_tileset(struct request *rq, struct response *rs);
int footprints_tile(struct request *rq, struct response *rs);

/** Finds the scene and style that the path names. Answers and returns true on failure. */
bool view_scene_fail(struct request *rq, struct response *rs, const struct scene **scene, const struct style **style);

/** Cache-Control of what anybody may see and keep for so many seconds; of an instance's answer nobody else may. */
void view_public(const struct request *rq, struct response *rs, int seconds);

/** The gateway keeps an answer that may be public until this second's end, and then asks again whether its ETag still holds:
 * for what changes with the items. */
void view_changes(struct response *rs);

/** Cache-Control of a list of layers: to be asked again each time, and another one for each who asks. */
void view_listed(const struct request *rq, struct response *rs);

/** Answers text with an ETag of its content, or 304. */
int view_text(const struct request *rq, struct response *rs, const char *content_type, const char *text);
/** The same for a JSON tree, which is stolen. */
int view_json(const struct request *rq, struct response *rs, json_t *json);

/** Sets Cache-Control and ETag by the scene's version; true when it has answered 304. */
bool view_not_modified(const struct request *rq, struct response *rs, const struct scene *scene);

/** Encodes and answers a picture, and counts it. For JPEG, what is transparent becomes white. */
int view_answer_picture(struct request *rq, struct response *rs, const struct scene *scene, struct picture *picture,
                        enum picture_format format);

/** Bounds in longitude and latitude to Web Mercator; east past 180 degrees where they cross the antimeridian. */
void view_mercator_box(const double bounds[4], double box[4]);

/** Counts pictures drawn of an item. usage_flush (the module's tick) emits usage.recorded for what was counted; counts since
 * the last one are lost when the process is killed: a minute's at most. */
void usage_count(const char *collection, const char *item, size_t bytes);
int usage_flush(struct scope *s);

#endif
