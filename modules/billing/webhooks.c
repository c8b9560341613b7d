/* webhooks.c: /billing/v1/webhooks/stripe: what the payment provider reports. Only what it has signed counts. */
#include "billing/billing.h"
#include "billing/payment.h"
#include "common/log.h"

int webhooks_stripe(struct request *rq, struct response *rs) {
    struct payment_event e;
    int err = payment_stripe.event(rq, &e);
    if (err == NADIR_EUNAUTH)
        return response_error(rs, 400, "bad-signature", "Stripe-Signature", "The signature is missing, wrong or too old.");
    if (err) return response_error(rs, 400, "bad-event", NULL, "This is not an event that can be read.");

    struct db_tx *tx;
    struct db_rows *rows;
    err = db_begin(rq->scope, billing_db(), &tx);
    /* The id goes first and commits with the effect: a repeated event waits here, finds it, and does nothing. */
    if (!err)
        err = db_exec(tx, &rows, "INSERT INTO provider_event (provider, id, type) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                      "sss", payment_stripe.name, e.id, e.type);
    if (err) return err;
    if (db_affected(rows) == 1 && e.about_payment) {
        err = topup_settle(tx, &e.payment);
        /* Payments that are not top-ups of ours may share the account. */
        if (err == NADIR_ENOTFOUND) {
            log_warn(rq->scope, "event about an unknown payment", "event", e.id, NULL);
            err = 0;
        }
    }
    if (!err) err = db_commit(tx);
    if (err) return err;
    return response_json(rs, 200, json_pack("{s:b}", "received", 1));
}
