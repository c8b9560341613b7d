/* landsat.c: Landsat bundles with MTL metadata.
 *
 * Wavelengths: USGS, "What are the band designations for the Landsat satellites?". Rescaling: Landsat 8-9 OLI/TIRS Collection 2
 * Level 1 Data Format Control Book, section 4 (reflectance = MULT * Q + ADD, without the sun's elevation), and the Level 2
 * guide.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtl.h"
#include "readers.h"
#include "safe.h"

static const struct sensor_band tm[] = {
    {"B1", "blue", 0.485, 0.07},       {"B2", "green", 0.56, 0.08}, {"B3", "red", 0.66, 0.06},
    {"B4", "nir", 0.83, 0.14},         {"B5", "swir16", 1.65, 0.2}, {"B6", "lwir", 11.45, 2.1},
    {"B7", "swir22", 2.215, 0.27},     {"B8", "pan", 0.71, 0.38},   {"B6_VCID_1", "lwir", 11.45, 2.1},
    {"B6_VCID_2", "lwir", 11.45, 2.1},
};
static const struct sensor_band oli[] = {
    {"B1", "coastal", 0.44, 0.02}, {"B2", "blue", 0.48, 0.06},    {"B3", "green", 0.56, 0.06},   {"B4", "red", 0.65, 0.04},
    {"B5", "nir", 0.865, 0.03},    {"B6", "swir16", 1.61, 0.09},  {"B7", "swir22", 2.2, 0.18},   {"B8", "pan", 0.59, 0.18},
    {"B9", "cirrus", 1.37, 0.02},  {"B10", "lwir11", 10.9, 0.59}, {"B11", "lwir12", 12.0, 1.01},
};

struct mission {
    const char *spacecraft, *platform;
    const struct sensor_band *bands;
    size_t count;
    const char *instruments[3];
};
static const struct mission missions[] = {
    {"LANDSAT_4", "landsat-4", tm, 10, {"tm"}},           {"LANDSAT_5", "landsat-5", tm, 10, {"tm"}},
    {"LANDSAT_7", "landsat-7", tm, 10, {"etm"}},          {"LANDSAT_8", "landsat-8", oli, 11, {"oli", "tirs"}},
    {"LANDSAT_9", "landsat-9", oli, 11, {"oli", "tirs"}},
};

/* "FILE_NAME_BAND_6_VCID_1" or the old "BAND1_FILE_NAME" is band "B6_VCID_1"; "FILE_NAME_BAND_ST_B10" is "B10". NULL: no band.
 */
static const char *band_of(struct scope *s, const char *member) {
    if (strncmp(member, "FILE_NAME_BAND_ST_B", 19) == 0) return scope_printf(s, "B%s", member + 19);
    if (strncmp(member, "FILE_NAME_BAND_", 15) == 0 && isdigit((unsigned char)member[15]))
        return scope_printf(s, "B%s", member + 15);
    return NULL;
}

/* Quality bands, by the end of the file's name. */
static bool quality_file(const char *member, const char *file) {
    return strcmp(member, "FILE_NAME_BAND_QUALITY") == 0 || strncmp(member, "FILE_NAME_QUALITY_L1_PIXEL", 26) == 0 ||
           ends_with(file, "_QA_PIXEL.TIF") || ends_with(file, "_QA_RADSAT.TIF") || ends_with(file, "_QA_AEROSOL.TIF");
}

static void band_rescale(const struct mtl *m, struct band *b, const char *number) {
    char name[64];
    snprintf(name, sizeof name, "REFLECTANCE_MULT_BAND_%s", number);
    if (mtl_number(m, name, &b->scale)) {
        snprintf(name, sizeof name, "REFLECTANCE_ADD_BAND_%s", number);
        b->scaled = mtl_number(m, name, &b->offset);
        return;
    }
    snprintf(name, sizeof name, "TEMPERATURE_MULT_BAND_ST_B%s", number);
    if (mtl_number(m, name, &b->scale)) {
        snprintf(name, sizeof name, "TEMPERATURE_ADD_BAND_ST_B%s", number);
        b->scaled = mtl_number(m, name, &b->offset);
        b->unit = "K";
    }
}

