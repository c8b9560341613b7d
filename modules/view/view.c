/* view.c: maps, tiles, previews and values of what the catalogue holds. */
#include "view/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/digest.h"
#include "common/rights.h"
#include "view/computed.h"
#include "view/crs.h"
#include "view/instances.h"
#include "view/mosaic.h"
#include "view/numbers/numbers.h"
#include "view/render.h"

static const struct route routes[] = {
    {HTTP_GET, "/view/v1/indices", NULL, indices_get, .work = WORK_QUICK},
    {HTTP_GET, "/view/v1/items/{collection}/{item}", SCOPE_OPTIONAL, items_get, .work = WORK_HEAVY},
    {HTTP_GET, "/view/v1/items/{collection}/{item}/{style}/tilejson.json", SCOPE_OPTIONAL, items_tilejson, .work = WORK_HEAVY},
    {HTTP_GET, "/view/tiles/{collection}/{item}/{style}/{z}/{x}/{y}.png", SCOPE_OPTIONAL, tiles_png, .work = WORK_HEAVY},
    {HTTP_GET, "/view/tiles/{collection}/{item}/{style}/{z}/{x}/{y}.jpg", SCOPE_OPTIONAL, tiles_jpeg, .work = WORK_HEAVY},
    {HTTP_GET, "/view/v1/previews/{collection}/{item}/{style}.png", SCOPE_OPTIONAL, previews_png, .work = WORK_HEAVY},
    {HTTP_GET, "/view/v1/previews/{collection}/{item}/{style}.jpg", SCOPE_OPTIONAL, previews_jpeg, .work = WORK_HEAVY},
    {HTTP_GET, "/view/v1/points/{collection}/{item}", SCOPE_OPTIONAL, points_get, .work = WORK_HEAVY},
    {HTTP_GET, "/view/v1/profiles/{collection}/{item}", SCOPE_OPTIONAL, profiles_get, .work = WORK_HEAVY},
    {HTTP_GET | HTTP_POST, "/view/v1/statistics/{collection}/{item}", SCOPE_OPTIONAL, statistics_get, .work = WORK_HEAVY},
    {HTTP_GET | HTTP_POST, "/view/v1/histograms/{collection}/{item}", SCOPE_OPTIONAL, histograms_get, .work = WORK_HEAVY},
    {HTTP_GET | HTTP_POST, "/view/v1/series/{collection}", SCOPE_OPTIONAL, series_get, .work = WORK_HEAVY},
    {HTTP_POST, "/view/v1/instances", SCOPE_USER, instances_create, .work = WORK_QUICK},
    {HTTP_GET, "/view/v1/instances", SCOPE_USER, instances_list, .work = WORK_QUICK},
    {HTTP_DELETE, "/view/v1/instances/{instance}", SCOPE_USER, instances_revoke, .work = WORK_QUICK},
    {HTTP_GET | HTTP_POST, "/view/v1/subsets/{collection}/{item}", SCOPE_OPTIONAL, subsets_get, .work = WORK_HEAVY},
    {HTTP_GET, "/view/v1/legends/{style}.png", NULL, legends_png, .work = WORK_QUICK},
    {HTTP_GET, "/view/v1/legends/{style}.json", NULL, legends_json, .work = WORK_QUICK},
    {HTTP_GET | HTTP_POST, "/view/wms", SCOPE_OPTIONAL, wms_get, .work = WORK_HEAVY, .errors = ERRORS_WMS},
    {HTTP_GET | HTTP_POST, "/view/wms/{collection}/{item}", SCOPE_OPTIONAL, wms_get, .work = WORK_HEAVY, .errors = ERRORS_WMS},
    {HTTP_GET, "/view/wmts", SCOPE_OPTIONAL, wmts_kvp, .work = WORK_HEAVY, .errors = ERRORS_OWS},
    {HTTP_GET, "/view/wmts/1.0.0/WMTSCapabilities.xml", SCOPE_OPTIONAL, wmts_capabilities_get, .work = WORK_HEAVY,
     .errors = ERRORS_OWS},
    {HTTP_GET, "/view/wmts/1.0.0/{rest*}", SCOPE_OPTIONAL, wmts_rest, .work = WORK_HEAVY, .errors = ERRORS_OWS},
    {HTTP_GET, "/view/wmts/{collection}/{item}", SCOPE_OPTIONAL, wmts_kvp, .work = WORK_HEAVY, .errors = ERRORS_OWS},
    {HTTP_GET, "/view/ogc", NULL, ogc_landing, .work = WORK_QUICK},
    {HTTP_GET, "/view/ogc/conformance", NULL, ogc_conformance, .work = WORK_QUICK},
    {HTTP_GET, "/view/ogc/api", NULL, ogc_api, .work = WORK_QUICK},
    {HTTP_GET, "/view/ogc/tileMatrixSets", NULL, ogc_tile_sets, .work = WORK_QUICK},
    {HTTP_GET, "/view/ogc/tileMatrixSets/{set}", NULL, ogc_tile_set, .work = WORK_QUICK},
    {HTTP_GET, "/view/ogc/tiles", SCOPE_OPTIONAL, footprints_tilesets, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/tiles/{set}", SCOPE_OPTIONAL, footprints_tileset, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/tiles/{set}/{level}/{row}/{column}", SCOPE_OPTIONAL, footprints_tile, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections", SCOPE_OPTIONAL, ogc_collections, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}", SCOPE_OPTIONAL, ogc_collection, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/tiles", SCOPE_OPTIONAL, footprints_tilesets, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/tiles/{set}", SCOPE_OPTIONAL, footprints_tileset, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/tiles/{set}/{level}/{row}/{column}", SCOPE_OPTIONAL, footprints_tile,
     .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/map", SCOPE_OPTIONAL, ogc_map, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/map/tiles", SCOPE_OPTIONAL, ogc_tilesets, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/map/tiles/{set}", SCOPE_OPTIONAL, ogc_tileset, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/map/tiles/{set}/{level}/{row}/{column}", SCOPE_OPTIONAL, ogc_tile,
     .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/styles", SCOPE_OPTIONAL, ogc_styles, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/styles/{style}/map", SCOPE_OPTIONAL, ogc_map, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/styles/{style}/map/tiles", SCOPE_OPTIONAL, ogc_tilesets, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/styles/{style}/map/tiles/{set}", SCOPE_OPTIONAL, ogc_tileset, .work = WORK_HEAVY},
    {HTTP_GET, "/view/ogc/collections/{id}/styles/{style}/map/tiles/{set}/{level}/{row}/{column}", SCOPE_OPTIONAL, ogc_tile,
     .work = WORK_HEAVY},
};

