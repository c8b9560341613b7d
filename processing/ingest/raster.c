/* raster.c: rasters that come without a provider's metadata: the user names bands, time and, where needed, place. */
#include <gdal.h>
#include <stdio.h>
#include <string.h>

#include "grid.h"
#include "readers.h"

/* A band's name where the user gave none: its colour, its description, or its number; a lone band of elevation is that. */
static const char *band_name(struct product *p, GDALRasterBandH band, int number, int count, const char *collection) {
    static const struct {
        GDALColorInterp colour;
        const char *name;
    } colours[] = {{GCI_RedBand, "red"}, {GCI_GreenBand, "green"}, {GCI_BlueBand, "blue"}};
    for (size_t i = 0; i < 3; i++)
        if (count > 1 && GDALGetRasterColorInterpretation(band) == colours[i].colour) return colours[i].name;
    const char *description = GDALGetDescription(band);
    if (description && *description && strlen(description) < KEY_SIZE - 8) return scope_strdup(p->scope, description);
    if (count == 1) return strcmp(collection, "elevation") == 0 ? "elevation" : "data";
    return scope_printf(p->scope, "b%d", number);
}

/* The common names of STAC's eo extension; others are names of the sensor's own. */
static const char *common_name(const char *name) {
    static const char *const common[] = {"coastal", "blue",   "green",      "red",        "rededge",   "yellow", "pan",
                                         "nir",     "nir08",  "nir09",      "cirrus",     "swir16",    "swir22", "lwir",
                                         "lwir11",  "lwir12", "rededge071", "rededge075", "rededge078"};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcmp(common[i], name) == 0) return common[i];
    return NULL;
}

/* The next name of "red,green,-,nir"; NULL when there are no more. */
static const char *name_take(struct product *p, const char **names) {
    if (!*names || !**names) return NULL;
    size_t len = strcspn(*names, ",");
    const char *name = scope_strndup(p->scope, *names, len);
    *names += len + ((*names)[len] == ',');
    return name;
}

static int file_add(struct product *p, const char *path, const struct options *o, const char **names, struct refusal *r) {
    GDALDatasetH dataset;
    int err = raster_open(path, &dataset, r);
    if (err) return err;
    int count = GDALGetRasterCount(dataset);
    const char *time = GDALGetMetadataItem(dataset, "TIFFTAG_DATETIME", NULL); /* "YYYY:MM:DD HH:MM:SS" */
    if (!p->datetime && time && strlen(time) == 19)
        p->datetime = scope_printf(p->scope, "%.4s-%.2s-%.2sT%.8sZ", time, time + 5, time + 8, time + 11);
    for (int i = 1; i <= count && !err; i++) {
        GDALRasterBandH source = GDALGetRasterBand(dataset, i);
        if (GDALGetRasterColorInterpretation(source) == GCI_AlphaBand) continue; /* it is the others' mask */
        const char *name = name_take(p, names);
        if (name && (strcmp(name, "-") == 0 || !*name)) continue;
        if (o->bands && !name) break;
        if (!name) name = band_name(p, source, i, count, o->collection);
        struct band *b = product_band(p, r, name, common_name(name), path, i);
        err = b ? 0 : NADIR_EINVAL;
        if (b && strcmp(name, "elevation") == 0) b->unit = "m";
        if (b && o->has_nodata) b->has_nodata = true, b->nodata = o->nodata;
    }
    GDALClose(dataset);
    return err;
}

/* A picture (8-bit, red, green and blue) shows itself. */
static bool is_picture(const char *path) {
    struct refusal ignored;
    GDALDatasetH dataset;
    if (raster_open(path, &dataset, &ignored)) return false;
    bool picture = GDALGetRasterCount(dataset) >= 3;
    for (int i = 1; i <= 3 && picture; i++) {
        GDALRasterBandH band = GDALGetRasterBand(dataset, i);
        picture = GDALGetRasterDataType(band) == GDT_Byte &&
                  GDALGetRasterColorInterpretation(band) == (GDALColorInterp)(GCI_RedBand + i - 1);
    }
    /* TIFFs of three bands and more are called RGB by many writers that know nothing of colour; JPEG and PNG are pictures. */
    const char *driver = GDALGetDescription(GDALGetDatasetDriver(dataset));
    picture = picture && (strcmp(driver, "JPEG") == 0 || strcmp(driver, "PNG") == 0);
    GDALClose(dataset);
    return picture;
}

static const char *media_type(const char *path) {
    static const char *const types[][2] = {{".tif", "image/tiff"},  {".tiff", "image/tiff"}, {".jpg", "image/jpeg"},
                                           {".jpeg", "image/jpeg"}, {".png", "image/png"},   {".jp2", "image/jp2"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (ends_with(path, types[i][0])) return types[i][1];
    return "application/octet-stream";
}

/* Its first three bands are called red, green and blue. */
static bool shows_itself(struct product *p) {
    static const char *const names[] = {"red", "green", "blue"};
    for (int i = 0; i < 3; i++)
        if (p->nbands < 3 || strcmp(p->bands[i].key, names[i]) != 0 || p->bands[i].index != i + 1) return false;
    return true;
}

int raster_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r) {
    const char *files[BANDS_MOST], *names = o->bands;
    int count = source_rasters(p->scope, f->metadata, files), err = 0;
    bool single = count == 0; /* it is a file */
    if (single) files[count++] = f->metadata;
    p->srs = o->srs;
    p->has_bounds = o->has_bounds;
    memcpy(p->bounds, o->bounds, sizeof p->bounds);
    for (int i = 0; i < count && !err; i++) err = file_add(p, files[i], o, &names, r);
    if (err) return err;
    if (p->nbands == 0) return refuse(r, "it has no bands, or --bands leaves them all out");
    if (names && *names) return refuse(r, "--bands names more bands than there are (from %s on)", names);
    if (single && shows_itself(p) && is_picture(f->metadata)) p->true_colour = f->metadata;

    const char *slash = strrchr(f->metadata, '/'), *name = slash ? slash + 1 : f->metadata;
    product_id(p,
               single && strrchr(name, '.') > name ? scope_strndup(p->scope, name, (size_t)(strrchr(name, '.') - name)) : name);
    if (single) product_extra(p, "archive", media_type(f->metadata), "archive", "The file as it was provided", f->metadata);
    return 0;
}
