/* offers.c: /billing/v1/offers and /billing/v1/process-prices: what is for sale, at which price and under which licence.
 *
 * An offer holds for an item, or for all items of a collection that have none of their own. It is never changed: withdraw it
 * and make another, so that what a buyer agreed to stays as it was.
 */
#include <openssl/evp.h>
#include <string.h>

#include "billing/billing.h"
#include "common/fields.h"
#include "common/id.h"

#define PRICE_MOST 100000000000 /* minor units */

struct licence {
    const char *id, *title, *url, *text;
    char *hash;
};

/* SHA-256 over id, title, url and text, a NUL after each. */
static int licence_hash(struct scope *s, struct licence *l) {
    const char *parts[] = {l->id, l->title, l->url, l->text};
    unsigned char digest[32];
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
    for (size_t i = 0; ok && i < 4; i++) ok = EVP_DigestUpdate(ctx, parts[i], strlen(parts[i]) + 1);
    ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL);
    EVP_MD_CTX_free(ctx);
    if (!ok) return NADIR_EINTERNAL;
    l->hash = hex_encode(s, digest, sizeof(digest));
    return 0;
}

static struct licence licence_read(struct fields *f) {
    struct fields in = fields_of(field_object(f, "licence"));
    struct licence l = {.id = field_string(&in, "id", 1, 200),
                        .title = field_string(&in, "title", 1, 500),
                        .url = field_string_or(&in, "url", 0, 2000, ""),
                        .text = field_string_or(&in, "text", 0, 100000, "")};
    if (l.url[0] && strncmp(l.url, "https://", 8) != 0 && strncmp(l.url, "http://", 7) != 0)
        field_fault(&in, "url", "is an http or https address");
    if (in.bad_name) field_fault(f, "licence", "%s %s", in.bad_name, in.why);
    return l;
}

static json_t *offer_event(const char *id, const char *collection, const char *item, const char *model, int64_t price,
                           double least, const struct licence *l) {
    return json_pack("{s:s,s:s,s:s?,s:s,s:I,s:s,s:f,s:{s:s,s:s,s:s}}", "offer", id, "collection", collection, "item", item,
                     "model", model, "price", (json_int_t)price, "currency", billing_currency(), "min_area_km2", least,
                     "licence", "id", l->id, "title", l->title, "url", l->url);
}

static int offer_answer(struct request *rq, struct response *rs, int status, const char *id) {
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows, "SELECT body FROM offer_json WHERE id = $1::uuid", "s", id);
    if (err) return err;
    if (db_count(rows) == 0) return response_error(rs, 404, "offer-not-found", NULL, "There is no such offer.");
    return response_text(rs, status, "application/json", db_text(rows, 0, 0));
}

int offers_create(struct request *rq, struct response *rs) {
    static const char *const models[] = {"free", "fixed", "per_km2", NULL};
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *collection = field_string(&f, "collection", 1, 200);
    const char *item = field_string_or(&f, "item", 1, 300, NULL);
    const char *model = field_choice(&f, "model", models);
    int64_t price = field_int_or(&f, "price", 0, PRICE_MOST, 0);
    const char *currency = field_string_or(&f, "currency", 3, 3, billing_currency());
    double least = field_number_or(&f, "min_area_km2", 0, 1e6, 0);
    struct licence licence = licence_read(&f);
    fields_closed(&f);
    if (strcmp(currency, billing_currency()) != 0) field_fault(&f, "currency", "is %s here", billing_currency());
    if (model && (strcmp(model, "free") == 0) != (price == 0))
        field_fault(&f, "price", "is 0 for a free offer and above 0 for others");
    if (fields_fail(&f, rs)) return 0;

    int err = licence_hash(rq->scope, &licence);
    if (err) return err;
    char id[ID_SIZE];
    id_new(id);
    struct db_tx *tx;
    err = db_begin(rq->scope, billing_db(), &tx);
    if (err) return err;
    err = db_exec(tx, NULL,
                  "INSERT INTO offer (id, collection, item, model, price, currency, min_area_km2, licence_id, licence_title, "
                  "licence_url, licence_text, licence_hash, created_by) "
                  "VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                  "sssslsdssssss", id, collection, item, model, price, currency, least, licence.id, licence.title, licence.url,
                  licence.text, licence.hash, rq->auth.subject);
    if (err == NADIR_ECONFLICT)
        return response_error(rs, 409, "offer-exists", NULL, "There is an offer for this already; withdraw it first.");
    if (!err) err = bus_emit(tx, "offer.published", id, offer_event(id, collection, item, model, price, least, &licence));
    if (!err) err = db_commit(tx);
    if (err) return err;
    response_header(rs, "Location", "%s/billing/v1/offers/%s", rq->base_url, id);
    return offer_answer(rq, rs, 201, id);
}

