/* orders.c: /download/v1/orders: products that are fetched from the slower store. An order is made by asking for a cold file or
 * product; looking at it costs nothing. */
#include <math.h>
#include <string.h>

#include "common/id.h"
#include "common/page.h"
#include "download/cold.h"
#include "download/download.h"

#define AGAIN_LEAST 2
#define AGAIN_MOST 300
#define AGAIN_UNKNOWN 10

enum column { ID, COLLECTION, ITEM, STATE, FILES, BYTES, POSITION, ESTIMATE, REASON, CREATED };

#define COLUMNS                                                                                                                \
    "SELECT id, collection, item, state, files, bytes, position, ceil(estimate), reason,"                                      \
    " to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM cold_standing WHERE subject = $1"

static json_t *row_json(const struct request *rq, const struct db_rows *r, int row) {
    struct scope *s = rq->scope;
    const char *order = db_text(r, row, ID), *collection = db_text(r, row, COLLECTION), *item = db_text(r, row, ITEM);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:I, s:I, s:o, s:o, s:s?, s:s, s:s, s:s}", "order", order, "collection", collection, "item", item,
        "state", db_text(r, row, STATE), "files", (json_int_t)db_int(r, row, FILES), "bytes", (json_int_t)db_int(r, row, BYTES),
        "position", db_is_null(r, row, POSITION) ? json_null() : json_integer(db_int(r, row, POSITION)), "estimate_seconds",
        db_is_null(r, row, ESTIMATE) ? json_null() : json_integer((json_int_t)db_double(r, row, ESTIMATE)), "reason",
        db_text(r, row, REASON), "created_at", db_text(r, row, CREATED), "href",
        scope_printf(s, "%s/download/v1/orders/%s", rq->base_url, order), "product",
        scope_printf(s, "%s/download/v1/items/%s/%s", rq->base_url, http_encode(s, collection), http_encode(s, item)));
}

/* A quarter of what it may take, so that few ask often and nobody waits much longer than he has to. */
static int ask_again(const struct db_rows *r, int row) {
    if (db_is_null(r, row, ESTIMATE)) return AGAIN_UNKNOWN;
    double quarter = ceil(db_double(r, row, ESTIMATE) / 4);
    return quarter < AGAIN_LEAST ? AGAIN_LEAST : quarter > AGAIN_MOST ? AGAIN_MOST : (int)quarter;
}

int order_json(struct request *rq, const char *subject, const char *order, json_t **out, int *again) {
    struct db_rows *r;
    int err = db_query(rq->scope, download_db(), &r, COLUMNS " AND id = $2::uuid", "ss", subject, order);
    if (err) return err;
    if (db_count(r) == 0) return NADIR_ENOTFOUND;
    *out = row_json(rq, r, 0);
    *again = ask_again(r, 0);
    return 0;
}

static int no_order(struct response *rs) {
    return response_error(rs, 404, "no-such-order", NULL, "You have no such order.");
}

int orders_list(struct request *rq, struct response *rs) {
    struct page page;
    struct db_rows *r;
    if (page_read(rq, rs, &page)) return 0;
    if (page.after && !id_valid(page.after))
        return response_error(rs, 400, "invalid-cursor", "cursor", "This is no cursor of ours.");
    int err = db_query(rq->scope, download_db(), &r, COLUMNS " AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
                       "ssl", rq->auth.subject, page.after, page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) json_array_append_new(list, row_json(rq, r, i));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "orders", list, "next", page_next(rq->scope, r, &page, ID)));
}

int orders_get(struct request *rq, struct response *rs) {
    const char *order = request_param(rq, "order");
    json_t *told;
    int again;
    if (!id_valid(order)) return no_order(rs);
    int err = order_json(rq, rq->auth.subject, order, &told, &again);
    if (err == NADIR_ENOTFOUND) return no_order(rs);
    if (err) return err;
    response_header(rs, "Cache-Control", "no-store");
    if (!json_is_null(json_object_get(told, "position"))) response_header(rs, "Retry-After", "%d", again);
    return response_json(rs, 200, told);
}

/* What nobody else waits for, and was not begun, is not fetched. */
int orders_delete(struct request *rq, struct response *rs) {
    struct db_rows *r;
    const char *order = request_param(rq, "order");
    if (!id_valid(order)) return no_order(rs);
    int err = db_query(rq->scope, download_db(), &r, "DELETE FROM cold_order WHERE subject = $1 AND id = $2::uuid", "ss",
                       rq->auth.subject, order);
    if (err) return err;
    if (db_affected(r) == 0) return no_order(rs);
    err = db_query(rq->scope, download_db(), NULL,
                   "DELETE FROM cold_file WHERE path IN (SELECT path FROM cold_file c WHERE state = 'waiting' AND NOT EXISTS"
                   " (SELECT FROM cold_order_file f WHERE f.path = c.path) FOR UPDATE SKIP LOCKED)",
                   "");
    return err ? err : response_empty(rs, 204);
}
