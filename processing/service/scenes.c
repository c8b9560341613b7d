/* The scenes of an execution: which bands, where they lie, how large they are, and whether this caller may use them. */
#include <math.h>
#include <string.h>

#include "common/geo.h"
#include "common/rights.h"
#include "processing/service/processing.h"

#define PIXELS_MOST INT64_C(1000000000000)
#define BANDS_MOST 48 /* of all scenes together; the sandbox mounts each */

struct search {
    const struct request *rq;
    struct response *rs;
    struct order *order;
    bool use;
    const char *input;      /* the one at hand */
    const char *collection; /* its scene */
    const char *item;
    int bands;
    const json_t *areas; /* that the scene was bought for; NULL: all of it */
};

static int refuse(const struct search *f, int status, const char *type, const char *detail) {
    return response_error(f->rs, status, type, scope_printf(f->rq->scope, "inputs.%s", f->input), "Input \"%s\": %s", f->input,
                          detail);
}

/* Says why a scene may not be used, naming the input. */
static int refuse_access(const struct search *f, int access) {
    struct scope *s = f->rq->scope;
    if (access == ACCESS_SIGN_IN) {
        response_header(f->rs, "WWW-Authenticate", "Bearer");
        return refuse(f, 401, "sign-in", "sign in to use this scene.");
    }
    if (access == ACCESS_NOT_FOR_SALE)
        return refuse(f, 403, "not-for-sale", "this scene may be used only by those who hold it.");
    if (access != ACCESS_BUY && access != ACCESS_AREA)
        return refuse(f, 404, "no-such-scene", "there is no such scene; search /stac for what there is.");
    const char *offers = scope_printf(s, "%s/billing/v1/offers?collection=%s&item=%s", f->rq->base_url,
                                      http_encode(s, f->collection), http_encode(s, f->item));
    response_header(f->rs, "Link", "<%s>; rel=\"payment\"", offers);
    return response_json_as(f->rs, 402, "application/problem+json",
                            json_pack("{s:s,s:s,s:i,s:s,s:s,s:s}", "type", "urn:nadir:problem:payment-required", "title",
                                      "Payment Required", "status", 402, "detail",
                                      scope_printf(s, "Input \"%s\": buy this scene before you process it.", f->input), "field",
                                      scope_printf(s, "inputs.%s", f->input), "offers", offers));
}

static int64_t shape_pixels(const json_t *of) {
    const json_t *shape = json_object_get(of, "proj:shape");
    json_int_t lines = json_integer_value(json_array_get(shape, 0)), columns = json_integer_value(json_array_get(shape, 1));
    if (lines <= 0 || columns <= 0 || lines > 1000000 || columns > 1000000) return 0;
    return lines * columns;
}

static bool is_common_name(const json_t *asset, const char *band) {
    const json_t *bands = json_object_get(asset, "eo:bands");
    const char *name = json_string_value(json_object_get(json_array_get(bands, 0), "common_name"));
    return json_array_size(bands) == 1 && name && strcmp(name, band) == 0;
}

/* The asset that holds a band: its key is the band's name, or its only band's common name is. */
static const char *asset_of(const json_t *assets, const char *band) {
    const char *key;
    json_t *asset;
    if (json_object_get(assets, band)) return band;
    json_object_foreach((json_t *)assets, key, asset) {
        if (asset_has_role(asset, "data") && is_common_name(asset, band)) return key;
    }
    return NULL;
}

/* Adds a band to the scene of the order. Returns 0, 1 (answered) or negative. */
static int band_add(struct search *f, json_t *scene, const char *band, const char *key, int64_t *pixels) {
    struct right_asset right;
    const struct request *rq = f->rq;
    if (++f->bands > BANDS_MOST) {
        refuse(f, 400, "too-many-bands", "the scenes have too many bands for one job.");
        return 1;
    }
    int access = rights_asset(rq->scope, processing_db(), &rq->auth, f->collection, f->item, key, &right);
    if (access < 0) return access;
    if (f->use && access != ACCESS_GRANTED && access != ACCESS_AREA) {
        refuse_access(f, access);
        return 1;
    }
    if (access == ACCESS_HIDDEN) return 0; /* an estimate only needs the size */
    json_t *asset = json_pack("{s:s,s:s}", "path", right.path, "asset", key);
    static const char *const copied[] = {"raster:bands", "eo:bands", "title"};
    for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
        json_t *value = json_object_get(right.json, copied[i]);
        if (value) (void)json_object_set(asset, copied[i], value);
    }
    (void)json_object_set_new(json_object_get(scene, "assets"), band, asset);
    /* What was bought for an area is staged cut to it; an estimate is for the same. */
    if (access == ACCESS_AREA) {
        (void)json_object_set(asset, "areas", (json_t *)right.areas);
        f->areas = right.areas;
    }
    int64_t own = shape_pixels(right.json);
    if (own > *pixels) *pixels = own;
    return 0;
}

