/* previews.c: /view/v1/previews: one picture of an item, whole or of a box. */
#include <math.h>

#include "view/numbers.h"
#include "view/render.h"
#include "view/view.h"

#define SIDE_USUAL 512

/* bbox=w,s,e,n in bbox-crs (OGC API - Maps Part 1, clause 10), by default the item's bounds. Answers 400 and returns false. */
static bool read_box(struct request *rq, struct response *rs, const struct scene *scene, const struct crs *crs, double box[4]) {
    const char *text = request_arg(rq, "bbox");
    const char *name = request_arg(rq, "bbox-crs");
    struct crs given = crs_84;
    double bounds[4], pixel_m;
    if (name && crs_parse(name, &given)) {
        response_error(rs, 400, "unknown-crs", "bbox-crs",
                       "The coordinate system must be CRS:84, EPSG:4326, 3857, 326zz or 327zz.");
        return false;
    }
    if (!text) {
        int err = scene_extent(rq->scope, scene, bounds, &pixel_m);
        if (err) {
            response_fail(rs, err);
            return false;
        }
        given = crs_84;
    } else if (!box_parse(text, bounds)) {
        response_error(rs, 400, "invalid-bbox", "bbox", "The box must be four numbers: west,south,east,north.");
        return false;
    } else if (given.lat_first) {
        double turned[4] = {bounds[1], bounds[0], bounds[3], bounds[2]};
        for (int i = 0; i < 4; i++) bounds[i] = turned[i];
    }
    bool ok = true;
    if (given.geographic && (fabs(bounds[1]) > 90 || fabs(bounds[3]) > 90 || fabs(bounds[0]) > 540 || fabs(bounds[2]) > 540))
        ok = false;
    else if (given.geographic && crs->epsg == 3857)
        view_mercator_box(bounds, box);
    else
        ok = crs_convert_box(&given, crs, bounds, box);
    if (ok && box[2] > box[0] && box[3] > box[1]) return true;
    response_error(rs, 400, "invalid-bbox", "bbox", "The box must have an area, and lie where its coordinate system reaches.");
    return false;
}

/* Width and height; what is not given follows from the box's shape. */
static bool read_size(struct request *rq, struct response *rs, const double box[4], struct map *map) {
    int64_t width, height;
    if (request_arg_int(rq, rs, "width", 1, PICTURE_SIDE_MOST, 0, &width)) return false;
    if (request_arg_int(rq, rs, "height", 1, PICTURE_SIDE_MOST, 0, &height)) return false;
    double shape = (box[2] - box[0]) / (box[3] - box[1]);
    if (!width && !height) {
        width = shape >= 1 ? SIDE_USUAL : llround(fmax(SIDE_USUAL * shape, 1));
        height = shape >= 1 ? llround(fmax(SIDE_USUAL / shape, 1)) : SIDE_USUAL;
    } else if (!height) {
        height = llround(fmin(fmax((double)width / shape, 1), PICTURE_SIDE_MOST));
    } else if (!width) {
        width = llround(fmin(fmax((double)height * shape, 1), PICTURE_SIDE_MOST));
    }
    if (width * height > PICTURE_PIXELS_MOST) {
        response_error(rs, 400, "too-large", "width", "A picture may have at most %d pixels.", PICTURE_PIXELS_MOST);
        return false;
    }
    map->width = (int)width;
    map->height = (int)height;
    return true;
}

static int previews_get(struct request *rq, struct response *rs, enum picture_format format) {
    const struct scene *scene;
    const struct style *style;
    const char *name = request_arg(rq, "crs");
    struct map map = {.crs = crs_mercator};
    struct picture picture;
    if (name && crs_parse(name, &map.crs))
        return response_error(rs, 400, "unknown-crs", "crs",
                              "The coordinate system must be CRS:84, EPSG:4326, 3857, 326zz or 327zz.");
    if (view_scene_fail(rq, rs, &scene, &style)) return 0;
    if (!read_box(rq, rs, scene, &map.crs, map.box) || !read_size(rq, rs, map.box, &map)) return 0;
    if (view_not_modified(rq, rs, scene)) return 0;
    int err = render(rq->scope, scene, style, &map, &picture);
    return err ? err : view_answer_picture(rq, rs, scene, &picture, format);
}

int previews_png(struct request *rq, struct response *rs) {
    return previews_get(rq, rs, FORMAT_PNG);
}

int previews_jpeg(struct request *rq, struct response *rs) {
    return previews_get(rq, rs, FORMAT_JPEG);
}
