/* product.h: a provider's product as ingest understands it: bands in files, and what is known of the acquisition.
 *
 * A reader (landsat.c, sentinel1.c, sentinel2.c, raster.c) fills it from the provider's metadata; grid.c adds what the pixels
 * say; cog.c, picture.c and item.c write from it. Everything belongs to the scope of the product.
 */
#ifndef INGEST_PRODUCT_H
#define INGEST_PRODUCT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "common/scope.h"

#define BANDS_MOST 64
#define FILES_MOST 32
#define KEY_SIZE 64
#define ORIGINALS "original" /* the folder of a product in which providers' files lie, apart from ours */

/* Why a product is not taken. */
struct refusal {
    char text[600];
};
/** Writes the reason and returns NADIR_EINVAL. */
int refuse(struct refusal *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The raster grid of a written band. Transform as GDAL's: x = t[0] + column t[1] + row t[2], y = t[3] + column t[4] + row t[5].
 */
struct grid {
    int width, height;
    double transform[6];
    int epsg;        /* 0: the CRS has no code */
    const char *wkt; /* WKT 2:2019 */
};

struct statistics {
    double minimum, maximum, mean, stddev, valid_percent;
};

struct band {
    char key[KEY_SIZE]; /* asset key: the common name where there is one */
    const char *name;   /* the sensor's */
    const char *common; /* STAC common name, or NULL */
    const char *file;   /* source */
    int index;          /* band within it, from 1 */
    double wavelength;  /* centre, micrometres; 0: none */
    double width;       /* full width at half maximum, micrometres */
    bool quality;       /* classes or bits: never averaged */
    bool scaled;        /* physical = stored * scale + offset */
    double scale, offset;
    const char *unit; /* UCUM, or NULL */
    bool has_nodata;  /* what the provider says where the file does not */
    double nodata;
    const char *polarization;
    /* what was written */
    struct grid grid;
    const char *data_type;
    bool out_has_nodata;
    double out_nodata;
    struct statistics statistics;
    int64_t size;
    char sha256[65];
};

/* A pixel whose place is known (degrees, EPSG:4326). */
struct tie_point {
    double pixel, line, longitude, latitude;
};

/* A file that goes along as it is. */
struct extra {
    const char *key, *type, *role, *title;
    const char *path; /* source */
    const char *name; /* path in the product's folder */
    int64_t size;
    char sha256[65];
};

struct product {
    struct scope *scope;
    const char *title;
    const char *datetime;               /* RFC 3339 UTC */
    const char *starts, *ends;          /* or NULL */
    json_t *properties;                 /* further STAC properties */
    json_t *extensions;                 /* URLs of the STAC extensions that they belong to */
    const char *true_colour;            /* the provider's own 8-bit RGB picture, or NULL */
    json_t *geometry, *bbox;            /* found from valid pixels */
    const struct tie_point *tie_points; /* the provider's, for files that carry none */
    const char *srs;                    /* CRS given by the user, or NULL */
    double bounds[4];                   /* west, south, east, north in srs, if has_bounds */
    struct band visual;                 /* the pictures that were written */
    struct extra thumbnail;
    struct band bands[BANDS_MOST];
    struct extra extras[FILES_MOST];
    int nbands, nextras, ntie_points;
    bool has_bounds;
    char id[257];
    char fingerprint[65]; /* SHA-256 over sources and options */
};

void product_init(struct product *p, struct scope *s);
/** Adds a band; NULL (refused) when there are too many. The key is made from common name or name and is unique. */
struct band *product_band(struct product *p, struct refusal *r, const char *name, const char *common, const char *file,
                          int index);
/** Adds a file that goes along. */
void product_extra(struct product *p, const char *key, const char *type, const char *role, const char *title, const char *path);
/** Sets the identifier; characters that the catalogue refuses become '-'. */
void product_id(struct product *p, const char *id);
/** Sets a property; value is stolen, NULL values are passed over. */
void product_set(struct product *p, const char *name, json_t *value);
void product_extension(struct product *p, const char *url);
/** The band with a key, or NULL. */
struct band *product_find(struct product *p, const char *key);

/* A wavelength table entry of a sensor. */
struct sensor_band {
    const char *name, *common;
    double wavelength, width;
};

#endif
