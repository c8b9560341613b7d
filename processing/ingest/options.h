/* options.h: what the command line says. */
#ifndef INGEST_OPTIONS_H
#define INGEST_OPTIONS_H

#include <jansson.h>
#include <stdbool.h>

struct options {
    const char *collection;
    const char *id, *datetime, *title; /* of a single product, or NULL */
    const char *bands;                 /* "red,green,blue", or NULL */
    const char *srs;
    bool has_bounds;
    double bounds[4]; /* west, south, east, north in srs */
    bool has_nodata;
    double nodata;
    json_t *properties; /* --property NAME=VALUE */
    bool json, dry_run, allow_missing, files_only;
    const char *data; /* NADIR_DATA */
    char *const *paths;
    int npaths;
};

/** Reads the command line. properties is the caller's if it returns 0. 0 to go on, otherwise what to exit with plus 1 (1: help
 * was asked for). */
int options_read(int argc, char **argv, struct options *out);

#endif
