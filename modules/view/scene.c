#include "view/scene.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "view/style.h"

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* At most so many bytes of a text, in the scope; a character that would be cut is left out. */
static char *clipped(struct scope *s, const char *text, size_t most) {
    size_t len = strnlen(text, most);
    while (len && text[len] && ((unsigned char)text[len] & 0xc0) == 0x80) len--;
    return scope_strndup(s, text, len);
}

/* Only what may stand in a URL segment and a style's id. */
static char *clean_name(struct scope *s, const char *text) {
    char *name = clipped(s, text, 64);
    for (char *p = name; *p; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-_.", *p);
        if (!plain) *p = '-';
    }
    return name;
}

static bool has_role(const json_t *asset, const char *role) {
    size_t i;
    const json_t *each;
    json_array_foreach(json_object_get(asset, "roles"), i, each) {
        if (json_is_string(each) && strcmp(json_string_value(each), role) == 0) return true;
    }
    return false;
}

static bool is_raster(const json_t *asset) {
    const char *type = text_of(asset, "type");
    const char *path = text_of(asset, "path");
    if (!*path || has_role(asset, "thumbnail") || has_role(asset, "metadata") || has_role(asset, "archive")) return false;
    if (*type) return strncmp(type, "image/tiff", 10) == 0;
    size_t len = strlen(path);
    return len > 4 && (strcmp(path + len - 4, ".tif") == 0 || (len > 5 && strcmp(path + len - 5, ".tiff") == 0));
}

/* STAC 1.1 writes bands once; 1.0 in eo:bands and raster:bands. */
static const json_t *band_member(const json_t *asset, const char *list, size_t i, const char *name) {
    const json_t *found = json_object_get(json_array_get(json_object_get(asset, "bands"), i), name);
    return found ? found : json_object_get(json_array_get(json_object_get(asset, list), i), name);
}

static double number_or(const json_t *value, double otherwise) {
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

static void read_nodata(struct band *b, const json_t *nodata) {
    if (json_is_number(nodata)) {
        b->has_nodata = true;
        b->nodata = json_number_value(nodata);
    } else if (json_is_string(nodata) && strcmp(json_string_value(nodata), "nan") == 0) {
        b->has_nodata = true;
        b->nodata = NAN;
    }
}

static void read_percentiles(struct band *b, const json_t *statistics) {
    const json_t *low = json_object_get(statistics, "p2");
    const json_t *high = json_object_get(statistics, "p98");
    if (!json_is_number(low) || !json_is_number(high)) return;
    b->percentiles = (struct stretch){json_number_value(low), json_number_value(high)};
    b->has_percentiles = b->percentiles.high > b->percentiles.low;
}

static const char *band_name(const char *key, const json_t *asset, size_t i, size_t count) {
    static const char *const members[] = {"common_name", "eo:common_name", "name"};
    /* The key of a single band's asset is its name; ingest and runners write it so. */
    for (size_t m = 0; m < 3 && (m < 2 || count > 1); m++) {
        const char *name = json_string_value(band_member(asset, "eo:bands", i, members[m]));
        if (name && *name) return name;
    }
    return key;
}

/* Two assets may give their bands one name (the thermal bands of Landsat 7): the second is then "lwir-2". */
static const char *own_name(struct scene *scene, const char *name) {
    const char *found = name;
    for (int number = 2; number <= SCENE_BANDS; number++) {
        bool taken = false;
        for (int i = 0; i < scene->nbands && !taken; i++)
            taken = scene->bands[i].name && !scene->bands[i].visual && strcmp(scene->bands[i].name, found) == 0;
        if (!taken) break;
        found = scope_printf(&scene->memory, "%s-%d", name, number);
    }
    return found;
}

static void add_band(struct scene *scene, const char *key, const json_t *asset, size_t i, size_t count, bool visual) {
    if (scene->nbands >= SCENE_BANDS) return;
    struct scope *s = &scene->memory;
    struct band *b = &scene->bands[scene->nbands++];
    const char *title = text_of(asset, "title");
    const char *unit = json_string_value(band_member(asset, "raster:bands", i, "unit"));
    const char *name = clean_name(s, band_name(key, asset, i, count));
    b->name = visual ? name : own_name(scene, name);
    b->key = count == 1 ? clipped(s, key, 64) : "";
    b->sensor = clipped(s, text_of(json_array_get(json_object_get(asset, "bands"), i), "name"), 64);
    if (!*b->sensor) b->sensor = clipped(s, text_of(json_array_get(json_object_get(asset, "eo:bands"), i), "name"), 64);
    b->title = *title && count == 1 ? clipped(s, title, 120) : b->name;
    b->asset = scope_strdup(s, key);
    b->path = scope_strdup(s, text_of(asset, "path"));
    b->unit = unit ? clipped(s, unit, 40) : "";
    b->index = (int)i + 1;
    b->scale = number_or(band_member(asset, "raster:bands", i, "scale"), 1);
    b->offset = number_or(band_member(asset, "raster:bands", i, "offset"), 0);
    b->visual = visual;
    const json_t *wavelength = band_member(asset, "eo:bands", i, "center_wavelength"); /* micrometres; STAC 1.1 prefixes it */
    if (!wavelength) wavelength = band_member(asset, "eo:bands", i, "eo:center_wavelength");
    b->wavelength = number_or(wavelength, 0) * 1000;
    read_nodata(b, band_member(asset, "raster:bands", i, "nodata"));
    read_percentiles(b, band_member(asset, "raster:bands", i, "statistics"));
}

static void add_asset(struct scene *scene, const char *key, const json_t *asset) {
    if (!is_raster(asset)) return;
    bool visual = has_role(asset, "visual") || strcmp(key, "visual") == 0;
    size_t count = json_array_size(json_object_get(asset, "bands"));
    if (!count) count = json_array_size(json_object_get(asset, "eo:bands"));
    if (!count) count = json_array_size(json_object_get(asset, "raster:bands"));
    if (visual) count = 3;
    if (!count) count = 1;
    if (visual && scene->nbands + 3 > SCENE_BANDS) return;
    for (size_t i = 0; i < count; i++) add_band(scene, key, asset, i, count, visual);
}

static void read_bbox(struct scene *scene, const json_t *bbox) {
    size_t n = json_array_size(bbox);
    if (n != 4 && n != 6) return;
    for (size_t i = 0; i < 4; i++) {
        const json_t *value = json_array_get(bbox, n == 6 && i > 1 ? i + 1 : i);
        if (!json_is_number(value)) return;
        scene->bbox[i] = json_number_value(value);
    }
    scene->has_bbox = true;
}

/* "Sentinel-2A" and "LANDSAT_8" as "sentinel2a" and "landsat8"; the third Sentinel-2 is as the first. */
static const char *plain_platform(struct scope *s, const char *text) {
    char *plain = clipped(s, text, 64);
    char *to = plain;
    for (const char *c = plain; *c; c++)
        if (isalnum((unsigned char)*c)) *to++ = (char)tolower((unsigned char)*c);
    *to = '\0';
    bool sentinel = strncmp(plain, "sentinel2", 9) == 0 && strcmp(plain, "sentinel2b") != 0;
    return sentinel ? "sentinel2a" : plain;
}

static void read_item(struct scene *scene, const json_t *item) {
    const json_t *properties = json_object_get(item, "properties");
    const char *title = text_of(properties, "title");
    scene->title = clipped(&scene->memory, *title ? title : scene->item, 200);
    const char *platform = text_of(properties, "platform");
    scene->platform = plain_platform(&scene->memory, *platform ? platform : text_of(properties, "constellation"));
    scene->gsd = number_or(json_object_get(properties, "gsd"), 0);
    read_bbox(scene, json_object_get(item, "bbox"));
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)json_object_get(item, "properties"), key, value) {
        if (strncmp(key, "sar:", 4) == 0) scene->is_sar = true;
    }
    json_object_foreach((json_t *)json_object_get(item, "assets"), key, value) add_asset(scene, key, value);
}

