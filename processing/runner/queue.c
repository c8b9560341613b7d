#include "processing/runner/queue.h"

#include "common/bus.h"
#include "common/error.h"
#include "common/log.h"

#define MINE " WHERE job = $1::uuid AND runner = $2 AND attempts = $3 AND state = 'running'"

int queue_claim(struct scope *s, struct db *db, const char *runner, struct job *out) {
    struct db_tx *tx;
    struct db_rows *r;
    int err = db_begin(s, db, &tx);
    if (err) return err;
    err = db_exec(tx, &r,
                  "UPDATE job SET state = 'running', runner = $1, lease_until = now() + make_interval(secs => $2),"
                  " attempts = attempts + 1, started_at = coalesce(started_at, clock_timestamp()), progress = 0,"
                  " message = 'started', updated_at = clock_timestamp()"
                  " WHERE job = (SELECT job FROM job j"
                  "   WHERE state = 'queued' OR (state = 'running' AND lease_until < now())"
                  "   ORDER BY (SELECT count(*) FROM job o WHERE o.owner = j.owner AND o.state = 'running'), queued_at"
                  "   LIMIT 1 FOR UPDATE SKIP LOCKED)"
                  " RETURNING job, process, version, owner, currency, estimate, pixels, package, attempts, work,"
                  " to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')",
                  "si", runner, LEASE_SECONDS);
    if (!err && db_count(r) == 0) err = NADIR_ENOTFOUND;
    if (!err && db_int(r, 0, 8) == 1) {
        err = bus_emit(tx, "job.started", db_text(r, 0, 0), json_pack("{s:s}", "job", db_text(r, 0, 0)));
    }
    if (err) {
        db_rollback(tx);
        return err;
    }
    *out = (struct job){.job = db_text(r, 0, 0),
                        .process = db_text(r, 0, 1),
                        .version = db_text(r, 0, 2),
                        .owner = db_text(r, 0, 3),
                        .currency = db_text(r, 0, 4),
                        .created_at = db_text(r, 0, 10),
                        .estimate = db_int(r, 0, 5),
                        .pixels = db_int(r, 0, 6),
                        .package = db_bool(r, 0, 7),
                        .attempts = (int)db_int(r, 0, 8),
                        .work = db_json(s, r, 0, 9),
                        .runner = runner};
    return db_commit(tx);
}

int queue_renew(struct scope *s, struct db *db, const struct job *job, int progress, const char *message) {
    struct db_rows *r;
    int err = db_query(s, db, &r,
                       "UPDATE job SET lease_until = now() + make_interval(secs => $4), progress = $5, message = $6,"
                       " updated_at = clock_timestamp()" MINE,
                       "ssiiis", job->job, job->runner, job->attempts, LEASE_SECONDS, progress, message);
    if (!err && db_affected(r) == 0) err = NADIR_ECONFLICT;
    return err;
}

int queue_log(struct scope *s, struct db *db, const struct job *job, const char *text) {
    return db_query(s, db, NULL,
                    "INSERT INTO job_log (job, text) SELECT job, $4 FROM job" MINE
                    " ON CONFLICT (job) DO UPDATE SET text = excluded.text, updated_at = now()",
                    "ssis", job->job, job->runner, job->attempts, text);
}

/* The columns that every end has in common. NADIR_ECONFLICT when the job is not this runner's. */
static int end(struct db_tx *tx, const struct job *job, const struct outcome *o, int64_t cost, const json_t *item) {
    struct db_rows *r;
    const char *memory_by = o->ran ? sandbox_memory_name(o->end.memory_by) : NULL;
    int err = db_exec(tx, &r,
                      "UPDATE job SET state = CASE WHEN $4::text IS NULL THEN 'successful' ELSE 'failed' END, reason = $4,"
                      " message = $5, exit_code = nullif($6, -1), memory_by = $7, memory_peak = $8, seconds = $9, cost = $10,"
                      " item = $11::jsonb, progress = CASE WHEN $4::text IS NULL THEN 100 ELSE progress END, runner = NULL,"
                      " lease_until = NULL, finished_at = clock_timestamp(), updated_at = clock_timestamp()" MINE,
                      "ssissisldlj", job->job, job->runner, job->attempts, o->reason, o->message, o->exit_code, memory_by,
                      o->ran ? o->end.memory_peak : 0, o->ran ? o->end.seconds : 0.0, cost, item);
    if (!err && db_affected(r) == 0) err = NADIR_ECONFLICT;
    return err;
}

int queue_fail(struct scope *s, struct db *db, const struct job *job, const struct outcome *outcome) {
    struct db_tx *tx;
    int err = db_begin(s, db, &tx);
    if (err) return err;
    err = end(tx, job, outcome, 0, NULL);
    if (!err) {
        err = bus_emit(tx, "job.failed", job->job,
                       json_pack("{s:s,s:s,s:s,s:s}", "job", job->job, "process", job->process, "user", job->owner, "reason",
                                 outcome->reason));
    }
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

static int emit_success(struct db_tx *tx, const struct job *job, const struct outcome *o, const json_t *item) {
    int err = bus_emit(tx, "job.succeeded", job->job,
                       json_pack("{s:s,s:s,s:s,s:I,s:s,s:f,s:I}", "job", job->job, "process", job->process, "user", job->owner,
                                 "cost", (json_int_t)job->estimate, "currency", job->currency, "seconds", o->end.seconds,
                                 "pixels", (json_int_t)job->pixels));
    if (!err) {
        err = bus_emit(tx, "product.created", job->job,
                       json_pack("{s:s,s:s,s:O}", "job", job->job, "user", job->owner, "item", item));
    }
    if (!err) {
        err = bus_emit(tx, "usage.recorded", job->job,
                       json_pack("{s:s,s:s,s:i}", "kind", "compute", "subject", job->owner, "count", 1));
    }
    return err;
}

int queue_succeed(struct scope *s, struct db *db, const struct job *job, const struct outcome *outcome, const json_t *item,
                  int (*publish)(void *context), void *context) {
    struct db_tx *tx;
    int err = db_begin(s, db, &tx);
    if (err) return err;
    err = end(tx, job, outcome, job->estimate, item);
    /* The row is locked now, so no other runner can be at this place. */
    if (!err) err = publish(context);
    if (!err) err = emit_success(tx, job, outcome, item);
    if (!err) return db_commit(tx);
    db_rollback(tx);
    return err;
}

int queue_release(struct scope *s, struct db *db, const struct job *job) {
    return db_query(s, db, NULL,
                    "UPDATE job SET state = 'queued', runner = NULL, lease_until = NULL, attempts = attempts - 1, progress = 0,"
                    " message = 'waiting for another runner', updated_at = clock_timestamp()" MINE,
                    "ssi", job->job, job->runner, job->attempts);
}

int queue_bury(struct scope *s, struct db *db, const char *runner) {
    struct db_rows *r;
    int err = db_query(s, db, &r,
                       "UPDATE job SET state = 'queued', runner = NULL, lease_until = NULL, progress = 0,"
                       " message = 'waiting: its runner was lost', updated_at = clock_timestamp()"
                       " WHERE runner = $1 AND state = 'running'",
                       "s", runner);
    if (!err && db_affected(r) > 0) log_warn(s, "jobs of a lost runner are queued again", "runner", runner, NULL);
    return err;
}
