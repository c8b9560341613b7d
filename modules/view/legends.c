/* legends.c: /view/v1/legends: what the colours of a style mean. */
#include "view/colormaps.h"
#include "view/style.h"
#include "view/view.h"

#define LEGEND_WIDTH 256
#define LEGEND_HEIGHT 20

static int no_legend(struct response *rs) {
    return response_error(rs, 404, "no-legend", "style",
                          "Only ndvi, ndwi, elevation and the colour maps of /view/v1/indices have a colour ramp.");
}

/* A style's, or a colour map's from 0 to 1. */
static const struct ramp *ramp_of(struct request *rq, const char *id) {
    const struct ramp *ramp = style_ramp(id);
    return ramp ? ramp : colormap_get(rq->scope, id, NULL);
}

int legends_json(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "style");
    const struct ramp *ramp = ramp_of(rq, id);
    if (!ramp) return no_legend(rs);
    json_t *stops = json_array();
    for (size_t i = 0; i < ramp->count; i++) {
        const struct ramp_stop *stop = &ramp->stops[i];
        json_array_append_new(stops, json_pack("{s:o, s:o, s:s?}", "value", json_real((double)stop->at), "color",
                                               json_sprintf("#%02x%02x%02x", stop->red, stop->green, stop->blue), "label",
                                               stop->label));
    }
    response_header(rs, "cache-control", "public, max-age=3600");
    return response_json(rs, 200, json_pack("{s:s, s:o}", "style", id, "stops", stops));
}

int legends_png(struct request *rq, struct response *rs) {
    const struct ramp *ramp = ramp_of(rq, request_param(rq, "style"));
    struct picture picture;
    const void *data;
    size_t len;
    if (!ramp) return no_legend(rs);
    int err = picture_new(rq->scope, LEGEND_WIDTH, LEGEND_HEIGHT, &picture);
    if (err) return err;
    double low = (double)ramp->stops[0].at;
    double high = (double)ramp->stops[ramp->count - 1].at;
    for (int i = 0; i < LEGEND_WIDTH * LEGEND_HEIGHT; i++) {
        unsigned char *pixel = picture.rgba + 4 * (size_t)i;
        colour_of(ramp, low + (high - low) * (i % LEGEND_WIDTH) / (LEGEND_WIDTH - 1), pixel);
        pixel[3] = 255;
    }
    err = picture_png(rq->scope, &picture, &data, &len);
    if (err) return err;
    response_header(rs, "cache-control", "public, max-age=3600");
    return response_data(rs, 200, "image/png", data, len);
}
