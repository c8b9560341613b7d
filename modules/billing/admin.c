/* admin.c: /billing/v1/admin: the proof that the books are right, everybody's orders, and credit given by the platform. */
#include "billing/billing.h"
#include "billing/ledger.h"
#include "common/fields.h"
#include "common/id.h"
#include "common/idempotency.h"

/* Each check counts what breaks a rule; one statement, so all of them look at one snapshot. */
static const char ledger_checks[] =
    "WITH sums AS (SELECT account, sum(amount) AS amount FROM posting GROUP BY account), "
    "paid AS (SELECT t.reference, a.owner, -sum(p.amount) AS amount FROM transfer t JOIN posting p ON p.transfer = t.id "
    "         JOIN account a ON a.id = p.account WHERE t.kind = 'order' AND a.kind = 'wallet' GROUP BY 1, 2), "
    "jobs AS (SELECT t.reference, a.owner, -sum(p.amount) AS amount FROM transfer t JOIN posting p ON p.transfer = t.id "
    "         JOIN account a ON a.id = p.account WHERE t.kind = 'job' AND a.kind = 'wallet' GROUP BY 1, 2), "
    "loads AS (SELECT t.reference, a.owner, sum(p.amount) AS amount FROM transfer t JOIN posting p ON p.transfer = t.id "
    "          JOIN account a ON a.id = p.account WHERE t.kind IN ('topup', 'credit') AND a.kind = 'wallet' GROUP BY 1, 2), "
    "checks (name, faults) AS (VALUES "
    "('transfers_sum_to_zero', (SELECT count(*) FROM (SELECT FROM posting GROUP BY transfer, currency "
    "                           HAVING sum(amount) <> 0) x)), "
    "('wallets_equal_postings', (SELECT count(*) FROM account a LEFT JOIN sums s ON s.account = a.id "
    "                            WHERE a.kind = 'wallet' AND a.balance <> coalesce(s.amount, 0))), "
    "('held_equals_placed_holds', (SELECT count(*) FROM account a LEFT JOIN (SELECT subject, currency, sum(amount) AS amount "
    "    FROM hold WHERE state = 'placed' GROUP BY 1, 2) h ON h.subject = a.owner AND h.currency = a.currency "
    "    WHERE a.kind = 'wallet' AND a.held <> coalesce(h.amount, 0))), "
    "('orders_equal_postings', (SELECT count(*) FROM orders o FULL JOIN paid p ON p.reference = o.id::text AND p.owner = "
    "o.buyer "
    "    WHERE coalesce(o.total, 0) <> coalesce(p.amount, 0) OR o.id IS NULL)), "
    "('orders_equal_lines', (SELECT count(*) FROM orders o WHERE o.total <> (SELECT coalesce(sum(price), 0) FROM order_line l "
    "    WHERE l.order_id = o.id))), "
    "('lines_have_entitlements', (SELECT count(*) FROM order_line l JOIN orders o ON o.id = l.order_id WHERE NOT l.owned AND "
    "NOT "
    "    EXISTS (SELECT FROM entitlement e WHERE e.subject = o.buyer AND e.collection = l.collection AND e.item = l.item))), "
    "('captures_equal_postings', (SELECT count(*) FROM (SELECT * FROM hold WHERE state = 'captured') h FULL JOIN jobs j "
    "    ON j.reference = h.id::text AND j.owner = h.subject WHERE coalesce(h.captured, 0) <> coalesce(j.amount, 0))), "
    "('loads_equal_postings', (SELECT count(*) FROM (SELECT id, owner, amount FROM topup WHERE state = 'succeeded' UNION ALL "
    "    SELECT id, subject, amount FROM credit) t FULL JOIN loads l ON l.reference = t.id::text AND l.owner = t.owner "
    "    WHERE coalesce(t.amount, 0) <> coalesce(l.amount, 0))), "
    "('receipts_gapless', (SELECT count(*) FROM receipt_series s WHERE (SELECT count(receipt_number) FROM orders o "
    "    WHERE o.receipt_year = s.year) <> s.last))) "
    "SELECT (SELECT count(*) FROM transfer), (SELECT count(*) FROM posting), (SELECT count(*) FROM orders), "
    "       coalesce(sum(faults), 0) = 0, jsonb_agg(jsonb_build_object('check', name, 'ok', faults = 0, 'faults', faults)) "
    "FROM checks";

int admin_ledger_check(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows, ledger_checks, "");
    if (err) return err;
    return response_json(rs, 200,
                         json_pack("{s:b,s:I,s:I,s:I,s:O}", "ok", (int)db_bool(rows, 0, 3), "transfers",
                                   (json_int_t)db_int(rows, 0, 0), "postings", (json_int_t)db_int(rows, 0, 1), "orders",
                                   (json_int_t)db_int(rows, 0, 2), "checks", db_json(rq->scope, rows, 0, 4)));
}

int admin_orders(struct request *rq, struct response *rs) {
    struct page p;
    if (page_read(rq, rs, &p)) return 0;
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT id, body FROM order_json WHERE ($1::text IS NULL OR buyer = $1) "
                       "AND ($2::uuid IS NULL OR id < $2::uuid) ORDER BY id DESC LIMIT $3",
                       "ssl", request_arg(rq, "buyer"), p.after, p.limit + 1);
    if (err) return err;
    return page_answer(rq, rs, &p, rows, "orders");
}

int admin_credits_create(struct request *rq, struct response *rs) {
    json_t *body;
    if (request_json(rq, rs, &body)) return 0;
    struct fields f = fields_of(body);
    const char *user = field_string(&f, "user", 1, 200), *reason = field_string(&f, "reason", 1, 500);
    int64_t amount = field_int(&f, "amount", 1, 100000000);
    fields_closed(&f);
    if (fields_fail(&f, rs)) return 0;

    struct db_tx *tx;
    int known = idempotency_begin(rq, rs, billing_db(), &tx);
    if (known) return known < 0 ? known : 0;
    char id[ID_SIZE];
    id_new(id);
    struct movement m = {.kind = "credit",
                         .reference = id,
                         .from = {"promotion", "platform"},
                         .to = {"wallet", user},
                         .amount = amount,
                         .currency = billing_currency()};
    int err = db_exec(
        tx, NULL, "INSERT INTO credit (id, subject, amount, currency, reason, given_by) VALUES ($1::uuid, $2, $3, $4, $5, $6)",
        "sslsss", id, user, amount, billing_currency(), reason, rq->auth.subject);
    if (!err) err = ledger_open(tx, user, billing_currency());
    if (!err) err = ledger_move(tx, &m);
    if (!err)
        err = bus_emit(tx, "wallet.topped_up", user,
                       json_pack("{s:s,s:I,s:s,s:s}", "user", user, "amount", (json_int_t)amount, "currency",
                                 billing_currency(), "payment", id));
    if (err) return err;
    return idempotency_commit(tx, rq, rs, 201,
                              json_pack("{s:s,s:s,s:I,s:s,s:s}", "credit", id, "user", user, "amount", (json_int_t)amount,
                                        "currency", billing_currency(), "reason", reason));
}