/* The bands that the process names, or all that are data. */
static int bands_add(struct search *f, const json_t *wanted, const json_t *assets, json_t *scene, int64_t *pixels) {
    const json_t *band;
    json_t *asset;
    const char *key;
    size_t i;
    int err = 0;
    json_array_foreach(wanted, i, band) {
        key = asset_of(assets, json_string_value(band));
        if (!key) {
            refuse(f, 422, "no-such-band",
                   scope_printf(f->rq->scope, "this scene has no band \"%s\".", json_string_value(band)));
            return 1;
        }
        if ((err = band_add(f, scene, json_string_value(band), key, pixels))) return err;
    }
    if (json_array_size(wanted) > 0) return 0;
    json_object_foreach((json_t *)assets, key, asset) {
        /* A key names a file inside the sandbox. */
        bool plain = strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(key) && *key;
        if (asset_has_role(asset, "data") && plain && (err = band_add(f, scene, key, key, pixels))) return err;
    }
    if (json_object_size(json_object_get(scene, "assets")) > 0 || !f->use) return 0;
    refuse(f, 422, "no-such-band", "this scene has no bands that can be processed.");
    return 1;
}

/* The part of the scene's box that the boxes of the areas cover, at the most: what a job over them is priced by. */
static double share_of(const json_t *bbox, const json_t *areas) {
    double scene[4], area[4], covered = 0;
    const json_t *one;
    const char *why;
    size_t i;
    if (geo_bbox_from_json(bbox, scene, &why) || scene[0] >= scene[2] || scene[1] >= scene[3]) return 1;
    json_array_foreach(areas, i, one) {
        if (geo_bounds(one, area)) return 1;
        double width = fmin(area[2], scene[2]) - fmax(area[0], scene[0]);
        double height = fmin(area[3], scene[3]) - fmax(area[1], scene[1]);
        if (width > 0 && height > 0) covered += width * height;
    }
    return fmin(1, covered / ((scene[2] - scene[0]) * (scene[3] - scene[1])));
}

static int scene_resolve(struct search *f, json_t *scene) {
    struct right_item item;
    const struct request *rq = f->rq;
    f->collection = json_string_value(json_object_get(scene, "collection"));
    f->item = json_string_value(json_object_get(scene, "item"));
    int err = rights_item(rq->scope, processing_db(), &rq->auth, f->collection, f->item, &item);
    if (err == NADIR_ENOTFOUND) {
        refuse_access(f, ACCESS_HIDDEN);
        return 1;
    }
    if (err) return err;
    const json_t *input = json_object_get(json_object_get(f->order->process.manifest, "inputs"), f->input);
    json_t *properties = json_object_get(item.json, "properties"), *assets = json_object_get(item.json, "assets");
    int64_t pixels = 0;
    (void)json_object_set_new(scene, "assets", json_object());
    (void)json_object_set_new(scene, "properties", properties ? json_incref(properties) : json_object());
    static const char *const copied[] = {"datetime", "bbox"};
    for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
        json_t *value = json_object_get(item.json, copied[i]);
        if (value) (void)json_object_set(scene, copied[i], value);
    }
    err = bands_add(f, json_object_get(input, "bands"), assets, scene, &pixels);
    if (err) return err;
    if (pixels == 0) pixels = shape_pixels(properties);
    if (pixels == 0) {
        refuse(f, 422, "size-unknown", "the size of this scene is not known (proj:shape).");
        return 1;
    }
    if (f->areas) pixels = (int64_t)ceil((double)pixels * share_of(json_object_get(item.json, "bbox"), f->areas));
    f->areas = NULL;
    f->order->pixels += pixels;
    return 0;
}

int scenes_resolve(const struct request *rq, struct response *rs, struct order *order, bool use) {
    struct search f = {.rq = rq, .rs = rs, .order = order, .use = use};
    json_t *given;
    order->pixels = 0;
    /* The inputs keep what was asked; the scenes grow. */
    json_t *scenes = scope_json(rq->scope, json_deep_copy(order->scenes));
    order->scenes = scenes;
    json_object_foreach(scenes, f.input, given) {
        int err = scene_resolve(&f, given);
        if (err) return err;
        if (order->pixels > PIXELS_MOST) {
            refuse(&f, 422, "too-large", "this is too large for one job.");
            return 1;
        }
    }
    order->amount = price_of(order->process.manifest, order->pixels);
    return 0;
}
