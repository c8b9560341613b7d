#include "view/style.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct ramp_stop vegetation_stops[] = {
    {-1.0F, 0x08, 0x1f, 0x45, "water"}, {-0.5F, 0x1f, 0x4e, 0x86, NULL},    {-0.32F, 0x7d, 0x9c, 0xb4, NULL},
    {-0.2F, 0xc4, 0xbd, 0xb2, NULL},    {0.0F, 0xe4, 0xd6, 0xb8, "bare"},   {0.15F, 0xec, 0xe0, 0x9a, "sparse"},
    {0.25F, 0xc6, 0xd6, 0x6f, NULL},    {0.35F, 0x8f, 0xc1, 0x52, "crops"}, {0.45F, 0x58, 0xa5, 0x3f, NULL},
    {0.6F, 0x24, 0x82, 0x33, "dense"},  {0.75F, 0x0d, 0x5f, 0x28, NULL},    {1.0F, 0x00, 0x35, 0x17, "densest"},
};
static const struct ramp_stop water_stops[] = {
    {-1.0F, 0x6b, 0x4a, 0x1e, "dry"}, {-0.4F, 0xb5, 0x95, 0x5a, NULL},   {0.0F, 0xf0, 0xec, 0xdc, NULL},
    {0.2F, 0xa9, 0xd3, 0xe6, NULL},   {0.5F, 0x3d, 0x8c, 0xc4, "water"}, {1.0F, 0x08, 0x2f, 0x6b, NULL},
};
static const struct ramp_stop elevation_stops[] = {
    {-100, 0x3a, 0x6e, 0x9c, "-100 m"}, {-1, 0x8f, 0xb8, 0xcc, NULL},       {0, 0x5c, 0x94, 0x6a, "0 m"},
    {25, 0x7c, 0xad, 0x76, NULL},       {50, 0x9c, 0xc0, 0x7f, "50 m"},     {100, 0xc2, 0xd2, 0x8c, "100 m"},
    {200, 0xe2, 0xdd, 0xa0, "200 m"},   {500, 0xdc, 0xc4, 0x88, "500 m"},   {1000, 0xc6, 0x9c, 0x6b, "1000 m"},
    {2000, 0xa2, 0x78, 0x58, "2000 m"}, {3000, 0x98, 0x86, 0x7e, "3000 m"}, {4500, 0xd8, 0xd4, 0xd2, "4500 m"},
    {6000, 0xff, 0xff, 0xff, "6000 m"},
};

#define RAMP(name)                                                                                                             \
    { name, sizeof(name) / sizeof((name)[0]) }
const struct ramp ramp_vegetation = RAMP(vegetation_stops);
const struct ramp ramp_water = RAMP(water_stops);
const struct ramp ramp_elevation = RAMP(elevation_stops);

/* Pictures of several bands, best first. A band is looked up by each of its names in turn. */
struct recipe {
    const char *id, *title;
    enum style_kind kind;
    const char *bands[3];
    const struct ramp *ramp;
    const char *formula;
};

static const struct recipe recipes[] = {
    {"true-color", "True colour", STYLE_RGB, {"red", "green", "blue"}, NULL, NULL},
    {"false-color", "False colour (near infrared, red, green)", STYLE_RGB, {"nir", "red", "green"}, NULL, NULL},
    {"swir", "Shortwave infrared (swir22, near infrared, red)", STYLE_RGB, {"swir22", "nir", "red"}, NULL, NULL},
    /* Rouse et al. 1974, McFeeters 1996; where there is no light there is no index */
    {"ndvi",
     "NDVI, vegetation index",
     STYLE_EXPRESSION,
     {"nir", "red", NULL},
     &ramp_vegetation,
     "nir + red > 0 ? (nir - red) / (nir + red) : nodata"},
    {"ndwi",
     "NDWI, water index",
     STYLE_EXPRESSION,
     {"green", "nir", NULL},
     &ramp_water,
     "green + nir > 0 ? (green - nir) / (green + nir) : nodata"},
};

static const char *const elevation_names[] = {"elevation", "dem", "dsm", "dtm", "height", NULL};
static const char *const sar_names[] = {"vv", "vh", "hh", "hv", NULL};

static bool among(const char *name, const char *const *names) {
    for (; *names; names++)
        if (strcasecmp(name, *names) == 0) return true;
    return false;
}

