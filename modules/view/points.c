/* points.c: /view/v1/points: what the bands hold at a place. */
#include <math.h>

#include "view/computed.h"
#include "view/numbers.h"
#include "view/render.h"
#include "view/view.h"

static bool read_degrees(struct request *rq, struct response *rs, const char *name, double most, double *out) {
    const char *text = request_arg(rq, name);
    if (text && number_parse(text, out) && fabs(*out) <= most) return true;
    response_error(rs, 400, "invalid-position", name, "Give %s as degrees between -%.0f and %.0f.", name, most, most);
    return false;
}

int points_get(struct request *rq, struct response *rs) {
    const struct scene *scene;
    double lon, lat;
    if (!read_degrees(rq, rs, "lon", 180, &lon) || !read_degrees(rq, rs, "lat", 90, &lat)) return 0;
    int err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), &scene);
    if (err) return err;
    if (computed_asked(rq)) {
        const struct style *style;
        struct complaint c;
        bool found;
        double value = 0;
        if (!computed_style(rq, scene, "expression", &style, &c))
            return response_error(rs, c.status, c.type, c.field, "%s", c.text);
        if (view_not_modified(rq, rs, scene)) return 0;
        err = render_point_computed(rq->scope, scene, style, lon, lat, &found, &value);
        if (err) return err;
        return response_json(rs, 200,
                             json_pack("{s:s, s:s, s:f, s:f, s:s, s:o}", "collection", scene->collection, "item", scene->item,
                                       "lon", lon, "lat", lat, "formula", style->title, "value",
                                       found ? json_real(value) : json_null()));
    }
    if (view_not_modified(rq, rs, scene)) return 0;
    json_t *bands = scope_json(rq->scope, json_array());
    for (int i = 0; i < scene->nbands; i++) {
        const struct band *b = &scene->bands[i];
        bool found;
        double value = 0;
        if (b->visual) continue;
        err = render_point(rq->scope, scene, i, lon, lat, &found, &value);
        if (err) return err;
        double physical = value * b->scale + b->offset;
        json_t *entry = json_pack("{s:s, s:s, s:o, s:o}", "band", b->name, "title", b->title, "value",
                                  found ? json_real(value) : json_null(), "physical",
                                  found && isfinite(physical) ? json_real(physical) : json_null());
        if (*b->unit) json_object_set_new(entry, "unit", json_string(b->unit));
        json_array_append_new(bands, entry);
    }
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:f, s:f, s:O}", "collection", scene->collection, "item", scene->item, "lon",
                                   lon, "lat", lat, "bands", bands));
}
