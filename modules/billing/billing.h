/* billing.h: what billing's files share. */
#ifndef BILLING_H
#define BILLING_H

#include "common/bus.h"
#include "common/db.h"
#include "common/http.h"

/** Billing's database. */
struct db *billing_db(void);
/** The one currency of prices and wallets (NADIR_CURRENCY, default EUR). */
const char *billing_currency(void);

/* Pages of rows (id, body) that are read newest first; ids are UUIDs, the cursor is the last one. */
struct page {
    const char *after; /* id of the last row of the page before, or NULL */
    int64_t limit;     /* rows wanted; the query asks for one more, which tells if there is a next page */
};

/** Reads ?cursor= and ?limit=. Answers 400 itself and returns NADIR_EINVAL. */
int page_read(const struct request *rq, struct response *rs, struct page *out);
/** Answers {"<noun>": [bodies], "next": cursor or null} from rows of (id, body). */
int page_answer(const struct request *rq, struct response *rs, const struct page *p, const struct db_rows *rows,
                const char *noun);

/* Handlers, by resource; the route table in billing.c tells what they serve. */
int offers_list(struct request *rq, struct response *rs);
int offers_create(struct request *rq, struct response *rs);
int offers_get(struct request *rq, struct response *rs);
int offers_withdraw(struct request *rq, struct response *rs);
int process_prices_list(struct request *rq, struct response *rs);
int quotes_create(struct request *rq, struct response *rs);
int quotes_get(struct request *rq, struct response *rs);
int orders_create(struct request *rq, struct response *rs);
int orders_list(struct request *rq, struct response *rs);
int orders_get(struct request *rq, struct response *rs);
int receipts_get(struct request *rq, struct response *rs);
int wallet_get(struct request *rq, struct response *rs);
int wallet_transactions(struct request *rq, struct response *rs);
int topups_create(struct request *rq, struct response *rs);
int topups_get(struct request *rq, struct response *rs);
int topups_list(struct request *rq, struct response *rs);
int webhooks_stripe(struct request *rq, struct response *rs);
int admin_ledger_check(struct request *rq, struct response *rs);
int admin_orders(struct request *rq, struct response *rs);
int admin_credits_create(struct request *rq, struct response *rs);

/* Effects of events. */
int copies_on_item(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_user(struct scope *s, struct db_tx *tx, const struct event *e);
int copies_on_process(struct scope *s, struct db_tx *tx, const struct event *e);
int holds_on_job(struct scope *s, struct db_tx *tx, const struct event *e);

/* Periodic work. */
int receipts_number(struct scope *s);
int topups_poll(struct scope *s);

#endif
