/* What billing answers to job.created. */
#include <string.h>

#include "common/bus.h"
#include "common/id.h"
#include "processing/service/processing.h"

int emit_end(struct db_tx *tx, const char *type, const char *job, const char *process, const char *user, const char *reason) {
    return bus_emit(tx, type, job,
                    json_pack("{s:s,s:s,s:s,s:s}", "job", job, "process", process, "user", user, "reason", reason));
}

static const char *job_of(const struct event *e) {
    const char *job = json_string_value(json_object_get(e->data, "job"));
    return job && id_valid(job) ? job : NULL;
}

int on_hold_placed(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *job = job_of(e);
    if (!job) return NADIR_EINVAL;
    /* A job that was dismissed meanwhile stays so: billing releases the hold on that event. */
    return db_exec(tx, NULL,
                   "UPDATE job SET state = 'queued', queued_at = clock_timestamp(), updated_at = clock_timestamp(),"
                   " message = 'waiting for a runner' WHERE job = $1::uuid AND state = 'created'",
                   "s", job);
}

int on_hold_refused(struct scope *s, struct db_tx *tx, const struct event *e) {
    (void)s;
    const char *job = job_of(e), *reason = json_string_value(json_object_get(e->data, "reason"));
    struct db_rows *r;
    if (!job) return NADIR_EINVAL;
    bool funds = !reason || strcmp(reason, "insufficient-funds") == 0;
    int err = db_exec(tx, &r,
                      "UPDATE job SET state = 'failed', reason = $2, message = $3, cost = 0, finished_at = clock_timestamp(),"
                      " updated_at = clock_timestamp() WHERE job = $1::uuid AND state = 'created' RETURNING process, owner",
                      "sss", job, funds ? "insufficient-funds" : reason,
                      funds ? "The wallet does not hold enough credits: top it up and order again."
                            : "The payment could not be held.");
    if (err || db_count(r) == 0) return err;
    return emit_end(tx, "job.failed", job, db_text(r, 0, 0), db_text(r, 0, 1), funds ? "insufficient-funds" : reason);
}