static const struct subscription subscriptions[] = {RIGHTS_SUBSCRIPTIONS,
                                                    {"discovery", "collection.*", mosaic_on_collection},
                                                    {"identity", "user.disabled", instances_on_disabled}};

static void stop(void) {
    struct scope s;
    scope_init(&s, "view", 5000);
    (void)usage_flush(&s);
    scope_end(&s);
}

static const struct module view = {
    .name = "view",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .tick = usage_flush,
    .tick_ms = 10000,
    .stop = stop,
    .enter = instances_enter,
};

NADIR_MODULE(view)

bool view_scene_fail(struct request *rq, struct response *rs, const struct scene **scene, const struct style **style) {
    const char *id = request_param(rq, "style");
    int err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), scene);
    if (err) {
        response_fail(rs, err);
        return true;
    }
    struct complaint c = {400, "invalid-parameter", "style", "With expression= or index= the style is \"expression\"."};
    bool confused = computed_asked(rq) && !computed_is(rq, id);
    if (!confused && computed_style(rq, *scene, id, style, &c)) return false;
    response_error(rs, c.status, c.type, c.field, "%s", c.text);
    return true;
}

void view_public(const struct request *rq, struct response *rs, int seconds) {
    response_header(rs, "cache-control", "%s, max-age=%d", instances_asked(rq) ? "private" : "public", seconds);
}

void view_changes(struct response *rs) {
    response_header(rs, "x-accel-expires", "@%lld", (long long)time(NULL));
}

void view_listed(const struct request *rq, struct response *rs) {
    view_changes(rs); /* before "no-cache": the gateway obeys the first of them */
    response_header(rs, "cache-control", "%s, no-cache", rq->auth.subject ? "private" : "public");
    response_header(rs, "vary", "Authorization");
}

int view_text(const struct request *rq, struct response *rs, const char *content_type, const char *text) {
    char hex[65];
    digest_text(text, hex);
    if (response_not_modified(rq, rs, scope_strndup(rq->scope, hex, 32))) return 0;
    return response_text(rs, 200, content_type, text);
}

int view_json(const struct request *rq, struct response *rs, json_t *json) {
    char *text = json_dumps(scope_json(rq->scope, json), JSON_COMPACT);
    if (!text) return NADIR_ENOMEM;
    scope_defer(rq->scope, free, text);
    return view_text(rq, rs, "application/json", text);
}

bool view_not_modified(const struct request *rq, struct response *rs, const struct scene *scene) {
    const char *version = request_arg(rq, "v");
    bool versioned = version && strcmp(version, scene->version) == 0;
    /* An address that names the version never changes its content; others may be a few minutes old in caches. */
    if (scene->is_public && !instances_asked(rq))
        response_header(rs, "cache-control", versioned ? "public, max-age=86400, immutable" : "public, max-age=300");
    else
        response_header(rs, "cache-control", versioned ? "private, max-age=3600" : "private, max-age=60");
    response_header(rs, "vary", "Authorization");
    view_changes(rs);
    return response_not_modified(rq, rs, scope_printf(rq->scope, "r%d-%s", RENDER_REVISION, scene->version));
}

int view_answer_picture(struct request *rq, struct response *rs, const struct scene *scene, struct picture *picture,
                        enum picture_format format) {
    const void *data;
    size_t len;
    int err;
    if (format == FORMAT_JPEG) {
        picture_background(picture, 0xffffff);
        err = picture_jpeg(rq->scope, picture, &data, &len);
    } else {
        err = picture_png(rq->scope, picture, &data, &len);
    }
    if (err) return err;
    usage_count(scene->collection, scene->item, len);
    return response_data(rs, 200, format == FORMAT_JPEG ? "image/jpeg" : "image/png", data, len);
}

/* Spherical Mercator: EPSG Guidance Note 7-2, method 1024. */
static double mercator_y(double lat) {
    double clipped = fmax(fmin(lat, 85.05112877980659), -85.05112877980659);
    return log(tan(M_PI / 4 + clipped * M_PI / 360)) * MERCATOR_HALF / M_PI;
}

void view_mercator_box(const double bounds[4], double box[4]) {
    double east = bounds[2] < bounds[0] ? bounds[2] + 360 : bounds[2];
    box[0] = bounds[0] / 180 * MERCATOR_HALF;
    box[1] = mercator_y(bounds[1]);
    box[2] = east / 180 * MERCATOR_HALF;
    box[3] = mercator_y(bounds[3]);
}
