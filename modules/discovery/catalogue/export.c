/* export.c: nadir-catalogue export. */
#include <stdio.h>
#include <string.h>

#include "common/config.h"
#include "discovery/catalogue/ndjson_write.h"
#include "discovery/catalogue/options.h"
#include "discovery/catalogue/parquet.h"
#include "discovery/catalogue/static_catalog.h"
#include "discovery/catalogue/tree.h"

/* A static catalogue in one zip file: made as a folder beside it first. */
static int zip_write(const char *target, const char *collections, const char *base, bool quiet) {
    struct scope s;
    scope_init(&s, "discovery", 0);
    const char *folder = scope_printf(&s, "%.*s", (int)(strlen(target) - strlen(".zip")), target);
    int err = static_catalog_write(folder, collections, base, quiet);
    if (!err) {
        err = tree_zip(folder, target);
        tree_remove(folder);
    }
    scope_end(&s);
    return err;
}

int export_command(const struct options *o) {
    const char *kind = o->arguments[0], *target = o->arguments[1], *dot = strrchr(target, '.');
    const char *base = config_text("NADIR_PUBLIC_URL", "http://localhost");
    if (strcmp(kind, "static") == 0 && dot && dot > target && dot[-1] != '/' && strcmp(dot, ".zip") == 0)
        return zip_write(target, o->collection, base, o->quiet);
    if (strcmp(kind, "static") == 0) return static_catalog_write(target, o->collection, base, o->quiet);
    if (strcmp(kind, "geoparquet") == 0) return parquet_write(target, o->collection, o->quiet);
    if (strcmp(kind, "ndjson") == 0) return ndjson_write(target, o->collection, base, o->quiet);
    fputs("nadir-catalogue: what kind of export? static DIR or FILE.zip, geoparquet FILE, or ndjson FILE.gz\n", stderr);
    return 2;
}