int scene_new(const struct right_item *item, struct scene **out) {
    struct scene *scene = calloc(1, sizeof *scene);
    if (!scene) return NADIR_ENOMEM;
    scope_init(&scene->memory, "view", 0);
    (void)pthread_mutex_init(&scene->lock, NULL);
    atomic_init(&scene->references, 1);
    scene->collection = scope_strdup(&scene->memory, item->collection);
    scene->item = scope_strdup(&scene->memory, item->item);
    scene->version = scope_strdup(&scene->memory, item->version);
    scene->is_public = item->owner == NULL;
    read_item(scene, item->json);
    style_list(scene);
    *out = scene;
    return 0;
}

void scene_release(void *pointer) {
    struct scene *scene = pointer;
    if (!scene || atomic_fetch_sub(&scene->references, 1) != 1) return;
    (void)pthread_mutex_destroy(&scene->lock);
    scope_end(&scene->memory);
    free(scene);
}

const struct style *scene_style(const struct scene *scene, const char *id) {
    if (scene->nstyles && (!*id || strcmp(id, "default") == 0)) return &scene->styles[0];
    for (int i = 0; i < scene->nstyles; i++)
        if (strcmp(scene->styles[i].id, id) == 0) return &scene->styles[i];
    return NULL;
}

static int band_by(const struct scene *scene, const char *name, int (*compare)(const char *, const char *)) {
    for (int member = 0; member < 3; member++) {
        for (int i = 0; i < scene->nbands; i++) {
            const struct band *b = &scene->bands[i];
            const char *of_band = member == 0 ? b->name : member == 1 ? b->key : b->sensor;
            if (!b->visual && compare(of_band, name) == 0) return i;
        }
    }
    return -1;
}

int scene_band_index(const struct scene *scene, const char *name) {
    int i = *name ? band_by(scene, name, strcmp) : -1;
    if (i < 0 && *name) i = band_by(scene, name, strcasecmp);
    if (i >= 0 || strcmp(name, "nir") != 0) return i;
    i = scene_band_index(scene, "nir08");
    return i >= 0 ? i : scene_band_index(scene, "nir09");
}

int scene_raster(struct scope *s, const struct scene *scene, int band, struct raster **out) {
    return raster_open(s, scene->bands[band].path, scene->version, out);
}

int scene_extent(struct scope *s, const struct scene *scene, double bounds[4], double *pixel_m) {
    memcpy(bounds, scene->bbox, sizeof scene->bbox);
    *pixel_m = scene->gsd;
    if (scene->has_bbox && scene->gsd > 0) return 0;
    if (!scene->nbands) return NADIR_ENOTFOUND;
    struct raster *r;
    int err = scene_raster(s, scene, 0, &r);
    if (err) return err;
    if (*pixel_m <= 0) *pixel_m = r->geographic ? r->pixel * 111320 : r->pixel;
    if (scene->has_bbox) return 0;
    return raster_bounds_84(r, bounds) ? 0 : NADIR_ENOTFOUND;
}