static int spectral_band_add(struct product *p, const struct mission *mission, const struct mtl *m, const char *name,
                             const char *file, struct refusal *r) {
    const struct sensor_band *known = NULL;
    for (size_t i = 0; i < mission->count; i++)
        if (strcmp(mission->bands[i].name, name) == 0) known = &mission->bands[i];
    struct band *b = product_band(p, r, name, known ? known->common : NULL, file, 1);
    if (!b) return NADIR_EINVAL;
    if (known) {
        b->wavelength = known->wavelength;
        b->width = known->width;
    }
    /* Level 1 and 2 pixels outside the swath are 0; files do not always say so. */
    b->has_nodata = true;
    band_rescale(m, b, name + 1);
    return 0;
}

/* The bands that the product's own part of the metadata lists. */
static int bands_add(struct product *p, const struct found *f, const struct mission *mission, const struct mtl *m,
                     bool allow_missing, struct refusal *r) {
    for (size_t i = 0; i < m->count; i++) {
        const struct mtl_entry *e = &m->list[i];
        bool own = strcmp(e->group, "PRODUCT_CONTENTS") == 0 || strcmp(e->group, "PRODUCT_METADATA") == 0;
        if (!own || strncmp(e->name, "FILE_NAME_", 10) != 0) continue;
        const char *band = band_of(p->scope, e->name);
        bool quality = quality_file(e->name, e->value);
        if (!band && !quality) continue;
        const char *file = source_file(p->scope, f->folder, e->value);
        if (!file && !allow_missing) return refuse(r, "%s is missing: the metadata lists it", e->value);
        if (!file) continue;
        if (quality) {
            const char *key = ends_with(e->value, "_BQA.TIF")          ? "BQA"
                              : ends_with(e->value, "_QA_RADSAT.TIF")  ? "QA_RADSAT"
                              : ends_with(e->value, "_QA_AEROSOL.TIF") ? "QA_AEROSOL"
                                                                       : "QA_PIXEL";
            struct band *b = product_band(p, r, key, NULL, file, 1);
            if (!b) return NADIR_EINVAL;
            b->quality = true;
        } else if (spectral_band_add(p, mission, m, band, file, r)) {
            return NADIR_EINVAL;
        }
    }
    return p->nbands > 0 ? 0 : refuse(r, "none of the band files that the metadata lists is there");
}

/* The scene's time, from the day and the time of its centre. */
static int time_read(struct product *p, const struct mtl *m, struct refusal *r) {
    const char *day = mtl_text(m, "DATE_ACQUIRED"), *time = mtl_text(m, "SCENE_CENTER_TIME");
    if (!day || strlen(day) != 10) return refuse(r, "the metadata has no DATE_ACQUIRED");
    if (!time || strlen(time) < 8) time = "00:00:00Z";
    p->datetime =
        scope_printf(p->scope, "%sT%.15s%s", day, time, strlen(time) > 15 || time[strlen(time) - 1] != 'Z' ? "Z" : "");
    return 0;
}

static void number_set(struct product *p, const struct mtl *m, const char *property, const char *name, double least,
                       double most) {
    double value;
    if (mtl_number(m, name, &value) && value >= least && value <= most) product_set(p, property, json_real(value));
}

