/* subsets.c: /view/v1/subsets: the pixels of an item within a box or a polygon, as a GeoTIFF. Its bytes are those of the files,
 * so whoever may not download these may not have a part of them. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "common/metrics.h"
#include "common/rights.h"
#include "view/crs.h"
#include "view/numbers.h"
#include "view/numbers/cutout.h"
#include "view/numbers/gate.h"
#include "view/numbers/numbers.h"
#include "view/view.h"

#define COG_TYPE "image/tiff; application=geotiff; profile=cloud-optimized"
#define TIFF_TYPE "image/tiff; application=geotiff"

static bool refuse(struct response *rs, const char *field, const char *text) {
    response_error(rs, 400, "invalid-parameter", field, "%s", text);
    return false;
}

static bool read_bands(struct request *rq, struct response *rs, struct cutout *c) {
    const char *text = request_arg(rq, "bands");
    char *rest = scope_strdup(rq->scope, text), *part;
    while ((part = strsep(&rest, ","))) {
        int band = scene_band_index(c->scene, part);
        if (band < 0 || c->nbands == CUTOUT_BANDS)
            return refuse(rs, "bands",
                          band < 0 ? "This item has no such band; see /view/v1/items."
                                   : "At most 16 bands may be asked at once.");
        c->bands[c->nbands++] = band;
    }
    for (int i = 0; !text && i < c->scene->nbands && c->nbands < CUTOUT_BANDS; i++)
        if (!c->scene->bands[i].visual) c->bands[c->nbands++] = i;
    return c->nbands || refuse(rs, "bands", "This item has no band that can be cut.");
}

static bool read_size(struct request *rq, struct response *rs, struct cutout_wish *wish) {
    const char *resolution = request_arg(rq, "resolution"), *scale = request_arg(rq, "scale");
    if (resolution && scale) return refuse(rs, "scale", "Give either a resolution or a scale.");
    if (resolution && (!number_parse(resolution, &wish->resolution) || wish->resolution < 1e-9 || wish->resolution > 1e9))
        return refuse(rs, "resolution", "The resolution is the side of a pixel in units of the coordinate system.");
    if (scale && (!number_parse(scale, &wish->scale) || wish->scale < 1e-4 || wish->scale > 16))
        return refuse(rs, "scale", "The scale is a factor of width and height from 0.0001 to 16.");
    return true;
}

static bool read_resampling(struct request *rq, struct response *rs, struct cutout *c) {
    static const struct {
        const char *name;
        GDALResampleAlg method;
    } methods[] = {
        {"nearest", GRA_NearestNeighbour}, {"bilinear", GRA_Bilinear}, {"cubic", GRA_Cubic}, {"average", GRA_Average}};
    const char *name = request_arg(rq, "resampling");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (!name || strcmp(name, methods[i].name) == 0) {
            c->resampling = methods[i].method;
            return true;
        }
    return refuse(rs, "resampling", "Pixels are made by nearest, bilinear, cubic or average.");
}

static bool read_format(struct request *rq, struct response *rs, struct cutout *c) {
    const char *f = request_arg(rq, "f");
    c->cloud_optimized = !f || strcasecmp(f, "cog") == 0;
    return c->cloud_optimized || strcasecmp(f, "tiff") == 0 || refuse(rs, "f", "The formats are cog and tiff.");
}

/* True if one of the areas that were bought holds all of what is asked. */
static bool bought_holds(struct scope *s, const json_t *bought, const struct area *asked) {
    const json_t *one;
    size_t i;
    json_array_foreach(bought, i, one) {
        struct area area;
        if (area_of(s, one, &area) && OGR_G_Contains(area.shape, asked->shape)) return true;
    }
    return false;
}

/* May the caller have this asset's bytes within the area? Of an item that was bought for an area, only what lies in that: then
 * pixels that the area asked for does not touch are left out even of a box. Otherwise it has answered, or *err says what to. */
