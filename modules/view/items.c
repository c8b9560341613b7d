/* items.c: /view/v1/items: in which styles an item can be drawn, and where its tiles are. */
#include <math.h>

#include "view/computed.h"
#include "view/crs.h"
#include "view/view.h"

struct zooms {
    int least, most;
};

/* From the zoom at which the scene is an eighth of a tile wide, to the first whose pixels are as fine as the scene's. */
static struct zooms zooms_of(const double bounds[4], double pixel_m) {
    double box[4];
    view_mercator_box(bounds, box);
    double extent = fmax(fmax(box[2] - box[0], box[3] - box[1]), 1);
    double latitude = (bounds[1] + bounds[3]) / 2;
    double finest = 2 * MERCATOR_HALF / 256 * cos(latitude * M_PI / 180) / fmax(pixel_m, 0.01);
    int most = (int)fmax(fmin(ceil(log2(fmax(finest, 1))), ZOOM_MOST - 2), 0);
    int least = (int)fmax(floor(log2(2 * MERCATOR_HALF / extent / 8)), 0);
    return (struct zooms){least < most ? least : most, most};
}

static const char *path_of(struct request *rq, const struct scene *scene) {
    return scope_printf(rq->scope, "%s/%s", http_encode(rq->scope, scene->collection), http_encode(rq->scope, scene->item));
}

static json_t *tile_template(struct request *rq, const struct scene *scene, const struct style *style) {
    return json_sprintf("%s/view/tiles/%s/%s/{z}/{x}/{y}.png?v=%s%s", rq->base_url, path_of(rq, scene), style->id,
                        http_encode(rq->scope, scene->version), style->made_up ? computed_query(rq) : "");
}

int items_get(struct request *rq, struct response *rs) {
    const struct scene *scene;
    double bounds[4], pixel_m;
    int err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), &scene);
    if (err) return err;
    if (!scene->nstyles) return response_error(rs, 404, "nothing-to-draw", NULL, "This item has no raster that can be drawn.");
    if (view_not_modified(rq, rs, scene)) return 0;
    err = scene_extent(rq->scope, scene, bounds, &pixel_m);
    if (err) return err;

    const char *path = path_of(rq, scene);
    struct zooms zooms = zooms_of(bounds, pixel_m);
    json_t *styles = json_array();
    json_t *tiles = json_object();
    json_t *tilejson = json_object();
    for (int i = 0; i < scene->nstyles; i++) {
        const struct style *style = &scene->styles[i];
        json_t *entry = json_pack("{s:s, s:s}", "id", style->id, "title", style->title);
        if (style->ramp)
            json_object_set_new(entry, "legend", json_sprintf("%s/view/v1/legends/%s.json", rq->base_url, style->id));
        json_array_append_new(styles, entry);
        json_object_set_new(tiles, style->id, tile_template(rq, scene, style));
        json_object_set_new(tilejson, style->id,
                            json_sprintf("%s/view/v1/items/%s/%s/tilejson.json", rq->base_url, path, style->id));
    }
    return response_json(
        rs, 200,
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:[ffff], s:i, s:i, s:o, s:o}", "collection", scene->collection, "item",
                  scene->item, "title", scene->title, "styles", styles, "tiles", tiles, "tilejson", tilejson, "bounds",
                  bounds[0], bounds[1], bounds[2], bounds[3], "minzoom", zooms.least, "maxzoom", zooms.most, "preview",
                  json_sprintf("%s/view/v1/previews/%s/%s.png", rq->base_url, path, scene->styles[0].id), "wms",
                  json_sprintf("%s/view/wms/%s?service=WMS&version=1.3.0&request=GetCapabilities", rq->base_url, path)));
}

int items_tilejson(struct request *rq, struct response *rs) {
    const struct scene *scene;
    const struct style *style;
    double bounds[4], pixel_m;
    if (view_scene_fail(rq, rs, &scene, &style) || view_not_modified(rq, rs, scene)) return 0;
    int err = scene_extent(rq->scope, scene, bounds, &pixel_m);
    if (err) return err;
    struct zooms zooms = zooms_of(bounds, pixel_m);
    bool crosses = bounds[2] < bounds[0];
    double middle = crosses ? (bounds[0] + bounds[2] + 360) / 2 : (bounds[0] + bounds[2]) / 2;
    if (middle > 180) middle -= 360;
    /* TileJSON 3.0.0 has no bounds across the antimeridian: then all longitudes are given. */
    double west = crosses ? -180 : bounds[0];
    double east = crosses ? 180 : bounds[2];
    return response_json(rs, 200,
                         json_pack("{s:s, s:s, s:s, s:s, s:[o], s:[ffff], s:[ffi], s:i, s:i}", "tilejson", "3.0.0", "name",
                                   scene->title, "description", style->title, "scheme", "xyz", "tiles",
                                   tile_template(rq, scene, style), "bounds", west, bounds[1], east, bounds[3], "center",
                                   middle, (bounds[1] + bounds[3]) / 2, zooms.least + (zooms.most - zooms.least) / 2, "minzoom",
                                   zooms.least, "maxzoom", zooms.most));
}
