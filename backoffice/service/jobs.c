/* jobs.c: GET /platform/v1/jobs?state=&user=&process=: what was computed, newest first. */
#include <string.h>

#include "backoffice.h"
#include "common/page.h"

#define STAMP "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'"

static bool is_state(const char *text) {
    static const char *const states[] = {"created", "running", "succeeded", "failed", "dismissed"};
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp(text, states[i]) == 0) return true;
    return false;
}

static json_t *job_json(const struct db_rows *r, int i) {
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:s, s:o, s:s?, s:s, s:s}", "job", db_text(r, i, 1), "process",
                     db_text(r, i, 2), "version", db_text(r, i, 3), "user", db_text(r, i, 4), "state", db_text(r, i, 5),
                     "amount", (json_int_t)db_int(r, i, 6), "currency", db_text(r, i, 7), "seconds",
                     db_is_null(r, i, 8) ? json_null() : json_real(db_double(r, i, 8)), "reason", db_text(r, i, 9),
                     "created_at", db_text(r, i, 10), "updated_at", db_text(r, i, 11));
}

int jobs_list(struct request *rq, struct response *rs) {
    struct page page;
    int64_t before;
    const char *state = request_arg(rq, "state");
    if (state && !is_state(state))
        return response_error(rs, 400, "invalid-argument", "state",
                              "state is created, running, succeeded, failed or dismissed.");
    if (page_read_number(rq, rs, &page, &before)) return 0;
    struct db_rows *r;
    int err = db_query(rq->scope, backoffice_db(), &r,
                       "SELECT seq, job, process, version, owner, state, amount, currency, seconds, reason,"
                       " to_char(created_at AT TIME ZONE 'UTC', " STAMP "), to_char(updated_at AT TIME ZONE 'UTC', " STAMP ")"
                       " FROM known_job WHERE ($1::bigint = 0 OR seq < $1) AND ($2::text IS NULL OR state = $2)"
                       " AND ($3::text IS NULL OR owner = $3) AND ($4::text IS NULL OR process = $4)"
                       " ORDER BY seq DESC LIMIT $5",
                       "lsssl", before, state, request_arg(rq, "user"), request_arg(rq, "process"), page.limit + 1);
    if (err) return err;
    json_t *list = json_array();
    for (int i = 0; i < page_count(r, &page); i++) json_array_append_new(list, job_json(r, i));
    return response_json(rs, 200, json_pack("{s:o, s:o}", "jobs", list, "next", page_next(rq->scope, r, &page, 0)));
}
