/* item.c: STAC 1.0.0 with the projection, raster, eo and file extensions. */
#include <math.h>
#include <string.h>

#include "item.h"

#define COG_TYPE "image/tiff; application=geotiff; profile=cloud-optimized"

/* Pixel size in metres. A degree of latitude is taken as 111,320 m. */
static double gsd_of(const struct grid *g) {
    double pixel = fabs(g->transform[1]);
    bool degrees = g->epsg == 4326 || (g->wkt && strncmp(g->wkt, "GEOGCRS", 7) == 0);
    return degrees ? round(pixel * 111320) : round(pixel * 1000) / 1000;
}

static void projection_set(json_t *object, const struct grid *g) {
    const double *t = g->transform;
    double right = t[0] + t[1] * g->width, bottom = t[3] + t[5] * g->height;
    json_object_set_new(object, "proj:epsg", g->epsg ? json_integer(g->epsg) : json_null());
    if (!g->epsg) json_object_set_new(object, "proj:wkt2", json_string(g->wkt));
    json_object_set_new(object, "proj:shape", json_pack("[i, i]", g->height, g->width));
    /* The affine order: x scale, x shear, x origin, y shear, y scale, y origin. */
    json_object_set_new(object, "proj:transform", json_pack("[f, f, f, f, f, f]", t[1], t[2], t[0], t[4], t[5], t[3]));
    json_object_set_new(object, "proj:bbox", json_pack("[f, f, f, f]", t[0], bottom, right, t[3]));
}

/* path, size and checksum. file:checksum is a multihash: 12 (sha2-256), 20 (32 bytes), the digest. */
static void file_set(struct product *p, json_t *asset, const char *path, int64_t size, const char *sha256) {
    product_extension(p, "https://stac-extensions.github.io/file/v2.1.0/schema.json");
    json_object_set_new(asset, "nadir:path", json_string(path));
    json_object_set_new(asset, "file:size", json_integer(size));
    json_object_set_new(asset, "file:checksum", json_string(scope_printf(p->scope, "1220%s", sha256)));
}

static json_t *statistics_json(const struct statistics *s) {
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "minimum", s->minimum, "maximum", s->maximum, "mean", s->mean, "stddev",
                     s->stddev, "valid_percent", s->valid_percent);
}

static json_t *raster_band(const struct band *b) {
    json_t *band = json_pack("{s:s, s:f}", "data_type", b->data_type, "spatial_resolution", gsd_of(&b->grid));
    if (b->out_has_nodata)
        json_object_set_new(band, "nodata", isnan(b->out_nodata) ? json_string("nan") : json_real(b->out_nodata));
    if (b->scaled) {
        json_object_set_new(band, "scale", json_real(b->scale));
        json_object_set_new(band, "offset", json_real(b->offset));
    }
    if (b->unit) json_object_set_new(band, "unit", json_string(b->unit));
    if (b->statistics.valid_percent > 0) json_object_set_new(band, "statistics", statistics_json(&b->statistics));
    return band;
}

static json_t *eo_band(const struct band *b) {
    json_t *band = json_pack("{s:s}", "name", b->name);
    if (b->common) json_object_set_new(band, "common_name", json_string(b->common));
    if (b->wavelength > 0) json_object_set_new(band, "center_wavelength", json_real(b->wavelength));
    if (b->width > 0) json_object_set_new(band, "full_width_half_max", json_real(b->width));
    return band;
}

static json_t *band_asset(struct product *p, const struct band *b, const struct band *main_band, const char *prefix) {
    json_t *asset =
        json_pack("{s:s, s:s, s:[s]}", "title", b->name, "type", COG_TYPE, "roles", b->quality ? "data-mask" : "data");
    json_object_set_new(asset, "raster:bands", json_pack("[o]", raster_band(b)));
    if (b->common || b->wavelength > 0) json_object_set_new(asset, "eo:bands", json_pack("[o]", eo_band(b)));
    if (b->polarization) json_object_set_new(asset, "sar:polarizations", json_pack("[s]", b->polarization));
    json_object_set_new(asset, "gsd", json_real(gsd_of(&b->grid)));
    if (memcmp(&b->grid, &main_band->grid, offsetof(struct grid, wkt)) != 0) projection_set(asset, &b->grid);
    file_set(p, asset, scope_printf(p->scope, "%s/%s.tif", prefix, b->key), b->size, b->sha256);
    return asset;
}

