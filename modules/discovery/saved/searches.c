/* searches.c: /discovery/v1/saved-searches: a person's own saved searches. Others' are as if they were not there. */
#include <string.h>

#include "common/fields.h"
#include "common/id.h"
#include "common/module.h"
#include "common/page.h"
#include "discovery/saved/change.h"

#define SEARCHES_MOST 50 /* of one owner */
#define COLUMNS                                                                                                                \
    "id, name, search, state, language, mail, webhook, matched, " SAVED_INSTANT("matched_at") ", " SAVED_INSTANT("created_at")

struct db *saved_db(void) {
    return module_db("discovery");
}

static json_t *search_json(struct scope *s, const struct db_rows *r, int row, const char *fresh_secret) {
    const char *webhook = db_text(r, row, 6);
    json_t *hook = webhook ? json_pack("{s:s, s:s*}", "url", webhook, "secret", fresh_secret) : json_null();
    return json_pack("{s:s, s:s, s:O, s:s, s:s, s:b, s:o, s:I, s:s?, s:s}", "saved_search", db_text(r, row, 0), "name",
                     db_text(r, row, 1), "search", db_json(s, r, row, 2), "state", db_text(r, row, 3), "language",
                     db_text(r, row, 4), "mail", (int)db_bool(r, row, 5), "webhook", hook, "matched",
                     (json_int_t)db_int(r, row, 7), "matched_at", db_text(r, row, 8), "created_at", db_text(r, row, 9));
}

static int no_search(struct response *rs) {
    return response_error(rs, 404, "no-such-saved-search", NULL, "You have no saved search of that identifier.");
}

/* Locks the owner's searches and counts them, so that two requests at once cannot pass the limit together. */
static int count_own(struct db_tx *tx, const char *owner, int64_t *count) {
    struct db_rows *r;
    int err = db_exec(tx, NULL, "SELECT pg_advisory_xact_lock(hashtextextended('saved_search ' || $1, 0))", "s", owner);
    if (!err) err = db_exec(tx, &r, "SELECT count(*) FROM saved_search WHERE owner = $1", "s", owner);
    if (!err) *count = db_int(r, 0, 0);
    return err;
}

static int search_insert(struct request *rq, const struct change *c, struct db_rows **rows, bool *full) {
    char id[ID_SIZE];
    struct db_tx *tx;
    int64_t count = 0;
    id_new(id);
    int err = db_begin(rq->scope, saved_db(), &tx);
    if (!err) err = count_own(tx, rq->auth.subject, &count);
    if (err) return err;
    *full = count >= SEARCHES_MOST;
    if (*full) return 0;
    err =
        db_exec(tx, rows,
                "INSERT INTO saved_search (id, owner, name, search, state, language, mail, webhook, secret, reach, collections,"
                " after) VALUES ($1, $2, $3, $4::jsonb, 'active', $5, $6, $7, $8, " CHANGE_REACH(
                    "$9") ", $10::text[],"
                          " (SELECT coalesce(max(sequence), 0) FROM outbox)) RETURNING " COLUMNS,
                "sssjsbssss", id, rq->auth.subject, c->name, c->search, c->language, (int)c->mail, c->webhook, c->secret,
                c->area, c->collections);
    return err ? err : db_commit(tx);
}

int searches_create(struct request *rq, struct response *rs) {
    struct change c;
    struct db_rows *r;
    bool full;
    if (change_for_create(rq, rs, &c)) return 0;
    int err = search_insert(rq, &c, &r, &full);
    if (err) return err;
    if (full)
        return response_error(rs, 409, "too-many-saved-searches", NULL, "You have %d saved searches: delete one first.",
                              SEARCHES_MOST);
    response_header(rs, "location", "%s/discovery/v1/saved-searches/%s", rq->base_url, db_text(r, 0, 0));
    return response_json(rs, 201, search_json(rq->scope, r, 0, c.secret));
}

int searches_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *r;
    if (page_read(rq, rs, &page)) return 0;
    int err = db_query(rq->scope, saved_db(), &r,
                       "SELECT " COLUMNS " FROM saved_search WHERE owner = $1 AND ($2::text IS NULL OR id < $2)"
                       " ORDER BY id DESC LIMIT $3",
                       "ssl", rq->auth.subject, page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) json_array_append_new(list, search_json(rq->scope, r, i, NULL));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "saved_searches", list, "next", page_next(rq->scope, r, &page, 0)));
}

int searches_get(struct request *rq, struct response *rs) {
    struct db_rows *r;
    int err = db_query(rq->scope, saved_db(), &r, "SELECT " COLUMNS " FROM saved_search WHERE id = $1 AND owner = $2", "ss",
                       request_param(rq, "search"), rq->auth.subject);
    if (err) return err;
    return db_count(r) ? response_json(rs, 200, search_json(rq->scope, r, 0, NULL)) : no_search(rs);
}

/* What goes on after a pause begins with what is published from then on. */
int searches_patch(struct request *rq, struct response *rs) {
    struct change c;
    struct db_rows *r;
    if (change_for_patch(rq, rs, &c)) return 0;
    int err =
        db_query(rq->scope, saved_db(), &r,
                 "UPDATE saved_search SET name = coalesce($3, name), mail = coalesce($4::boolean, mail),"
                 " language = coalesce($5, language), webhook = CASE WHEN $6 THEN $7 ELSE webhook END,"
                 " secret = CASE WHEN $6 THEN $8 ELSE secret END, state = coalesce($9, state),"
                 " after = CASE WHEN $9 = 'active' AND state = 'paused' THEN (SELECT coalesce(max(sequence), 0) FROM outbox) "
                 "ELSE after END"
                 " WHERE id = $1 AND owner = $2 RETURNING " COLUMNS,
                 "sssssbsss", request_param(rq, "search"), rq->auth.subject, c.name,
                 c.has_mail ? (c.mail ? "true" : "false") : NULL, c.language, (int)c.has_webhook, c.webhook, c.secret, c.state);
    if (err) return err;
    return db_count(r) ? response_json(rs, 200, search_json(rq->scope, r, 0, c.secret)) : no_search(rs);
}

int searches_delete(struct request *rq, struct response *rs) {
    struct db_rows *r;
    int err = db_query(rq->scope, saved_db(), &r, "DELETE FROM saved_search WHERE id = $1 AND owner = $2", "ss",
                       request_param(rq, "search"), rq->auth.subject);
    if (err) return err;
    return db_affected(r) ? response_empty(rs, 204) : no_search(rs);
}
