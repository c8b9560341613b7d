/* orders.c: /billing/v1/orders: a quote becomes a purchase.
 *
 * One transaction holds all of it: the idempotency row, the movement of money, order and lines, the licences agreed to, the
 * entitlements, the events and the answer. So an order that was answered is there once, paid once, with its entitlements.
 */
#include <string.h>

#include "billing/billing.h"
#include "billing/ledger.h"
#include "common/fields.h"
#include "common/id.h"
#include "common/idempotency.h"
#include "common/metrics.h"

struct order {
    char id[ID_SIZE];
    const char *quote;
    int64_t total;
    const char *currency;
    json_t *lines; /* of the quote; see quotes.c */
    json_t *aoi;   /* what per_km2 lines were priced for; NULL: whole scenes */
    const char *created_at;
};

static const char *line_text(const json_t *line, const char *name) {
    return json_string_value(json_object_get(line, name));
}

static int refuse_owned(struct response *rs) {
    return response_error(rs, 409, "already-owned", "quote",
                          "You bought an item of this quote since it was made; ask for a new quote.");
}

/* Locks the quote for this order. Answers 404, 409 or 410 itself and returns NADIR_EINVAL. */
static int quote_take(struct request *rq, struct response *rs, struct db_tx *tx, struct order *o) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "SELECT total, currency, lines, expires_at <= now(), (SELECT id FROM orders WHERE quote = q.id), aoi, "
                      "       EXISTS (SELECT FROM jsonb_array_elements(q.lines) l, entitlement e "
                      "               WHERE NOT (l ->> 'owned')::boolean AND e.subject = q.owner AND e.aoi IS NULL "
                      "               AND e.collection = l ->> 'collection' AND e.item = l ->> 'item') "
                      "FROM quote q WHERE id = $1::uuid AND owner = $2 FOR UPDATE",
                      "ss", o->quote, rq->auth.subject);
    if (err) return err;
    if (db_count(rows) == 0)
        response_error(rs, 404, "quote-not-found", "quote", "There is no such quote of yours.");
    else if (!db_is_null(rows, 0, 4))
        response_error(rs, 409, "quote-used", "quote", "This quote was ordered already, as order %s.", db_text(rows, 0, 4));
    else if (db_bool(rows, 0, 3))
        response_error(rs, 410, "quote-expired", "quote", "This quote has expired; ask for a new one.");
    else if (db_bool(rows, 0, 6))
        refuse_owned(rs);
    if (rs->status) return NADIR_EINVAL;
    o->total = db_int(rows, 0, 0);
    o->currency = db_text(rows, 0, 1);
    o->lines = db_json(rq->scope, rows, 0, 2);
    o->aoi = db_json(rq->scope, rows, 0, 5);
    return 0;
}

/* Every licence of the lines must be among those accepted. Answers 422 itself and returns NADIR_EINVAL. */
static int licences_check(struct response *rs, const struct order *o, const json_t *accepted) {
    size_t i, k;
    json_t *line, *id;
    json_array_foreach(o->lines, i, line) {
        const char *licence = line_text(json_object_get(line, "licence"), "id");
        bool found = json_is_true(json_object_get(line, "owned"));
        json_array_foreach(accepted, k, id) found = found || strcmp(json_string_value(id), licence) == 0;
        if (found) continue;
        response_error(rs, 422, "licence-not-accepted", "accept_licences",
                       "Read the licence \"%.100s\" and name it in accept_licences to order.", licence);
        return NADIR_EINVAL;
    }
    return 0;
}

static int order_pay(struct request *rq, struct response *rs, struct db_tx *tx, const struct order *o) {
    if (o->total == 0) return 0;
    struct movement m = {.kind = "order",
                         .reference = o->id,
                         .from = {"wallet", rq->auth.subject},
                         .to = {"revenue", "sales"},
                         .amount = o->total,
                         .currency = o->currency};
    int err = ledger_move(tx, &m);
    if (err != NADIR_EDENIED) return err;
    response_error(rs, 402, "insufficient-funds", NULL,
                   "The wallet holds less than this order costs; top it up and order again.");
    return NADIR_EINVAL;
}

