/* sentinel1.c: Sentinel-1 Level 1 GRD SAFE. Measurements carry ground control points; cog.c warps them to a map projection. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readers.h"
#include "safe.h"
#include "unpack.h"
#include "xml.h"

/* …-vv-… in a measurement's or annotation's name. NULL: none. */
static const char *polarization_of(const char *name) {
    static const char *const all[] = {"vv", "vh", "hh", "hv"};
    for (size_t i = 0; i < 4; i++) {
        char part[5] = {'-', all[i][0], all[i][1], '-', 0};
        if (strstr(name, part)) return all[i];
    }
    return NULL;
}

static int measurements_add(struct product *p, const struct found *f, xmlNode *top, bool allow_missing, struct refusal *r) {
    json_t *polarizations = json_array();
    product_set(p, "sar:polarizations", polarizations);
    for (xmlNode *place = xml_first(top, "fileLocation"); place; place = xml_next(place, top, "fileLocation")) {
        const char *href = xml_attribute(p->scope, place, "href");
        if (!href) continue;
        while (strncmp(href, "./", 2) == 0) href += 2;
        if (strncmp(href, "measurement/", 12) != 0 || !ends_with(href, ".tiff") || !path_stays_below(href)) continue;
        const char *polarization = polarization_of(href);
        const char *file = source_file(p->scope, scope_printf(p->scope, "%s/measurement", f->folder), href + 12);
        if (!file && allow_missing) continue;
        if (!file) return refuse(r, "%s is missing: manifest.safe lists it", href);
        if (!polarization) return refuse(r, "%s names no polarisation", href);
        struct band *b = product_band(p, r, polarization, NULL, file, 1);
        if (!b) return NADIR_EINVAL;
        b->has_nodata = true;
        b->polarization = scope_printf(p->scope, "%c%c", polarization[0] - 32, polarization[1] - 32);
        json_array_append_new(polarizations, json_string(b->polarization));
    }
    return p->nbands > 0 ? 0 : refuse(r, "it holds no measurement");
}

static void number_set(struct product *p, xmlNode *below, const char *element, const char *property) {
    const char *text = xml_find(p->scope, below, element);
    if (text) product_set(p, property, json_real(strtod(text, NULL)));
}

#define TIE_POINTS_MOST 10000

/* The geolocation grid, for measurements whose files have lost their control points. */
static void tie_points_read(struct product *p, xmlNode *root) {
    struct tie_point *points = scope_alloc(p->scope, TIE_POINTS_MOST * sizeof *points);
    int count = 0;
    for (xmlNode *node = xml_first(root, "geolocationGridPoint"); node && count < TIE_POINTS_MOST;
         node = xml_next(node, root, "geolocationGridPoint")) {
        const char *pixel = xml_find(p->scope, node, "pixel"), *line = xml_find(p->scope, node, "line");
        const char *longitude = xml_find(p->scope, node, "longitude"), *latitude = xml_find(p->scope, node, "latitude");
        if (!pixel || !line || !longitude || !latitude) continue;
        points[count++] =
            (struct tie_point){strtod(pixel, NULL), strtod(line, NULL), strtod(longitude, NULL), strtod(latitude, NULL)};
    }
    p->tie_points = points;
    p->ntie_points = count;
}

/* Pixel spacing, incidence angle and tie points from the annotation of the first polarisation. */
static int annotation_read(struct product *p, const struct found *f, xmlNode *top, struct refusal *r) {
    for (xmlNode *place = xml_first(top, "fileLocation"); place; place = xml_next(place, top, "fileLocation")) {
        const char *href = xml_attribute(p->scope, place, "href");
        xmlDoc *doc;
        while (href && strncmp(href, "./", 2) == 0) href += 2;
        if (!href || strncmp(href, "annotation/s1", 13) != 0 || !path_stays_below(href)) continue;
        const char *path = source_file(p->scope, scope_printf(p->scope, "%s/annotation", f->folder), href + 11);
        if (!path) continue;
        int err = xml_open(p->scope, path, &doc, r);
        if (err) return err;
        xmlNode *root = xmlDocGetRootElement(doc);
        number_set(p, root, "rangePixelSpacing", "sar:pixel_spacing_range");
        number_set(p, root, "azimuthPixelSpacing", "sar:pixel_spacing_azimuth");
        number_set(p, root, "incidenceAngleMidSwath", "view:incidence_angle");
        tie_points_read(p, root);
        product_extra(p, "annotation", "application/xml", "metadata", "Annotation", path);
        return 0;
    }
    return 0;
}

