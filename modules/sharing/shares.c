/* shares.c: /sharing/v1/shares: the owner of a private item, or of a whole private collection, lets one other person see and
 * use it.
 *
 * Sharing the same with the same person again gives the share that there is (200), so a repeated request is harmless.
 */
#include <string.h>

#include "common/fields.h"
#include "common/id.h"
#include "common/page.h"
#include "sharing/sharing.h"

#define SHARE_COLUMNS                                                                                                          \
    "s.share, s.collection, s.item, s.owner, s.subject, coalesce(u.name, ''),"                                                 \
    " to_char(s.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
#define SHARE_FROM " FROM share s LEFT JOIN known_user u ON u.subject = s.subject "

static json_t *share_json(const struct db_rows *r, int row) {
    return json_pack("{s:s, s:s, s:s?, s:s, s:{s:s, s:s}, s:s}", "share", db_text(r, row, 0), "collection", db_text(r, row, 1),
                     "item", db_text(r, row, 2), "owner", db_text(r, row, 3), "with", "user", db_text(r, row, 4), "name",
                     db_text(r, row, 5), "created_at", db_text(r, row, 6));
}

/* item NULL: of the whole collection; the event has no such member then. */
static json_t *share_event(const char *share, const char *owner, const char *subject, const char *collection,
                           const char *item) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s*}", "share", share, "owner", owner, "subject", subject, "collection", collection,
                     "item", item);
}

int shares_emit_revoked(struct db_tx *tx, const char *share, const char *owner, const char *subject, const char *collection,
                        const char *item) {
    return bus_emit(tx, "share.revoked", share, share_event(share, owner, subject, collection, item));
}

/* The person named by e-mail address or user id; *out is NULL when there is none. */
static int find_person(struct request *rq, const char *with, const char **out) {
    struct db_rows *r;
    int err = db_query(rq->scope, sharing_db(), &r,
                       "SELECT subject FROM known_user WHERE subject = $1 OR lower(email) = lower($1) LIMIT 1", "s", with);
    if (!err) *out = db_count(r) ? db_text(r, 0, 0) : NULL;
    return err;
}

/* Answers, and returns true, unless the item (NULL: the collection) is the caller's own. Others' private ones are as if they
 * were not there. */
static bool not_own(struct request *rq, struct response *rs, const char *collection, const char *item, int *err) {
    struct db_rows *r;
    *err = item ? db_query(rq->scope, sharing_db(), &r, "SELECT owner FROM known_item WHERE collection = $1 AND item = $2",
                           "ss", collection, item)
                : db_query(rq->scope, sharing_db(), &r, "SELECT owner FROM known_collection WHERE collection = $1", "s",
                           collection);
    if (*err) return true;
    const char *owner = db_count(r) ? db_text(r, 0, 0) : NULL, *what = item ? "item" : "collection";
    if (owner && strcmp(owner, rq->auth.subject) == 0) return false;
    if (db_count(r) && !owner)
        response_error(rs, 403, "not-yours", what, "This %s is public: only private ones of your own can be shared.", what);
    else
        response_error(rs, 404, "not-found", what, "You have no such %s.", what);
    return true;
}

/* Inserts the share with its event. *fresh is false when there was one already: then nothing changed. */
static int share_insert(struct request *rq, const char *collection, const char *item, const char *subject, bool *fresh) {
    char id[ID_SIZE];
    struct db_tx *tx;
    struct db_rows *r;
    id_new(id);
    int err = db_begin(rq->scope, sharing_db(), &tx);
    /* The row of what is shared is held, so that its removal and this share come one after the other. */
    if (!err && !item)
        err = db_exec(tx, &r,
                      "INSERT INTO share (share, owner, subject, collection)"
                      " SELECT $1, owner, $3, collection FROM (SELECT * FROM known_collection"
                      "  WHERE collection = $4 AND owner = $2 FOR SHARE) own"
                      " ON CONFLICT (collection, subject) WHERE item IS NULL DO NOTHING",
                      "ssss", id, rq->auth.subject, subject, collection);
    if (!err && item)
        err = db_exec(tx, &r,
                      "INSERT INTO share (share, owner, subject, collection, item)"
                      " SELECT $1, owner, $3, collection, item FROM (SELECT * FROM known_item"
                      "  WHERE collection = $4 AND item = $5 AND owner = $2 FOR SHARE) own"
                      " ON CONFLICT (collection, item, subject) DO NOTHING",
                      "sssss", id, rq->auth.subject, subject, collection, item);
    if (err) return err;
    *fresh = db_affected(r) == 1;
    if (*fresh) err = bus_emit(tx, "share.created", id, share_event(id, rq->auth.subject, subject, collection, item));
    return err ? err : db_commit(tx);
}

