/* /processing/jobs/{job}: status, dismissal and logs. */
#include <string.h>

#include "common/id.h"
#include "processing/service/processing.h"

enum column {
    COL_JOB,
    COL_PROCESS,
    COL_VERSION,
    COL_STATE,
    COL_PROGRESS,
    COL_MESSAGE,
    COL_REASON,
    COL_EXIT_CODE,
    COL_ESTIMATE,
    COL_COST,
    COL_CURRENCY,
    COL_MEMORY_BY,
    COL_SECONDS,
    COL_CREATED,
    COL_STARTED,
    COL_FINISHED,
    COL_UPDATED,
};

static void set_text(json_t *object, const char *name, const char *text) {
    if (text) (void)json_object_set_new(object, name, json_string(text));
}

static json_t *links_of(const struct request *rq, const char *job, bool results) {
    const char *path = scope_printf(rq->scope, "/processing/jobs/%s", job);
    json_t *links = json_array();
    (void)json_array_append_new(links, link_to(rq, "self", "application/json", "Status", path));
    (void)json_array_append_new(links, link_to(rq, "log", "text/plain", "Logs", scope_printf(rq->scope, "%s/logs", path)));
    if (results) {
        (void)json_array_append_new(links, link_to(rq, "http://www.opengis.net/def/rel/ogc/1.0/results", "application/json",
                                                   "Results", scope_printf(rq->scope, "%s/results", path)));
    }
    return links;
}

json_t *job_status(const struct request *rq, const struct db_rows *r, int row) {
    const char *state = db_text(r, row, COL_STATE), *job = db_text(r, row, COL_JOB);
    bool waiting = strcmp(state, "created") == 0 || strcmp(state, "queued") == 0;
    json_t *status =
        json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:{s:I,s:s}}", "type", "process", "jobID", job, "processID",
                  db_text(r, row, COL_PROCESS), "status", waiting ? "accepted" : state, "progress",
                  (json_int_t)db_int(r, row, COL_PROGRESS), "message", db_text(r, row, COL_MESSAGE), "nadir:estimate", "amount",
                  (json_int_t)db_int(r, row, COL_ESTIMATE), "currency", db_text(r, row, COL_CURRENCY));
    set_text(status, "nadir:version", db_text(r, row, COL_VERSION));
    set_text(status, "reason", db_text(r, row, COL_REASON));
    set_text(status, "nadir:memory_by", db_text(r, row, COL_MEMORY_BY));
    set_text(status, "created", db_text(r, row, COL_CREATED));
    set_text(status, "started", db_text(r, row, COL_STARTED));
    set_text(status, "finished", db_text(r, row, COL_FINISHED));
    set_text(status, "updated", db_text(r, row, COL_UPDATED));
    if (!db_is_null(r, row, COL_EXIT_CODE)) {
        (void)json_object_set_new(status, "exit_code", json_integer(db_int(r, row, COL_EXIT_CODE)));
    }
    if (!db_is_null(r, row, COL_COST)) {
        (void)json_object_set_new(
            status, "nadir:cost",
            json_pack("{s:I,s:s}", "amount", (json_int_t)db_int(r, row, COL_COST), "currency", db_text(r, row, COL_CURRENCY)));
    }
    if (!db_is_null(r, row, COL_SECONDS)) {
        (void)json_object_set_new(status, "nadir:seconds", json_real(db_double(r, row, COL_SECONDS)));
    }
    (void)json_object_set_new(status, "links", links_of(rq, job, strcmp(state, "successful") == 0));
    return status;
}

int job_own(const struct request *rq, const char *job, struct db_rows **out) {
    if (!id_valid(job)) return NADIR_ENOTFOUND;
    int err = db_query(rq->scope, processing_db(), out,
                       "SELECT " JOB_COLUMNS " FROM job WHERE job = $1::uuid AND owner = $2 AND removed_at IS NULL", "ss", job,
                       rq->auth.subject);
    if (err) return err;
    return db_count(*out) == 1 ? 0 : NADIR_ENOTFOUND;
}

static int no_such_job(struct response *rs) {
    return ogc_exception(rs, 404, "no-such-job", "You have no such job; /processing/jobs lists those you have.");
}

int jobs_get(struct request *rq, struct response *rs) {
    struct db_rows *r;
    int err = job_own(rq, request_param(rq, "job"), &r);
    if (err == NADIR_ENOTFOUND) return no_such_job(rs);
    return err ? err : response_json(rs, 200, job_status(rq, r, 0));
}

int jobs_logs(struct request *rq, struct response *rs) {
    struct db_rows *r;
    int err = job_own(rq, request_param(rq, "job"), &r);
    if (err == NADIR_ENOTFOUND) return no_such_job(rs);
    if (err) return err;
    err = db_query(rq->scope, processing_db(), &r, "SELECT text FROM job_log WHERE job = $1::uuid", "s",
                   request_param(rq, "job"));
    if (err) return err;
    response_header(rs, "X-Content-Type-Options", "nosniff");
    return response_text(rs, 200, "text/plain; charset=utf-8", db_count(r) == 1 ? db_text(r, 0, 0) : "");
}

/* One that has not ended is stopped: its runner finds out within a second and kills the program. One that has ended leaves the
 * list; its product is an item of its own and stays. */
static int dismiss(const struct request *rq, struct db_tx *tx, const char *job) {
    struct db_rows *r;
    int err = db_exec(tx, &r,
                      "SELECT state IN ('created', 'queued', 'running'), process FROM job"
                      " WHERE job = $1::uuid AND owner = $2 AND removed_at IS NULL FOR UPDATE",
                      "ss", job, rq->auth.subject);
    if (err) return err;
    if (db_count(r) == 0) return NADIR_ENOTFOUND;
    if (!db_bool(r, 0, 0)) {
        return db_exec(tx, NULL, "UPDATE job SET removed_at = clock_timestamp() WHERE job = $1::uuid", "s", job);
    }
    err = db_exec(tx, NULL,
                  "UPDATE job SET state = 'dismissed', reason = 'dismissed', message = 'dismissed by its owner', cost = 0,"
                  " runner = NULL, lease_until = NULL, finished_at = clock_timestamp(), updated_at = clock_timestamp()"
                  " WHERE job = $1::uuid",
                  "s", job);
    return err ? err : emit_end(tx, "job.dismissed", job, db_text(r, 0, 1), rq->auth.subject, "dismissed");
}

int jobs_dismiss(struct request *rq, struct response *rs) {
    struct db_tx *tx;
    struct db_rows *r;
    const char *job = request_param(rq, "job");
    int err = job_own(rq, job, &r);
    if (err == NADIR_ENOTFOUND) return no_such_job(rs);
    if (err) return err;
    if ((err = db_begin(rq->scope, processing_db(), &tx))) return err;
    err = dismiss(rq, tx, job);
    if (!err) err = db_exec(tx, &r, "SELECT " JOB_COLUMNS " FROM job WHERE job = $1::uuid", "s", job);
    if (!err) err = db_commit(tx);
    if (err == NADIR_ENOTFOUND) return no_such_job(rs);
    if (err) return err;
    json_t *status = job_status(rq, r, 0);
    (void)json_object_set_new(status, "status", json_string("dismissed"));
    return response_json(rs, 200, status);
}
