/* main.c: nadir-ingest: from providers' products to files that serve well and items in the catalogue. */
#include <cpl_conv.h>
#include <cpl_error.h>
#include <gdal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cog.h"
#include "common/config.h"
#include "common/digest.h"
#include "footprint.h"
#include "item.h"
#include "options.h"
#include "picture.h"
#include "progress.h"
#include "publish.h"
#include "readers.h"
#include "store.h"
#include "unpack.h"

#define PROFILE "2"                /* changes when the same source would be written otherwise */
#define UNPACKED_MOST (64LL << 30) /* bytes of an unpacked archive */

/* One line of the result: for programs (--json) on standard output, for people on standard error. */
static void tell(const struct options *o, const char *path, const char *item, const char *state, const char *reason) {
    progress_end(item ? item : path, state, reason);
    if (!o->json) return;
    json_t *line = json_pack("{s:s, s:s, s:s?, s:s}", "path", path, "collection", o->collection, "item", item, "state", state);
    if (*reason) json_object_set_new(line, "reason", json_string(reason));
    json_dumpf(line, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static int product_read(struct product *p, const struct found *f, const struct options *o, struct refusal *r) {
    static int (*const readers[])(struct product *, const struct found *, const struct options *,
                                  struct refusal *) = {[PRODUCT_LANDSAT] = landsat_read,
                                                       [PRODUCT_SENTINEL1] = sentinel1_read,
                                                       [PRODUCT_SENTINEL2] = sentinel2_read,
                                                       [PRODUCT_RASTER] = raster_read};
    int err = readers[f->kind](p, f, o, r);
    if (err) return err;
    if (o->id) product_id(p, o->id);
    if (o->title) p->title = o->title;
    if (o->datetime) p->datetime = o->datetime;
    json_object_update(p->properties, o->properties);
    if (!*p->id || p->id[0] == '.') return refuse(r, "it has no name that an item could have: give --id");
    return p->datetime ? 0 : refuse(r, "it does not tell when it was taken: give --datetime");
}

/* SHA-256 over the sources' names and contents and over what was asked for. */
static int fingerprint_make(struct product *p, const struct options *o, struct refusal *r) {
    json_t *all =
        scope_json(p->scope, json_pack("[s, s, s, O]", PROFILE, p->datetime, p->title ? p->title : "", p->properties));
    if (p->has_bounds)
        json_array_append_new(all,
                              json_pack("[f, f, f, f, s]", p->bounds[0], p->bounds[1], p->bounds[2], p->bounds[3], p->srs));
    if (o->has_nodata) json_array_append_new(all, json_real(o->nodata));
    const char *last = "";
    char hex[129];
    for (int i = 0; i < p->nbands + p->nextras; i++) {
        const char *file = i < p->nbands ? p->bands[i].file : p->extras[i - p->nbands].path;
        json_array_append_new(all, json_string(i < p->nbands ? p->bands[i].key : p->extras[i - p->nbands].key));
        if (strcmp(file, last) == 0) continue;
        if (digest_file(file, "SHA256", hex, NULL)) return refuse(r, "%s cannot be read", file);
        json_array_append_new(all, json_string(hex));
        last = file;
    }
    char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text) return NADIR_ENOMEM;
    digest_text(text, p->fingerprint);
    free(text);
    return 0;
}

/* Bands, picture, thumbnail, footprint, the files that go along, item.json; then all of it into its place. */
static int product_write(struct product *p, const struct store *st, json_t **item, struct refusal *r) {
    const char *scratch = store_scratch(p->scope, st, scope_printf(p->scope, ".%s" PARTIAL, p->id), r);
    int err = scratch ? 0 : NADIR_EINVAL;
    for (int i = 0; i < p->nbands && !err; i++) {
        progress_step(p->bands[i].key);
        err = band_write(p, &p->bands[i], scratch, r);
    }
    if (!err) {
        progress_step("picture");
        if (!(err = visual_write(p, scratch, r)) && !(err = thumbnail_write(p, scratch, r)))
            err = footprint_find(p, scratch, r);
    }
    if (!err) progress_step("files");
    if (!err && store_originals(scratch, r)) err = NADIR_EINVAL;
    for (int i = 0; i < p->nextras && !err; i++) err = store_copy(&p->extras[i], scratch, r);
    if (!err) {
        *item = item_make(p, st->collection, scope_printf(p->scope, "products/%s/%s", st->collection, p->id));
        err = *item ? store_commit(p, st, scratch, *item, r) : NADIR_ENOMEM;
    }
    if (err && scratch) store_remove(scratch);
    return err;
}

/* One product from metadata to catalogue. *state is what is told. */
static int product_take(struct product *p, const struct store *st, const struct options *o, const char **state,
                        struct refusal *r) {
    json_t *item = NULL;
    enum published published = PUBLISHED_UPDATED;
    int err = fingerprint_make(p, o, r);
    if (err) return err;
    *state = "checked";
    if (o->dry_run) return 0;
    progress_begin(p->id, p->nbands + 2);
    item = store_known(p->scope, st, p->id, p->fingerprint);
    bool unchanged = item != NULL;
    if (!unchanged && (err = product_write(p, st, &item, r))) return err;
    *state = unchanged ? "unchanged" : "written";
    if (o->files_only) return 0;
    /* Also what is unchanged is put again: a run may have been killed between files and catalogue. */
    if ((err = publish_item(p->scope, st->collection, item, &published, r))) return err;
    if (!unchanged || published == PUBLISHED_CREATED) *state = published == PUBLISHED_CREATED ? "created" : "updated";
    return 0;
}

static const char *archive_type(const char *path) {
    size_t len = strlen(path);
    return len > 4 && strcmp(path + len - 4, ".zip") == 0   ? "application/zip"
           : len > 4 && strcmp(path + len - 4, ".tar") == 0 ? "application/x-tar"
                                                            : "application/gzip";
}

/* Reads and takes what was found; returns how many were refused. */
static int found_take(const char *path, const struct found *f, bool archived, const struct store *st, const struct options *o) {
    struct scope scope;
    struct refusal r = {""};
    const char *state = "refused";
    scope_init(&scope, "ingest", 0);
    struct product *p = scope_alloc(&scope, sizeof *p);
    product_init(p, &scope);
    int err = product_read(p, f, o, &r);
    if (!err && archived) product_extra(p, "archive", archive_type(path), "archive", "The product as it was provided", path);
    if (!err) err = product_take(p, st, o, &state, &r);
    if (err && !*r.text) refuse(&r, "%s", nadir_strerror(err));
    tell(o, path, *p->id ? p->id : NULL, err ? "refused" : state, err ? r.text : "");
    scope_end(&scope);
    return err != 0;
}

/* Where an archive is unpacked: beside the products, or for a dry run in a temporary folder. */
static const char *unpacking_folder(struct scope *s, const struct store *st, const struct options *o, struct refusal *r) {
    if (!o->dry_run) return store_scratch(s, st, UNPACKED, r);
    char *made = mkdtemp(scope_strdup(s, scope_printf(s, "%s/nadir-ingest-XXXXXX", config_text("TMPDIR", "/tmp"))));
    if (!made) refuse(r, "no temporary folder can be made");
    return made;
}

/* Everything at one path; returns how many products were refused. */
static int path_take(const char *path, const struct store *st, const struct options *o) {
    struct scope scope;
    struct refusal r = {""};
    int refused = 0;
    scope_init(&scope, "ingest", 0);
    const char *unpacked = NULL;
    struct found_list *found = scope_alloc(&scope, sizeof *found);
    bool archived = archive_named(path) && access(path, R_OK) == 0;
    int err = 0;
    if (archived) {
        unpacked = unpacking_folder(&scope, st, o, &r);
        err = unpacked ? archive_unpack(path, unpacked, UNPACKED_MOST, &r) : NADIR_EINVAL;
    }
    if (!err) err = source_find(&scope, archived ? unpacked : path, found, &r);
    if (!err && o->id && found->count > 1) err = refuse(&r, "--id is for one product, and there are %d", found->count);
    if (err) {
        tell(o, path, NULL, "refused", r.text);
        refused = 1;
    }
    for (int i = 0; i < found->count && !err; i++) refused += found_take(path, &found->list[i], archived, st, o);
    if (unpacked) store_remove(unpacked);
    scope_end(&scope);
    return refused;
}

int main(int argc, char **argv) {
    struct options o;
    struct scope scope;
    struct store st = {.lock = -1};
    struct refusal r = {""};
    int stop = options_read(argc, argv, &o), refused = 0;
    if (stop) return stop - 1;
    CPLSetConfigOption("GDAL_CACHEMAX", "256");
    CPLSetConfigOption("GDAL_PAM_ENABLED", "NO"); /* nothing is written beside the user's files */
    CPLSetConfigOption("GDAL_HTTP_TIMEOUT", "1"); /* nothing is fetched: sources are local files */
    CPLSetConfigOption("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "{noext}");
    CPLSetErrorHandler(CPLQuietErrorHandler); /* what matters of them stands in the refusal */
    GDALAllRegister();
    scope_init(&scope, "ingest", 0);
    if (!o.dry_run && store_open(&scope, o.data, o.collection, &st, &r)) {
        fprintf(stderr, "nadir-ingest: %s\n", r.text);
        refused = 1;
    } else {
        for (int i = 0; i < o.npaths; i++) refused += path_take(o.paths[i], &st, &o);
    }
    store_close(&st);
    scope_end(&scope);
    json_decref(o.properties);
    return refused ? 1 : 0;
}
