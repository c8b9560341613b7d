/* matches.c: …/{search}/matches and …/{search}/deliveries: what was found, and what became of the notices. */
#include "common/page.h"
#include "discovery/saved/saved.h"

/* True if it is the caller's own; otherwise it has answered, or *err tells. */
static bool is_own(struct request *rq, struct response *rs, int *err) {
    struct db_rows *r;
    *err = db_query(rq->scope, saved_db(), &r, "SELECT FROM saved_search WHERE id = $1 AND owner = $2", "ss",
                    request_param(rq, "search"), rq->auth.subject);
    if (*err) return false;
    if (db_count(r) == 0) response_error(rs, 404, "no-such-saved-search", NULL, "You have no saved search of that identifier.");
    return db_count(r) == 1;
}

/* Only what the caller may see now: an item that was taken away since is not told of. */
int matches_list(struct request *rq, struct response *rs) {
    struct scope *s = rq->scope;
    struct page page;
    struct db_rows *r;
    int64_t after;
    int err;
    if (page_read_number(rq, rs, &page, &after)) return 0;
    if (!is_own(rq, rs, &err)) return err;
    err = matches_find(s, &rq->auth, request_param(rq, "search"), 0, after ? after - 1 : INT64_MAX, true, page.limit + 1, &r);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) {
        const char *collection = db_text(r, i, 1), *item = db_text(r, i, 2);
        const char *href =
            scope_printf(s, "%s/stac/collections/%s/items/%s", rq->base_url, http_encode(s, collection), http_encode(s, item));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "collection", collection, "item", item, "datetime",
                                              db_text(r, i, 3), "matched_at", db_text(r, i, 4), "href", href));
    }
    return response_json(rs, 200, json_pack("{s:o, s:o}", "matches", list, "next", page_next(s, r, &page, 0)));
}

int deliveries_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *r;
    int err;
    if (page_read(rq, rs, &page)) return 0;
    if (!is_own(rq, rs, &err)) return err;
    err = db_query(
        rq->scope, saved_db(), &r,
        "SELECT id, channel, state, attempts, error, " SAVED_INSTANT("created_at") ", " SAVED_INSTANT(
            "ended_at") ", CASE WHEN state IN ('waiting', 'sending') THEN " SAVED_INSTANT("next_at") " END FROM saved_delivery"
                                                                                                     " WHERE search = $1 AND "
                                                                                                     "($2::text IS NULL OR id "
                                                                                                     "< $2) ORDER BY id DESC "
                                                                                                     "LIMIT $3",
        "ssl", request_param(rq, "search"), page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:s?, s:s, s:s?, s:s?}", "delivery", db_text(r, i, 0),
                                              "channel", db_text(r, i, 1), "state", db_text(r, i, 2), "attempts",
                                              (json_int_t)db_int(r, i, 3), "error", db_text(r, i, 4), "created_at",
                                              db_text(r, i, 5), "ended_at", db_text(r, i, 6), "next_at", db_text(r, i, 7)));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "deliveries", list, "next", page_next(rq->scope, r, &page, 0)));
}
