/* points.c: /view/v1/points: what the bands, or a formula, hold at a place. */
#include <math.h>

#include "common/metrics.h"
#include "view/computed.h"
#include "view/numbers/csv.h"
#include "view/numbers/query.h"
#include "view/numbers/spot.h"
#include "view/render.h"
#include "view/view.h"

/* An entity tag is of one format only: tables have none. */
static bool is_known(struct request *rq, struct response *rs, const struct scene *scene, bool csv) {
    metrics_add("nadir_view_numbers_total{kind=\"points\"}", 1);
    if (!csv) return view_not_modified(rq, rs, scene);
    response_header(rs, "cache-control", "private, no-store");
    return false;
}

static int answer_formula(struct request *rq, struct response *rs, const struct scene *scene, double lon, double lat,
                          bool csv) {
    const struct style *style;
    struct complaint c;
    bool found;
    double value = 0;
    if (!computed_style(rq, scene, "expression", &style, &c))
        return response_error(rs, c.status, c.type, c.field, "%s", c.text);
    if (is_known(rq, rs, scene, csv)) return 0;
    int err = render_point_computed(rq->scope, scene, style, lon, lat, &found, &value);
    if (err) return err;
    if (!csv)
        return response_json(rs, 200,
                             json_pack("{s:s, s:s, s:f, s:f, s:s, s:o}", "collection", scene->collection, "item", scene->item,
                                       "lon", lon, "lat", lat, "formula", style->title, "value",
                                       number_json(found ? value : NAN)));
    struct csv *table = csv_begin(rq->scope, "formula,value");
    if (!table) return NADIR_ENOMEM;
    csv_text(table, style->title);
    csv_number(table, found ? value : NAN);
    csv_line(table);
    return csv_answer(rs, table);
}

int points_get(struct request *rq, struct response *rs) {
    const struct scene *scene;
    struct spot_values values;
    double lon, lat;
    bool csv;
    if (!query_format(rq, rs, &csv) || !spot_position(rq, rs, &lon, &lat)) return 0;
    int err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), &scene);
    if (err) return err;
    if (computed_asked(rq)) return answer_formula(rq, rs, scene, lon, lat, csv);
    if (is_known(rq, rs, scene, csv)) return 0;
    err = spot_read(rq->scope, scene, lon, lat, false, &values);
    if (err) return err;
    if (csv) return spot_csv(rq, rs, &values);
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:f, s:f, s:o}", "collection", scene->collection, "item", scene->item, "lon",
                                   lon, "lat", lat, "bands", spot_json(&values, false)));
}
