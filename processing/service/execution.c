/* POST /processing/processes/{process}/execution */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/fields.h"
#include "common/id.h"
#include "common/idempotency.h"
#include "processing/service/processing.h"

#define WAIT_MOST_S 60
#define WAITERS_MOST 3 /* of the threads for slow work, which logins need too; who comes later gets the job's address */

static atomic_int waiters;

struct wish {
    const json_t *inputs;
    bool async, raw;
    int wait_s;
};

/* Prefer: respond-async, wait=10 (RFC 7240). */
static void prefer_read(const struct request *rq, struct wish *wish) {
    const char *prefer = request_header(rq, "prefer");
    wish->wait_s = WAIT_MOST_S;
    if (!prefer) return;
    wish->async = strcasestr(prefer, "respond-async") != NULL;
    const char *wait = strcasestr(prefer, "wait=");
    long seconds = wait ? strtol(wait + 5, NULL, 10) : WAIT_MOST_S;
    if (seconds >= 0 && seconds < WAIT_MOST_S) wish->wait_s = (int)seconds;
}

static void outputs_check(struct fields *f, const struct process *process, const json_t *outputs) {
    const char *name, *key = json_string_value(json_object_get(json_object_get(process->manifest, "output"), "key"));
    json_t *output;
    json_object_foreach((json_t *)outputs, name, output) {
        if (strcmp(name, key) != 0 && strcmp(name, "item") != 0) {
            field_fault(f, "outputs", "names an output that the process does not have");
        }
        const char *mode = json_string_value(json_object_get(output, "transmissionMode"));
        if (mode && strcmp(mode, "reference") != 0) {
            field_fault(f, "outputs", "must have the transmissionMode \"reference\", the only one there is");
        }
    }
}

static bool wish_read(const struct request *rq, struct response *rs, const struct process *process, struct wish *wish) {
    static const char *const forms[] = {"document", "raw", NULL};
    json_t *body;
    *wish = (struct wish){0};
    if (request_json(rq, rs, &body)) return false;
    struct fields f = fields_of(body);
    fields_closed(&f);
    wish->inputs = field_object_or_null(&f, "inputs");
    const char *form = field_choice_or(&f, "response", forms, "document");
    const json_t *outputs = field_object_or_null(&f, "outputs");
    if (field_object_or_null(&f, "subscriber")) field_fault(&f, "subscriber", "is not supported: ask for the job's status");
    outputs_check(&f, process, outputs);
    prefer_read(rq, wish);
    wish->raw = strcmp(form, "raw") == 0;
    return !fields_fail(&f, rs);
}

static int answer_created(const struct request *rq, struct response *rs, const char *job) {
    struct db_rows *r;
    int err = job_own(rq, job, &r);
    if (err) return err;
    response_header(rs, "Location", "%s/processing/jobs/%s", rq->base_url, job);
    response_header(rs, "Preference-Applied", "respond-async");
    return response_json(rs, 201, job_status(rq, r, 0));
}

/* Waits until the job has ended, or for as long as was asked. *ended tells which. */
static int await(const struct request *rq, const char *job, int seconds, bool *ended) {
    int64_t until = clock_us() + (int64_t)seconds * 1000000;
    long pause_ms = 50;
    *ended = false;
    for (;;) {
        struct scope s;
        struct db_rows *r;
        scope_init(&s, "processing", 5000);
        int err = db_query(&s, processing_db(), &r,
                           "SELECT state IN ('successful', 'failed', 'dismissed') FROM job WHERE job = $1::uuid", "s", job);
        *ended = !err && db_count(r) == 1 && db_bool(r, 0, 0);
        scope_end(&s);
        if (err || *ended || clock_us() >= until || scope_left_ms(rq->scope, 60000) < 2000) return err;
        nanosleep(&(struct timespec){.tv_nsec = pause_ms * 1000000}, NULL);
        if (pause_ms < 250) pause_ms += 25;
    }
}

/* Waits in the client's stead when there is a thread to spare. Once the job is stored, no trouble may hide its address. */
static int answer(const struct request *rq, struct response *rs, const struct wish *wish, const char *job) {
    bool ended = false;
    if (!wish->async && atomic_fetch_add(&waiters, 1) < WAITERS_MOST) {
        (void)await(rq, job, wish->wait_s, &ended);
        atomic_fetch_sub(&waiters, 1);
    } else if (!wish->async) {
        atomic_fetch_sub(&waiters, 1);
    }
    return ended ? results_answer(rq, rs, job, wish->raw) : answer_created(rq, rs, job);
}

/* True if this caller sent the key before: then what it was answered counts, whatever has become of the scene since. */
static int key_known(const struct request *rq, const char *key, bool *known) {
    struct db_rows *r;
    int err = db_query(rq->scope, processing_db(), &r, "SELECT FROM idempotency WHERE caller = $1 AND key = $2", "ss",
                       rq->auth.subject, key);
    if (!err) *known = db_count(r) > 0;
    return err;
}

/* The job of an answer that is replayed. */
static const char *replayed_job(const struct request *rq, const struct response *rs) {
    json_t *status = rs->status == 201 ? scope_json(rq->scope, json_loads(rs->body, 0, NULL)) : NULL;
    return json_string_value(json_object_get(status, "jobID"));
}

static int store(struct request *rq, struct response *rs, const struct order *order, const char *key, char job[ID_SIZE]) {
    struct db_tx *tx;
    int err = key ? idempotency_begin(rq, rs, processing_db(), &tx) : db_begin(rq->scope, processing_db(), &tx);
    if (err) return err;
    err = order_store(tx, rq, rs, order, job);
    if (err) {
        db_rollback(tx);
        return err;
    }
    if (!key) return db_commit(tx);
    return idempotency_commit(tx, rq, rs, 201,
                              json_pack("{s:s,s:s,s:s}", "jobID", job, "type", "process", "status", "accepted"));
}

int execution_create(struct request *rq, struct response *rs) {
    struct process process;
    struct wish wish;
    struct order order = {0};
    char job[ID_SIZE] = "";
    const char *key = NULL;
    bool known = false;
    int err = process_find(rq->scope, &rq->auth, request_param(rq, "process"), &process);
    if (err == NADIR_ENOTFOUND) return ogc_exception(rs, 404, "no-such-process", "There is no such process.");
    if (err) return err;
    if (!wish_read(rq, rs, &process, &wish)) return 0;
    if (request_header(rq, "idempotency-key") && request_idempotency_key(rq, rs, &key)) return 0;
    if (key && (err = key_known(rq, key, &known))) return err;
    if (!known && (err = order_make(rq, rs, &process, wish.inputs, true, &order))) return err < 0 ? err : 0;
    err = store(rq, rs, &order, key, job);
    if (err < 0) return err;
    if (err > 0) {
        const char *before = replayed_job(rq, rs);
        return before ? answer(rq, rs, &wish, before) : 0;
    }
    return answer(rq, rs, &wish, job);
}
