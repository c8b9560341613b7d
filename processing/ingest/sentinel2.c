/* sentinel2.c: Sentinel-2 Level 1C and 2A SAFE in the compact format (since 2016).
 * Wavelengths: ESA, Sentinel-2 Spectral Response Functions (S2A). Offsets: Products Specification Document, baseline 04.00. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers.h"
#include "safe.h"
#include "unpack.h"
#include "xml.h"

static const struct sensor_band msi[] = {
    {"B01", "coastal", 0.443, 0.027},    {"B02", "blue", 0.49, 0.098},        {"B03", "green", 0.56, 0.045},
    {"B04", "red", 0.665, 0.038},        {"B05", "rededge071", 0.704, 0.019}, {"B06", "rededge075", 0.74, 0.018},
    {"B07", "rededge078", 0.783, 0.028}, {"B08", "nir", 0.842, 0.145},        {"B8A", "nir08", 0.865, 0.033},
    {"B09", "nir09", 0.945, 0.026},      {"B10", "cirrus", 1.3735, 0.075},    {"B11", "swir16", 1.61, 0.143},
    {"B12", "swir22", 2.19, 0.242},
};

/* "…/IMG_DATA/R10m/T31TDH_20180101T105441_B02_10m": the band's place in msi (or 100 SCL, 101 TCI, -1) and metres (0: not told).
 */
static int image_band(const char *image, int *metres) {
    const char *name = strrchr(image, '/');
    name = name ? name + 1 : image;
    *metres = 0;
    char part[3][40] = {{0}};
    for (int i = 0; i < 3; i++) { /* the last three parts between underlines */
        const char *end = name + strlen(name);
        for (int back = i; back > 0 && end > name; back--)
            while (end > name && *--end != '_') {
            }
        const char *begin = end;
        while (begin > name && begin[-1] != '_') begin--;
        snprintf(part[i], sizeof part[i], "%.*s", (int)(end - begin), begin);
    }
    const char *band = part[0];
    if (strlen(part[0]) == 3 && part[0][2] == 'm') {
        *metres = (int)strtol(part[0], NULL, 10);
        band = part[1];
    }
    for (int i = 0; i < (int)(sizeof msi / sizeof *msi); i++)
        if (strcmp(band, msi[i].name) == 0) return i;
    return strcmp(band, "SCL") == 0 ? 100 : strcmp(band, "TCI") == 0 ? 101 : -1;
}

struct image {
    const char *path;
    int metres;
};

/* The finest image of each band that the metadata lists. */
static int images_list(struct product *p, xmlNode *top, struct image images[102], struct refusal *r) {
    int count = 0;
    for (xmlNode *node = xml_first(top, "IMAGE_FILE"); node; node = xml_next(node, top, "IMAGE_FILE")) {
        const char *path = xml_text(p->scope, node);
        int metres, band;
        if (!path || !path_stays_below(path)) return refuse(r, "the metadata lists an image that leads out of the product");
        if ((band = image_band(path, &metres)) < 0) continue;
        if (images[band].path && images[band].metres <= metres) continue;
        images[band] = (struct image){path, metres};
        count++;
    }
    return count > 0 ? 0 : refuse(r, "the metadata lists no images in the compact format");
}

/* The file of an image: names are listed without their ending. */
static const char *image_file(struct product *p, const struct found *f, const char *path) {
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? scope_printf(p->scope, "%s/%.*s", f->folder, (int)(slash - path), path) : f->folder;
    const char *name = scope_printf(p->scope, "%s.jp2", slash ? slash + 1 : path);
    return source_file(p->scope, folder, name);
}

/* Offset of a band in stored numbers (RADIO_ADD_OFFSET or BOA_ADD_OFFSET, since baseline 04.00), 0 before. */
static double band_offset(struct product *p, xmlNode *top, int band) {
    static const char *const names[] = {"RADIO_ADD_OFFSET", "BOA_ADD_OFFSET"};
    for (size_t i = 0; i < 2; i++)
        for (xmlNode *node = xml_first(top, names[i]); node; node = xml_next(node, top, names[i])) {
            const char *id = xml_attribute(p->scope, node, "band_id"), *value = xml_text(p->scope, node);
            if (id && value && strtol(id, NULL, 10) == band) return strtod(value, NULL);
        }
    return 0;
}

static int bands_add(struct product *p, const struct found *f, xmlNode *top, bool allow_missing, struct refusal *r) {
    struct image images[102] = {0};
    int err = images_list(p, top, images, r);
    if (err) return err;
    const char *quantification = xml_find(p->scope, top, "BOA_QUANTIFICATION_VALUE");
    if (!quantification) quantification = xml_find(p->scope, top, "QUANTIFICATION_VALUE");
    double per_unit = quantification ? strtod(quantification, NULL) : 0;
    for (int i = 0; i < 102; i++) {
        if (!images[i].path) continue;
        const char *file = image_file(p, f, images[i].path);
        if (!file && !allow_missing) return refuse(r, "%s.jp2 is missing: the metadata lists it", images[i].path);
        if (!file) continue;
        if (i == 101) {
            p->true_colour = file;
            continue;
        }
        struct band *b = product_band(p, r, i == 100 ? "SCL" : msi[i].name, i == 100 ? NULL : msi[i].common, file, 1);
        if (!b) return NADIR_EINVAL;
        b->has_nodata = true;
        b->quality = i == 100;
        if (b->quality) continue;
        b->wavelength = msi[i].wavelength;
        b->width = msi[i].width;
        b->scaled = per_unit > 0;
        if (b->scaled) b->scale = 1 / per_unit;
        if (b->scaled) b->offset = band_offset(p, top, i) / per_unit;
    }
    return p->nbands > 0 ? 0 : refuse(r, "none of the images that the metadata lists is there");
}