static void properties_read(struct product *p, const struct mission *mission, const struct mtl *m) {
    json_t *instruments = json_array();
    for (int i = 0; mission->instruments[i]; i++) json_array_append_new(instruments, json_string(mission->instruments[i]));
    product_set(p, "platform", json_string(mission->platform));
    product_set(p, "constellation", json_string("landsat"));
    product_set(p, "instruments", instruments);
    product_extension(p, "https://stac-extensions.github.io/view/v1.0.0/schema.json");
    number_set(p, m, "eo:cloud_cover", "CLOUD_COVER", 0, 100);
    double azimuth;
    if (mtl_number(m, "SUN_AZIMUTH", &azimuth))
        product_set(p, "view:sun_azimuth", json_real(azimuth < 0 ? azimuth + 360 : azimuth));
    number_set(p, m, "view:sun_elevation", "SUN_ELEVATION", -90, 90);
    double roll;
    product_set(p, "view:off_nadir", json_real(mtl_number(m, "ROLL_ANGLE", &roll) ? (roll < 0 ? -roll : roll) : 0));
    double path, row;
    if (mtl_number(m, "WRS_PATH", &path) && mtl_number(m, "WRS_ROW", &row)) {
        product_extension(p, "https://landsat.usgs.gov/stac/landsat-extension/v1.1.1/schema.json");
        product_set(p, "landsat:wrs_type", json_string("2"));
        product_set(p, "landsat:wrs_path", json_string(scope_printf(p->scope, "%03d", (int)path)));
        product_set(p, "landsat:wrs_row", json_string(scope_printf(p->scope, "%03d", (int)row)));
    }
    const char *level = mtl_text(m, "PROCESSING_LEVEL"), *scene = mtl_text(m, "LANDSAT_SCENE_ID");
    if (!level) level = mtl_text(m, "DATA_TYPE");
    if (level) product_set(p, "landsat:correction", json_string(level));
    if (scene) product_set(p, "landsat:scene_id", json_string(scene));
}

/* <stem>_MD5.txt beside <stem>_MTL.txt. */
static const char *md5_list(struct scope *s, const struct found *f) {
    const char *name = strrchr(f->metadata, '/') + 1;
    return source_file(s, f->folder, scope_printf(s, "%.*s_MD5.txt", (int)(strrchr(name, '_') - name), name));
}

int landsat_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r) {
    struct mtl m;
    const char *list = md5_list(p->scope, f);
    int err = list ? md5_list_verify(f->folder, list, o->allow_missing, r) : 0;
    if (err || (err = mtl_open(p->scope, f->metadata, &m, r))) return err;
    const char *spacecraft = mtl_text(&m, "SPACECRAFT_ID"), *id = mtl_text(&m, "LANDSAT_PRODUCT_ID");
    const struct mission *mission = NULL;
    for (size_t i = 0; spacecraft && i < sizeof missions / sizeof *missions; i++)
        if (strcasecmp(missions[i].spacecraft, spacecraft) == 0) mission = &missions[i];
    const char *sensor = mtl_text(&m, "SENSOR_ID");
    if (!mission || (sensor && strncmp(sensor, "MSS", 3) == 0))
        return refuse(r, "spacecraft %s with sensor %s is not known here", spacecraft ? spacecraft : "(none)",
                      sensor ? sensor : "(none)");
    if (!id) id = mtl_text(&m, "LANDSAT_SCENE_ID");
    if (!id) return refuse(r, "the metadata names neither product nor scene");
    product_id(p, id);
    const char *path = mtl_text(&m, "WRS_PATH"), *row = mtl_text(&m, "WRS_ROW"), *day = mtl_text(&m, "DATE_ACQUIRED");
    p->title = scope_printf(p->scope, "Landsat %c, path %s row %s, %s", spacecraft[8], path ? path : "?", row ? row : "?",
                            day ? day : "?");
    if ((err = time_read(p, &m, r)) || (err = bands_add(p, f, mission, &m, o->allow_missing, r))) return err;
    properties_read(p, mission, &m);
    const char *type = ends_with(f->metadata, ".txt")   ? "text/plain"
                       : ends_with(f->metadata, ".xml") ? "application/xml"
                                                        : "application/json";
    product_extra(p, "metadata", type, "metadata", "Product metadata (MTL)", f->metadata);
    return 0;
}