int shares_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *collection = field_string(&f, "collection", 1, 256);
    const char *item = field_string_or(&f, "item", 1, 256, NULL);
    const char *with = field_string(&f, "with", 1, 320);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;

    int err;
    const char *subject;
    if (not_own(rq, rs, collection, item, &err)) return err;
    if ((err = find_person(rq, with, &subject)) != 0) return err;
    if (!subject) return response_error(rs, 422, "unknown-person", "with", "Nobody here has that e-mail address or user id.");
    if (strcmp(subject, rq->auth.subject) == 0)
        return response_error(rs, 422, "invalid-field", "with", "It is yours already: name somebody else.");

    bool fresh;
    struct db_rows *r;
    if ((err = share_insert(rq, collection, item, subject, &fresh)) != 0) return err;
    err = db_query(rq->scope, sharing_db(), &r,
                   "SELECT " SHARE_COLUMNS SHARE_FROM
                   "WHERE s.collection = $1 AND s.item IS NOT DISTINCT FROM $2 AND s.subject = $3",
                   "sss", collection, item, subject);
    if (err) return err;
    if (db_count(r) == 0) return NADIR_ENOTFOUND; /* it went away meanwhile */
    response_header(rs, "Location", "%s/sharing/v1/shares/%s", rq->base_url, db_text(r, 0, 0));
    return response_json(rs, fresh ? 201 : 200, share_json(r, 0));
}

int shares_list(struct request *rq, struct response *rs) {
    struct page page;
    const char *direction = request_arg(rq, "direction");
    bool received = direction && strcmp(direction, "received") == 0;
    if (direction && !received && strcmp(direction, "given") != 0)
        return response_error(rs, 400, "invalid-argument", "direction", "direction is given or received.");
    if (page_read(rq, rs, &page)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, sharing_db(), &r,
                       received ? "SELECT " SHARE_COLUMNS SHARE_FROM
                                  "WHERE s.subject = $1 AND ($2::text IS NULL OR s.share > $2) ORDER BY s.share LIMIT $3"
                                : "SELECT " SHARE_COLUMNS SHARE_FROM
                                  "WHERE s.owner = $1 AND ($2::text IS NULL OR s.share > $2) ORDER BY s.share LIMIT $3",
                       "ssl", rq->auth.subject, page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) json_array_append_new(list, share_json(r, i));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "shares", list, "next", page_next(rq->scope, r, &page, 0)));
}

int shares_get(struct request *rq, struct response *rs) {
    struct db_rows *r;
    int err = db_query(rq->scope, sharing_db(), &r,
                       "SELECT " SHARE_COLUMNS SHARE_FROM "WHERE s.share = $1 AND (s.owner = $2 OR s.subject = $2)", "ss",
                       request_param(rq, "share"), rq->auth.subject);
    if (err) return err;
    return db_count(r) ? response_json(rs, 200, share_json(r, 0)) : NADIR_ENOTFOUND;
}

/* The owner takes a share back; the other person may give it up. */
int shares_delete(struct request *rq, struct response *rs) {
    struct db_tx *tx;
    struct db_rows *r;
    int err = db_begin(rq->scope, sharing_db(), &tx);
    if (!err)
        err = db_exec(tx, &r,
                      "DELETE FROM share WHERE share = $1 AND (owner = $2 OR subject = $2)"
                      " RETURNING share, owner, subject, collection, item",
                      "ss", request_param(rq, "share"), rq->auth.subject);
    if (err) return err;
    if (db_count(r) == 0) return NADIR_ENOTFOUND;
    err = shares_emit_revoked(tx, db_text(r, 0, 0), db_text(r, 0, 1), db_text(r, 0, 2), db_text(r, 0, 3), db_text(r, 0, 4));
    if (!err) err = db_commit(tx);
    return err ? err : response_empty(rs, 204);
}
