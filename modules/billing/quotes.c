/* quotes.c: /billing/v1/quotes: what scenes cost a buyer, for an area of interest.
 *
 * The price of a line: free 0; fixed the offer's price; per_km2 the offer's price times the area of the footprint inside the
 * area of interest (the whole footprint without one) that the buyer does not hold yet, rounded to 0.0001 km2, at least the
 * offer's least area, rounded half to even to a minor unit and never below one. What the buyer has already costs 0 and says so
 * ("owned"). Anyone may ask for a price; the quote of a signed-in caller is kept a quarter of an hour and can be ordered, at
 * its price, even if the offer is withdrawn.
 */
#include <math.h>
#include <string.h>

#include "billing/billing.h"
#include "billing/footprint.h"
#include "common/fields.h"
#include "common/id.h"
#include "common/money.h"

#define QUOTE_ITEMS 100

/* Columns of quote_rows. */
enum { COLLECTION, ITEM, KNOWN, GEOMETRY, OFFER, MODEL, PRICE, LEAST_AREA, LICENCE, OWNED, HELD };

static int quote_rows(struct request *rq, const json_t *items, struct db_rows **rows) {
    return db_query(rq->scope, billing_db(), rows,
                    "SELECT w.wanted ->> 'collection', w.wanted ->> 'item', i.item IS NOT NULL, "
                    "       CASE WHEN o.model = 'per_km2' THEN i.geometry END, o.id, o.model, o.price, o.min_area_km2, "
                    "       o.licence, coalesce(e.whole, false) OR i.owner IS NOT NULL, e.areas "
                    "FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS w (wanted, n) "
                    "LEFT JOIN item i ON i.collection = w.wanted ->> 'collection' AND i.item = w.wanted ->> 'item' "
                    "          AND (i.owner IS NULL OR i.owner = $2) "
                    "LEFT JOIN LATERAL (SELECT id, model, price, min_area_km2, jsonb_build_object('id', licence_id, 'title', "
                    "           licence_title, 'url', licence_url, 'text', licence_text, 'hash', licence_hash) AS licence "
                    "           FROM offer WHERE offer.collection = i.collection AND coalesce(offer.item, '') IN (i.item, '') "
                    "           AND withdrawn_at IS NULL ORDER BY offer.item NULLS LAST LIMIT 1) o ON true "
                    "LEFT JOIN LATERAL (SELECT bool_or(aoi IS NULL) AS whole, jsonb_agg(aoi) FILTER (WHERE aoi IS NOT NULL) AS "
                    "           areas FROM entitlement WHERE subject = $2 AND collection = i.collection AND item = i.item) e "
                    "          ON true "
                    "ORDER BY w.n",
                    "js", items, rq->auth.subject);
}

static int too_detailed(struct response *rs, const char *collection, const char *item) {
    response_error(rs, 422, "too-detailed", "aoi",
                   "The outline of %s/%s has too many corners to be compared with the area of interest and with what you have"
                   " of it already. Draw the area of interest with fewer corners.",
                   collection, item);
    return NADIR_EINVAL;
}

/* Prices a row. area_km2 stays negative where it plays no part; *owned becomes true where the buyer holds all of the area.
 * Answers 422 itself and returns NADIR_EINVAL. */
static int line_price(struct request *rq, struct response *rs, const struct db_rows *rows, int i, const json_t *aoi,
                      int64_t *price, double *area_km2, bool *owned) {
    const char *model = db_text(rows, i, MODEL), *collection = db_text(rows, i, COLLECTION), *item = db_text(rows, i, ITEM);
    *price = db_int(rows, i, PRICE);
    if (strcmp(model, "per_km2") != 0) return 0;
    const json_t *footprint = db_json(rq->scope, rows, i, GEOMETRY), *held = db_json(rq->scope, rows, i, HELD);
    int err = footprint_area_km2(rq->scope, footprint, aoi, NULL, area_km2);
    if (err == NADIR_ETOOLARGE) return too_detailed(rs, collection, item);
    if (err) {
        response_error(rs, 422, "no-footprint", "items", "%s/%s has no footprint to price by area.", collection, item);
        return NADIR_EINVAL;
    }
    if (*area_km2 <= 0) {
        response_error(rs, 422, "aoi-outside", "aoi", "The area of interest does not touch %s/%s.", collection, item);
        return NADIR_EINVAL;
    }
    if (held && !*owned) {
        double fresh;
        err = footprint_area_km2(rq->scope, footprint, aoi, held, &fresh);
        if (err == NADIR_ETOOLARGE) return too_detailed(rs, collection, item);
        if (err) return NADIR_EINTERNAL;
        if (fresh > 0)
            *area_km2 = fresh;
        else
            *owned = true;
    }
    err = money_times(*price, fmax(*area_km2, db_double(rows, i, LEAST_AREA)), price);
    if (err) return err;
    if (*price < 1) *price = 1;
    return 0;
}

