/* holds.c: a job's money. Processing's events reserve part of the user's wallet before a run and charge what it cost after.
 *
 * The bus hands each event to us once; the hold's state (a job has one hold) makes even a replayed dead letter harmless.
 */
#include <string.h>

#include "billing/billing.h"
#include "billing/ledger.h"
#include "common/fields.h"
#include "common/id.h"
#include "common/log.h"
#include "common/metrics.h"

static json_t *hold_event(const char *hold, const char *job, const char *user, int64_t amount, const char *currency) {
    return json_pack("{s:s,s:s,s:s,s:I,s:s}", "hold", hold, "job", job, "user", user, "amount", (json_int_t)amount, "currency",
                     currency);
}

static int hold_refuse(struct db_tx *tx, const char *job, const char *user, int64_t amount, const char *currency,
                       const char *reason) {
    metrics_add("nadir_billing_holds_total{state=\"refused\"}", 1);
    return bus_emit(tx, "hold.refused", job,
                    json_pack("{s:s,s:s,s:I,s:s,s:s}", "job", job, "user", user, "amount", (json_int_t)amount, "currency",
                              currency, "reason", reason));
}

static int job_created(struct db_tx *tx, const struct event *e) {
    struct fields f = fields_of(e->data);
    const char *job = field_string(&f, "job", 1, 200), *user = field_string(&f, "user", 1, 200);
    int64_t amount = field_int(&f, "estimate", 0, INT64_MAX / 4);
    const char *currency = field_string_or(&f, "currency", 3, 3, billing_currency());
    if (f.bad_name) return NADIR_EINVAL;
    if (amount == 0) return 0; /* processing queues such a job at once */

    char id[ID_SIZE];
    id_new(id);
    struct db_rows *rows;
    int err = db_exec(tx, &rows,
                      "INSERT INTO hold (id, job, subject, amount, currency, state) "
                      "VALUES ($1::uuid, $2, $3, $4, $5, 'placed') ON CONFLICT (job) DO NOTHING",
                      "sssls", id, job, user, amount, currency);
    if (err) return err;
    if (db_affected(rows) == 0) return 0;
    err = ledger_hold(tx, user, currency, amount);
    if (err == NADIR_EDENIED) {
        err = db_exec(tx, NULL, "UPDATE hold SET state = 'refused', ended_at = now() WHERE id = $1::uuid", "s", id);
        if (err) return err;
        return hold_refuse(tx, job, user, amount, currency,
                           strcmp(currency, billing_currency()) == 0 ? "insufficient-funds" : "wrong-currency");
    }
    if (err) return err;
    metrics_add("nadir_billing_holds_total{state=\"placed\"}", 1);
    return bus_emit(tx, "hold.placed", id, hold_event(id, job, user, amount, currency));
}

/* The job's placed hold, locked. NADIR_ENOTFOUND when there is none: the job was free, refused, or is settled. */
static int hold_find(struct db_tx *tx, const char *job, struct db_rows **rows) {
    int err = db_exec(tx, rows, "SELECT id, subject, amount, currency FROM hold WHERE job = $1 AND state = 'placed' FOR UPDATE",
                      "s", job);
    return err ? err : db_count(*rows) ? 0 : NADIR_ENOTFOUND;
}

static int hold_end(struct db_tx *tx, const char *id, const char *state, int64_t captured) {
    return db_exec(tx, NULL, "UPDATE hold SET state = $2, captured = $3, ended_at = now() WHERE id = $1::uuid", "ssl", id,
                   state, captured);
}

static int hold_release(struct db_tx *tx, const char *job) {
    struct db_rows *rows;
    int err = hold_find(tx, job, &rows);
    if (err) return err == NADIR_ENOTFOUND ? 0 : err;
    const char *id = db_text(rows, 0, 0), *user = db_text(rows, 0, 1), *currency = db_text(rows, 0, 3);
    int64_t amount = db_int(rows, 0, 2);
    err = ledger_release(tx, user, currency, amount);
    if (!err) err = hold_end(tx, id, "released", 0);
    if (!err) err = bus_emit(tx, "hold.released", id, hold_event(id, job, user, amount, currency));
    return err;
}

static int job_succeeded(struct scope *s, struct db_tx *tx, const struct event *e, const char *job) {
    struct fields f = fields_of(e->data);
    int64_t cost = field_int(&f, "cost", 0, INT64_MAX / 4);
    if (f.bad_name) return NADIR_EINVAL;
    if (cost == 0) return hold_release(tx, job);
    struct db_rows *rows;
    int err = hold_find(tx, job, &rows);
    if (err) return err == NADIR_ENOTFOUND ? 0 : err;
    const char *id = db_text(rows, 0, 0), *user = db_text(rows, 0, 1), *currency = db_text(rows, 0, 3);
    int64_t amount = db_int(rows, 0, 2);
    if (cost > amount) {
        log_warn(s, "job cost more than was held; only the hold is charged", "job", job, NULL);
        cost = amount;
    }
    struct movement m = {.kind = "job",
                         .reference = id,
                         .from = {"wallet", user},
                         .to = {"revenue", "processing"},
                         .amount = cost,
                         .unhold = amount,
                         .currency = currency};
    err = ledger_move(tx, &m);
    if (!err) err = hold_end(tx, id, "captured", cost);
    if (!err) err = bus_emit(tx, "hold.captured", id, hold_event(id, job, user, cost, currency));
    return err;
}

int holds_on_job(struct scope *s, struct db_tx *tx, const struct event *e) {
    if (strcmp(e->type, "job.created") == 0) return job_created(tx, e);
    struct fields f = fields_of(e->data);
    const char *job = field_string(&f, "job", 1, 200);
    if (f.bad_name) return NADIR_EINVAL;
    if (strcmp(e->type, "job.succeeded") == 0) return job_succeeded(s, tx, e, job);
    if (strcmp(e->type, "job.failed") == 0 || strcmp(e->type, "job.dismissed") == 0) return hold_release(tx, job);
    return 0;
}