static struct style *style_add(struct scene *scene, const char *id, const char *title, enum style_kind kind, int band) {
    static struct style spare; /* never handed out: there is room for every band and recipe */
    if (scene->nstyles >= SCENE_STYLES) return &spare;
    struct style *style = &scene->styles[scene->nstyles++];
    *style = (struct style){.id = id, .title = title, .kind = kind, .bands = {band}};
    for (int i = 1; i < EXPRESSION_BANDS; i++) style->bands[i] = -1;
    return style;
}

/* The ready-made picture is true colour where the bands of light are there, or nothing else is; of radar or heights it is gray.
 */
static void add_visual(struct scene *scene, bool in_colour) {
    bool colour =
        scene_band_index(scene, "red") >= 0 && scene_band_index(scene, "green") >= 0 && scene_band_index(scene, "blue") >= 0;
    int first = -1;
    bool alone = true;
    for (int i = scene->nbands - 1; i >= 0; i--) {
        if (scene->bands[i].visual)
            first = i;
        else
            alone = false;
    }
    if (first < 0 || (colour || alone) != in_colour) return;
    struct style *style =
        style_add(scene, in_colour ? "true-color" : "visual", in_colour ? "True colour" : "Quick look", STYLE_VISUAL, first);
    style->bands[1] = first + 1;
    style->bands[2] = first + 2;
}

static struct expression_name find_band(const void *with, const char *name) {
    const struct scene *scene = with;
    int band = scene_band_index(scene, name);
    if (band < 0) return (struct expression_name){0};
    const struct band *b = &scene->bands[band];
    return (struct expression_name){.kind = EXPRESSION_BAND, .number = band, .scale = b->scale, .offset = b->offset};
}

static void add_recipe(struct scene *scene, const struct recipe *recipe) {
    int bands[3] = {-1, -1, -1};
    for (int i = 0; i < scene->nstyles; i++)
        if (strcmp(scene->styles[i].id, recipe->id) == 0) return;
    for (int i = 0; i < 3 && recipe->bands[i]; i++) {
        bands[i] = scene_band_index(scene, recipe->bands[i]);
        if (bands[i] < 0) return;
    }
    const struct expression *expression = NULL;
    struct expression_names names = {find_band, scene};
    struct expression_fault fault;
    if (recipe->formula && expression_compile(&scene->memory, recipe->formula, &names, &expression, &fault)) return;
    struct style *style = style_add(scene, recipe->id, recipe->title, recipe->kind, bands[0]);
    style->bands[1] = bands[1];
    style->bands[2] = bands[2];
    style->ramp = recipe->ramp;
    style->expression = expression;
    for (int i = 0; expression && i < expression->nbands; i++) style->bands[i] = expression->bands[i];
}

static void add_single(struct scene *scene, int i) {
    const struct band *b = &scene->bands[i];
    if (b->visual) return;
    if (among(b->name, elevation_names)) {
        style_add(scene, "elevation", "Elevation, shaded", STYLE_ELEVATION, i)->ramp = &ramp_elevation;
    } else if (strcasecmp(b->name, "ndvi") == 0 && !scene_style(scene, "ndvi")) {
        style_add(scene, "ndvi", "NDVI, vegetation index", STYLE_RAMP, i)->ramp = &ramp_vegetation;
    } else if (strcasecmp(b->name, "ndwi") == 0 && !scene_style(scene, "ndwi")) {
        style_add(scene, "ndwi", "NDWI, water index", STYLE_RAMP, i)->ramp = &ramp_water;
    }
    bool sar = scene->is_sar || among(b->name, sar_names);
    char *id = scope_printf(&scene->memory, "band-%s", b->name);
    style_add(scene, id, scope_printf(&scene->memory, sar ? "%s, decibel" : "%s", b->title), sar ? STYLE_DECIBEL : STYLE_GRAY,
              i);
}

void style_list(struct scene *scene) {
    add_visual(scene, true);
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) add_recipe(scene, &recipes[i]);
    for (int i = 0; i < scene->nbands; i++) add_single(scene, i);
    add_visual(scene, false);
}

const struct ramp *style_ramp(const char *id) {
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++)
        if (strcmp(recipes[i].id, id) == 0) return recipes[i].ramp;
    return strcmp(id, "elevation") == 0 ? &ramp_elevation : NULL;
}
