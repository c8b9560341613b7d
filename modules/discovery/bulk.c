/* bulk.c: /stac/collections/{collection}/bulk_items: many items in one request (the bulk transaction extension of
 * stac-fastapi).
 *
 * {"items": {"<id>": {item}, …}, "method": "insert" | "upsert"}. Each item stands for itself: what cannot be stored is reported
 * and the others are stored, in one transaction. "insert" reports an item that is there already; "upsert" replaces it.
 */
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"

#define BULK_MOST 10000

struct bulk {
    struct request *rq;
    struct db_tx *tx;
    const char *collection;
    bool upsert;
    json_int_t created, updated, unchanged;
    json_t *failed;
};

static void failed_add(struct bulk *b, const char *id, const char *field, const char *why) {
    json_array_append_new(b->failed, json_pack("{s:s, s:s?, s:s}", "id", id, "field", field, "detail", why));
}

enum item_written { ITEM_CREATED, ITEM_UPDATED, ITEM_UNCHANGED };

/* Inserts the item, or writes it over the one that is there. NADIR_EDENIED where that is not of the collection's owner. */
static int item_write(struct bulk *b, const struct item_row *row, enum item_written *out) {
    struct db_rows *rows;
    const char *version;
    *out = ITEM_CREATED;
    if (b->upsert) {
        int err =
            db_exec(b->tx, &rows, "SELECT version, owner, datetime FROM item WHERE collection = $1 AND id = $2 FOR UPDATE",
                    "ss", row->collection, row->id);
        if (err) return err;
        if (db_count(rows) == 1) {
            const struct item_held held = {db_text(rows, 0, 0), db_text(rows, 0, 1), db_text(rows, 0, 2)};
            bool admin = auth_has_role(&b->rq->auth, "admin");
            if (held.owner && !admin && strcmp(held.owner, b->rq->auth.subject) != 0) return NADIR_EDENIED;
            err = item_update(b->tx, row, &held, &version);
            *out = !err && strcmp(version, held.version) == 0 ? ITEM_UNCHANGED : ITEM_UPDATED;
            return err;
        }
    }
    return item_insert(b->tx, row, NULL, &version);
}

/* Stores one item inside a savepoint, so that what the database refuses takes back nothing else. */
static int item_store(struct bulk *b, const char *id, const struct item_row *row) {
    enum item_written written = ITEM_UNCHANGED;
    int err = db_savepoint(b->tx);
    if (!err) err = item_write(b, row, &written);
    if (!err) {
        if (written == ITEM_CREATED) b->created++;
        if (written == ITEM_UPDATED) b->updated++;
        if (written == ITEM_UNCHANGED) b->unchanged++;
        return db_savepoint_keep(b->tx);
    }
    if (err == NADIR_ECONFLICT)
        failed_add(b, id, "id", "there is such an item already: method upsert replaces it");
    else if (err == NADIR_EDENIED)
        failed_add(b, id, "id", "the item is another's");
    else if (err == NADIR_EINVAL || (err == NADIR_EINTERNAL && strcmp(db_last_state(), "XX000") == 0))
        failed_add(b, id, "geometry", "cannot be indexed");
    else
        return err;
    return db_savepoint_undo(b->tx);
}

static int items_store(struct bulk *b, json_t *items) {
    const char *id;
    json_t *item;
    json_object_foreach(items, id, item) {
        struct item_row row;
        struct fault f = {0};
        const char *own = json_string_value(json_object_get(item, "id"));
        if (own && strcmp(own, id) != 0) {
            failed_add(b, id, "id", "is another than the item is listed under");
            continue;
        }
        if (item_row_make(b->rq->scope, b->collection, NULL, item, &row, &f)) {
            failed_add(b, id, f.field, f.why);
            continue;
        }
        int err = item_store(b, id, &row);
        if (err) return err;
    }
    return 0;
}

int bulk_items(struct request *rq, struct response *rs) {
    struct bulk b = {.rq = rq, .collection = request_param(rq, "collection"), .failed = scope_json(rq->scope, json_array())};
    struct collection_held held;
    json_t *body;
    bool may;
    if (request_json(rq, rs, &body)) return 0;
    json_t *items = json_object_get(body, "items");
    const json_t *way = json_object_get(body, "method");
    const char *method = way ? json_string_value(way) : "insert";
    if (!json_is_object(items) || json_object_size(items) < 1 || json_object_size(items) > BULK_MOST)
        return response_error(rs, 400, "invalid-parameter", "items", "items must be an object of 1 to %d items by their ids.",
                              BULK_MOST);
    if (!method || (strcmp(method, "insert") != 0 && strcmp(method, "upsert") != 0))
        return response_error(rs, 400, "invalid-parameter", "method", "method must be insert or upsert.");
    b.upsert = *method == 'u';
    int err = db_begin(rq->scope, module_db("discovery"), &b.tx);
    if (err) return err;
    err = collection_hold(rq, rs, b.tx, false, &held, &may);
    if (!err && may) err = items_store(&b, items);
    if (err || !may) {
        db_rollback(b.tx);
        return err;
    }
    if ((err = db_commit(b.tx))) return err;
    bool none = b.created + b.updated + b.unchanged == 0;
    return response_json(rs, none ? 400 : 200,
                         json_pack("{s:I, s:I, s:I, s:O}", "created", b.created, "updated", b.updated, "unchanged", b.unchanged,
                                   "failed", b.failed));
}
