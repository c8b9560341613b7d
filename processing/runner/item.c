#include "processing/runner/item.h"

#include <string.h>

#include "common/http.h"
#include "common/module.h"

#define COLLECTION "results"
#define COG_TYPE "image/tiff; application=geotiff; profile=cloud-optimized"

static void set(json_t *object, const char *name, json_t *value) {
    (void)json_object_set_new(object, name, value);
}

static void copy(json_t *to, const json_t *from, const char *name) {
    json_t *value = json_object_get(from, name);
    if (value && !json_is_null(value)) (void)json_object_set(to, name, value);
}

/* One asset; roles is one or two words. */
static json_t *asset(struct scope *s, const struct product *p, const struct product_file *f, const char *public_url,
                     const char *type, const char *title, json_t *roles) {
    return json_pack("{s:s,s:s,s:s,s:o,s:I,s:s,s:s}", "href",
                     scope_printf(s, "%s/download/v1/items/" COLLECTION "/%s/assets/%s", public_url, p->job, f->asset), "type",
                     type, "title", title, "roles", roles, "file:size", (json_int_t)f->size, "file:checksum",
                     scope_printf(s, "1220%s", f->sha256), /* multihash: sha2-256, 32 bytes */
                     "nadir:path", scope_printf(s, "results/%s/%s", p->job, f->name));
}

static json_t *assets(struct scope *s, const struct job *job, const struct product *p, const char *public_url) {
    const char *title = json_string_value(json_object_get(json_object_get(job->work, "output"), "title"));
    json_t *all = json_object();
    json_t *data = asset(s, p, &p->files[0], public_url, COG_TYPE, title ? title : p->key, json_pack("[s]", "data"));
    copy(data, p->facts, "raster:bands");
    set(all, p->files[0].asset, data);
    set(all, "visual", asset(s, p, &p->files[1], public_url, COG_TYPE, "Picture", json_pack("[s,s]", "visual", "overview")));
    set(all, "thumbnail", asset(s, p, &p->files[2], public_url, "image/png", "Thumbnail", json_pack("[s]", "thumbnail")));
    return all;
}

/* The time of a result is that of its scenes: the one they share, or their span. */
static void set_time(const struct job *job, json_t *properties) {
    const char *input, *least = NULL, *most = NULL;
    json_t *scene;
    json_object_foreach(json_object_get(job->work, "scenes"), input, scene) {
        const char *at = json_string_value(json_object_get(scene, "datetime"));
        if (!at) continue;
        if (!least || strcmp(at, least) < 0) least = at;
        if (!most || strcmp(at, most) > 0) most = at;
    }
    if (!least) least = most = job->created_at;
    set(properties, "datetime", strcmp(least, most) == 0 ? json_string(least) : json_null());
    if (strcmp(least, most) == 0) return;
    set(properties, "start_datetime", json_string(least));
    set(properties, "end_datetime", json_string(most));
}

/* What the scenes were taken with, as long as there is only one. */
static void set_platform(const struct job *job, json_t *properties) {
    static const char *const names[] = {"platform", "instruments", "constellation"};
    json_t *scenes = json_object_get(job->work, "scenes");
    if (json_object_size(scenes) != 1) return;
    const json_t *scene = json_object_iter_value(json_object_iter(scenes));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) copy(properties, json_object_get(scene, "properties"), names[i]);
}

static const char *scene_names(struct scope *s, const struct job *job) {
    const char *input, *names = "";
    json_t *scene;
    json_object_foreach(json_object_get(job->work, "scenes"), input, scene) {
        const char *item = json_string_value(json_object_get(scene, "item"));
        names = scope_printf(s, "%s%s%s", names, *names ? ", " : "", item ? item : "");
    }
    return names;
}

static json_t *properties(struct scope *s, const struct job *job, const struct product *p) {
    static const char *const facts[] = {"proj:epsg", "proj:wkt2", "proj:shape", "proj:transform", "gsd"};
    const char *title = json_string_value(json_object_get(job->work, "title")), *names = scene_names(s, job);
    json_t *all = json_object();
    set_time(job, all);
    set_platform(job, all);
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++) copy(all, p->facts, facts[i]);
    set(all, "proj:epsg", json_incref(json_object_get(p->facts, "proj:epsg"))); /* null is a value here */
    set(all, "title", json_string(p->title ? p->title : scope_printf(s, "%s of %s", title ? title : job->process, names)));
    set(all, "created", json_string(job->created_at));
    set(all, "processing:software", json_pack("{s:s}", job->process, job->version));
    set(all, "processing:lineage",
        json_string(scope_printf(s, "%s %s of %s", job->process, job->version, *names ? names : "its parameters")));
    const char *expression = json_string_value(json_object_get(job->work, "expression"));
    if (expression) {
        set(all, "processing:expression", json_pack("{s:s,s:s}", "format", "band-math", "expression", expression));
    }
    set(all, "nadir:job", json_string(job->job));
    set(all, "nadir:process", json_string(job->process));
    set(all, "nadir:parameters", json_deep_copy(json_object_get(job->work, "parameters")));
    if (json_object_size(p->properties) > 0) set(all, "nadir:result", json_incref(p->properties));
    return all;
}

static json_t *links(struct scope *s, const struct job *job, const char *public_url) {
    json_t *all = json_pack("[{s:s,s:s,s:s}]", "rel", "via", "type", "application/json", "href",
                            scope_printf(s, "%s/processing/jobs/%s", public_url, job->job));
    const char *input;
    json_t *scene;
    json_object_foreach(json_object_get(job->work, "scenes"), input, scene) {
        const char *collection = json_string_value(json_object_get(scene, "collection"));
        const char *item = json_string_value(json_object_get(scene, "item"));
        if (!collection || !item) continue;
        (void)json_array_append_new(all,
                                    json_pack("{s:s,s:s,s:s}", "rel", "derived_from", "type", "application/geo+json", "href",
                                              scope_printf(s, "%s/stac/collections/%s/items/%s", public_url,
                                                           http_encode(s, collection), http_encode(s, item))));
    }
    return all;
}

json_t *item_make(struct scope *s, const struct job *job, const struct product *product, const char *public_url) {
    json_t *item =
        json_pack("{s:s,s:s,s:[s,s,s,s],s:s,s:s}", "type", "Feature", "stac_version", "1.0.0", "stac_extensions",
                  "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
                  "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
                  "https://stac-extensions.github.io/file/v2.1.0/schema.json",
                  "https://stac-extensions.github.io/processing/v1.1.0/schema.json", "id", job->job, "collection", COLLECTION);
    if (!item) return NULL;
    copy(item, product->facts, "geometry");
    copy(item, product->facts, "bbox");
    set(item, "properties", properties(s, job, product));
    set(item, "assets", assets(s, job, product, public_url));
    set(item, "links", links(s, job, public_url));
    return scope_json(s, item);
}