/* Columns of the rows that order_insert gives, one an entitlement granted, or a single one without entitlement. */
enum { CREATED_AT, ENTITLEMENT, COLLECTION, ITEM };

/* Order, lines, acceptances and entitlements in one statement, from the lines that the quote stored. NADIR_ECONFLICT when the
 * buyer got an item since the quote was made. */
static int order_insert(struct request *rq, struct db_tx *tx, const struct order *o, struct db_rows **rows) {
    return db_exec(
        tx, rows,
        "WITH made AS (INSERT INTO orders (id, buyer, quote, total, currency, aoi) "
        "              VALUES ($1::uuid, $2, $3::uuid, $4, $5, $8::jsonb) RETURNING id, created_at), "
        "wanted AS (SELECT n, line FROM jsonb_array_elements($6::jsonb) WITH ORDINALITY AS l (line, n)), "
        "agreed AS (INSERT INTO licence_acceptance (order_id, licence, hash, address) "
        "           SELECT DISTINCT made.id, line #>> '{licence,id}', line #>> '{licence,hash}', $7 "
        "           FROM made, wanted WHERE NOT (line ->> 'owned')::boolean), "
        "bought AS (INSERT INTO order_line (order_id, line, collection, item, offer, model, unit_price, area_km2, price, "
        "                                   owned) "
        "           SELECT made.id, n, line ->> 'collection', line ->> 'item', (line ->> 'offer')::uuid, line ->> 'model', "
        "                  (line ->> 'unit_price')::bigint, (line ->> 'area_km2')::float8, (line ->> 'price')::bigint, "
        "                  (line ->> 'owned')::boolean FROM made, wanted), "
        "granted AS (INSERT INTO entitlement (id, subject, collection, item, order_id, aoi) "
        "            SELECT gen_random_uuid(), $2, line ->> 'collection', line ->> 'item', made.id, "
        "                   CASE WHEN line ->> 'model' = 'per_km2' THEN $8::jsonb END FROM made, wanted "
        "            WHERE NOT (line ->> 'owned')::boolean ORDER BY n RETURNING id, collection, item) "
        "SELECT utc_text(made.created_at), granted.id, granted.collection, granted.item FROM made LEFT JOIN granted ON true",
        "ssslsjsj", o->id, rq->auth.subject, o->quote, o->total, o->currency, o->lines, rq->remote ? rq->remote : "", o->aoi);
}

/* Lines for order.paid: no more than consumers need. */
static json_t *event_lines(const struct order *o) {
    json_t *list = json_array(), *line;
    size_t i;
    json_array_foreach(o->lines, i, line) {
        json_t *brief = json_object();
        const char *const names[] = {"line", "collection", "item", "offer", "price", "area_km2"};
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            json_t *value = json_object_get(line, names[k]);
            if (value && !json_is_null(value)) json_object_set(brief, names[k], value);
        }
        json_array_append_new(list, brief);
    }
    return list;
}

/* The area that an item was priced for, or NULL when that plays no part. */
static json_t *area_bought(const struct order *o, const char *collection, const char *item) {
    size_t i;
    json_t *line;
    json_array_foreach(o->lines, i, line) {
        bool this_one = strcmp(line_text(line, "collection"), collection) == 0 && strcmp(line_text(line, "item"), item) == 0;
        if (this_one && strcmp(line_text(line, "model"), "per_km2") == 0) return o->aoi;
    }
    return NULL;
}

static int grant_announce(struct request *rq, struct db_tx *tx, const struct order *o, const struct db_rows *rows, int i) {
    const char *id = db_text(rows, i, ENTITLEMENT), *collection = db_text(rows, i, COLLECTION), *item = db_text(rows, i, ITEM);
    json_t *data = json_pack("{s:s,s:s,s:s,s:s,s:s}", "entitlement", id, "subject", rq->auth.subject, "collection", collection,
                             "item", item, "order", o->id);
    json_t *aoi = area_bought(o, collection, item);
    if (aoi) json_object_set(data, "aoi", aoi);
    return bus_emit(tx, "entitlement.granted", id, data);
}

