/* tiles.c: /view/tiles: XYZ tiles of the Web Mercator quad (OGC Two Dimensional Tile Matrix Set 2.0, WebMercatorQuad). */
#include <string.h>

#include "view/numbers.h"
#include "view/render.h"
#include "view/view.h"

#define TILE 256

/* The {y} of "{y}.png" may end in "@2x": the same tile in 512 pixels. */
static bool read_row(struct request *rq, int most, int *row, int *size) {
    char *text = scope_strdup(rq->scope, request_param(rq, "y"));
    size_t len = strlen(text);
    *size = TILE;
    if (len > 3 && strcmp(text + len - 3, "@2x") == 0) {
        text[len - 3] = '\0';
        *size = 2 * TILE;
    }
    return integer_parse(text, 0, most, row);
}

static int tiles_get(struct request *rq, struct response *rs, enum picture_format format) {
    const struct scene *scene;
    const struct style *style;
    struct picture picture;
    int z, x, y, size;
    if (!integer_parse(request_param(rq, "z"), 0, ZOOM_MOST, &z))
        return response_error(rs, 400, "invalid-tile", "z", "The zoom must be a whole number from 0 to %d.", ZOOM_MOST);
    int most = (1 << z) - 1;
    if (!integer_parse(request_param(rq, "x"), 0, most, &x))
        return response_error(rs, 400, "invalid-tile", "x", "At zoom %d the column must be from 0 to %d.", z, most);
    if (!read_row(rq, most, &y, &size))
        return response_error(rs, 400, "invalid-tile", "y", "At zoom %d the row must be from 0 to %d.", z, most);
    if (view_scene_fail(rq, rs, &scene, &style) || view_not_modified(rq, rs, scene)) return 0;

    double side = 2 * MERCATOR_HALF / (1 << z);
    double west = -MERCATOR_HALF + x * side;
    double north = MERCATOR_HALF - y * side;
    struct map map = {crs_mercator, {west, north - side, west + side, north}, size, size};
    int err = render(rq->scope, scene, style, &map, &picture);
    return err ? err : view_answer_picture(rq, rs, scene, &picture, format);
}

int tiles_png(struct request *rq, struct response *rs) {
    return tiles_get(rq, rs, FORMAT_PNG);
}

int tiles_jpeg(struct request *rq, struct response *rs) {
    return tiles_get(rq, rs, FORMAT_JPEG);
}
