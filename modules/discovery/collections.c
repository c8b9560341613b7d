/* collections.c: /stac/collections and /stac/collections/{collection}. */
#include <string.h>

#include "common/module.h"
#include "discovery/stac.h"

#define COLLECTIONS_LIMIT 250

static int no_collection(struct response *rs, const char *collection) {
    return response_error(rs, 404, "no-such-collection", NULL, "There is no collection '%s'.", collection);
}

int collections_list(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    struct db_rows *rows;
    const char *after = request_arg(rq, "token");
    int64_t limit;
    if (request_arg_int(rq, rs, "limit", 1, LIMIT_MOST, COLLECTIONS_LIMIT, &limit)) return 0;
    if (limit > COLLECTIONS_LIMIT) limit = COLLECTIONS_LIMIT;
    int err =
        db_query(s, module_db("discovery"), &rows, "SELECT document, id FROM collection WHERE id > $1 ORDER BY id LIMIT $2",
                 "sl", after ? after : "", limit + 1);
    if (err) return err;

    struct text *page = text_new(s, 32 * 1024);
    text_add(page, "{\"collections\":[", 16);
    int got = db_count(rows) > limit ? (int)limit : db_count(rows);
    for (int row = 0; row < got; row++) {
        if (row) text_add(page, ",\n", 2);
        text_add_document(page, db_text(rows, row, 0), db_length(rows, row, 0), rq->base_url);
    }
    json_t *links = scope_json(s, json_array());
    json_array_append_new(links, link_to(s, "self", "application/json", rq->base_url, "/stac/collections"));
    json_array_append_new(links, link_to(s, "root", "application/json", rq->base_url, "/stac"));
    json_array_append_new(links, link_to(s, "parent", "application/json", rq->base_url, "/stac"));
    if (db_count(rows) > limit)
        json_array_append_new(links, response_next_link(rq, "application/json", db_text(rows, got - 1, 1)));
    const char *tail = scope_printf(s, "],\n\"numberReturned\":%d,\"links\":%s}", got, json_line(s, links));
    text_add(page, tail, strlen(tail));
    return response_data(rs, 200, "application/json", page->data, page->len);
}

int collections_get(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection");
    struct db_rows *rows;
    int err = db_query(rq->scope, module_db("discovery"), &rows, "SELECT document, version FROM collection WHERE id = $1", "s",
                       collection);
    if (err) return err;
    if (db_count(rows) == 0) return no_collection(rs, collection);
    return document_answer(rq, rs, 200, "application/json", db_text(rows, 0, 0), db_length(rows, 0, 0), db_text(rows, 0, 1));
}

int collection_insert(struct db_tx *tx, const struct collection_row *row) {
    int err = db_exec(tx, NULL, "INSERT INTO collection (id, document) VALUES ($1, $2)", "ss", row->id, row->document);
    return err ? err : bus_emit(tx, "collection.published", row->id, json_incref(row->event));
}

int collections_create(struct request *rq, struct response *rs) {
    struct collection_row row;
    struct fault f = {0};
    struct db_tx *tx;
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    if (collection_row_make(rq->scope, NULL, body, &row, &f)) return fault_answer(rs, &f);
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    if (!(err = collection_insert(tx, &row)))
        err = db_commit(tx);
    else
        db_rollback(tx);
    if (err == NADIR_ECONFLICT)
        return response_error(rs, 409, "collection-exists", "id", "There is a collection '%s' already: PUT replaces it.",
                              row.id);
    if (err) return err;
    response_header(rs, "location", "%s/stac/collections/%s", rq->base_url, http_encode(rq->scope, row.id));
    struct text *t = text_new(rq->scope, 4096);
    text_add_document(t, row.document, strlen(row.document), rq->base_url);
    return response_data(rs, 201, "application/json", t->data, t->len);
}

/* Locks the collection and compares If-Match. *version stays NULL when it has answered. */
static int collection_hold(struct request *rq, struct response *rs, struct db_tx *tx, const char **version, json_t **document) {
    const char *collection = request_param(rq, "collection");
    struct db_rows *rows;
    *version = NULL;
    int err = db_exec(tx, &rows, "SELECT version, document FROM collection WHERE id = $1 FOR UPDATE", "s", collection);
    if (err) return err;
    if (db_count(rows) == 0) return no_collection(rs, collection);
    if (precondition_failed(rq, rs, db_text(rows, 0, 0))) return 0;
    *version = db_text(rows, 0, 0);
    *document = db_json(rq->scope, rows, 0, 1);
    return 0;
}

/* Writes the row over the collection; the same content again changes nothing and is no event. */
static int collection_update(struct db_tx *tx, const struct collection_row *row, const char **version) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "UPDATE collection SET document = $2, version = nextval('document_version')"
                      " WHERE id = $1 AND document <> $2 RETURNING version",
                      "ss", row->id, row->document);
    if (err || db_count(rows) == 0) return err;
    *version = db_text(rows, 0, 0);
    return bus_emit(tx, "collection.published", row->id, json_incref(row->event));
}

/* Changes a collection to what body says: the whole of it, or (patch) what of it is to be otherwise. */
static int collection_change(struct request *rq, struct response *rs, const json_t *body, bool patch) {
    struct collection_row row;
    struct fault f = {0};
    struct db_tx *tx;
    const char *version;
    json_t *present;
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    err = collection_hold(rq, rs, tx, &version, &present);
    if (!err && version) {
        const json_t *whole = patch ? json_merge_patch(present, body) : body;
        err = collection_row_make(rq->scope, request_param(rq, "collection"), whole, &row, &f);
        if (!err) err = collection_update(tx, &row, &version);
    }
    if (err || !version) {
        db_rollback(tx);
        return f.why ? fault_answer(rs, &f) : err;
    }
    if ((err = db_commit(tx))) return err;
    return document_answer(rq, rs, 200, "application/json", row.document, strlen(row.document), version);
}

int collections_replace(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    return collection_change(rq, rs, body, false);
}

int collections_patch(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    if (!json_is_object(body)) return fault_answer(rs, &(struct fault){"body", "must be a JSON object"});
    return collection_change(rq, rs, body, true);
}

int collections_delete(struct request *rq, struct response *rs) {
    const char *collection = request_param(rq, "collection"), *version;
    struct db_tx *tx;
    json_t *present;
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    err = collection_hold(rq, rs, tx, &version, &present);
    if (!err && version) {
        err = db_exec(tx, NULL, "DELETE FROM collection WHERE id = $1", "s", collection);
        if (err == NADIR_EINVAL && strcmp(db_last_state(), "23503") == 0) {
            version = NULL;
            err = response_error(rs, 409, "collection-not-empty", NULL, "Collection '%s' has items: delete them first.",
                                 collection);
        }
    }
    if (!err && version) err = bus_emit(tx, "collection.removed", collection, json_pack("{s:s}", "collection", collection));
    if (err || !version) {
        db_rollback(tx);
        return err;
    }
    if ((err = db_commit(tx))) return err;
    return response_empty(rs, 204);
}
