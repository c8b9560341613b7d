/* export.c: nadir-catalogue export. */
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "discovery/catalogue/options.h"
#include "discovery/catalogue/parquet.h"
#include "discovery/catalogue/static_catalog.h"

int export_command(const struct options *o) {
    const char *kind = o->arguments[0], *target = o->arguments[1];
    if (strcmp(kind, "static") == 0)
        return static_catalog_write(target, o->collection, config_text("NADIR_PUBLIC_URL", "http://localhost"), o->quiet);
    if (strcmp(kind, "geoparquet") == 0) return parquet_write(target, o->collection, o->quiet);
    fputs("nadir-catalogue: what kind of export? static DIR, or geoparquet FILE\n", stderr);
    return 2;
}