static int quote_line(struct request *rq, struct response *rs, const struct db_rows *rows, int i, const json_t *aoi,
                      json_t *lines, int64_t *total) {
    const char *collection = db_text(rows, i, COLLECTION), *item = db_text(rows, i, ITEM);
    if (!db_bool(rows, i, KNOWN)) {
        response_error(rs, 422, "item-not-found", "items", "There is no item %s/%s.", collection, item);
        return NADIR_EINVAL;
    }
    if (db_is_null(rows, i, OFFER)) {
        response_error(rs, 422, "not-for-sale", "items", "%s/%s is not for sale.", collection, item);
        return NADIR_EINVAL;
    }
    int64_t price;
    double area = -1;
    bool owned = db_bool(rows, i, OWNED);
    int err = line_price(rq, rs, rows, i, aoi, &price, &area, &owned);
    if (err) return err;
    if (owned) price = 0;
    if (__builtin_add_overflow(*total, price, total)) return NADIR_EINVAL;
    return json_array_append_new(lines, json_pack("{s:i,s:s,s:s,s:s,s:s,s:I,s:f,s:o,s:I,s:b,s:O}", "line", i + 1, "collection",
                                                  collection, "item", item, "offer", db_text(rows, i, OFFER), "model",
                                                  db_text(rows, i, MODEL), "unit_price", (json_int_t)db_int(rows, i, PRICE),
                                                  "min_area_km2", db_double(rows, i, LEAST_AREA), "area_km2",
                                                  area < 0 ? json_null() : json_real(area), "price", (json_int_t)price, "owned",
                                                  (int)owned, "licence", db_json(rq->scope, rows, i, LICENCE)));
}

static void check_items(struct fields *f, const json_t *items) {
    json_t *seen = json_object();
    for (size_t i = 0; i < json_array_size(items); i++) {
        struct fields in = fields_of(json_array_get(items, i));
        const char *collection = field_string(&in, "collection", 1, 200), *item = field_string(&in, "item", 1, 300);
        if (in.bad_name) {
            field_fault(f, "items", "number %zu: %s %s", i + 1, in.bad_name, in.why);
            break;
        }
        char name[512];
        snprintf(name, sizeof(name), "%s/%s", collection, item);
        if (json_object_get(seen, name)) field_fault(f, "items", "names %.80s twice", name);
        json_object_set_new(seen, name, json_true());
    }
    json_decref(seen);
}

/* Keeps the quote of a signed-in caller. Its lines go without the licence's text, which the offer has. */
static int quote_keep(struct request *rq, json_t *quote, const json_t *aoi) {
    char id[ID_SIZE];
    id_new(id);
    struct db_rows *rows;
    int err =
        db_query(rq->scope, billing_db(), &rows,
                 "INSERT INTO quote (id, owner, total, currency, aoi, lines, expires_at) "
                 "SELECT $1::uuid, $2, $3, $4, $5::jsonb, jsonb_agg(line #- '{licence,text}' ORDER BY n), now() + interval "
                 "'15 minutes' FROM jsonb_array_elements($6::jsonb) WITH ORDINALITY AS l (line, n) "
                 "RETURNING utc_text(expires_at)",
                 "sslsjj", id, rq->auth.subject, (int64_t)json_integer_value(json_object_get(quote, "total")),
                 billing_currency(), aoi, json_object_get(quote, "lines"));
    if (err) return err;
    json_object_set_new(quote, "quote", json_string(id));
    json_object_set_new(quote, "expires_at", json_string(db_text(rows, 0, 0)));
    return 0;
}

int quotes_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const json_t *items = field_array(&f, "items", 1, QUOTE_ITEMS);
    const json_t *aoi = field_object_or_null(&f, "aoi");
    fields_closed(&f);
    check_items(&f, items);
    if (fields_fail(&f, rs)) return 0;
    const char *why;
    if (aoi && footprint_check_aoi(rq->scope, aoi, &why)) return response_error(rs, 422, "invalid-field", "aoi", "%s", why);

    struct db_rows *rows;
    int err = quote_rows(rq, items, &rows);
    if (err) return err;
    json_t *lines = json_array();
    int64_t total = 0;
    json_t *quote = scope_json(
        rq->scope, json_pack("{s:n,s:s,s:o,s:n}", "quote", "currency", billing_currency(), "lines", lines, "expires_at"));
    for (int i = 0; i < db_count(rows); i++) {
        err = quote_line(rq, rs, rows, i, aoi, lines, &total);
        if (err) return rs->status ? 0 : err;
    }
    json_object_set_new(quote, "total", json_integer(total));
    if (!rq->auth.subject) return response_json(rs, 200, json_incref(quote));
    err = quote_keep(rq, quote, aoi);
    if (err) return err;
    response_header(rs, "Location", "%s/billing/v1/quotes/%s", rq->base_url,
                    json_string_value(json_object_get(quote, "quote")));
    return response_json(rs, 201, json_incref(quote));
}

int quotes_get(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "quote");
    struct db_rows *rows = NULL;
    int err = !id_valid(id)
                  ? 0
                  : db_query(rq->scope, billing_db(), &rows,
                             "SELECT jsonb_build_object('quote', id, 'total', total, 'currency', currency, 'expires_at', "
                             "utc_text(expires_at), 'expired', expires_at <= now(), 'aoi', aoi, 'lines', lines) "
                             "FROM quote WHERE id = $1::uuid AND owner = $2",
                             "ss", id, rq->auth.subject);
    if (err) return err;
    if (!rows || db_count(rows) == 0)
        return response_error(rs, 404, "quote-not-found", NULL, "There is no such quote of yours.");
    return response_text(rs, 200, "application/json", db_text(rows, 0, 0));
}
