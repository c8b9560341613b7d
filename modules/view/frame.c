#include "view/frame.h"

#include <math.h>
#include <string.h>

#include "view/numbers.h"

#define SIDE_USUAL 512

static bool refuse_crs(struct response *rs, const char *parameter) {
    response_error(rs, 400, "unknown-crs", parameter, "The coordinate system must be CRS:84, EPSG:4326, 3857, 326zz or 327zz.");
    return false;
}

bool frame_crs(const struct request *rq, struct response *rs, struct crs *out) {
    const char *name = request_arg(rq, "crs");
    *out = crs_mercator;
    return !name || !crs_parse(name, out) || refuse_crs(rs, "crs");
}

/* What was given, in longitude and latitude or the plane system's x and y. */
static bool read_given(const struct request *rq, struct response *rs, const char *text, struct crs *given, double bounds[4]) {
    const char *name = request_arg(rq, "bbox-crs");
    if (name && crs_parse(name, given)) return refuse_crs(rs, "bbox-crs");
    if (!box_parse(text, bounds)) {
        response_error(rs, 400, "invalid-bbox", "bbox", "The box must be four numbers: west,south,east,north.");
        return false;
    }
    if (given->lat_first) {
        double turned[4] = {bounds[1], bounds[0], bounds[3], bounds[2]};
        memcpy(bounds, turned, sizeof turned);
    }
    return true;
}

bool frame_box(const struct request *rq, struct response *rs, const double usual[4], struct map *map) {
    const char *text = request_arg(rq, "bbox");
    const char *name = request_arg(rq, "bbox-crs");
    struct crs given = crs_84;
    double bounds[4] = {0, 0, 0, 0};
    double *box = map->box;
    if (text) {
        if (!read_given(rq, rs, text, &given, bounds)) return false;
    } else if (name && crs_parse(name, &given)) {
        return refuse_crs(rs, "bbox-crs");
    } else if (usual) {
        given = crs_84;
        memcpy(bounds, usual, sizeof bounds);
    }
    bool ok = true;
    if (given.geographic && (fabs(bounds[1]) > 90 || fabs(bounds[3]) > 90 || fabs(bounds[0]) > 540 || fabs(bounds[2]) > 540))
        ok = false;
    else if (given.geographic && map->crs.epsg == 3857)
        view_mercator_box(bounds, box);
    else
        ok = crs_convert_box(&given, &map->crs, bounds, box);
    if (ok && box[2] > box[0] && box[3] > box[1]) return true;
    response_error(rs, 400, "invalid-bbox", "bbox", "The box must have an area, and lie where its coordinate system reaches.");
    return false;
}

bool frame_size(const struct request *rq, struct response *rs, struct map *map) {
    const double *box = map->box;
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
