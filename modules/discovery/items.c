/* items.c: /stac/collections/{collection}/items and …/items/{item}. */
#include <string.h>

#include "common/log.h"
#include "common/module.h"
#include "discovery/stac.h"

#define FEATURES_MOST 1000 /* items in one POST */

static int no_item(struct response *rs, const char *collection, const char *item) {
    return response_error(rs, 404, "no-such-item", NULL, "There is no item '%s' in collection '%s', or it is not yours to see.",
                          item, collection);
}

static int no_collection(struct response *rs, const char *collection) {
    return response_error(rs, 404, "no-such-collection", NULL, "There is no collection '%s'.", collection);
}

/* 0 and *found; the row is locked against removal when tx is given. */
static int collection_find(struct request *rq, const char *collection, bool *found) {
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, "SELECT FROM collection WHERE id = $1", "s", collection);
    *found = !err && db_count(rows) == 1;
    return err;
}

int items_list(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection");
    struct scope *s = rq->scope;
    struct search q;
    struct fault f = {0};
    bool found;
    if (search_from_args(rq, &q, &f)) return fault_answer(rs, &f);
    int err = collection_find(rq, collection, &found);
    if (err) return err;
    if (!found) return no_collection(rs, collection);
    q.collections = array_literal(s, &collection, 1);

    const char *parent = scope_printf(s, "/stac/collections/%s", http_encode(s, collection));
    json_t *links = json_array();
    const char *self = scope_printf(s, "%s/items%s%s", parent, *rq->query ? "?" : "", rq->query);
    json_array_append_new(links, link_to(s, "self", GEOJSON, rq->base_url, self));
    json_array_append_new(links, link_to(s, "root", "application/json", rq->base_url, "/stac"));
    json_array_append_new(links, link_to(s, "parent", "application/json", rq->base_url, parent));
    json_array_append_new(links, link_to(s, "collection", "application/json", rq->base_url, parent));
    return catalogue_answer(rq, rs, &q, links);
}

int items_get(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    struct db_rows *rows;
    const char *sql =
        scope_printf(rq->scope, "SELECT i.document, i.version FROM item i WHERE i.collection = $1 AND i.id = $2 AND %s",
                     visible_sql(rq->scope, &rq->auth, 3));
    int err = db_query(rq->scope, module_db("discovery"), &rows, sql, "sss", collection, item, visible_subject(&rq->auth));
    if (err) return err;
    if (db_count(rows) == 0) return no_item(rs, collection, item);
    return document_answer(rq, rs, 200, GEOJSON, db_text(rows, 0, 0), db_length(rows, 0, 0), db_text(rows, 0, 1));
}

int item_insert(struct db_tx *tx, const struct item_row *row, const char *owner, const char **version) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "INSERT INTO item (collection, id, owner, datetime, starts, ends, geom, document, storage)"
                      " VALUES ($1, $2, $3, $4::timestamptz, $5::timestamptz, $6::timestamptz,"
                      " footprint_of($7::geometry, $8), $9, $10::jsonb) RETURNING version",
                      "sssssssbsj", row->collection, row->id, owner, row->datetime, row->starts, row->ends, row->geometry,
                      (int)row->crosses, row->document, row->storage);
    if (err) return err;
    if (version) *version = db_text(rows, 0, 0);
    json_t *data = json_copy(row->event);
    if (owner) json_object_set_new(data, "owner", json_string(owner));
    return bus_emit(tx, "item.published", row->id, data);
}

/* Answers for what a write met; the error itself where there is nothing better to say. */
static int write_failed(struct response *rs, int err, const char *collection, const char *item) {
    const char *state = db_last_state();
    if (err == NADIR_ECONFLICT && strcmp(state, "23505") == 0)
        return response_error(rs, 409, "item-exists", "id",
                              "There is an item '%s' in collection '%s' already: PUT replaces it.", item, collection);
    if (err == NADIR_EINVAL && strcmp(state, "23503") == 0) return no_collection(rs, collection);
    if (err == NADIR_EINVAL || (err == NADIR_EINTERNAL && strcmp(state, "XX000") == 0))
        return response_error(rs, 400, "invalid-item", "geometry", "The geometry of item '%s' cannot be indexed.", item);
    return err;
}

