/* profiles.c: /view/v1/profiles: the spectrum of an item at a place: all bands in the order of their wavelengths. */
#include "common/metrics.h"
#include "view/numbers/numbers.h"
#include "view/numbers/query.h"
#include "view/numbers/spot.h"
#include "view/view.h"

int profiles_get(struct request *rq, struct response *rs) {
    const struct scene *scene;
    struct spot_values values;
    double lon, lat;
    bool csv;
    if (!query_format(rq, rs, &csv) || !spot_position(rq, rs, &lon, &lat)) return 0;
    int err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), &scene);
    if (!err) err = spot_read(rq->scope, scene, lon, lat, true, &values);
    if (err) return err;
    response_header(rs, "cache-control", "private, no-store");
    metrics_add("nadir_view_numbers_total{kind=\"profiles\"}", 1);
    if (csv) return spot_csv(rq, rs, &values);
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:f, s:f, s:o}", "collection", scene->collection, "item", scene->item, "lon",
                                   lon, "lat", lat, "bands", spot_json(&values, true)));
}