static int order_announce(struct request *rq, struct db_tx *tx, const struct order *o, const struct db_rows *rows) {
    int err = 0;
    for (int i = 0; !err && i < db_count(rows) && !db_is_null(rows, i, ENTITLEMENT); i++)
        err = grant_announce(rq, tx, o, rows, i);
    if (err) return err;
    return bus_emit(tx, "order.paid", o->id,
                    json_pack("{s:s,s:s,s:I,s:s,s:o}", "order", o->id, "buyer", rq->auth.subject, "total", (json_int_t)o->total,
                              "currency", o->currency, "lines", event_lines(o)));
}

static int order_place(struct request *rq, struct response *rs, struct db_tx *tx, struct order *o, const json_t *accepted) {
    int err = quote_take(rq, rs, tx, o);
    if (!err) err = licences_check(rs, o, accepted);
    if (err) return err;
    struct db_rows *rows;
    err = order_insert(rq, tx, o, &rows);
    if (err == NADIR_ECONFLICT && strcmp(db_last_constraint(), "entitlement_once") == 0) return refuse_owned(rs);
    if (err) return err;
    o->created_at = db_text(rows, 0, CREATED_AT);
    err = order_announce(rq, tx, o, rows);
    /* Last, for the wallet's row is locked from here to the commit: a buyer's orders queue for that long only. */
    return err ? err : order_pay(rq, rs, tx, o);
}

/* What GET gives too: order_json builds the same from the tables. */
static json_t *order_made(const struct request *rq, const struct order *o) {
    return json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:s,s:O?,s:O,s:o}", "order", o->id, "buyer", rq->auth.subject, "state", "paid",
                     "total", (json_int_t)o->total, "currency", o->currency, "created_at", o->created_at, "quote", o->quote,
                     "aoi", o->aoi, "lines", o->lines, "receipt",
                     json_sprintf("%s/billing/v1/orders/%s/receipt", rq->base_url, o->id));
}

int orders_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    struct order o = {.quote = field_uuid(&f, "quote")};
    const json_t *accepted = field_array(&f, "accept_licences", 0, 100);
    fields_closed(&f);
    for (size_t i = 0; i < json_array_size(accepted); i++)
        if (!json_is_string(json_array_get(accepted, i))) field_fault(&f, "accept_licences", "must hold licence ids");
    if (fields_fail(&f, rs)) return 0;

    struct db_tx *tx;
    int known = idempotency_begin(rq, rs, billing_db(), &tx);
    if (known) return known < 0 ? known : 0;
    id_new(o.id);
    int err = order_place(rq, rs, tx, &o, accepted);
    if (rs->status || err) {
        db_rollback(tx);
        return rs->status ? 0 : err;
    }
    response_header(rs, "Location", "%s/billing/v1/orders/%s", rq->base_url, o.id);
    err = idempotency_commit(tx, rq, rs, 201, order_made(rq, &o));
    if (!err) metrics_add("nadir_billing_orders_total", 1);
    return err;
}

int orders_list(struct request *rq, struct response *rs) {
    struct page p;
    if (page_read(rq, rs, &p)) return 0;
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT id, body || jsonb_build_object('receipt', $4::text || id || '/receipt') FROM order_json "
                       "WHERE buyer = $1 AND ($2::uuid IS NULL OR id < $2::uuid) ORDER BY id DESC LIMIT $3",
                       "ssls", rq->auth.subject, p.after, p.limit + 1,
                       scope_printf(rq->scope, "%s/billing/v1/orders/", rq->base_url));
    if (err) return err;
    return page_answer(rq, rs, &p, rows, "orders");
}

int orders_get(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "order");
    if (!id_valid(id)) return response_error(rs, 404, "order-not-found", NULL, "There is no such order of yours.");
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows, "SELECT body FROM order_json WHERE id = $1::uuid AND (buyer = $2 OR $3)",
                       "ssb", id, rq->auth.subject, auth_has_role(&rq->auth, "admin"));
    if (err) return err;
    if (db_count(rows) == 0) return response_error(rs, 404, "order-not-found", NULL, "There is no such order of yours.");
    json_t *body = db_json(rq->scope, rows, 0, 0);
    json_object_set_new(body, "receipt", json_sprintf("%s/billing/v1/orders/%s/receipt", rq->base_url, id));
    return response_json(rs, 200, json_incref(body));
}
