/* ledger.h: money moves here and nowhere else.
 *
 * A transfer moves an amount from one account to another by two postings. A wallet's balance moves in the same
 * statement, under its row lock, and never below what holds reserve: READ COMMITTED is enough, for the condition of an
 * UPDATE that had to wait is judged again on the row as it then is.
 */
#ifndef BILLING_LEDGER_H
#define BILLING_LEDGER_H

#include "common/db.h"

struct account_name {
    const char *kind;  /* wallet, payments, promotion, revenue */
    const char *owner; /* a wallet's subject, otherwise a name */
};

struct movement {
    const char *kind;      /* order, topup, job, credit */
    const char *reference; /* id of its cause: a second movement of the same kind and reference is NADIR_ECONFLICT */
    struct account_name from, to;
    int64_t amount; /* minor units, > 0 */
    int64_t unhold; /* part of the from-wallet's hold that ends with it; 0: the amount comes from what is available */
    const char *currency;
};

/** Makes the accounts that a wallet's owner needs, where they are not there yet. */
int ledger_open(struct db_tx *tx, const char *owner, const char *currency);
/** Moves money. NADIR_EDENIED, with nothing done, when the from-wallet has too little available (or is not there). */
int ledger_move(struct db_tx *tx, const struct movement *m);
/** Reserves part of a wallet. NADIR_EDENIED, with nothing done, when too little is available. */
int ledger_hold(struct db_tx *tx, const char *owner, const char *currency, int64_t amount);
/** Ends a reservation without a movement. */
int ledger_release(struct db_tx *tx, const char *owner, const char *currency, int64_t amount);

#endif
