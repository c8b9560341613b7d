/* legends.c: /view/v1/legends: what the colours of a style mean. "expression" and "index-NAME" are as rescale= and colormap=
 * say. */
#include <string.h>

#include "common/digest.h"
#include "view/colormaps.h"
#include "view/computed.h"
#include "view/legend.h"
#include "view/render.h"
#include "view/style.h"
#include "view/view.h"

/* A style's, a computed one's, or a colour map's from 0 to 1. Answers and returns NULL when there is none. */
static const struct ramp *read_ramp(struct request *rq, struct response *rs, bool *computed) {
    const char *id = request_param(rq, "style");
    const struct ramp *ramp = style_ramp(id);
    struct complaint c;
    *computed = !ramp && computed_is(rq, id);
    if (*computed) {
        ramp = computed_ramp(rq, &c);
        if (!ramp) response_error(rs, c.status, c.type, c.field, "%s", c.text);
        return ramp;
    }
    if (!ramp) ramp = colormap_get(rq->scope, id, NULL);
    if (!ramp)
        response_error(rs, 404, "no-legend", "style",
                       "Only ndvi, ndwi, elevation, expression and the colour maps of /view/v1/indices have a colour ramp.");
    return ramp;
}

int legends_json(struct request *rq, struct response *rs) {
    bool computed;
    const struct ramp *ramp = read_ramp(rq, rs, &computed);
    if (!ramp) return 0;
    json_t *stops = json_array();
    for (size_t i = 0; i < ramp->count; i++) {
        const struct ramp_stop *stop = &ramp->stops[i];
        json_array_append_new(stops, json_pack("{s:o, s:o, s:s?}", "value", json_real((double)stop->at), "color",
                                               json_sprintf("#%02x%02x%02x", stop->red, stop->green, stop->blue), "label",
                                               stop->label));
    }
    view_public(rq, rs, 3600);
    return view_json(rq, rs, json_pack("{s:s, s:o}", "style", request_param(rq, "style"), "stops", stops));
}

int legends_png(struct request *rq, struct response *rs) {
    bool computed;
    const struct ramp *ramp = read_ramp(rq, rs, &computed);
    struct picture picture;
    const void *data;
    size_t len;
    if (!ramp) return 0;
    view_public(rq, rs, 3600);
    /* The address and this program are all that it depends on. */
    char hex[65];
    digest_text(scope_printf(rq->scope, "legend r%d %s?%s", RENDER_REVISION, rq->path, rq->query), hex);
    if (response_not_modified(rq, rs, scope_strndup(rq->scope, hex, 32))) return 0;
    int err = legend_across(rq->scope, ramp, LEGEND_WIDTH, computed ? LEGEND_NUMBERED : LEGEND_HEIGHT, &picture);
    if (!err) err = picture_png(rq->scope, &picture, &data, &len);
    if (err) return err;
    return response_data(rs, 200, "image/png", data, len);
}
