/* From an execution request to a job in the database. */
#include <string.h>

#include "common/bus.h"
#include "common/config.h"
#include "common/id.h"
#include "processing/service/processing.h"

int order_make(const struct request *rq, struct response *rs, const struct process *process, const json_t *inputs, bool use,
               struct order *out) {
    struct fault f = {0};
    if (inputs_check(rq->scope, process, inputs, rq->base_url, out, &f)) {
        response_error(rs, 400, "invalid-input", f.field, "%s %s.", f.field, f.why);
        return 1;
    }
    return scenes_resolve(rq, rs, out, use);
}

/* What the runner needs to know; see processing/runner. */
static json_t *work_of(const struct order *order) {
    const json_t *manifest = order->process.manifest;
    static const char *const copied[] = {"title", "entry", "limits", "output", "expression"};
    json_t *work = json_pack("{s:O,s:O}", "parameters", order->parameters, "scenes", order->scenes);
    for (size_t i = 0; i < ARRAY_SIZE(copied); i++) {
        json_t *value = json_object_get(manifest, copied[i]);
        if (value) (void)json_object_set(work, copied[i], value);
    }
    return work;
}

/* One user's jobs are counted one request at a time, so that the bound holds. */
static int quota_left(struct db_tx *tx, const char *user, bool *left) {
    struct db_rows *r;
    int most = (int)config_int("NADIR_JOBS_PER_USER", 1, 100000, 100);
    int err = db_exec(tx, NULL, "SELECT pg_advisory_xact_lock(hashtextextended('jobs of ' || $1, 0))", "s", user);
    if (err) return err;
    err = db_exec(tx, &r, "SELECT count(*) FROM job WHERE owner = $1 AND state IN ('created', 'queued', 'running')", "s", user);
    if (!err) *left = db_int(r, 0, 0) < most;
    return err;
}

/* The version must still be deployed when the job is stored: its files stay as long as a job needs them. */
static int still_deployed(struct db_tx *tx, const struct process *p, bool *deployed) {
    struct db_rows *r;
    *deployed = true;
    if (!p->owner) return 0;
    int err =
        db_exec(tx, &r, "SELECT FROM process_version WHERE process = $1 AND version = $2 AND retired_at IS NULL FOR SHARE",
                "ss", p->id, p->version);
    if (!err) *deployed = db_count(r) == 1;
    return err;
}

int order_store(struct db_tx *tx, const struct request *rq, struct response *rs, const struct order *order, char job[]) {
    const struct process *p = &order->process;
    const char *user = rq->auth.subject;
    bool left = false, deployed = false;
    int err = still_deployed(tx, p, &deployed);
    if (!err) err = quota_left(tx, user, &left);
    if (err) return err;
    if (!deployed) {
        ogc_exception(rs, 404, "no-such-process", "The process was undeployed a moment ago.");
        return 1;
    }
    if (!left) {
        response_header(rs, "Retry-After", "30");
        response_error(rs, 429, "too-many-jobs", NULL,
                       "You have as many unfinished jobs as are allowed: wait, or dismiss some.");
        return 1;
    }
    id_new(job);
    err = db_exec(
        tx, NULL,
        "INSERT INTO job (job, process, version, owner, state, package, inputs, work, pixels, estimate, currency, message,"
        " queued_at) VALUES ($1::uuid, $2, $3, $4, CASE WHEN $9 = 0 THEN 'queued' ELSE 'created' END, $5, $6, $7, $8,"
        " $9, $10, CASE WHEN $9 = 0 THEN 'waiting for a runner' ELSE 'waiting for the payment to be held' END,"
        " CASE WHEN $9 = 0 THEN clock_timestamp() END)",
        "ssssbjjlls", job, p->id, p->version, user, p->owner != NULL, order->inputs, scope_json(rq->scope, work_of(order)),
        order->pixels, order->amount, processing_currency());
    if (err) return err;
    return bus_emit(tx, "job.created", job,
                    json_pack("{s:s,s:s,s:s,s:s,s:I,s:s}", "job", job, "process", p->id, "version", p->version, "user", user,
                              "estimate", (json_int_t)order->amount, "currency", processing_currency()));
}