/* Sun and view angles from the granule's metadata. */
static int granule_read(struct product *p, const struct found *f, xmlNode *top, struct refusal *r) {
    const char *image = xml_find(p->scope, top, "IMAGE_FILE");
    const char *inner = image ? strstr(image, "/IMG_DATA/") : NULL;
    if (!inner) return 0;
    const char *folder = scope_printf(p->scope, "%s/%.*s", f->folder, (int)(inner - image), image);
    const char *path = source_file(p->scope, folder, "MTD_TL.xml");
    xmlDoc *doc;
    if (!path) return 0;
    int err = xml_open(p->scope, path, &doc, r);
    if (err) return err;
    xmlNode *sun = xml_first(xmlDocGetRootElement(doc), "Mean_Sun_Angle");
    const char *zenith = xml_find(p->scope, sun, "ZENITH_ANGLE"), *azimuth = xml_find(p->scope, sun, "AZIMUTH_ANGLE");
    if (zenith) product_set(p, "view:sun_elevation", json_real(90 - strtod(zenith, NULL)));
    if (azimuth) product_set(p, "view:sun_azimuth", json_real(strtod(azimuth, NULL)));
    xmlNode *list = xml_first(xmlDocGetRootElement(doc), "Mean_Viewing_Incidence_Angle_List");
    double sum = 0;
    int count = 0;
    for (xmlNode *node = xml_first(list, "ZENITH_ANGLE"); node; node = xml_next(node, list, "ZENITH_ANGLE"), count++) {
        const char *angle = xml_text(p->scope, node);
        sum += angle ? strtod(angle, NULL) : 0;
    }
    if (count > 0) product_set(p, "view:incidence_angle", json_real(sum / count));
    product_extra(p, "granule-metadata", "application/xml", "metadata", "Granule metadata", path);
    return 0;
}

static void properties_read(struct product *p, xmlNode *top) {
    const char *platform = xml_find(p->scope, top, "SPACECRAFT_NAME"),
               *cloud = xml_find(p->scope, top, "Cloud_Coverage_Assessment");
    const char *orbit = xml_find(p->scope, top, "SENSING_ORBIT_NUMBER"),
               *pass = xml_find(p->scope, top, "SENSING_ORBIT_DIRECTION");
    const char *baseline = xml_find(p->scope, top, "PROCESSING_BASELINE");
    product_extension(p, "https://stac-extensions.github.io/view/v1.0.0/schema.json");
    product_extension(p, "https://stac-extensions.github.io/sat/v1.0.0/schema.json");
    if (platform)
        product_set(p, "platform",
                    json_string(strcmp(platform, "Sentinel-2B") == 0   ? "sentinel-2b"
                                : strcmp(platform, "Sentinel-2C") == 0 ? "sentinel-2c"
                                                                       : "sentinel-2a"));
    product_set(p, "constellation", json_string("sentinel-2"));
    product_set(p, "instruments", json_pack("[s]", "msi"));
    if (cloud) product_set(p, "eo:cloud_cover", json_real(strtod(cloud, NULL)));
    if (orbit) product_set(p, "sat:relative_orbit", json_integer(strtol(orbit, NULL, 10)));
    if (pass) product_set(p, "sat:orbit_state", json_string(*pass == 'A' ? "ascending" : "descending"));
    if (baseline) product_set(p, "s2:processing_baseline", json_string(baseline));
    /* S2A_MSIL1C_20180101T105441_N0206_R051_T31TDH_…: the tile's name stands after _T. */
    const char *tile = strstr(p->id, "_T");
    if (tile && strlen(tile) >= 7) {
        product_extension(p, "https://stac-extensions.github.io/grid/v1.0.0/schema.json");
        product_set(p, "grid:code", json_string(scope_printf(p->scope, "MGRS-%.5s", tile + 2)));
    }
}

int sentinel2_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r) {
    xmlDoc *manifest, *doc;
    const char *manifest_path = source_file(p->scope, f->folder, "manifest.safe");
    int err = 0;
    if (manifest_path && !(err = xml_open(p->scope, manifest_path, &manifest, r)))
        err = safe_verify(p->scope, f->folder, manifest, o->allow_missing, r);
    if (err || (err = xml_open(p->scope, f->metadata, &doc, r))) return err;
    xmlNode *top = xmlDocGetRootElement(doc);
    const char *uri = xml_find(p->scope, top, "PRODUCT_URI"), *time = xml_find(p->scope, top, "DATATAKE_SENSING_START");
    if (!uri || !time) return refuse(r, "the metadata lacks PRODUCT_URI or DATATAKE_SENSING_START");
    product_id(p, ends_with(uri, ".SAFE") ? scope_strndup(p->scope, uri, strlen(uri) - 5) : uri);
    p->datetime = time;
    p->title = scope_printf(p->scope, "%s %s, %.10s", xml_find(p->scope, top, "SPACECRAFT_NAME"),
                            xml_find(p->scope, top, "PROCESSING_LEVEL"), time);
    if ((err = bands_add(p, f, top, o->allow_missing, r))) return err;
    properties_read(p, top);
    product_extra(p, "metadata", "application/xml", "metadata", "Product metadata", f->metadata);
    return granule_read(p, f, top, r);
}