/* A FeatureCollection: all of it or nothing. */
static int features_create(struct request *rq, struct response *rs, const char *collection, const json_t *features) {
    struct db_tx *tx;
    json_t *feature;
    size_t at;
    if (!json_is_array(features) || json_array_size(features) < 1 || json_array_size(features) > FEATURES_MOST)
        return response_error(rs, 400, "invalid-item", "features", "Send 1 to %d features at a time.", FEATURES_MOST);
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    json_array_foreach(features, at, feature) {
        struct item_row row;
        struct fault f = {0};
        if (item_row_make(rq->scope, collection, NULL, feature, &row, &f)) {
            db_rollback(tx);
            return response_error(rs, 400, "invalid-item", f.field, "Feature %zu: %s: %s.", at, f.field, f.why);
        }
        if ((err = item_insert(tx, &row, NULL, NULL))) {
            err = write_failed(rs, err, collection, row.id);
            db_rollback(tx);
            return err;
        }
    }
    if ((err = db_commit(tx))) return err;
    return response_json(rs, 201, json_pack("{s:I}", "created", (json_int_t)json_array_size(features)));
}

int items_create(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *version;
    struct scope *s = rq->scope;
    struct item_row row;
    struct fault f = {0};
    struct db_tx *tx;
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    bool found;
    int err = collection_find(rq, collection, &found);
    if (err) return err;
    if (!found) return no_collection(rs, collection);
    const char *type = json_string_value(json_object_get(body, "type"));
    if (type && strcmp(type, "FeatureCollection") == 0)
        return features_create(rq, rs, collection, json_object_get(body, "features"));
    if (item_row_make(s, collection, NULL, body, &row, &f)) return fault_answer(rs, &f);

    if ((err = db_begin(s, module_db("discovery"), &tx))) return err;
    if ((err = item_insert(tx, &row, NULL, &version))) {
        db_rollback(tx);
        return write_failed(rs, err, collection, row.id);
    }
    if ((err = db_commit(tx))) return err;
    response_header(rs, "location", "%s/stac/collections/%s/items/%s", rq->base_url, http_encode(s, collection),
                    http_encode(s, row.id));
    return document_answer(rq, rs, 201, GEOJSON, row.document, strlen(row.document), version);
}

/* Finds the item for a change and locks it: version, owner, document and storage, or an answer. *held tells which. */
static int item_hold(struct request *rq, struct response *rs, struct db_tx *tx, struct db_rows **rows, bool *held) {
    const char *collection = request_param(rq, "collection"), *item = request_param(rq, "item");
    const char *sql = scope_printf(rq->scope,
                                   "SELECT i.version, i.owner, i.document, i.storage FROM item i"
                                   " WHERE i.collection = $1 AND i.id = $2 AND %s FOR UPDATE",
                                   visible_sql(rq->scope, &rq->auth, 3));
    *held = false;
    int err = db_exec(tx, rows, sql, "sss", collection, item, visible_subject(&rq->auth));
    if (err) return err;
    if (db_count(*rows) == 0) return no_item(rs, collection, item);
    *held = !precondition_failed(rq, rs, db_text(*rows, 0, 0));
    return 0;
}

/* Writes the row over the item; the same content again changes nothing and is no event. *version is its entity tag. */
static int item_update(struct db_tx *tx, const struct item_row *row, const char *owner, const char **version) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "UPDATE item SET datetime = $3::timestamptz, starts = $4::timestamptz, ends = $5::timestamptz,"
                      " geom = footprint_of($6::geometry, $7), document = $8, storage = $9::jsonb,"
                      " version = nextval('document_version') WHERE collection = $1 AND id = $2"
                      " AND (document, storage) IS DISTINCT FROM ($8, $9::jsonb) RETURNING version",
                      "ssssssbsj", row->collection, row->id, row->datetime, row->starts, row->ends, row->geometry,
                      (int)row->crosses, row->document, row->storage);
    if (err || db_count(rows) == 0) return err;
    *version = db_text(rows, 0, 0);
    json_t *data = json_copy(row->event);
    if (owner) json_object_set_new(data, "owner", json_string(owner));
    return bus_emit(tx, "item.updated", row->id, data);
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
    const char *version = db_text(held, 0, 0);
    if ((err = item_update(tx, &row, db_text(held, 0, 1), &version))) {
        db_rollback(tx);
        return write_failed(rs, err, collection, item);
    }
    if ((err = db_commit(tx))) return err;
    return document_answer(rq, rs, 200, GEOJSON, row.document, strlen(row.document), version);
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
    err = db_exec(tx, NULL, "DELETE FROM item WHERE collection = $1 AND id = $2", "ss", collection, item);
    if (!err) err = bus_emit(tx, "item.removed", item, json_pack("{s:s, s:s}", "collection", collection, "item", item));
    if (!err) return (err = db_commit(tx)) ? err : response_empty(rs, 204);
    db_rollback(tx);
    return err;
}