int offers_get(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "offer");
    if (!id_valid(id)) return response_error(rs, 404, "offer-not-found", NULL, "There is no such offer.");
    return offer_answer(rq, rs, 200, id);
}

/* The one offer that holds for an item: its own, or else its collection's. No item is called "". */
static int offers_of_item(struct request *rq, const char *collection, const char *item, struct db_rows **rows) {
    return db_query(rq->scope, billing_db(), rows,
                    "SELECT id, body FROM offer_json WHERE withdrawn_at IS NULL AND collection = $1 "
                    "AND coalesce(item, '') IN ($2, '') ORDER BY item NULLS LAST LIMIT 1",
                    "ss", collection, item);
}

static int offers_standing(struct request *rq, const char *collection, const struct page *p, struct db_rows **rows) {
    if (!collection)
        return db_query(rq->scope, billing_db(), rows,
                        "SELECT id, body FROM offer_json WHERE withdrawn_at IS NULL AND ($1::uuid IS NULL OR id < $1::uuid) "
                        "ORDER BY id DESC LIMIT $2",
                        "sl", p->after, p->limit + 1);
    return db_query(rq->scope, billing_db(), rows,
                    "SELECT id, body FROM offer_json WHERE withdrawn_at IS NULL AND collection = $1 "
                    "AND ($2::uuid IS NULL OR id < $2::uuid) ORDER BY id DESC LIMIT $3",
                    "ssl", collection, p->after, p->limit + 1);
}

int offers_list(struct request *rq, struct response *rs) {
    struct page p;
    if (page_read(rq, rs, &p)) return 0;
    const char *collection = request_arg(rq, "collection"), *item = request_arg(rq, "item");
    if (item && !collection)
        return response_error(rs, 400, "invalid-argument", "collection", "Give the item's collection too.");
    struct db_rows *rows;
    int err = item ? offers_of_item(rq, collection, item, &rows) : offers_standing(rq, collection, &p, &rows);
    if (err) return err;
    return page_answer(rq, rs, &p, rows, "offers");
}

int offers_withdraw(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "offer");
    if (!id_valid(id)) return response_error(rs, 404, "offer-not-found", NULL, "There is no such offer.");
    struct db_tx *tx;
    int err = db_begin(rq->scope, billing_db(), &tx);
    if (err) return err;
    struct db_rows *rows;
    err = db_exec(tx, &rows,
                  "WITH known AS (SELECT id FROM offer WHERE id = $1::uuid), "
                  "gone AS (UPDATE offer SET withdrawn_at = now() WHERE id = $1::uuid AND withdrawn_at IS NULL RETURNING id) "
                  "SELECT EXISTS (SELECT FROM known), EXISTS (SELECT FROM gone)",
                  "s", id);
    if (err) return err;
    if (!db_bool(rows, 0, 0)) return response_error(rs, 404, "offer-not-found", NULL, "There is no such offer.");
    if (db_bool(rows, 0, 1)) err = bus_emit(tx, "offer.withdrawn", id, json_pack("{s:s}", "offer", id));
    if (!err) err = db_commit(tx);
    if (err) return err;
    return response_empty(rs, 204);
}

int process_prices_list(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT coalesce(jsonb_agg(jsonb_build_object('process', process, 'version', version, 'title', title, "
                       "'price', price) ORDER BY process, version), '[]') "
                       "FROM (SELECT * FROM process_price ORDER BY process, version LIMIT 1000) p",
                       "");
    if (err) return err;
    return response_json(rs, 200, json_pack("{s:O,s:n}", "processes", db_json(rq->scope, rows, 0, 0), "next"));
}