static void properties_read(struct product *p, xmlNode *top) {
    xmlNode *platform = xml_first(top, "platform");
    const char *letter = xml_find(p->scope, platform, "number"), *mode = xml_find(p->scope, platform, "mode");
    const char *relative = xml_find(p->scope, top, "relativeOrbitNumber"), *absolute = xml_find(p->scope, top, "orbitNumber");
    const char *pass = xml_find(p->scope, top, "pass");
    product_extension(p, "https://stac-extensions.github.io/sar/v1.0.0/schema.json");
    product_extension(p, "https://stac-extensions.github.io/sat/v1.0.0/schema.json");
    product_extension(p, "https://stac-extensions.github.io/view/v1.0.0/schema.json");
    if (letter) product_set(p, "platform", json_string(scope_printf(p->scope, "sentinel-1%c", *letter | 0x20)));
    product_set(p, "constellation", json_string("sentinel-1"));
    product_set(p, "instruments", json_pack("[s]", "c-sar"));
    product_set(p, "sar:instrument_mode", json_string(mode ? mode : "IW"));
    product_set(p, "sar:frequency_band", json_string("C"));
    product_set(p, "sar:center_frequency", json_real(5.405));
    product_set(p, "sar:product_type", json_string("GRD"));
    product_set(p, "sar:observation_direction", json_string("right"));
    if (relative) product_set(p, "sat:relative_orbit", json_integer(strtol(relative, NULL, 10)));
    if (absolute) product_set(p, "sat:absolute_orbit", json_integer(strtol(absolute, NULL, 10)));
    if (pass) product_set(p, "sat:orbit_state", json_string(*pass == 'A' ? "ascending" : "descending"));
}

/* The SAFE folder's name is the product's; an archive may have been renamed, so the measurement's name stands in. */
static void id_read(struct product *p, const struct found *f) {
    const char *slash = strrchr(f->folder, '/'), *name = slash ? slash + 1 : f->folder;
    if (ends_with(name, ".SAFE")) {
        product_id(p, scope_strndup(p->scope, name, strlen(name) - 5));
        return;
    }
    name = strrchr(p->bands[0].file, '/') + 1;
    product_id(p, scope_strndup(p->scope, name, strcspn(name, ".")));
}

int sentinel1_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r) {
    xmlDoc *manifest;
    int err = xml_open(p->scope, f->metadata, &manifest, r);
    if (err || (err = safe_verify(p->scope, f->folder, manifest, o->allow_missing, r))) return err;
    xmlNode *top = xmlDocGetRootElement(manifest);
    const char *type = xml_find(p->scope, top, "productType"), *start = xml_find(p->scope, top, "startTime");
    const char *stop = xml_find(p->scope, top, "stopTime");
    if (!type || strcmp(type, "GRD") != 0)
        return refuse(r, "product type %s is not taken: only GRD is", type ? type : "(none)");
    if (!start || !stop) return refuse(r, "manifest.safe does not tell the acquisition period");
    if ((err = measurements_add(p, f, top, o->allow_missing, r))) return err;
    id_read(p, f);
    p->datetime = scope_printf(p->scope, "%s%s", start, ends_with(start, "Z") ? "" : "Z");
    p->starts = p->datetime;
    p->ends = scope_printf(p->scope, "%s%s", stop, ends_with(stop, "Z") ? "" : "Z");
    p->title = scope_printf(p->scope, "Sentinel-1 GRD, %.10s", start);
    properties_read(p, top);
    product_extra(p, "metadata", "application/xml", "metadata", "Manifest", f->metadata);
    return annotation_read(p, f, top, r);
}
