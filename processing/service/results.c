/* /processing/jobs/{job}/results */
#include <string.h>

#include "common/id.h"
#include "processing/service/processing.h"

/* A job that failed answers its failure (OGC 18-062r2, requirement 42). Whose fault it was decides the status. */
static int answer_failure(const struct request *rq, struct response *rs, const char *job, const struct db_rows *r) {
    const char *reason = db_text(r, 0, 1) ? db_text(r, 0, 1) : "unknown", *message = db_text(r, 0, 2);
    bool ours = strcmp(reason, "internal") == 0 || strcmp(reason, "lost") == 0;
    bool money = strcmp(reason, "insufficient-funds") == 0;
    int status = money ? 402 : ours ? 500 : 422;
    return response_json_as(rs, status, "application/problem+json",
                            json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:s}", "type",
                                      money ? "urn:nadir:problem:insufficient-funds" : "urn:nadir:problem:job-failed", "title",
                                      "The job failed", "status", status, "detail", message, "reason", reason, "jobID", job,
                                      "logs", scope_printf(rq->scope, "%s/processing/jobs/%s/logs", rq->base_url, job)));
}

static int answer_success(const struct request *rq, struct response *rs, const char *job, const struct db_rows *r, bool raw) {
    const char *key = db_text(r, 0, 3), *title = db_text(r, 0, 4);
    const char *file = scope_printf(rq->scope, "%s/download/v1/items/" RESULTS "/%s/assets/%s", rq->base_url, job, key);
    const char *item = scope_printf(rq->scope, "%s/stac/collections/" RESULTS "/items/%s", rq->base_url, job);
    if (raw) { /* one output by reference: its address in a header, and no body (requirement 30) */
        response_header(rs, "Link", "<%s>; rel=\"%s\"; type=\"%s\"", file, key, COG_TYPE);
        return response_empty(rs, 204);
    }
    return response_json(rs, 200,
                         json_pack("{s:{s:s,s:s,s:s},s:{s:s,s:s,s:s}}", key, "href", file, "type", COG_TYPE, "title",
                                   title ? title : key, "item", "href", item, "type", "application/geo+json", "title",
                                   "The STAC item of the result"));
}

int results_answer(const struct request *rq, struct response *rs, const char *job, bool raw) {
    struct db_rows *r;
    if (!id_valid(job)) return ogc_exception(rs, 404, "no-such-job", "You have no such job.");
    int err = db_query(rq->scope, processing_db(), &r,
                       "SELECT state, reason, message, work #>> '{output,key}', work #>> '{output,title}' FROM job"
                       " WHERE job = $1::uuid AND owner = $2 AND removed_at IS NULL",
                       "ss", job, rq->auth.subject);
    if (err) return err;
    if (db_count(r) == 0) return ogc_exception(rs, 404, "no-such-job", "You have no such job.");
    const char *state = db_text(r, 0, 0);
    if (strcmp(state, "successful") == 0) return answer_success(rq, rs, job, r, raw);
    if (strcmp(state, "failed") == 0) return answer_failure(rq, rs, job, r);
    if (strcmp(state, "dismissed") == 0) {
        return response_error(rs, 410, "job-dismissed", NULL, "The job was dismissed and has no results.");
    }
    return ogc_exception(rs, 404, "result-not-ready", "The job has not ended yet: ask for its status.");
}

int results_get(struct request *rq, struct response *rs) {
    return results_answer(rq, rs, request_param(rq, "job"), false);
}
