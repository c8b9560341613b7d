/* options.c */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "options.h"

static const char help[] =
    "nadir-ingest PATH... --collection ID [options]\n"
    "\n"
    "Takes products into the catalogue: one cloud-optimised GeoTIFF a band, a picture, a thumbnail and a STAC item, below\n"
    "NADIR_DATA/products/ID/. The same product again changes nothing; a run that was killed is completed by the next.\n"
    "\n"
    "PATH is a Landsat bundle (a folder or .tar, .tar.gz, or its _MTL.txt|xml|json), a Sentinel-2 or Sentinel-1 GRD SAFE\n"
    "(a folder or .zip), a raster file, or a folder of single-band rasters of one grid. A product whose files do not match\n"
    "the provider's checksums, or are missing, is refused.\n"
    "\n"
    "  --collection ID       collection; made if it is not there. Known: landsat-5 landsat-7 landsat-8 landsat-9\n"
    "                        sentinel-2-l1c sentinel-2-l2a sentinel-1-grd blue-marble elevation\n"
    "  --id ID               item id (one product only); otherwise the product's own\n"
    "  --datetime TIME       RFC 3339; needed where the product does not tell\n"
    "  --title TEXT\n"
    "  --bands A,B,...       names of the bands of a raster: red green blue nir swir16 swir22 ... or others; '-' leaves one "
    "out\n"
    "  --bounds W,S,E,N      extent of a raster that has none, in --srs\n"
    "  --srs CRS             coordinate system of a raster that has none (EPSG:4326)\n"
    "  --nodata N            the value of no data, where the file does not tell\n"
    "  --property NAME=VALUE a STAC property (JSON, or text); may be repeated: --property platform=landsat-7\n"
    "  --allow-missing       take what is there of a product whose listed files are not all there\n"
    "  --dry-run             check and tell, write nothing\n"
    "  --files-only          write files and item.json, leave the catalogue alone\n"
    "  --json                one JSON object a product on standard output: path, collection, item, state, reason\n"
    "  --help\n"
    "\n"
    "Environment: NADIR_DATA (folder), NADIR_URL, NADIR_CLIENT_ID, NADIR_CLIENT_SECRET or NADIR_CLIENT_SECRET_FILE\n"
    "(a client with the scope discovery:item.write).\n"
    "Exit: 0 all taken, 1 some refused (the others are done), 2 wrong usage.\n";

static int usage(const char *why, const char *what) {
    fprintf(stderr, "nadir-ingest: %s%s\nTry nadir-ingest --help.\n", why, what);
    return 3;
}

/* "w,s,e,n" */
static int bounds_read(const char *text, double out[4]) {
    for (int i = 0; i < 4; i++) {
        char *end;
        out[i] = strtod(text, &end);
        if (end == text || *end != (i < 3 ? ',' : '\0') || !isfinite(out[i])) return -1;
        text = end + 1;
    }
    return out[0] < out[2] && out[1] < out[3] ? 0 : -1;
}

static int property_read(json_t *properties, const char *text) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return -1;
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY, NULL);
    if (!value) value = json_string(equals + 1);
    return value ? json_object_setn_new(properties, text, (size_t)(equals - text), value) : -1;
}

static int option_take(struct options *o, int option, const char *value) {
    char *end;
    switch (option) {
    case 'c':
        o->collection = value;
        return 0;
    case 'i':
        o->id = value;
        return 0;
    case 'd':
        o->datetime = value;
        return 0;
    case 't':
        o->title = value;
        return 0;
    case 'b':
        o->bands = value;
        return 0;
    case 's':
        o->srs = value;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case 'n':
        o->dry_run = true;
        return 0;
    case 'm':
        o->allow_missing = true;
        return 0;
    case 'f':
        o->files_only = true;
        return 0;
    case 'x':
        o->has_bounds = true;
        return bounds_read(value, o->bounds) ? usage("--bounds must be west,south,east,north: ", value) : 0;
    case 'v':
        o->has_nodata = true;
        o->nodata = strtod(value, &end);
        return *end || end == value ? usage("--nodata must be a number: ", value) : 0;
    case 'p':
        return property_read(o->properties, value) ? usage("--property must be NAME=VALUE: ", value) : 0;
    case 'h':
        fputs(help, stdout);
        return 1;
    default:
        return usage("unknown or incomplete option", "");
    }
}

/* What must be there, and what cannot go together. */
static int options_check(const struct options *o) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    if (o->npaths < 1) return usage("name a product", "");
    if (!o->collection) return usage("--collection is missing", "");
    size_t len = strlen(o->collection);
    if (len < 1 || len > 128 || *o->collection == '.' || strspn(o->collection, allowed) != len)
        return usage("--collection may have letters, digits, '.', '_' and '-': ", o->collection);
    if (o->id && o->npaths > 1) return usage("--id is for one product", "");
    if (!o->data && !o->dry_run) return usage("NADIR_DATA is not set", "");
    if (!o->dry_run && !o->files_only && !config_text("NADIR_URL", NULL))
        return usage("NADIR_URL is not set (or use --files-only)", "");
    return 0;
}

int options_read(int argc, char **argv, struct options *out) {
    static const struct option names[] = {{"collection", required_argument, NULL, 'c'},
                                          {"id", required_argument, NULL, 'i'},
                                          {"datetime", required_argument, NULL, 'd'},
                                          {"title", required_argument, NULL, 't'},
                                          {"bands", required_argument, NULL, 'b'},
                                          {"bounds", required_argument, NULL, 'x'},
                                          {"srs", required_argument, NULL, 's'},
                                          {"nodata", required_argument, NULL, 'v'},
                                          {"property", required_argument, NULL, 'p'},
                                          {"allow-missing", no_argument, NULL, 'm'},
                                          {"dry-run", no_argument, NULL, 'n'},
                                          {"files-only", no_argument, NULL, 'f'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    *out = (struct options){.srs = "EPSG:4326", .properties = json_object(), .data = config_text("NADIR_DATA", NULL)};
    int option, stop = 0;
    while (!stop && (option = getopt_long(argc, argv, "", names, NULL)) != -1) stop = option_take(out, option, optarg);
    out->paths = argv + optind;
    out->npaths = argc - optind;
    if (!stop) stop = options_check(out);
    if (stop) json_decref(out->properties);
    return stop;
}
