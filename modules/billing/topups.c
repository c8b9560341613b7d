/* topups.c: /billing/v1/topups: money into a wallet through a payment provider.
 *
 * The row of (owner, Idempotency-Key) is committed before the provider is asked, and its id is the key of the request to the
 * provider; so a request that is repeated, whoever died in between, leads to the same payment. The wallet is credited when
 * the provider says that the payment succeeded: by webhook, or when somebody looks (GET), or by the periodic look at what has
 * been pending for a while. All three go through topup_settle, which credits once.
 */
#include <string.h>

#include "billing/billing.h"
#include "billing/ledger.h"
#include "billing/payment.h"
#include "common/fields.h"
#include "common/id.h"
#include "common/log.h"
#include "common/metrics.h"

#define TOPUP_LEAST 50 /* Stripe's least charge in EUR, USD and most others */
#define TOPUP_MOST 1000000
#define TOPUP_POLL 20

static const struct payment_provider *const provider = &payment_stripe;

#define TOPUP_JSON                                                                                                             \
    "jsonb_build_object('topup', id, 'state', state, 'amount', amount, 'currency', currency, 'payment', payment, "             \
    "'error', error, 'created_at', utc_text(created_at))"

int topup_settle(struct db_tx *tx, const struct payment *p) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "SELECT id, owner, amount, currency, state, payment FROM topup WHERE payment = $1 "
                      "OR (payment IS NULL AND id = $2::uuid) FOR UPDATE",
                      "ss", p->id, p->topup && id_valid(p->topup) ? p->topup : NULL);
    if (err) return err;
    if (db_count(rows) == 0) return NADIR_ENOTFOUND;
    const char *id = db_text(rows, 0, 0), *owner = db_text(rows, 0, 1), *currency = db_text(rows, 0, 3);
    int64_t amount = db_int(rows, 0, 2);
    /* Old news of one that has ended; events come in any order. A cancelled payment never succeeds later. */
    if (strcmp(db_text(rows, 0, 4), "created") != 0 && strcmp(db_text(rows, 0, 4), "pending") != 0) return 0;
    const char *state = p->state == PAYMENT_CANCELLED ? "cancelled" : "pending", *error = p->error;
    if (p->state == PAYMENT_SUCCEEDED) {
        state = "succeeded";
        error = NULL;
        if (p->received != amount || strcmp(p->currency, currency) != 0) {
            log_error(db_tx_scope(tx), "payment differs from its top-up; nothing was credited", "topup", id, NULL);
            state = "refused";
            error = "The payment differs from the top-up; support will settle it.";
        }
    }
    err = db_exec(tx, NULL, "UPDATE topup SET state = $2, payment = $3, error = $4, updated_at = now() WHERE id = $1::uuid",
                  "ssss", id, state, p->id, error);
    if (err || strcmp(state, "succeeded") != 0) return err;
    struct movement m = {.kind = "topup",
                         .reference = id,
                         .from = {"payments", provider->name},
                         .to = {"wallet", owner},
                         .amount = amount,
                         .currency = currency};
    err = ledger_open(tx, owner, currency);
    if (!err) err = ledger_move(tx, &m);
    if (!err)
        err = bus_emit(tx, "wallet.topped_up", owner,
                       json_pack("{s:s,s:I,s:s,s:s}", "user", owner, "amount", (json_int_t)amount, "currency", currency,
                                 "payment", p->id));
    if (!err) metrics_add("nadir_billing_topups_total", 1);
    return err;
}

