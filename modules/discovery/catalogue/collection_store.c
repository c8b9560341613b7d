/* collection_store.c */
#include "discovery/catalogue/collection_store.h"

#include <string.h>

static int replace(struct db_tx *tx, const struct collection_row *collection, const char *present, struct batch_row *row,
                   bool upsert) {
    row->outcome = OUTCOME_UNCHANGED;
    if (strcmp(present, collection->document) == 0) return 0;
    if (!upsert) {
        row->outcome = OUTCOME_EXISTS;
        row->why = "id: there is another collection of that id already; --upsert replaces it";
        return 0;
    }
    row->outcome = OUTCOME_UPDATED;
    return db_exec(tx, NULL, "UPDATE collection SET document = $2, version = nextval('document_version') WHERE id = $1", "ss",
                   collection->id, collection->document);
}

static int write(struct db_tx *tx, const struct collection_row *collection, struct batch_row *row, bool upsert) {
    struct db_rows *rows;
    const char *owner = collection->owner;
    int err = db_exec(tx, &rows, "SELECT document, owner FROM collection WHERE id = $1 FOR UPDATE", "s", collection->id);
    if (err) return err;
    if (db_count(rows) > 0) {
        owner = db_text(rows, 0, 1); /* it does not change hands here */
        err = replace(tx, collection, db_text(rows, 0, 0), row, upsert);
    } else {
        row->outcome = OUTCOME_CREATED;
        err = db_exec(tx, NULL, "INSERT INTO collection (id, owner, document) VALUES ($1, $2, $3)", "sss", collection->id,
                      owner, collection->document);
    }
    if (err || (row->outcome != OUTCOME_CREATED && row->outcome != OUTCOME_UPDATED)) return err;
    json_t *event = json_copy(collection->event);
    if (owner) json_object_set_new(event, "owner", json_string(owner));
    return bus_emit(tx, "collection.published", collection->id, event);
}

int collection_store(struct scope *s, struct db *db, const struct collection_row *collection, struct batch_row *row,
                     bool upsert) {
    for (int attempt = 0;; attempt++) {
        struct db_tx *tx;
        int err = db_begin(s, db, &tx);
        if (err) return err;
        if (!(err = write(tx, collection, row, upsert))) return db_commit(tx);
        db_rollback(tx);
        if (err != NADIR_ECONFLICT || attempt == 3) return err; /* made by another at the same moment: look again */
    }
}