static json_t *visual_asset(struct product *p, const struct band *main_band, const char *prefix) {
    json_t *asset =
        json_pack("{s:s, s:s, s:[s, s]}", "title", "Picture (8-bit)", "type", COG_TYPE, "roles", "visual", "overview");
    json_object_set_new(asset, "eo:bands",
                        json_pack("[{s:s, s:s}, {s:s, s:s}, {s:s, s:s}]", "name", "R", "common_name", "red", "name", "G",
                                  "common_name", "green", "name", "B", "common_name", "blue"));
    if (memcmp(&p->visual.grid, &main_band->grid, offsetof(struct grid, wkt)) != 0) projection_set(asset, &p->visual.grid);
    file_set(p, asset, scope_printf(p->scope, "%s/visual.tif", prefix), p->visual.size, p->visual.sha256);
    return asset;
}

static json_t *extra_asset(struct product *p, const struct extra *e, const char *prefix) {
    json_t *asset = json_pack("{s:s, s:s, s:[s]}", "title", e->title, "type", e->type, "roles", e->role);
    file_set(p, asset, scope_printf(p->scope, "%s/%s", prefix, e->name), e->size, e->sha256);
    return asset;
}

/* The band that the item's projection is told from: the finest data band. */
static const struct band *main_band_of(const struct product *p) {
    const struct band *best = &p->bands[0];
    for (int i = 1; i < p->nbands; i++) {
        const struct band *b = &p->bands[i];
        bool finer = gsd_of(&b->grid) < gsd_of(&best->grid);
        if (!b->quality && strcmp(b->key, "pan") != 0 && (best->quality || strcmp(best->key, "pan") == 0 || finer)) best = b;
    }
    return best;
}

static json_t *properties_json(struct product *p, const struct band *main_band) {
    json_t *properties = json_pack("{s:s}", "datetime", p->datetime);
    if (p->title) json_object_set_new(properties, "title", json_string(p->title));
    if (p->starts && p->ends) {
        json_object_set_new(properties, "start_datetime", json_string(p->starts));
        json_object_set_new(properties, "end_datetime", json_string(p->ends));
    }
    json_object_set_new(properties, "gsd", json_real(gsd_of(&main_band->grid)));
    projection_set(properties, &main_band->grid);
    json_object_update(properties, p->properties); /* what the provider and the user say goes before what we found */
    return properties;
}

json_t *item_make(struct product *p, const char *collection, const char *prefix) {
    const struct band *main_band = main_band_of(p);
    json_t *assets = json_object();
    for (int i = 0; i < p->nbands; i++)
        json_object_set_new(assets, p->bands[i].key, band_asset(p, &p->bands[i], main_band, prefix));
    json_object_set_new(assets, "visual", visual_asset(p, main_band, prefix));
    json_object_set_new(assets, "thumbnail", extra_asset(p, &p->thumbnail, prefix));
    for (int i = 0; i < p->nextras; i++) json_object_set_new(assets, p->extras[i].key, extra_asset(p, &p->extras[i], prefix));
    product_extension(p, "https://stac-extensions.github.io/projection/v1.1.0/schema.json");
    product_extension(p, "https://stac-extensions.github.io/raster/v1.1.0/schema.json");
    product_extension(p, "https://stac-extensions.github.io/eo/v1.1.0/schema.json");
    return scope_json(p->scope, json_pack("{s:s, s:s, s:O, s:s, s:s, s:O, s:O, s:o, s:o, s:[]}", "type", "Feature",
                                          "stac_version", "1.0.0", "stac_extensions", p->extensions, "id", p->id, "collection",
                                          collection, "geometry", p->geometry, "bbox", p->bbox, "properties",
                                          properties_json(p, main_band), "assets", assets, "links"));
}
