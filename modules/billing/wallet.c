/* wallet.c: /billing/v1/wallet: what a user may spend, and where it came from and went. */
#include "billing/billing.h"

int wallet_get(struct request *rq, struct response *rs) {
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT coalesce(sum(balance - held), 0), coalesce(sum(held), 0) FROM account "
                       "WHERE kind = 'wallet' AND owner = $1 AND currency = $2",
                       "ss", rq->auth.subject, billing_currency());
    if (err) return err;
    return response_json(rs, 200,
                         json_pack("{s:s,s:I,s:I}", "currency", billing_currency(), "available", (json_int_t)db_int(rows, 0, 0),
                                   "held", (json_int_t)db_int(rows, 0, 1)));
}

int wallet_transactions(struct request *rq, struct response *rs) {
    struct page p;
    if (page_read(rq, rs, &p)) return 0;
    struct db_rows *rows;
    int err = db_query(rq->scope, billing_db(), &rows,
                       "SELECT t.id, jsonb_build_object('transaction', t.id, 'kind', t.kind, 'reference', "
                       "       CASE t.kind WHEN 'job' THEN (SELECT job FROM hold WHERE hold.id = t.reference::uuid) "
                       "       ELSE t.reference END, 'amount', p.amount, 'currency', p.currency, 'created_at', "
                       "       utc_text(t.created_at)) "
                       "FROM account a JOIN posting p ON p.account = a.id JOIN transfer t ON t.id = p.transfer "
                       "WHERE a.kind = 'wallet' AND a.owner = $1 AND a.currency = $2 "
                       "AND ($3::uuid IS NULL OR p.transfer < $3::uuid) ORDER BY p.transfer DESC LIMIT $4",
                       "sssl", rq->auth.subject, billing_currency(), p.after, p.limit + 1);
    if (err) return err;
    return page_answer(rq, rs, &p, rows, "transactions");
}
