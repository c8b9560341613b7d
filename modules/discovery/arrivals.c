/* arrivals.c: what other modules' events change here: products of jobs become private items, shares open them to others. */
#include <string.h>

#include "common/log.h"
#include "discovery/stac.h"

#define RESULTS "results"

static const char *data_text(const struct event *e, const char *name) {
    return json_string_value(json_object_get(e->data, name));
}

/* The collection that results of processing are kept in, made when the first one arrives. */
static int results_ensure(struct scope *s, struct db_tx *tx) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows, "SELECT FROM collection WHERE id = $1", "s", RESULTS);
    if (err || db_count(rows) == 1) return err;
    json_t *extent =
        json_pack("{s:{s:[[i, i, i, i]]}, s:{s:[[n, n]]}}", "spatial", "bbox", -180, -90, 180, 90, "temporal", "interval");
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:[s, s], s:o}", "type", "Collection", "stac_version", STAC_VERSION, "id",
                  RESULTS, "title", "Results of processing", "description",
                  "Products that users of this platform had computed. Each is seen by its owner only, and by those it "
                  "is shared with.",
                  "license", "proprietary", "keywords", "processing", "results", "extent", extent);
    struct collection_row row;
    struct fault f = {0};
    err = collection_row_make(s, NULL, scope_json(s, json), &row, &f);
    return err ? err : collection_insert(tx, &row);
}

/* A runner may only point at what lies in its results. */
static bool paths_in_results(const struct item_row *row) {
    const char *key;
    json_t *path;
    json_object_foreach(row->storage, key, path) {
        if (strncmp(json_string_value(path), "results/", 8) != 0) return false;
    }
    return true;
}

int arrivals_product(struct scope *s, struct db_tx *tx, const struct event *e) {
    const char *owner = data_text(e, "user");
    json_t *item = json_object_get(e->data, "item");
    struct item_row row;
    struct fault f = {0};
    if (!owner || !json_is_object(item)) return NADIR_EINVAL;
    json_t *own = scope_json(s, json_copy(item));
    json_object_set_new(own, "collection", json_string(RESULTS));
    if (item_row_make(s, RESULTS, NULL, own, &row, &f) || !paths_in_results(&row)) {
        log_warn(s, "a product was refused", "field", f.field ? f.field : "nadir:path", "why",
                 f.why ? f.why : "is not in results", NULL);
        return NADIR_EINVAL;
    }
    struct db_rows *rows;
    int err = results_ensure(s, tx);
    if (!err) err = db_exec(tx, &rows, "SELECT FROM item WHERE collection = $1 AND id = $2", "ss", RESULTS, row.id);
    if (err || db_count(rows) > 0) return err; /* the event came before */
    return item_insert(tx, &row, owner, NULL);
}

/* A share without an item is of the whole collection. */
int arrivals_share(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *share = data_text(e, "share"), *owner = data_text(e, "owner"), *subject = data_text(e, "subject");
    const char *collection = data_text(e, "collection"), *item = data_text(e, "item");
    if (!share || !owner || !subject || !collection) return NADIR_EINVAL;
    if (!item)
        return db_exec(tx, NULL,
                       "INSERT INTO collection_share (share, owner, subject, collection) VALUES ($1, $2, $3, $4)"
                       " ON CONFLICT (share) DO NOTHING",
                       "ssss", share, owner, subject, collection);
    return db_exec(tx, NULL,
                   "INSERT INTO item_share (share, owner, subject, collection, item) VALUES ($1, $2, $3, $4, $5)"
                   " ON CONFLICT (share) DO NOTHING",
                   "sssss", share, owner, subject, collection, item);
}

int arrivals_unshare(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *share = data_text(e, "share");
    if (!share) return NADIR_EINVAL;
    int err = db_exec(tx, NULL, "DELETE FROM item_share WHERE share = $1", "s", share);
    return err ? err : db_exec(tx, NULL, "DELETE FROM collection_share WHERE share = $1", "s", share);
}
