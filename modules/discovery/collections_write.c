/* collections_write.c: collections, written (STAC API collection transactions).
 *
 * Who may: administrators, and clients that act for themselves with the scope discovery:item.write, write what everybody sees.
 * Any other caller with that scope (scientists have it) writes private collections of their own: seen by the owner, by whom the
 * owner shares them with, and by administrators; their items are the owner's too. ?visibility=private makes a private one for
 * those who could publish.
 */
#include <string.h>

#include "common/module.h"
#include "discovery/collections.h"

bool may_publish(const struct auth *who) {
    return auth_has_role(who, "admin") || !who->is_user;
}

int collection_insert(struct db_tx *tx, const struct collection_row *row) {
    int err = db_exec(tx, NULL, "INSERT INTO collection (id, owner, document) VALUES ($1, $2, $3)", "sss", row->id, row->owner,
                      row->document);
    return err ? err : bus_emit(tx, "collection.published", row->id, json_incref(row->event));
}

/* Whose the new collection is. Answers, and returns false, where the caller may not. */
static bool owner_decide(struct request *rq, struct response *rs, struct collection_row *row) {
    const char *visibility = request_arg(rq, "visibility");
    bool private = visibility && strcmp(visibility, "private") == 0, public = visibility && strcmp(visibility, "public") == 0;
    if (visibility && !private && !public) {
        response_error(rs, 400, "invalid-parameter", "visibility", "visibility must be public or private.");
        return false;
    }
    if (public && !may_publish(&rq->auth)) {
        response_error(rs, 403, "forbidden", "visibility",
                       "Only administrators, and clients with discovery:item.write, publish to everybody: make it private.");
        return false;
    }
    row->owner = private || !may_publish(&rq->auth) ? rq->auth.subject : NULL;
    if (row->owner) json_object_set_new(row->event, "owner", json_string(row->owner));
    return true;
}

int collections_create(struct request *rq, struct response *rs) {
    struct collection_row row;
    struct fault f = {0};
    struct db_tx *tx;
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    if (collection_row_make(rq->scope, NULL, body, &row, &f)) return fault_answer(rs, &f);
    if (!owner_decide(rq, rs, &row)) return 0;
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

int collection_hold(struct request *rq, struct response *rs, struct db_tx *tx, bool update, struct collection_held *out,
                    bool *may) {
    const char *collection = request_param(rq, "collection"), *who = rq->auth.subject;
    bool admin = auth_has_role(&rq->auth, "admin");
    struct db_rows *rows;
    *may = false;
    int err = db_exec(tx, &rows,
                      update ? "SELECT version, document, owner FROM collection WHERE id = $1 FOR UPDATE"
                             : "SELECT version, NULL, owner FROM collection WHERE id = $1 FOR KEY SHARE",
                      "s", collection);
    if (err) return err;
    const char *owner = db_count(rows) ? db_text(rows, 0, 2) : NULL;
    if (db_count(rows) == 0 || (owner && !admin && strcmp(owner, who) != 0)) return no_collection(rs, collection);
    if (!owner && !may_publish(&rq->auth))
        return response_error(
            rs, 403, "forbidden", NULL,
            "Collection '%s' is public: only administrators, and clients with discovery:item.write, change it.", collection);
    *out = (struct collection_held){db_text(rows, 0, 0), db_text(rows, 0, 1), owner};
    *may = !update || !precondition_failed(rq, rs, out->version);
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
    struct collection_held held;
    struct collection_row row;
    struct fault f = {0};
    struct db_tx *tx;
    bool may;
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    err = collection_hold(rq, rs, tx, true, &held, &may);
    if (!err && may) {
        json_t *present = patch ? scope_json(rq->scope, json_loads(held.document, 0, NULL)) : NULL;
        const json_t *whole = patch ? json_merge_patch(present, body) : body;
        err = collection_row_make(rq->scope, request_param(rq, "collection"), whole, &row, &f);
        if (!err && held.owner) json_object_set_new(row.event, "owner", json_string(held.owner));
        if (!err) err = collection_update(tx, &row, &held.version);
    }
    if (err || !may) {
        db_rollback(tx);
        return f.why ? fault_answer(rs, &f) : err;
    }
    if ((err = db_commit(tx))) return err;
    return change_answer(rq, rs, "application/json", row.document, held.version);
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
    const char *collection = request_param(rq, "collection");
    struct collection_held held;
    struct db_tx *tx;
    bool may;
    int err = db_begin(rq->scope, module_db("discovery"), &tx);
    if (err) return err;
    err = collection_hold(rq, rs, tx, true, &held, &may);
    if (!err && may) {
        err = db_exec(tx, NULL, "DELETE FROM collection WHERE id = $1", "s", collection);
        if (err == NADIR_EINVAL && strcmp(db_last_state(), "23503") == 0) {
            may = false;
            err = response_error(rs, 409, "collection-not-empty", NULL, "Collection '%s' has items: delete them first.",
                                 collection);
        }
    }
    if (!err && may) err = bus_emit(tx, "collection.removed", collection, json_pack("{s:s}", "collection", collection));
    if (err || !may) {
        db_rollback(tx);
        return err;
    }
    if ((err = db_commit(tx))) return err;
    return response_empty(rs, 204);
}