static bool asset_allowed(struct request *rq, struct response *rs, struct cutout *c, const struct area *area, const char *key,
                          int *err) {
    const struct scene *scene = c->scene;
    struct right_asset asset;
    int access = rights_asset(rq->scope, module_db("view"), &rq->auth, scene->collection, scene->item, key, &asset);
    if (access == ACCESS_GRANTED) return true;
    if (access == ACCESS_AREA && bought_holds(rq->scope, asset.areas, area)) {
        c->mask = area;
        return true;
    }
    if (access < 0)
        *err = access;
    else if (access == ACCESS_AREA)
        response_error(rs, 403, "beyond-what-was-bought", NULL,
                       "This reaches beyond the area that you bought of this item; %s/download/v1/items/%s/%s names it and "
                       "delivers the files cut to it.",
                       rq->base_url, http_encode(rq->scope, scene->collection), http_encode(rq->scope, scene->item));
    else
        rights_refuse(rq, rs, access, scene->collection, scene->item);
    return false;
}

static bool allowed(struct request *rq, struct response *rs, struct cutout *c, const struct area *area, int *err) {
    const char *asked = "";
    for (int i = 0; i < c->nbands; i++) {
        const char *key = c->scene->bands[c->bands[i]].asset;
        if (strcmp(key, asked) != 0 && !asset_allowed(rq, rs, c, area, key, err)) return false;
        asked = key;
    }
    return true;
}

/* What does not fit into an answer has its own ways. */
static int refuse_size(struct request *rq, struct response *rs, const struct cutout *c) {
    const char *files = scope_printf(rq->scope, "%s/download/v1/items/%s/%s", rq->base_url,
                                     http_encode(rq->scope, c->scene->collection), http_encode(rq->scope, c->scene->item));
    response_header(rs, "link", "<%s>; rel=\"alternate\", <%s/processing/processes>; rel=\"related\"", files, rq->base_url);
    return response_error(
        rs, 413, "too-large", NULL,
        "%lld x %lld pixels of %d bands were asked for; an answer holds %lld samples: ask for a smaller area, "
        "fewer bands or a smaller scale=, take the files themselves (%s) or run a process over them "
        "(%s/processing/processes).",
        (long long)c->width, (long long)c->height, c->nbands, CUTOUT_SAMPLES, files, rq->base_url);
}

static int answer(struct request *rq, struct response *rs, const struct cutout *c) {
    struct gate gate = {0};
    const void *data;
    size_t len;
    int err = gate_pass(rq->scope, &gate, c->source_pixels);
    if (!err) err = cutout_make(rq->scope, c, &data, &len);
    if (err) return err;
    response_header(rs, "cache-control", "private, no-store");
    response_header(rs, "content-disposition", "attachment; filename=\"%s.tif\"", http_encode(rq->scope, c->scene->item));
    metrics_add("nadir_view_numbers_total{kind=\"subsets\"}", 1);
    usage_count(c->scene->collection, c->scene->item, len);
    return response_data(rs, 200, c->cloud_optimized ? COG_TYPE : TIFF_TYPE, data, len);
}

int subsets_get(struct request *rq, struct response *rs) {
    struct cutout c = {0};
    struct cutout_wish wish = {0};
    struct area area;
    struct crs crs;
    const char *name = request_arg(rq, "crs");
    int err = scene_get(rq, request_param(rq, "collection"), request_param(rq, "item"), &c.scene);
    if (err) return err;
    if (!read_format(rq, rs, &c) || !read_bands(rq, rs, &c) || !read_size(rq, rs, &wish) || !read_resampling(rq, rs, &c))
        return 0;
    if (name && crs_parse(name, &crs))
        return response_error(rs, 400, "unknown-crs", "crs",
                              "The coordinate system must be CRS:84, EPSG:4326, 3857, 326zz, 327zz, 3031 or 3413.");
    if (!area_read(rq, rs, &area)) return 0;
    c.mask = rq->method == HTTP_POST ? &area : NULL;
    if (!allowed(rq, rs, &c, &area, &err)) return err;
    wish.area = &area;
    wish.crs = name ? &crs : NULL;
    err = cutout_plan(rq->scope, &wish, &c);
    if (err == NADIR_ENOTFOUND && c.nbands && !c.width)
        return response_error(rs, 404, "nothing-there", NULL, "The area does not touch what the item's files hold.");
    if (err == NADIR_EINVAL)
        return response_error(rs, 422, "area-not-on-map", NULL, "The area cannot be drawn in that coordinate system.");
    if (err) return err;
    if ((int64_t)c.width * c.height > CUTOUT_SAMPLES / c.nbands || c.source_pixels > CUTOUT_SOURCE_PIXELS)
        return refuse_size(rq, rs, &c);
    return answer(rq, rs, &c);
}
