/* items.c: /stac/collections/{collection}/items and …/items/{item}, written. */
#include <string.h>

#include "common/log.h"
#include "common/module.h"
#include "discovery/collections.h"

#define FEATURES_MOST 1000 /* items in one POST */

static int no_item(struct response *rs, const char *collection, const char *item) {
    return response_error(rs, 404, "no-such-item", NULL, "There is no item '%s' in collection '%s', or it is not yours to see.",
                          item, collection);
}

/* Answers for what a write met; the error itself where there is nothing better to say. */
static int write_failed(struct response *rs, int err, const char *collection, const char *item) {
    const char *state = db_last_state();
    if (err == NADIR_ECONFLICT && strcmp(state, "23505") == 0)
        return response_error(rs, 409, "item-exists", "id",
                              "There is an item '%s' in collection '%s' already: PUT replaces it.", item, collection);
    if (err == NADIR_ENOTFOUND) return no_collection(rs, collection);
    if (err == NADIR_EINVAL || (err == NADIR_EINTERNAL && strcmp(state, "XX000") == 0))
        return response_error(rs, 400, "invalid-item", "geometry", "The geometry of item '%s' cannot be indexed.", item);
    return err;
}

/* A FeatureCollection: all of it or nothing. */
static int features_insert(struct request *rq, struct response *rs, struct db_tx *tx, const char *collection,
                           const json_t *features, bool *done) {
    json_t *feature;
    size_t at;
    if (!json_is_array(features) || json_array_size(features) < 1 || json_array_size(features) > FEATURES_MOST)
        return response_error(rs, 400, "invalid-item", "features", "Send 1 to %d features at a time.", FEATURES_MOST);
    json_array_foreach((json_t *)features, at, feature) {
        struct item_row row;
        struct fault f = {0};
        if (item_row_make(rq->scope, collection, NULL, feature, &row, &f))
            return response_error(rs, 400, "invalid-item", f.field, "Feature %zu: %s: %s.", at, f.field, f.why);
        int err = item_insert(tx, &row, NULL, NULL);
        if (err) return write_failed(rs, err, collection, row.id);
    }
    *done = true;
    return 0;
}

static int item_create(struct request *rq, struct response *rs, struct db_tx *tx, const char *collection, const json_t *body,
                       bool *done) {
    struct item_row row;
    struct fault f = {0};
    const char *version;
    if (item_row_make(rq->scope, collection, NULL, body, &row, &f)) return fault_answer(rs, &f);
    int err = item_insert(tx, &row, NULL, &version);
    if (err) return write_failed(rs, err, collection, row.id);
    *done = true;
    response_header(rs, "location", "%s/stac/collections/%s/items/%s", rq->base_url, http_encode(rq->scope, collection),
                    http_encode(rq->scope, row.id));
    return document_answer(rq, rs, 201, GEOJSON, row.document, strlen(row.document), version);
}

int items_create(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection");
    struct collection_held held;
    struct db_tx *tx;
    json_t *body;
    bool may, done = false;
    if (request_json(rq, rs, &body)) return 0;
    const char *type = json_string_value(json_object_get(body, "type"));
    const json_t *features = json_object_get(body, "features");
    bool many = type && strcmp(type, "FeatureCollection") == 0;
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    err = collection_hold(rq, rs, tx, false, &held, &may);
    if (!err && may)
        err =
            many ? features_insert(rq, rs, tx, collection, features, &done) : item_create(rq, rs, tx, collection, body, &done);
    if (err || !done) {
        db_rollback(tx);
        return err;
    }
    if ((err = db_commit(tx))) return err;
    return many ? response_json(rs, 201, json_pack("{s:I}", "created", (json_int_t)json_array_size(features))) : 0;
}

/* Finds the item for a change and locks it: version, owner, document and storage, or an answer. *held tells which. */
static int item_hold(struct request *rq, struct response *rs, struct db_tx *tx, struct db_rows **rows, bool *held) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    const char *sql = scope_printf(rq->scope,
                                   "SELECT i.version, i.owner, i.document, i.storage, i.datetime FROM item i"
                                   " WHERE i.collection = $1 AND i.id = $2 AND %s FOR UPDATE",
                                   visible_sql(rq->scope, &rq->auth, 3));
    *held = false;
    int err = db_exec(tx, rows, sql, "sss", collection, item, visible_subject(&rq->auth));
    if (err) return err;
    if (db_count(*rows) == 0) return no_item(rs, collection, item);
    const char *owner = db_text(*rows, 0, 1);
    bool own = owner && strcmp(owner, rq->auth.subject) == 0;
    if (!own && !(owner ? auth_has_role(&rq->auth, "admin") : may_publish(&rq->auth)))
        return response_error(rs, 403, "forbidden", NULL,
                              "Item '%s' is not yours: its owner and administrators change it, and clients with "
                              "discovery:item.write what is public.",
                              item);
    *held = !precondition_failed(rq, rs, db_text(*rows, 0, 0));
    return 0;
}

static struct item_held held_of(const struct db_rows *held) {
    return (struct item_held){.version = db_text(held, 0, 0), .owner = db_text(held, 0, 1), .datetime = db_text(held, 0, 4)};
}

/* What a writer would have sent for a stored item: its document, with the paths back in their assets. */
static json_t *item_as_sent(struct scope *s, const struct db_rows *held) {
    json_t *item = db_json(s, held, 0, 2), *storage = db_json(s, held, 0, 3), *path;
    const char *key;
    json_object_foreach(storage, key, path) {
        json_object_set(json_object_get(json_object_get(item, "assets"), key), "nadir:path", path);
    }
    return item;
}

/* Changes an item to what body says: the whole of it, or (patch) what of it is to be otherwise. */
static int item_change(struct request *rq, struct response *rs, const json_t *body, bool patch) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    struct item_row row;
    struct fault f = {0};
    struct db_tx *tx;
    struct db_rows *held;
    bool may;
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    err = item_hold(rq, rs, tx, &held, &may);
    if (!err && may) {
        const json_t *whole = patch ? json_merge_patch(item_as_sent(rq->scope, held), body) : body;
        err = item_row_make(rq->scope, collection, item, whole, &row, &f);
    }
    if (err || !may) {
        db_rollback(tx);
        return f.why ? fault_answer(rs, &f) : err;
    }
    const struct item_held was = held_of(held);
    const char *version;
    if ((err = item_update(tx, &row, &was, &version))) {
        db_rollback(tx);
        return write_failed(rs, err, collection, item);
    }
    if ((err = db_commit(tx))) return err;
    return change_answer(rq, rs, GEOJSON, row.document, version);
}

int items_replace(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    return item_change(rq, rs, body, false);
}

int items_patch(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    if (!json_is_object(body)) return fault_answer(rs, &(struct fault){"body", "must be a JSON object"});
    return item_change(rq, rs, body, true);
}

int items_delete(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    struct db_tx *tx;
    struct db_rows *held;
    bool may;
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    err = item_hold(rq, rs, tx, &held, &may);
    if (err || !may) {
        db_rollback(tx);
        return err;
    }
    const struct item_held was = held_of(held);
    err = item_delete(tx, collection, item, &was);
    if (!err) return (err = db_commit(tx)) ? err : response_empty(rs, 204);
    db_rollback(tx);
    return err;
}
