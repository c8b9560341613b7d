/* Which processes there are: the built-in ones, and those that were uploaded. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/config.h"
#include "processing/service/processing.h"

/* A built-in process has a manifest as a package has. The expression goes into the results' STAC items. */
static const char ndvi_text[] =
    "{\"id\": \"ndvi\", \"version\": \"1.0.0\", \"title\": \"NDVI\", \"description\": \"Normalised difference vegetation "
    "index, "
    "(nir - red) / (nir + red), from the reflectances of a scene's bands red and nir. Pixels that are not valid in both "
    "are not valid in the result.\", \"expression\": \"(nir - red) / (nir + red)\", \"visibility\": \"public\", "
    "\"inputs\": {\"scene\": {\"type\": \"scene\", \"title\": \"Scene\", \"description\": \"A scene with the bands red and "
    "nir.\", "
    "\"bands\": [\"red\", \"nir\"]}}, \"output\": {\"key\": \"ndvi\", \"title\": \"NDVI\"}, "
    "\"limits\": {\"memory_mb\": 512, \"seconds\": 1800, \"disk_mb\": 8192}}";

static json_t *ndvi;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void built_in_release(void) {
    json_decref(ndvi);
    ndvi = NULL;
}

static void built_in_make(void) {
    ndvi = json_loads(ndvi_text, 0, NULL);
    int64_t per_mpx = config_int("NADIR_NDVI_PER_MPX", 0, 1000000, 10);
    (void)json_object_set_new(
        ndvi, "price",
        json_pack("{s:i,s:I,s:s}", "base", 0, "per_mpx", (json_int_t)per_mpx, "currency", processing_currency()));
    (void)atexit(built_in_release);
}

bool process_is_built_in(const char *id) {
    return strcmp(id, "ndvi") == 0;
}

static struct process built_in(void) {
    (void)pthread_once(&once, built_in_make);
    return (struct process){.id = "ndvi", .version = "1.0.0", .is_public = true, .manifest = ndvi};
}

/* The newest version that is deployed of each process that $1 may see. */
#define VISIBLE                                                                                                                \
    "SELECT DISTINCT ON (v.process) v.process, v.version, p.owner, v.visibility, v.manifest"                                   \
    " FROM process_version v JOIN process p USING (process)"                                                                   \
    " WHERE v.retired_at IS NULL AND (v.visibility = 'public' OR p.owner = $1)"

static struct process row_process(struct scope *s, const struct db_rows *r, int row) {
    return (struct process){.id = db_text(r, row, 0),
                            .version = db_text(r, row, 1),
                            .owner = db_text(r, row, 2),
                            .is_public = strcmp(db_text(r, row, 3), "public") == 0,
                            .manifest = db_json(s, r, row, 4)};
}

int process_find(struct scope *s, const struct auth *who, const char *id, struct process *out) {
    struct db_rows *r;
    if (process_is_built_in(id)) {
        *out = built_in();
        return 0;
    }
    if (!process_id_valid(id)) return NADIR_ENOTFOUND;
    int err = db_query(s, processing_db(), &r, VISIBLE " AND v.process = $2 ORDER BY v.process, v.deployed_at DESC", "ss",
                       who->subject, id);
    if (err) return err;
    if (db_count(r) == 0) return NADIR_ENOTFOUND;
    *out = row_process(s, r, 0);
    return 0;
}

int process_list(struct scope *s, const struct auth *who, const char *after, int limit, struct process **out, int *count,
                 bool *more) {
    struct db_rows *r;
    int err = db_query(s, processing_db(), &r,
                       VISIBLE " AND ($2::text IS NULL OR v.process > $2) ORDER BY v.process, v.deployed_at DESC LIMIT $3",
                       "ssi", who->subject, after, limit + 1);
    if (err) return err;
    struct process own = built_in(), *list = scope_alloc(s, sizeof(*list) * ((size_t)limit + 2));
    bool pending = !after || strcmp(own.id, after) > 0;
    int n = 0;
    for (int i = 0; i < db_count(r) && n <= limit; i++) {
        if (pending && strcmp(own.id, db_text(r, i, 0)) < 0) {
            list[n++] = own;
            pending = false;
        }
        list[n++] = row_process(s, r, i);
    }
    if (pending && n <= limit) list[n++] = own;
    *more = n > limit;
    *count = n > limit ? limit : n;
    *out = list;
    return 0;
}
