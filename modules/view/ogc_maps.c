/* ogc_maps.c: …/map: OGC API - Maps Part 1 (20-058): one picture of a layer. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/frame.h"
#include "view/ogc.h"

int ogc_answer_picture(struct request *rq, struct response *rs, const struct layer *layer, struct picture *picture,
                       enum picture_format format) {
    const void *data;
    size_t len;
    if (format == FORMAT_JPEG) picture_background(picture, 0xffffff);
    int err =
        format == FORMAT_JPEG ? picture_jpeg(rq->scope, picture, &data, &len) : picture_png(rq->scope, picture, &data, &len);
    if (err) return err;
    layer_count(layer, len);
    return response_data(rs, 200, format == FORMAT_JPEG ? "image/jpeg" : "image/png", data, len);
}

int ogc_fail_picture(struct request *rq, struct response *rs, const struct layer *layer, int err) {
    if (err != NADIR_ETOOLARGE || layer->kind != LAYER_COLLECTION) return err;
    return response_error(rs, 400, "too-many-scenes", NULL, "%s", layer_too_many(rq, layer));
}

/* bgcolor and transparent (clause 9): without either the picture is transparent; with a colour it is not, unless that is asked.
 */
static bool read_background(struct request *rq, struct response *rs, bool *transparent, unsigned *colour) {
    const char *text = request_arg(rq, "bgcolor");
    const char *flag = request_arg(rq, "transparent");
    *transparent = !text;
    *colour = 0xffffff;
    if (text) {
        const char *digits = strncasecmp(text, "0x", 2) == 0 ? text + 2 : text;
        if (strlen(digits) != 6 || strspn(digits, "0123456789abcdefABCDEF") != 6) {
            response_error(rs, 400, "invalid-colour", "bgcolor", "The colour must look like 0xFFFFFF.");
            return false;
        }
        *colour = (unsigned)strtoul(digits, NULL, 16);
    }
    if (!flag) return true;
    *transparent = strcasecmp(flag, "true") == 0;
    if (*transparent || strcasecmp(flag, "false") == 0) return true;
    response_error(rs, 400, "invalid-parameter", "transparent", "transparent must be true or false.");
    return false;
}

int ogc_map(struct request *rq, struct response *rs) {
    struct layer layer;
    struct look look;
    struct times times;
    struct map map;
    struct picture picture;
    enum picture_format format;
    bool transparent;
    unsigned colour;
    if (!ogc_read(rq, rs, &layer, &look, &times) || !ogc_picture_format(rq, rs, &format) ||
        !read_background(rq, rs, &transparent, &colour) || !frame_crs(rq, rs, &map.crs) ||
        !frame_box(rq, rs, layer.has_bbox ? layer.bbox : NULL, &map) || !frame_size(rq, rs, &map))
        return 0;
    if (layer_not_modified(rq, rs, &layer, 1, "")) return 0;
    int err = layer_draw(rq, &layer, &look, &times, &map, &picture);
    if (err) return ogc_fail_picture(rq, rs, &layer, err);
    if (!transparent) picture_background(&picture, colour);
    response_header(rs, "content-crs", "<http://www.opengis.net/def/crs/EPSG/0/%d>", map.crs.epsg);
    response_header(rs, "content-bbox", "%.10g,%.10g,%.10g,%.10g", map.box[map.crs.lat_first], map.box[!map.crs.lat_first],
                    map.box[2 + map.crs.lat_first], map.box[3 - map.crs.lat_first]);
    return ogc_answer_picture(rq, rs, &layer, &picture, format);
}
