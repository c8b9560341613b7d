/* item_store.c: items and their footprints as rows: both change in one transaction, and an event tells of it. */
#include "discovery/stac.h"

/* The data of an item's event. Whose it is, is told of private items only. */
static json_t *event_data(const struct item_row *row, const char *owner) {
    json_t *data = json_copy(row->event);
    if (owner) json_object_set_new(data, "owner", json_string(owner));
    return data;
}

int item_insert(struct db_tx *tx, const struct item_row *row, const char *owner, const char **version) {
    struct db_rows *rows;
    /* The collection's row is held until the commit: whoever hands it over or removes it waits, and then sees this item. */
    int err = db_exec(
        tx, &rows,
        "WITH parent AS (SELECT id, owner FROM collection WHERE id = $1 FOR SHARE),"
        " new_item AS (INSERT INTO item (collection, id, owner, datetime, document, storage, checksum)"
        "  SELECT id, $2, COALESCE($3, owner), $4::timestamptz, $9, $10::jsonb, $12 FROM parent RETURNING owner, version),"
        " new_footprint AS (INSERT INTO footprint (collection, id, owner, datetime, during, geom, properties)"
        "  SELECT id, $2, COALESCE($3, owner), $4::timestamptz, tstzrange($5::timestamptz, $6::timestamptz, '[]'),"
        "  footprint_of($7::geometry, $8), $11::jsonb FROM parent)"
        " SELECT version, owner FROM new_item",
        "sssssssbsjjs", row->collection, row->id, owner, row->datetime, row->starts, row->ends, row->geometry,
        (int)row->crosses, row->document, row->storage, json_object_get(row->event, "properties"), row->checksum);
    if (err) return err;
    if (db_count(rows) == 0) return NADIR_ENOTFOUND;
    if (version) *version = db_text(rows, 0, 0);
    return bus_emit(tx, "item.published", row->id, event_data(row, db_text(rows, 0, 1)));
}

int item_update(struct db_tx *tx, const struct item_row *row, const struct item_held *held, const char **version) {
    struct db_rows *rows;
    *version = held->version;
    int err = db_exec(tx, &rows,
                      "UPDATE item SET datetime = $3::timestamptz, document = $4, storage = $5::jsonb, checksum = $6,"
                      " version = nextval('document_version') WHERE collection = $1 AND id = $2"
                      " AND (document, storage) IS DISTINCT FROM ($4, $5::jsonb) RETURNING version",
                      "ssssjs", row->collection, row->id, row->datetime, row->document, row->storage, row->checksum);
    if (err || db_count(rows) == 0) return err;
    *version = db_text(rows, 0, 0);
    err = db_exec(tx, NULL,
                  "UPDATE footprint SET datetime = $4::timestamptz, during = tstzrange($5::timestamptz, $6::timestamptz, '[]'),"
                  " geom = footprint_of($7::geometry, $8), properties = $9::jsonb"
                  " WHERE datetime = $1::timestamptz AND collection = $2 AND id = $3",
                  "sssssssbj", held->datetime, row->collection, row->id, row->datetime, row->starts, row->ends, row->geometry,
                  (int)row->crosses, json_object_get(row->event, "properties"));
    return err ? err : bus_emit(tx, "item.updated", row->id, event_data(row, held->owner));
}

int item_delete(struct db_tx *tx, const char *collection, const char *item, const struct item_held *held) {
    int err = db_exec(tx, NULL, "DELETE FROM item WHERE collection = $1 AND id = $2", "ss", collection, item);
    if (!err)
        err = db_exec(tx, NULL, "DELETE FROM footprint WHERE datetime = $1::timestamptz AND collection = $2 AND id = $3", "sss",
                      held->datetime, collection, item);
    return err ? err : bus_emit(tx, "item.removed", item, json_pack("{s:s, s:s}", "collection", collection, "item", item));
}
