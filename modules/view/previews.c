/* previews.c: /view/v1/previews: one picture of an item, whole or of a box. */
#include "view/frame.h"
#include "view/render.h"
#include "view/view.h"

static int previews_get(struct request *rq, struct response *rs, enum picture_format format) {
    const struct scene *scene;
    const struct style *style;
    struct map map;
    struct picture picture;
    double bounds[4] = {0, 0, 0, 0};
    double pixel_m;
    if (!frame_crs(rq, rs, &map.crs) || view_scene_fail(rq, rs, &scene, &style)) return 0;
    int err = request_arg(rq, "bbox") ? 0 : scene_extent(rq->scope, scene, bounds, &pixel_m);
    if (err) return err;
    if (!frame_box(rq, rs, bounds, &map) || !frame_size(rq, rs, &map)) return 0;
    if (view_not_modified(rq, rs, scene)) return 0;
    err = render(rq->scope, scene, style, &map, &picture);
    return err ? err : view_answer_picture(rq, rs, scene, &picture, format);
}

int previews_png(struct request *rq, struct response *rs) {
    return previews_get(rq, rs, FORMAT_PNG);
}

int previews_jpeg(struct request *rq, struct response *rs) {
    return previews_get(rq, rs, FORMAT_JPEG);
}