/* Brings a top-up to what the provider says now. */
static int topup_refresh(struct scope *s, const char *payment) {
    struct payment p;
    int err = provider->get(s, payment, &p);
    if (err) return err;
    struct db_tx *tx;
    err = db_begin(s, billing_db(), &tx);
    if (!err) err = topup_settle(tx, &p);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

/* Finds or makes the row of (caller, key). Answers 422 itself and returns NADIR_EINVAL when the key came with another amount.
 */
static int topup_row(struct request *rq, struct response *rs, const char *key, int64_t amount, struct db_rows **rows) {
    char id[ID_SIZE];
    id_new(id);
    int err = db_query(rq->scope, billing_db(), NULL,
                       "INSERT INTO topup (id, owner, key, amount, currency, state, provider) "
                       "VALUES ($1::uuid, $2, $3, $4, $5, 'created', $6) ON CONFLICT (owner, key) DO NOTHING",
                       "ssslss", id, rq->auth.subject, key, amount, billing_currency(), provider->name);
    if (!err)
        err = db_query(
            rq->scope, billing_db(), rows,
            "SELECT id, amount, currency, payment, client_secret, id <> $3::uuid FROM topup WHERE owner = $1 AND key = $2",
            "sss", rq->auth.subject, key, id);
    if (err) return err;
    if (db_count(*rows) == 1 && db_int(*rows, 0, 1) == amount && strcmp(db_text(*rows, 0, 2), billing_currency()) == 0)
        return 0;
    response_error(rs, 422, "idempotency-key-reused", "Idempotency-Key",
                   "This Idempotency-Key came with another request before; use a new key for a new request.");
    return NADIR_EINVAL;
}

/* Asks the provider and stores what it made. Answers 422 itself and returns NADIR_EINVAL when the provider refuses. */
static int topup_start(struct request *rq, struct response *rs, const char *id, int64_t amount, struct payment *p) {
    const char *why;
    int err = provider->create(rq->scope, id, amount, billing_currency(), p, &why);
    if (err == NADIR_EINVAL) {
        /* The key is free again: the refusal had no effect. */
        err = db_query(rq->scope, billing_db(), NULL, "DELETE FROM topup WHERE id = $1::uuid AND payment IS NULL", "s", id);
        if (!err) response_error(rs, 422, "payment-refused", "amount", "The payment provider refuses: %.300s", why);
        return err ? err : NADIR_EINVAL;
    }
    if (err) return err;
    return db_query(
        rq->scope, billing_db(), NULL,
        "UPDATE topup SET payment = $2, client_secret = $3, state = CASE state WHEN 'created' THEN 'pending' ELSE state "
        "END, updated_at = now() WHERE id = $1::uuid",
        "sss", id, p->id, p->client_secret);
}

static int topup_answer(struct request *rq, struct response *rs, int status, const char *id, bool secret) {
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT " TOPUP_JSON ", client_secret FROM topup WHERE id = $1::uuid AND owner = $2", "ss", id,
                       rq->auth.subject);
    if (err) return err;
    if (db_count(rows) == 0) return response_error(rs, 404, "topup-not-found", NULL, "There is no such top-up of yours.");
    json_t *body = db_json(rq->scope, rows, 0, 0);
    if (secret) {
        json_object_set_new(body, "client_secret", json_string(db_text(rows, 0, 1)));
        json_object_set_new(body, "publishable_key", json_string(provider->publishable_key()));
        json_object_set_new(body, "script", json_string(provider->script()));
    }
    response_header(rs, "Cache-Control", "no-store");
    return response_json(rs, status, json_incref(body));
}

int topups_create(struct request *rq, struct response *rs) {
    json_t *body;
    const char *key;
    if (request_json(rq, rs, &body) || request_idempotency_key(rq, rs, &key)) return 0;
    struct fields f = fields_of(body);
    int64_t amount = field_int(&f, "amount", TOPUP_LEAST, TOPUP_MOST);
    const char *currency = field_string_or(&f, "currency", 3, 3, billing_currency());
    fields_closed(&f);
    if (strcmp(currency, billing_currency()) != 0) field_fault(&f, "currency", "is %s here", billing_currency());
    if (fields_fail(&f, rs)) return 0;
    if (!provider->ready())
        return response_error(rs, 503, "payments-not-set-up", NULL, "No payment provider is set up here; tell the operator.");

    struct db_rows *rows;
    int err = topup_row(rq, rs, key, amount, &rows);
    if (err) return rs->status ? 0 : err;
    const char *id = db_text(rows, 0, 0);
    if (db_is_null(rows, 0, 3)) {
        struct payment p;
        err = topup_start(rq, rs, id, amount, &p);
        if (err) return rs->status ? 0 : err;
    }
    if (db_bool(rows, 0, 5)) response_header(rs, "Idempotent-Replayed", "true");
    response_header(rs, "Location", "%s/billing/v1/topups/%s", rq->base_url, id);
    return topup_answer(rq, rs, 201, id, true);
}

int topups_get(struct request *rq, struct response *rs) {
    const char *id = request_param(rq, "topup");
    if (!id_valid(id)) return response_error(rs, 404, "topup-not-found", NULL, "There is no such top-up of yours.");
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT payment FROM topup WHERE id = $1::uuid AND owner = $2 AND state = 'pending'", "ss", id,
                       rq->auth.subject);
    if (err) return err;
    /* A provider that cannot be reached is no fault of this answer: it tells what is known. */
    if (db_count(rows) == 1 && topup_refresh(rq->scope, db_text(rows, 0, 0)))
        log_warn(rq->scope, "top-up could not be refreshed", "topup", id, NULL);
    return topup_answer(rq, rs, 200, id, false);
}

int topups_list(struct request *rq, struct response *rs) {
    struct page p;
    if (page_read(rq, rs, &p)) return 0;
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT id, " TOPUP_JSON " FROM topup WHERE owner = $1 AND ($2::uuid IS NULL OR id < $2::uuid) "
                       "ORDER BY id DESC LIMIT $3",
                       "ssl", rq->auth.subject, p.after, p.limit + 1);
    if (err) return err;
    return page_answer(rq, rs, &p, rows, "topups");
}

int topups_poll(struct scope *s) {
    if (!provider->ready()) return 0;
    struct db_rows *rows;
    /* Looked at after a minute, then ever more rarely: each look waits as long as the top-up is old. */
    int err =
        db_query(s, billing_db(), &rows,
                 "UPDATE topup SET updated_at = now() WHERE id IN (SELECT id FROM topup WHERE state = 'pending' "
                 "AND updated_at < now() - least(greatest(interval '1 minute', (updated_at - created_at)), interval '1 day') "
                 "ORDER BY updated_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING payment",
                 "i", TOPUP_POLL);
    for (int i = 0; !err && i < db_count(rows); i++) {
        int failed = topup_refresh(s, db_text(rows, i, 0));
        if (failed == NADIR_EUNAVAILABLE || failed == NADIR_ETIMEOUT) break;
    }
    return err;
}
