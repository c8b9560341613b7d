/* billing.c: the module billing: offers, quotes, orders, wallets, top-ups, holds. The tables below say what it serves and
 * hears. */
#include "billing/billing.h"

#include <string.h>

#include "common/config.h"
#include "common/idempotency.h"
#include "common/log.h"
#include "common/module.h"
#include "common/money.h"

#define WEBHOOK_BYTES (256 * 1024)

static const struct route routes[] = {
    {HTTP_GET, "/billing/v1/offers", NULL, offers_list, .work = WORK_QUICK},
    {HTTP_POST, "/billing/v1/offers", "billing:offer.write", offers_create, .role = "admin"},
    {HTTP_GET, "/billing/v1/offers/{offer}", NULL, offers_get, .work = WORK_QUICK},
    {HTTP_DELETE, "/billing/v1/offers/{offer}", "billing:offer.write", offers_withdraw, .role = "admin"},
    {HTTP_GET, "/billing/v1/process-prices", NULL, process_prices_list, .work = WORK_QUICK},
    {HTTP_POST, "/billing/v1/quotes", SCOPE_OPTIONAL, quotes_create, .work = WORK_QUICK},
    {HTTP_GET, "/billing/v1/quotes/{quote}", "billing:order.read", quotes_get, .work = WORK_QUICK},
    {HTTP_POST, "/billing/v1/orders", "billing:order.write", orders_create, .work = WORK_QUICK},
    {HTTP_GET, "/billing/v1/orders", "billing:order.read", orders_list, .work = WORK_QUICK},
    {HTTP_GET, "/billing/v1/orders/{order}", "billing:order.read", orders_get, .work = WORK_QUICK},
    {HTTP_GET, "/billing/v1/orders/{order}/receipt", "billing:order.read", receipts_get, .errors = ERRORS_HTML},
    {HTTP_GET, "/billing/v1/wallet", "billing:wallet.read", wallet_get, .work = WORK_QUICK},
    {HTTP_GET, "/billing/v1/wallet/transactions", "billing:wallet.read", wallet_transactions, .work = WORK_QUICK},
    {HTTP_POST, "/billing/v1/topups", "billing:wallet.write", topups_create, .work = WORK_SLOW},
    {HTTP_GET, "/billing/v1/topups", "billing:wallet.read", topups_list, .work = WORK_QUICK},
    {HTTP_GET, "/billing/v1/topups/{topup}", "billing:wallet.read", topups_get, .work = WORK_SLOW},
    {HTTP_POST, "/billing/v1/webhooks/stripe", NULL, webhooks_stripe, .body_max = WEBHOOK_BYTES},
    {HTTP_GET, "/billing/v1/admin/ledger-check", "billing:order.read", admin_ledger_check, .work = WORK_SLOW, .role = "admin"},
    {HTTP_GET, "/billing/v1/admin/orders", "billing:order.read", admin_orders, .role = "admin"},
    {HTTP_POST, "/billing/v1/admin/credits", "billing:wallet.write", admin_credits_create, .role = "admin"},
};

static const struct subscription subscriptions[] = {
    {"identity", "user.*", copies_on_user},
    {"discovery", "item.*", copies_on_item},
    {"processing", "process.*", copies_on_process},
    {"processing", "job.*", holds_on_job},
};

struct db *billing_db(void) {
    return module_db("billing");
}

const char *billing_currency(void) {
    return config_text("NADIR_CURRENCY", "EUR");
}

static int billing_start(void) {
    if (money_digits(billing_currency()) >= 0) return 0;
    log_error(NULL, "NADIR_CURRENCY is no ISO 4217 code that is known here", NULL);
    return NADIR_EINVAL;
}

/* Each turn: receipts that have no number yet, top-ups whose news got lost, and what is past its time. */
static int billing_tick(struct scope *s) {
    int err = receipts_number(s);
    if (!err) err = topups_poll(s);
    if (!err) err = idempotency_sweep(s, billing_db());
    if (!err)
        err = db_query(
            s, billing_db(), NULL,
            "DELETE FROM quote WHERE id IN (SELECT id FROM quote WHERE expires_at < now() - interval '1 day' LIMIT 1000)", "");
    return err;
}

static const struct module billing = {
    .name = "billing",
    .routes = routes,
    .nroutes = ARRAY_SIZE(routes),
    .subscriptions = subscriptions,
    .nsubscriptions = ARRAY_SIZE(subscriptions),
    .start = billing_start,
    .tick = billing_tick,
    .tick_ms = 2000,
    .db_most = 16,
};
NADIR_MODULE(billing)
