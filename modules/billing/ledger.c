/* ledger.c: accounts, transfers, postings; see ledger.h for the rules and migrations/billing/001_ledger.sql for what enforces
 * them. */
#include "billing/ledger.h"

#include <string.h>

#include "common/id.h"

int ledger_open(struct db_tx *tx, const char *owner, const char *currency) {
    return db_exec(tx, NULL,
                   "INSERT INTO account (kind, owner, currency, balance, held) VALUES ('wallet', $1, $2, 0, 0), "
                   "('payments', 'stripe', $2, NULL, NULL), ('promotion', 'platform', $2, NULL, NULL), "
                   "('revenue', 'sales', $2, NULL, NULL), ('revenue', 'processing', $2, NULL, NULL) ON CONFLICT DO NOTHING",
                   "ss", owner, currency);
}

int ledger_move(struct db_tx *tx, const struct movement *m) {
    char id[ID_SIZE];
    id_new(id);
    struct db_rows *rows;
    /* Where `from` or `to` is no wallet, its row is only read. Balances of wallets move with the postings, all or nothing. */
    int err =
        db_exec(tx, &rows,
                "WITH debit AS (UPDATE account SET balance = balance - $8, held = held - $9 "
                "               WHERE kind = 'wallet' AND $4 = 'wallet' AND owner = $5 AND currency = $10 "
                "               AND held >= $9 AND balance - held + $9 >= $8 RETURNING id), "
                "payer AS (SELECT id FROM debit UNION ALL "
                "          SELECT id FROM account WHERE $4 <> 'wallet' AND kind = $4 AND owner = $5 AND currency = $10), "
                "credit AS (UPDATE account SET balance = balance + $8 "
                "           WHERE kind = 'wallet' AND $6 = 'wallet' AND owner = $7 AND currency = $10 "
                "           AND EXISTS (SELECT FROM payer) RETURNING id), "
                "payee AS (SELECT id FROM credit UNION ALL "
                "          SELECT id FROM account WHERE $6 <> 'wallet' AND kind = $6 AND owner = $7 AND currency = $10), "
                "moved AS (INSERT INTO transfer (id, kind, reference) SELECT $1::uuid, $2, $3 FROM payer, payee RETURNING id) "
                "INSERT INTO posting (transfer, line, account, amount, currency) "
                "SELECT moved.id, 1, payer.id, -$8::bigint, $10 FROM moved, payer UNION ALL "
                "SELECT moved.id, 2, payee.id, $8, $10 FROM moved, payee",
                "ssssssslls", id, m->kind, m->reference, m->from.kind, m->from.owner, m->to.kind, m->to.owner, m->amount,
                m->unhold, m->currency);
    if (err) return err;
    if (db_affected(rows) == 2) return 0;
    /* An account other than the paying wallet is missing: ledger_open was not called. */
    return strcmp(m->from.kind, "wallet") == 0 ? NADIR_EDENIED : NADIR_EINTERNAL;
}

int ledger_hold(struct db_tx *tx, const char *owner, const char *currency, int64_t amount) {
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "UPDATE account SET held = held + $3 WHERE kind = 'wallet' AND owner = $1 AND currency = $2 "
                      "AND balance - held >= $3",
                      "ssl", owner, currency, amount);
    if (err) return err;
    return db_affected(rows) == 1 ? 0 : NADIR_EDENIED;
}

int ledger_release(struct db_tx *tx, const char *owner, const char *currency, int64_t amount) {
    struct db_rows *rows;
    int err = db_exec(
        tx, &rows, "UPDATE account SET held = held - $3 WHERE kind = 'wallet' AND owner = $1 AND currency = $2 AND held >= $3",
        "ssl", owner, currency, amount);
    if (err) return err;
    return db_affected(rows) == 1 ? 0 : NADIR_EINTERNAL;
}
